import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { ProviderOf } from '../../adapters/kit/manifest.ts';
import type { AccountState } from '../../adapters/kit/trading.ts';
import { takeTurn } from '../../db/repositories/taken-out.ts';
import type { TransactionRow } from '../../db/repositories/transactions.ts';
import { type FailureType, HubFailure, isHubFailure } from '../../domain/failures.ts';
import { add, compare } from '../../domain/money.ts';
import { withdrawable } from '../../domain/withdrawable.ts';
import type { Tools } from '../kit/activity.ts';

interface Platform {
  provider: ProviderOf<'trading'>;
  adapter: ProviderOf<'trading'>['adapter'];
  ctx: AdapterContext;
  login: string;
}

/**
 * Before money is taken out of a trading account: not every platform is known to refuse what is not there, and the wallet would be credited with it. Throws `Rejected` when it
 * surely is not, and `Unavailable` while that cannot be said: the platform does not tell, or what was ordered before may be taken first. What changes after
 * this look is between the account and its platform, as when a position loses more than there is.
 */
export const assertIsThere = async (
  { pool }: Pick<Tools, 'pool'>,
  { transactionId, debitAccountId, amount, currency }: TransactionRow,
  platform: Platform,
): Promise<void> => {
  if (!platform.provider.capabilities.includes('account.state')) return;
  // Before the look, which then shows all that is over by now.
  const before = await takeTurn(pool, { transactionId, accountId: debitAccountId! });
  const state = await look(platform);
  if (state === null) return;
  const there = withdrawable(state);
  if (compare(amount, there) > 0)
    throw new HubFailure(
      'Rejected',
      'insufficient_funds',
      `Of the trading account ${there} ${currency.alphabeticCode} can be taken out.`,
    );
  if (compare(add(before, amount), there) > 0)
    throw new HubFailure(
      'Unavailable',
      'unavailable',
      `other transfers may take ${before} of the ${there} ${currency.alphabeticCode} in the trading account first`,
    );
};

/** Null: it will say the same, and rather what is wrong, when it is asked for the money. */
const look = ({ adapter, ctx, login }: Platform): Promise<AccountState | null> =>
  adapter.getState(ctx, login).catch((error: unknown) => {
    if (!isHubFailure(error) || error.type === 'OutcomeUnknown')
      throw new HubFailure('Unavailable', 'provider_garbage', 'the platform does not tell what is in the account');
    if (BUSINESS_NOES.includes(error.type)) return null;
    throw error;
  });

const BUSINESS_NOES: readonly FailureType[] = ['Rejected', 'NotFound', 'InvalidInput', 'Unsupported'];
