import { setTimeout as sleep } from 'node:timers/promises';
import { loadClientChange } from '../../db/repositories/client-changes.ts';
import {
  type DecisionFacts,
  type DecisionOutcome,
  keepRefusal,
  loadDecisionFacts,
  writeDecision,
} from '../../db/repositories/requests.ts';
import { whyMayNotApprove } from '../../domain/approvals.ts';
import type { Decision, DecisionRecord } from '../../domain/decisions.ts';
import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import { obstacleTo } from '../clients/make-change.ts';
import type { Tools } from '../kit/activity.ts';

export type Recording = DecisionRecord & { decision: Decision };

export interface Recorded {
  proven: boolean;
  /** What was approved. */
  amount: string;
  /** How many more approvals the request needs now: an operator may have corrected the amount since it was opened. */
  missing: number;
}

/** What a decision needs to be written down; the API has it too. */
export type RecordingTools = Pick<Tools, 'pool' | 'proves' | 'unprovenDecisions' | 'run'>;

/** How often the request may change under the hands of who writes. */
const TRIES = 5;

/** What a run leaves to the API, which writes the decision at this very moment (docs/decisions/0065-the-api-writes-first.md). */
const API_FIRST_MS = 10;

/** Writes down a decision that the run has taken, unless the API, which brought it, was faster. */
export const recordDecision = async (recording: Recording, tools: RecordingTools): Promise<Recorded> => {
  if (recording.decision.proof !== undefined) await sleep(API_FIRST_MS);
  return writeDown(recording, tools);
};

/**
 * Writes a decision down, after checking in the database what a validator cannot: that the person exists, is active and may
 * decide, that the resolution exists, that the API vouches for him. The last needed word closes the request. Done twice, by the run and by
 * the API, it happens once: the first one's outcome, a refusal too, is everybody's.
 *
 * `seen`: what the caller has looked up already, before the run took the decision. Good enough to write with, since the request must still be the
 * same; never to refuse with.
 */
export const writeDown = async (
  recording: Recording,
  tools: RecordingTools,
  seen: DecisionFacts | null = null,
): Promise<Recorded> => {
  for (let tries = 0; tries < TRIES; tries++) {
    const outcome = await outcomeOf(recording, tools, tries === 0 ? seen : null);
    if (outcome === null) continue;
    if ('recorded' in outcome) return outcome.recorded;
    const { reason, message, field } = outcome.refused;
    throw new HubFailure('Rejected', reason, message, field === null ? {} : { field });
  }
  throw new HubFailure('Unavailable', 'unavailable', 'The request changes too fast.', { retryAfter: 1 });
};

/** What there is to look up about a decision. `updateId`: null before one brings it. Null: there is no such request. */
export const factsOf = (
  pool: Tools['pool'],
  applicationId: number,
  { by, resolutionId, evidence }: Pick<Decision, 'by' | 'resolutionId' | 'evidence'>,
  updateId: string | null,
): Promise<DecisionFacts | null> =>
  loadDecisionFacts(pool, {
    applicationId,
    updateId,
    userId: by,
    resolutionId: resolutionId ?? null,
    bankReference: evidence?.bankReference ?? null,
  });

