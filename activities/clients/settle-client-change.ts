import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { type ClientChange, loadClientChange, settleChange } from '../../db/repositories/client-changes.ts';
import { resolutionText } from '../../db/repositories/requests.ts';
import { ABOUT_KIND, type ClientChangeState } from '../../domain/client-changes.ts';
import type { Activity, Tools } from '../kit/activity.ts';
import { queueMessage, startMessages } from '../messaging/queue-message.ts';
import { makeChange, obstacleTo } from './make-change.ts';

export interface ChangeVerdict {
  changeId: number;
  approved: boolean;
  by: number;
  resolutionId: number | null;
}

export interface ChangeSettled {
  state: ClientChangeState;
  /** Says nothing about the person. */
  issue: string | null;
}

/**
 * Makes what was approved, or drops what was rejected, and tells the client. What cannot be made any more ends as `refused`, and so does its request, with
 * the reason. Harmless to repeat.
 */
export const settleClientChange: Activity<ChangeVerdict, ChangeSettled> = async (verdict, tools) => {
  const { settled, messages } = await inTransaction(tools.pool, async (db) => {
    const change = await loadClientChange(db, verdict.changeId, true);
    if (change.state !== 'waiting') return { settled: { state: change.state, issue: change.issue }, messages: [] };
    const { clientId, kind } = change;
    const made = verdict.approved ? await make(db, tools, change, verdict) : await reject(db, tools, change, verdict);
    const { state, issue } = made.settled;
    await recordAudit(db, {
      actor: `user:${verdict.by}`,
      action: `clients.change_${state}`,
      object: `client:${clientId}`,
      after: { changeId: change.changeId, kind, issue },
      ...tools.run,
    });
    return made;
  });
  await startMessages(tools.steer, messages);
  return settled;
};

interface Outcome {
  settled: ChangeSettled;
  messages: number[];
}

const make = async (db: Queryable, { ring }: Tools, change: ClientChange, { by }: ChangeVerdict): Promise<Outcome> => {
  const { changeId } = change;
  const obstacle = await obstacleTo(db, change);
  if (obstacle) {
    const { issue } = obstacle;
    await settleChange(db, changeId, { state: 'refused', issue });
    await db.query(
      `update application set status_id = 2, comment = concat_ws(e'\\n', comment, $2::text), update_time = now() where change_id = $1`,
      [changeId, issue],
    );
    return { settled: { state: 'refused', issue }, messages: await tellRejected(db, ring, change, issue) };
  }
  const { madeId, messages } = await makeChange(db, ring, change, by);
  await settleChange(db, changeId, { state: 'done', madeId });
  return { settled: { state: 'done', issue: null }, messages };
};

const reject = async (
  db: Queryable,
  { ring }: Tools,
  change: ClientChange,
  { resolutionId }: ChangeVerdict,
): Promise<Outcome> => {
  await settleChange(db, change.changeId, { state: 'rejected' });
  const messages = await tellRejected(db, ring, change, (await resolutionText(db, resolutionId)) ?? '');
  return { settled: { state: 'rejected', issue: null }, messages };
};

const tellRejected = (
  db: Queryable,
  ring: Tools['ring'],
  { changeId, clientId, kind }: ClientChange,
  reason: string,
): Promise<number[]> =>
  queueMessage(db, ring, {
    to: { clientId },
    template: 'ProfileChangeRejected',
    parameters: { what: ABOUT_KIND[kind].words, reason },
    key: `change:${changeId}:rejected`,
  });
