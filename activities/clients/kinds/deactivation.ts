import { revokeTokens } from '../../../db/repositories/refresh-tokens.ts';
import { FINAL_STAGES } from '../../../domain/stages.ts';
import type { KindOfChange } from './kind.ts';

/** He goes: nobody signs in as him any more and his e-mail is free. Not while there is money of his, or some on its way. */
export const deactivation: KindOfChange<'deactivation'> = {
  before: () => Promise.resolve({}),
  obstacle: async (db, clientId) => {
    const { rows } = await db.query<{ money: boolean; moving: boolean }>(
      `select exists (select from account a join ledger_account l on l.code = a.ledger_code where a.client_id = $1 and (l.balance <> 0 or l.held <> 0)) as money,
              exists (select from money_transaction where client_id = $1 and stage <> all (string_to_array($2, ','))) as moving`,
      [clientId, FINAL_STAGES.join(',')],
    );
    const { money, moving } = rows[0]!;
    if (moving) return { reason: 'restricted', issue: 'Money is on its way: wait until it has arrived.' };
    return money ? { reason: 'restricted', issue: 'There is money on the accounts: it must be paid out first.' } : null;
  },
  make: async (db, clientId) => {
    await db.query(`update client set status = 'deleted', update_time = now() where client_id = $1`, [clientId]);
    await revokeTokens(db, { subjects: [`client:${clientId}`] });
    return { history: [] };
  },
};
