import type { Provider } from '../../../adapters/kit/manifest.ts';
import type { TradingAdapter } from '../../../adapters/kit/trading.ts';
import mt5 from '../../../adapters/trading/mt5/manifest.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { round } from '../../../domain/money.ts';
import { breaking, type Mutant } from './mutant.ts';

const sound = mt5.adapter as unknown as TradingAdapter;

const mutant = breaking(mt5)<TradingAdapter>;

const BALANCES = /applyBalance|BalanceOperation/;

export const brokenTrading: readonly Mutant[] = [
  mutant(
    'rounds an amount finer than the currency',
    {
      applyBalance: (ctx, operation) =>
        sound.applyBalance(ctx, { ...operation, amount: round(operation.amount, 2, 'nearest') }),
    },
    BALANCES,
    [/^applyBalance: an amount finer than the currency/],
  ),
  mutant(
    'puts the key where the comment is cut',
    {
      applyBalance: (ctx, { operationKey, text, ...operation }) =>
        sound.applyBalance(ctx, { ...operation, operationKey: text.slice(0, 20) || operationKey, text: operationKey }),
    },
    BALANCES,
    [/^applyBalance/, /^findBalanceOperation: finds what was moved/, /^listBalanceOperations/],
  ),
  mutant(
    'makes numbers of logins',
    {
      createAccount: async (ctx, order) => {
        const account = await sound.createAccount(ctx, order);
        return { ...account, login: Number(account.login) as unknown as string };
      },
    },
    /^createAccount: opens/,
    [/^createAccount: opens one as ordered/],
  ),
  mutant(
    'says that an operation is not there when it could not look',
    { findBalanceOperation: (ctx, by) => sound.findBalanceOperation(ctx, by).catch(() => null) },
    BALANCES,
    [/^findBalanceOperation: a look (met|where)/],
  ),
  mutant(
    'takes a lost answer for "surely not sent"',
    {
      applyBalance: (ctx, operation) =>
        sound.applyBalance(ctx, operation).catch((error: unknown) => {
          if (error instanceof HubFailure && error.type === 'OutcomeUnknown')
            throw new HubFailure('Unavailable', 'provider_unavailable', error.message);
          throw error;
        }),
    },
    BALANCES,
    [
      /^applyBalance: when it took (no )?effect/,
      /^applyBalance: an answer that drips/,
      /^applyBalance: cancelling/,
      /^applyBalance \.09/,
    ],
  ),
  mutant(
    'shows passwords in a failure message',
    {
      createAccount: (ctx, order) =>
        sound.createAccount(ctx, order).catch((error: unknown) => {
          const { type, reason, message, facts } = error as HubFailure;
          throw new HubFailure(type, reason, `${message}: ${JSON.stringify(order)}`, facts);
        }),
    },
    /^createAccount|neither secrets/,
    [/^neither secrets nor personal data/],
  ),
  {
    does: 'promises to keep a key that the platform does not keep',
    provider: { ...mt5, idempotency: 'native' } as unknown as Provider,
    touched: /^applyBalance: the same operation/,
    noticed: [/^applyBalance: the same operation twice/, /^applyBalance: the same operation once more the next day/],
  },
];
