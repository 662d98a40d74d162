import { allHandlersFinished, condition } from '@temporalio/workflow';
import type { ChangeFacts } from '../../activities/clients/prepare-client-change.ts';
import type { ChangeSettled } from '../../activities/clients/settle-client-change.ts';
import type { OpenRequest } from '../../domain/decisions.ts';
import { TIMINGS, type Timings } from '../../domain/timings.ts';
import { internal, setPatience } from '../kit/activities.ts';
import { Decisions } from '../kit/decisions.ts';
import { Progress } from '../kit/progress.ts';
import { uncancelled } from '../kit/uncancelled.ts';

export interface ClientChangeInput {
  changeId: number;
  timings?: Partial<Timings>;
}

/** What a client wants changed about himself, until somebody allows it or not: then it is made, or dropped, and the client is told. */
export async function clientChange(input: ClientChangeInput): Promise<ChangeSettled> {
  return uncancelled(CAN, () => {
    const progress = new Progress();
    return { note: (said) => progress.note(said), live: () => untilDecided(input, progress) };
  });
}

const CAN = 'look at the old and the new values in the Back Office and decide there, or send the Update `decide`.';

const untilDecided = async ({ changeId, timings }: ClientChangeInput, progress: Progress): Promise<ChangeSettled> => {
  setPatience({ ...TIMINGS, ...timings });
  const decisions = new Decisions((said) => progress.note(said));
  const { clientId, kind, state, issue, request, decided } = await internal(
    'Reading what is asked',
  ).prepareClientChange({
    changeId,
  });
  progress.about({ kind: 'client-change', client: clientId, provider: null, what: kind });
  progress.stands(state, `Request ${request.applicationId} asks for it.`);
  let settled: ChangeSettled = { state, issue };
  if (state === 'waiting') {
    const { approved, by, resolutionId } = decided ?? (await decisionOn(request, decisions, progress));
    const settling = internal(approved ? 'Making the change' : 'Dropping it');
    settled = await settling.settleClientChange({ changeId, approved, by, resolutionId });
    progress.stands(settled.state, settled.issue ?? `Settled by user ${by}: ${approved ? 'approve' : 'reject'}.`);
  }
  await condition(allHandlersFinished);
  progress.ended('The client is told.');
  return settled;
};

const decisionOn = async (
  request: OpenRequest,
  decisions: Decisions,
  progress: Progress,
): Promise<NonNullable<ChangeFacts['decided']>> => {
  decisions.ask(request, null);
  progress.waitingFor(`request ${request.applicationId}`, CAN, { human: true });
  for (;;) {
    await condition(() => decisions.waiting);
    const verdict = await decisions.next();
    if (verdict) return { approved: verdict.word === 'approve', by: verdict.by, resolutionId: verdict.resolutionId };
  }
};
