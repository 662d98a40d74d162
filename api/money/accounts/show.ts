import type { UserActor } from '../../kit/access.ts';
import { type AccountView, accountViews, maskAccount } from '../../presenters/account.ts';
import type { MoneyHub } from '../hub.ts';

/** The account as this operator may see it. */
export const showAccount = async (
  { pool }: Pick<MoneyHub, 'pool'>,
  actor: UserActor,
  accountId: number,
): Promise<AccountView> => {
  const view = (await accountViews(pool, [accountId])).get(accountId)!;
  return actor.maskData ? maskAccount(view) : view;
};
