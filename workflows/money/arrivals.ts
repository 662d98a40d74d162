import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  ParentClosePolicy,
  patched,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { TIMINGS, type Timings } from '../../domain/timings.ts';
import { atProvider, internal, setPatience } from '../kit/activities.ts';
import { askUntilAnswered } from '../kit/ask-until-answered.ts';
import { providerNews } from '../kit/messages.ts';
import { Progress } from '../kit/progress.ts';
import { deposit } from './deposit.ts';

/** In the provider's queue behind clients who wait for their page: after a silence there are thousands of these. */
const AFTER_CLIENTS = 5;

export interface ArrivalsInput {
  /** Our reference at the provider: of a client's address, or of a deposit that is over. */
  reference: string;
  connectionId: number;
  timings?: Partial<Timings> | undefined;
  /** Of the run that this one goes on from: what it had asked a person, what it showed last, and how many deposits it had begun. */
  before?: { asked: string[]; shown: string[]; deposits: number };
}

/**
 * What happens outside of a deposit's own run. Payments that came without being asked for, on a client's own address, late, or a second time: each
 * becomes a deposit of its own, once, however often the provider tells of it. Money that was taken back after it was credited: the books follow.
 */
export async function arrivals({
  reference,
  connectionId,
  timings: given,
  before,
}: ArrivalsInput): Promise<{ deposits: number }> {
  const timings = { ...TIMINGS, ...given };
  setPatience(timings);
  const progress = new Progress();
  let news = 1; // started because there may be some
  setHandler(providerNews, () => {
    news += 1;
  });
  const saysWhose = patched('says-whose-money-it-is');
  if (saysWhose) {
    const subject = await internal('Reading whose payments they are').readSubject({ reference });
    progress.about({ kind: 'arrivals', ...subject });
  }
  let deposits = before?.deposits ?? 0;
  const asked = new Set(before?.asked);
  let shown = before?.shown ?? [];
  const asking = atProvider(connectionId, 'Asking which payments arrived', undefined, AFTER_CLIENTS);
  try {
    while (news > 0) {
      news = 0;
      const found = await askUntilAnswered(progress, timings, 'which payments arrived', () =>
        asking.findArrivals({ reference, connectionId }),
      );
      const {
        created,
        odd,
        toSettle = [],
      } = await internal('Registering new payments').registerArrivals({
        reference,
        arrivals: found.arrivals,
      });
      const reversed = await internal('Following what was taken back').bookReversals({
        reference,
        connectionId,
        ...found,
        asked: [...asked],
      });
      toSettle.push(...(reversed.toSettle ?? []));
      for (const what of toSettle) asked.add(what);
      for (const transactionId of created) {
        deposits += 1;
        await startDeposit(transactionId, given);
      }
      odd.push(...reversed.odd);
      shown = toSettle;
      if (odd.length > 0) await tellAPerson(progress, odd, () => news > 0);
      await condition(() => news > 0, '1s');
      // Whoever has cancelled meanwhile has settled what is shown.
      if (news > 0 && isLong() && !CancellationScope.current().consideredCancelled) {
        const sofar = { asked: [...asked], shown, deposits };
        await continueAsNew<typeof arrivals>({ reference, connectionId, timings: given, before: sofar });
      }
    }
  } catch (error) {
    // Whoever cancels has settled what he was shown, also while the provider is asked for more.
    if (isCancellation(error)) {
      if (patched('cancelled-waits-for-nobody')) {
        progress.at('done', 'Cancelled: what it showed is settled.');
        progress.notWaiting();
      }
      await noteSettled(reference, shown);
    }
    throw error;
  }
  if (saysWhose) progress.ends('done', 'Nothing is left to do.');
  return { deposits };
}

/** A history takes only so much, and every look at a busy address adds all its payments. */
const isLong = (): boolean => workflowInfo().continueAsNewSuggested && patched('begins-anew-when-it-is-long');

const startDeposit = async (transactionId: number, timings: Partial<Timings> | undefined): Promise<void> => {
  try {
    await startChild(deposit, {
      workflowId: `deposit:${transactionId}`,
      args: [{ transactionId, ...(timings ? { timings } : {}) }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: `deposit ${transactionId}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
};

/** Money that cannot be turned into a deposit by itself: shown until somebody has settled it and cancels this run. */
const tellAPerson = async (progress: Progress, odd: readonly string[], moreNews: () => boolean): Promise<void> => {
  const can = 'settle it with the provider and the client (see the runbook), then cancel this run.';
  progress.at('assistance', odd.join('; '));
  progress.waitingFor(`an operator: ${odd.join('; ')}`, can, { human: true });
  await Promise.race([condition(moreNews), CancellationScope.current().cancelRequested]);
  progress.notWaiting();
};

/** They are never asked about again. */
const noteSettled = async (reference: string, what: string[]): Promise<void> => {
  if (what.length === 0) return; // all that histories of before have
  await CancellationScope.nonCancellable(() => internal('Noting what was settled').noteSettled({ reference, what }));
};
