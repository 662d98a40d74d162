import { policyFor } from '../../../activities/transactions/approval-policy.ts';
import { assertMethodExchanges, assertMethodTakes } from '../../../activities/transactions/restrictions.ts';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { loadMethodFacts } from '../../../db/repositories/orders.ts';
import { loadRequest, type RequestRow } from '../../../db/repositories/requests.ts';
import { loadTransaction } from '../../../db/repositories/transactions.ts';
import type { Amount } from '../../../domain/money.ts';
import { providerById } from '../../../worker/tools.ts';
import { type UserActor, actorName } from '../../kit/access.ts';
import { problem } from '../../kit/errors.ts';
import type { MoneyHub } from '../hub.ts';
import { assertFits } from '../../../activities/intake/accounts.ts';
import { seenRequest } from './decide.ts';

export interface Edit {
  comment?: string | null | undefined;
  color?: string | null | undefined;
  data?: { amount: Amount } | undefined;
}

/** Changes what operators may change about a request. The run reads the amount when the last approval is recorded. */
export const editRequest = async (
  hub: MoneyHub,
  actor: UserActor,
  applicationId: number,
  edit: Edit,
  requestId: string,
): Promise<RequestRow> => {
  const seen = await seenRequest(hub, actor, applicationId);
  await inTransaction(hub.pool, async (db) => {
    const request = (await loadRequest(db, applicationId))!;
    const needed = edit.data ? await assertMayCorrect(hub, db, request, edit.data.amount) : null;
    const { rows } = await db.query<{ before: unknown }>(
      `select jsonb_build_object('comment', comment, 'color', color, 'amount', data -> 'amount') as before from application where id = $1`,
      [applicationId],
    );
    await db.query(
      `update application set comment = case when $2 then $3 else comment end, color = case when $4 then $5 else color end,
              data = case when $6::text is null then data else data || jsonb_build_object('amount', $6::text) end,
              approvals_needed = coalesce($7::smallint, approvals_needed), edited_by = case when $7::smallint is null then edited_by else $8 end,
              update_time = now() where id = $1`,
      [
        applicationId,
        edit.comment !== undefined,
        edit.comment ?? null,
        edit.color !== undefined,
        edit.color ?? null,
        edit.data?.amount ?? null,
        needed,
        actor.id,
      ],
    );
    await recordAudit(db, {
      actor: actorName(actor),
      action: 'requests.update',
      object: `request:${applicationId}`,
      before: rows[0]!.before,
      after: { ...edit, data: undefined, ...(edit.data && { amount: edit.data.amount }) },
      requestId,
    });
  });
  return seen;
};

/**
 * How many must approve the corrected amount. Only what a bank statement says about a manual deposit can differ from what was announced, and only until somebody
 * decides; who corrects it cannot approve it. */
const assertMayCorrect = async (hub: MoneyHub, db: Queryable, request: RequestRow, amount: Amount): Promise<1 | 2> => {
  if (request.statusId !== 0) throw problem(409, 'not_waiting', 'The request is not pending any more.', 'data.amount');
  const transaction = request.transactionId === null ? null : await loadTransaction(db, request.transactionId);
  const methodId = transaction?.methodId ?? null;
  const method = methodId === null ? null : await loadMethodFacts(db, methodId);
  if (transaction?.type !== 'deposit' || method?.flow !== 'manual' || request.purpose !== 'approval') {
    throw problem(400, 'unsupported', 'Only the amount of a manual deposit can be corrected.', 'data.amount');
  }
  const decided = await db.query(`select from application_decision where application_id = $1`, [request.id]);
  if (decided.rows.length > 0) {
    throw problem(409, 'decided_already', 'Somebody decided on the present amount already.', 'data.amount');
  }
  assertFits(amount, transaction.currency);
  const { currency, exchange } = transaction;
  if (exchange) assertMethodExchanges(method!, currency.numericCode, amount);
  else assertMethodTakes(method, 'deposit', currency.numericCode, amount);
  return (await policyFor({ provider: providerById }, db, transaction, amount)) === 2 ? 2 : 1;
};
