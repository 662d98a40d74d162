import type { TradingAccount } from '../../adapters/kit/trading.ts';
import { loadAccountChange } from '../../db/repositories/account-changes.ts';
import type { Activity } from '../kit/activity.ts';

/** How the account of a change is at its platform. */
export const readAccount: Activity<{ changeId: number }, TradingAccount> = async (
  { changeId },
  { pool, open, signal },
) => {
  const { connectionId, login } = await loadAccountChange(pool, changeId);
  const { adapter, ctx } = await open('trading', connectionId, signal);
  return adapter.getAccount(ctx, login);
};
