import type { UpdateDefinition } from '@temporalio/common';
import { allHandlersFinished, CancellationScope, condition, setHandler } from '@temporalio/workflow';
import { TIMINGS, type Timings } from '../../domain/timings.ts';
import { setPatience } from './activities.ts';
import type { Making } from './make-once.ts';
import { Progress } from './progress.ts';
import type { Stopped } from './stopped.ts';
import { uncancelled } from './uncancelled.ts';

export interface Answering {
  timings: Timings;
  progress: Progress;
}

export interface Answered<A> {
  /** Sent with the start: answers how it went, or after a while how far it is. */
  update: UpdateDefinition<A, []>;
  meanwhile: () => A;
  timings: Partial<Timings> | undefined;
  /** The story takes "Request Cancellation" for a wish of its own. */
  heedsCancellation?: true;
  /** Ends with `progress.ends`. */
  story: (run: Answering) => Promise<A>;
}

/** A run with one answer, for which whoever began it waits a while. Once begun it is finished: half a thing at a provider helps nobody. */
export const answering = async <A>({
  update,
  meanwhile,
  timings: given,
  heedsCancellation,
  story,
}: Answered<A>): Promise<A> => {
  const timings = { ...TIMINGS, ...given };
  setPatience(timings);
  const progress = new Progress();
  let over = false;
  let result: A | undefined;
  // A handler runs outside the story: whoever waits there is answered too when cancellation was requested.
  setHandler(update, () =>
    CancellationScope.nonCancellable(async (): Promise<A> => {
      await condition(() => over, timings.firstAnswer);
      return over ? result! : meanwhile();
    }),
  );
  const live = async (): Promise<A> => {
    result = await story({ timings, progress });
    over = true;
    await condition(allHandlersFinished);
    return result;
  };
  if (heedsCancellation) return CancellationScope.nonCancellable(live);
  return uncancelled('what was begun is finished.', () => ({ live, note: (said) => progress.note(said) }));
};

export interface GivingUp {
  /** How: completes "You can check the connection; it is tried again by itself. " */
  can: string;
  /** Not null: somebody has said so. */
  said: () => Stopped | null;
}

/** How a thing that is made once shows that it waits for whom. Throws what `givingUp` says. */
export const showingWaits = (
  { timings, progress }: Answering,
  whom: string,
  givingUp: GivingUp = { can: '', said: () => null },
): Omit<Making<never>, 'create' | 'find'> => ({
  timings,
  note: (said) => progress.note(said),
  pause: async (why, ms, human) => {
    const can = `check the connection; it is tried again by itself. ${givingUp.can}`.trim();
    progress.waitingFor(`${whom} (${why})`, can, { human });
    await condition(() => givingUp.said() !== null, ms);
    progress.notWaiting();
    const said = givingUp.said();
    if (said) throw said;
  },
});
