import { createHash } from 'node:crypto';
import { factsOf } from '../../../activities/requests/record-decision.ts';
import { REQUEST_COLUMNS, type RequestRow } from '../../../db/repositories/requests.ts';
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
  const decision: Decision = {
    decision: WORD[request.purpose][verdict],
    by: actor.id,
    applicationId,
    version,
    ...saying,
  };
  const content = createHash('sha256')
    .update(JSON.stringify([version, saying.comment ?? null, saying.resolutionId ?? null, saying.evidence ?? null]))
    .digest('base64url')
    .slice(0, 16);
  // Its run may wait for something else by now: a closed request steers nothing.
  if (request.statusId === 1 || request.statusId === 2) {
    if (await saidThis(hub, applicationId, decision)) return request;
    throw problem(409, 'not_waiting', 'The request was decided already.');
  }
  const updateId = `decide-${applicationId}-${actor.id}-${decision.decision}-${content}`;
  try {
    const { workflowId } = request;
    const vouched = hub.steering.vouchFor(workflowId, decision);
    const take = (mine: Decision, id: string) => hub.ask((steering) => steering.decide(workflowId, mine, id));
    await decide(hub.tools(), take, { workflowId, decision: vouched, updateId }, facts);
    return request;
  } catch (error) {
    if (!(error instanceof HubFailure)) throw error;
    const unclear = error.type === 'OutcomeUnknown';
    const late = unclear || ['not_waiting', 'decided_already'].includes(error.reason);
    if (late && (await saidThis(hub, applicationId, decision))) return request;
    // Temporal answers the same Update id the same for ever: what was refused now may be right later.
    if (unclear || error.type === 'Rejected') {
      await hub.pool.query(`update application set update_time = now() where id = $1`, [applicationId]);
    }
    throw error;
  }
};

const saidThis = async ({ pool }: MoneyHub, applicationId: number, decision: Decision): Promise<boolean> => {
  const { rows } = await pool.query(
    `select from application_decision where application_id = $1 and user_id = $2 and decision = $3
        and resolution_id is not distinct from $4 and comment is not distinct from $5`,
    [applicationId, decision.by, decision.decision, decision.resolutionId ?? null, decision.comment ?? null],
  );
  return rows.length > 0;
};
