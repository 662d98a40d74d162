import { loadAccountToOpen } from '../../db/repositories/accounts.ts';
import type { Activity } from '../kit/activity.ts';

/** Looks for the account under our reference. Null = the platform clearly has none. */
export const findAccount: Activity<{ accountId: number }, { login: string } | null> = async (
  { accountId },
  { pool, open, signal },
) => {
  const { connectionId, reference, group } = await loadAccountToOpen(pool, accountId);
  const { adapter, ctx } = await open('trading', connectionId, signal, { begun: reference });
  const found = await adapter.findAccount(ctx, { reference, group });
  return found && { login: found.login };
};
