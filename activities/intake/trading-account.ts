import type { CAPABILITIES } from '../../adapters/kit/capabilities.ts';
import type { Provider } from '../../adapters/kit/manifest.ts';
import type { Queryable } from '../../db/pool.ts';
import type { AccountFacts } from '../../db/repositories/orders.ts';
import { HubFailure } from '../../domain/failures.ts';
import { assertAccountMay } from '../transactions/restrictions.ts';
import { accountOf, isWallet } from './accounts.ts';
import type { Orderer } from './orderer.ts';

type Capability = (typeof CAPABILITIES)['trading'][number];

/** An account that a trading platform keeps. */
export interface TradingAccountFacts extends AccountFacts {
  connectionId: number;
  provider: string;
}

/** One the caller may name, that is on a platform which works for us; a client's must be usable. 404, 400 `unsupported`, 403 `restricted`. */
export const tradingAccountOf = async (
  db: Queryable,
  actor: Orderer,
  accountId: number,
  field = 'accountId',
): Promise<TradingAccountFacts> => {
  const account = await accountOf(db, actor, accountId, field);
  if (isWallet(account) || account.connectionId === null || account.provider === null)
    throw new HubFailure('Unsupported', 'unsupported', 'This account is a wallet: no trading platform keeps it.', {
      field,
    });
  if (actor.kind === 'client' && account.status === 'active') assertAccountMay(account, [], field);
  if (account.connectionEnabled === false)
    throw new HubFailure('Rejected', 'restricted', 'The platform of the account is switched off.', {
      field,
      because: 'switched_off',
    });
  return { ...account, connectionId: account.connectionId, provider: account.provider };
};

/** Open at its platform; else 403 with what it is instead. */
export const assertOpen = ({ status }: AccountFacts, field = 'accountId'): void => {
  if (status === 'active') return;
  const issue = {
    opening: 'The platform has not opened the account yet.',
    failed: 'The platform refused to open this account.',
    archiving: 'The account is being archived.',
    archived: 'The account is archived.',
  }[status];
  throw new HubFailure('Rejected', 'restricted', issue, { field, because: 'account_status' });
};

/** Throws `unsupported` when the platform can do none of these. */
export const assertCan = (
  { capabilities, caption }: Pick<Provider, 'capabilities' | 'caption'>,
  can: readonly Capability[],
  what: string,
): void => {
  if (can.some((one) => capabilities.includes(one))) return;
  throw new HubFailure('Unsupported', 'unsupported', `${caption} cannot do this: ${what}.`);
};
