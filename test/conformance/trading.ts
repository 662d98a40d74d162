import type { Case } from './case.ts';
import { connectionCases, keepsItsWord } from './connection.ts';
import { hasPersonalData } from './privacy.ts';
import { accountCases, newAccount, openAccount, operation, PASSWORDS, verbs, type Bench } from './trading/accounts.ts';
import { balanceCases } from './trading/balances.ts';
import { pageCases } from './trading/pages.ts';
import { resultCases } from './trading/results.ts';

/** What only looks, at an account that is there already. */
const looksOf = async (bench: Bench) => {
  if (!bench.can('account.create') || !bench.hasSandbox) return [];
  const ctx = bench.ctx();
  const { reference, group } = newAccount(bench);
  const { login } = await verbs(bench).createAccount(ctx, { ...newAccount(bench), reference });
  const window = { from: bench.now() - 60_000, to: bench.now() };
  return [
    (with_: never) => verbs(bench).findAccount(with_, { reference, group }),
    (with_: never) => verbs(bench).getState(with_, login),
    ...(bench.can('balance.list') ? [(with_: never) => verbs(bench).listBalanceOperations(with_, login, window)] : []),
    ...(bench.can('positions') ? [(with_: never) => verbs(bench).listOpenPositions(with_, login)] : []),
    ...(bench.can('deals') ? [(with_: never) => verbs(bench).listClosedDeals(with_, login, window)] : []),
  ].map((run) => ({ verb: null, run }));
};

export const tradingCases: Case<'trading'>[] = [
  ...connectionCases<'trading'>(),
  keepsItsWord<'trading'>([
    [['password', 'password.change'], ['changePassword']],
    [['password'], ['checkPassword']],
    [['account.archive'], ['archive', 'restore']],
    [['positions'], ['listOpenPositions']],
    [['deals'], ['listClosedDeals']],
    [['balance.list'], ['listBalanceOperations']],
  ]),
  ...accountCases,
  ...balanceCases,
  ...pageCases,
  ...resultCases,
  hasPersonalData<'trading'>({
    canaries: async () => [...Object.values(PASSWORDS), 'Changed#Pw9x'],
    calls: async (bench) => [
      ...(await looksOf(bench)),
      ...(bench.can('account.create')
        ? [
            {
              verb: 'createAccount' as const,
              run: (ctx: never) => verbs(bench).createAccount(ctx, newAccount(bench)),
            },
            {
              verb: 'getAccount' as const,
              run: async (ctx: never) => verbs(bench).getAccount(ctx, await openAccount(bench, bench.ctx())),
            },
          ]
        : []),
      ...(bench.can('balance.deposit')
        ? [
            {
              verb: 'applyBalance' as const,
              run: async (ctx: never) =>
                verbs(bench).applyBalance(ctx, operation(bench, await openAccount(bench, bench.ctx()))),
            },
          ]
        : []),
      ...(bench.can('password', 'password.change')
        ? [
            {
              verb: 'getAccount' as const,
              run: async (ctx: never) =>
                verbs(bench).changePassword(ctx, await openAccount(bench, bench.ctx()), 'main', 'Changed#Pw9x'),
            },
          ]
        : []),
    ],
  }),
];
