import { loadAccountToOpen } from '../../db/repositories/accounts.ts';
import type { Activity } from '../kit/activity.ts';

/** Where an account is to be opened. */
export const prepareAccount: Activity<
  { accountId: number },
  { connectionId: number; provider: string; clientId: number; currency: string }
> = async ({ accountId }, { pool }) => {
  const { connectionId, provider, clientId, currency } = await loadAccountToOpen(pool, accountId);
  await pool.query(`update account set workflow_started = true where account_id = $1`, [accountId]);
  return { connectionId, provider, clientId, currency };
};
