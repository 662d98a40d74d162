import { HubFailure } from '../../domain/failures.ts';
import { FINAL_STAGES } from '../../domain/stages.ts';
import type { Queryable } from '../pool.ts';
import { revokeTokens } from './refresh-tokens.ts';

/** What keeps a client from being deleted, the first of it in words. */
const OPEN_BUSINESS = `
  select coalesce(
    (select 'Account ' || coalesce(a.account_number, a.account_id::text) || ' holds money: it must be paid out first.' from account a join ledger_account l on l.code = a.ledger_code
      where a.client_id = $1 and (l.balance <> 0 or l.held <> 0) order by a.account_id limit 1),
    (select 'Trading account ' || coalesce(a.account_number, a.account_id::text) || ' is open at its platform: archive it first.'
       from account a join platform p on p.id = a.platform_id where a.client_id = $1 and p.type <> 'personal' and not p.is_demo
        and a.status in ('opening', 'active', 'archiving') order by a.account_id limit 1),
    (select 'Transaction ' || transaction_id || ' is under way.' from money_transaction where client_id = $1 and stage <> all($2::text[])
      order by transaction_id limit 1),
    (select 'Request ' || id || ' is open.' from application where client_id = $1 and status_id in (0, 3) and type is distinct from $3 order by id limit 1),
    (select 'A verification is under way.' from kyc_case where client_id = $1 and state in ('checking', 'on_hold') limit 1)) as why`;

/** In words, for people; null: nothing. `besides` requests of this type. */
export const openBusinessOf = async (
  db: Queryable,
  clientId: number,
  besides: string | null = null,
): Promise<string | null> =>
  (await db.query<{ why: string | null }>(OPEN_BUSINESS, [clientId, FINAL_STAGES, besides])).rows[0]!.why;

/** His row and his history stay; his sign-ins end, his phones hear of nothing any more, his e-mail is free for somebody else. In a transaction. */
export const markDeleted = async (db: Queryable, clientId: number): Promise<void> => {
  await db.query(`update client set status = 'deleted', update_time = now() where client_id = $1`, [clientId]);
  await db.query('delete from client_push_token where client_id = $1', [clientId]);
  await db.query('delete from sign_in_guard where client_id = $1', [clientId]);
  await revokeTokens(db, { subjects: [`client:${clientId}`] });
};

/** Deletes a client in a transaction. Throws `already_done`, and `in_use` while he has money or anything is under way. */
export const deleteClient = async (db: Queryable, clientId: number): Promise<void> => {
  const { rows } = await db.query<{ status: string }>('select status from client where client_id = $1 for update', [
    clientId,
  ]);
  if (rows[0]?.status === 'deleted') throw new HubFailure('Rejected', 'already_done', 'The client is deleted already.');
  const open = await openBusinessOf(db, clientId);
  if (open !== null) throw new HubFailure('Rejected', 'in_use', open);
  await markDeleted(db, clientId);
};
