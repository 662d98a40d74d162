import { loadAccountToOpen } from '../../db/repositories/accounts.ts';
import { noteBegun } from '../../db/repositories/begun-by.ts';
import type { Activity } from '../kit/activity.ts';

/** Where an account is to be opened. */
export const prepareAccount: Activity<
  { accountId: number },
  { connectionId: number; provider: string; clientId: number; currency: string }
> = async ({ accountId }, { pool, run }) => {
  const { connectionId, provider, clientId, currency } = await loadAccountToOpen(pool, accountId);
  await noteBegun(pool, 'account', accountId, run.runId);
  return { connectionId, provider, clientId, currency };
};
