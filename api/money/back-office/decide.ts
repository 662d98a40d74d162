import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { factsOf } from '../../../activities/requests/record-decision.ts';
import { lastSaid, REQUEST_COLUMNS, type RequestRow, type Said } from '../../../db/repositories/requests.ts';
import type { Decision, DecisionWord, Purpose } from '../../../domain/decisions.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { type UserActor, scopeSql } from '../../kit/access.ts';
import { notFound, problem } from '../../kit/errors.ts';
import { decide } from '../../../worker/decide.ts';
import type { MoneyHub } from '../hub.ts';

export type Verdict = 'yes' | 'no' | 'continue';

/** B2Core knows approve and reject; what they mean depends on why the run waits. */
const WORD: Record<Purpose, Record<Verdict, DecisionWord>> = {
  approval: { yes: 'approve', no: 'reject', continue: 'continue' },
  review: { yes: 'approve', no: 'reject', continue: 'continue' },
  assistance: { yes: 'mark_done', no: 'mark_failed', continue: 'continue' },
  // Only trying again helps; whoever says yes means that.
  repair: { yes: 'continue', no: 'reject', continue: 'continue' },
  // A difference is no claim that could be refused: it is settled, or goes on being watched.
  difference: { yes: 'mark_done', no: 'reject', continue: 'continue' },
};

export type Saying = Pick<Decision, 'comment' | 'resolutionId' | 'evidence'>;

/** 404 when there is none, or when its client is none of the caller's. */
export const seenRequest = async ({ pool }: MoneyHub, actor: UserActor, applicationId: number): Promise<RequestRow> => {
  const { rows } = await pool.query<RequestRow>(
    `select ${REQUEST_COLUMNS} from application
      where id = $1 and ${scopeSql(actor, 'application.client_id')}`,
    [applicationId],
  );
  if (!rows[0]) throw notFound('request');
  return rows[0];
};

/**
 * Brings a verdict to the run that waits for it, and writes it down once the run has taken it. A double click is one decision: its Update carries an id made of who says what
 * about which state of the request, and a repeat that comes after the end finds the decision in the books.
 */
export const decideRequest = async (
  hub: MoneyHub,
  actor: UserActor,
  applicationId: number,
  verdict: Verdict,
  saying: Saying,
): Promise<RequestRow> => {
  const facts = await factsOf(hub.pool, applicationId, { by: actor.id, ...saying }, null);
  if (!facts?.sees) throw notFound('request');
  const { request, version } = facts;
  const decision = {
    decision: WORD[request.purpose][verdict],
    by: actor.id,
    applicationId,
    version,
    ...saying,
  } satisfies Decision;
  const content = createHash('sha256')
    .update(JSON.stringify([version, saying.comment ?? null, saying.resolutionId ?? null, saying.evidence ?? null]))
    .digest('base64url')
    .slice(0, 16);
  // Its run may wait for something else by now: a closed request steers nothing.
  if (request.statusId === 1 || request.statusId === 2) {
    const before = await lastSaid(hub.pool, applicationId, actor.id);
    if (isDeepStrictEqual(before, wordsOf(decision))) return request;
    throw problem(409, 'not_waiting', before ? notTaken(before) : 'The request was decided already.');
  }
  const updateId = `decide-${applicationId}-${actor.id}-${decision.decision}-${content}`;
  try {
    const { workflowId } = request;
    const vouched = hub.steering.vouchFor(workflowId, decision);
    const take = (mine: Decision, id: string) =>
      hub.ask((steering) => steering.decide(workflowId, mine, id)).catch((error) => askAnew(hub, request, error));
    await decide(hub.tools(), take, { workflowId, decision: vouched, updateId }, facts);
    return request;
  } catch (error) {
    if (!(error instanceof HubFailure)) throw error;
    const unclear = error.type === 'OutcomeUnknown';
    const late = unclear || error.reason === 'not_waiting' || error.reason === 'decided_already';
    const before = late ? await lastSaid(hub.pool, applicationId, actor.id) : null;
    if (before && isDeepStrictEqual(before, wordsOf(decision))) return request;
    if (before && error.reason === 'decided_already') throw problem(409, error.reason, notTaken(before));
    // Temporal answers the same Update id the same for ever: what was refused now may be right later.
    if (unclear || error.type === 'Rejected') {
      await hub.pool.query(`update application set update_time = now() where id = $1`, [applicationId]);
    }
    throw error;
  }
};

/** The runs of a verification and of a difference remember nothing that is not in the books: when somebody has ended one, another one asks what it had asked. */
const askAnew = async (hub: MoneyHub, request: RequestRow, error: unknown): Promise<never> => {
  const { caseId, differenceId, workflowId } = request;
  const isGone = error instanceof HubFailure && error.reason === 'not_waiting';
  if (!isGone || (await hub.ask((steering) => steering.isRunning(workflowId)))) throw error;
  if (caseId !== null) await hub.ask((steering) => steering.verificationDue({ caseId, workflowId }));
  else if (differenceId !== null && (await isOpen(hub, differenceId)))
    await hub.ask((steering) => steering.startWaiting({ workflowId, type: 'difference', id: differenceId }));
  else throw error;
  throw new HubFailure('Unavailable', 'not_ready', 'Its run was ended and begins anew; try again in a moment.', {
    retryAfter: 1,
  });
};

/** Else its run is over because somebody else has settled it in this moment. */
const isOpen = async ({ pool }: MoneyHub, differenceId: number): Promise<boolean> => {
  const { rows } = await pool.query(`select from reconciliation_difference where id = $1 and state = 'open'`, [
    differenceId,
  ]);
  return rows.length > 0;
};

const wordsOf = ({ decision, resolutionId, comment, evidence }: Omit<Decision, 'by'>): Said => ({
  word: decision,
  resolutionId: resolutionId ?? null,
  comment: comment ?? null,
  evidence: evidence ? { bankReference: evidence.bankReference, valueDate: evidence.valueDate } : null,
});

/** Who sends evidence or a comment after his word must not take it for kept. */
const notTaken = ({ word, resolutionId, comment, evidence }: Said): string => {
  const more = [
    resolutionId === null ? 'no resolution' : `resolution ${resolutionId}`,
    comment === null ? 'no comment' : `comment "${comment}"`,
    evidence === null ? 'no evidence' : `bank reference ${evidence.bankReference} of ${evidence.valueDate}`,
  ];
  return `You have said '${word}' already, with ${more.join(', ')}. What you say now was not taken.`;
};