/** Null when somebody was faster, or what was seen does not suffice: to be looked at again. */
const outcomeOf = async (
  recording: Recording,
  tools: RecordingTools,
  seen: DecisionFacts | null,
): Promise<DecisionOutcome | null> => {
  const { pool, run } = tools;
  const { applicationId, updateId, decision, earlier } = recording;
  const { by: userId, decision: word, resolutionId = null, comment = null, evidence = null } = decision;
  const facts = seen ?? (await factsOf(pool, applicationId, decision, updateId));
  if (!facts) throw new HubFailure('NotFound', 'not_found', `There is no request ${applicationId}.`);
  if (facts.outcome) return facts.outcome;
  const { request, version, resolution } = facts;
  const proven = decision.proof !== undefined && tools.proves(run.workflowId, decision);
  try {
    assertMayBeTaken(facts, recording, proven, tools);
    if (affirms(decision)) await assertStillPossible(pool, request.changeId);
  } catch (error) {
    if (!isHubFailure(error)) throw error;
    if (seen) return null;
    const { reason, message } = error;
    const outcome = { refused: { reason, message, field: error.facts.field ?? null } };
    return (await keepRefusal(pool, recording, outcome)) ? outcome : null;
  }
  const missing = word === 'approve' ? Math.max(0, request.approvalsNeeded - earlier.length - 1) : 0;
  const outcome = { recorded: { proven, amount: request.data.amount ?? '0', missing } };
  const closesAs = missing > 0 || word === 'continue' ? null : affirms(decision) ? 1 : 2;
  const via = proven ? 'api' : 'temporal-ui';
  const said = {
    applicationId,
    updateId,
    version,
    userId,
    word,
    via,
    resolutionId,
    resolution: resolution?.name ?? null,
    comment,
    evidence,
  } as const;
  return (await writeDecision(pool, { ...said, closesAs, outcome, run })) ? outcome : null;
};

const affirms = ({ decision }: Decision): boolean => decision === 'approve' || decision === 'mark_done';

/** A change that cannot be made any more is not approved: it is to be rejected. */
const assertStillPossible = async (pool: Tools['pool'], changeId: number | null): Promise<void> => {
  const obstacle = changeId === null ? null : await obstacleTo(pool, await loadClientChange(pool, changeId));
  if (obstacle) throw new HubFailure('Rejected', obstacle.reason, `${obstacle.issue} Reject the request.`);
};

/** Throws `Rejected` with the reason why this decision cannot stand. */
const assertMayBeTaken = (
  { request, version, may, sees, resolution, provesAlready }: DecisionFacts,
  { applicationId, decision, earlier }: Recording,
  proven: boolean,
  { unprovenDecisions }: RecordingTools,
): void => {
  const { by, resolutionId } = decision;
  const refused = (...[reason, issue, more]: [HubFailure['reason'], string, { field?: string }?]) =>
    new HubFailure('Rejected', reason, issue, more);
  if (decision.proof !== undefined && !proven) throw refused('forbidden', 'The proof of this decision is not ours.');
  if (!proven && unprovenDecisions === 'refuse')
    throw refused('forbidden', 'Decisions from Temporal UI are switched off (TEMPORAL_UI_DECISIONS).');
  if (may === null) throw refused('forbidden', `There is no active user ${by}.`);
  if (!may || !sees) throw refused('forbidden', `User ${by} may not decide this request.`);
  if (proven && decision.applicationId !== applicationId)
    throw refused('not_waiting', 'This decision is about another request.');
  if (request.statusId === 1 || request.statusId === 2)
    throw refused('not_waiting', 'The request was decided already.');
  if (decision.version !== undefined && decision.version !== version)
    throw refused('not_waiting', 'The request has changed meanwhile; look at it again.');
  if (affirms(decision) || decision.decision === 'mark_failed') {
    for (const involved of [request.requestedBy, request.editedBy]) {
      const why = whyMayNotApprove({ userId: by, proven }, involved, earlier);
      if (why) throw refused(why.reason, why.issue);
    }
  }
  if (decision.evidence && request.transactionId === null && request.differenceId === null)
    throw refused('unsupported', 'Nothing was paid here that a bank could prove.', { field: 'evidence' });
  if (affirms(decision) && request.data.amount === null)
    throw refused('restricted', 'There is no amount to approve: reject, or continue.');
  if (resolutionId !== undefined && resolution === null)
    throw refused('not_found', `There is no resolution ${resolutionId}.`, { field: 'resolutionId' });
  if (resolution && resolution.requestTypes.length > 0 && !resolution.requestTypes.includes(request.type))
    throw refused(
      'validation',
      `'${resolution.name}' is a resolution for ${resolution.requestTypes.join(', ')}, and this request is about: ${request.type}.`,
      { field: 'resolutionId' },
    );
  // One statement line never proves two movements.
  if (provesAlready !== null)
    throw refused('already_exists', `This bank reference belongs to ${provesAlready}.`, {
      field: 'evidence.bankReference',
    });
};
