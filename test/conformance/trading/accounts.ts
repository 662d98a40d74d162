import type { TradingExample } from '../../../adapters/kit/conformance.ts';
import type { AdapterContext } from '../../../adapters/kit/context.ts';
import type { Access, BalanceOperation, NewTradingAccount, TradingAdapter } from '../../../adapters/kit/trading.ts';
import { isAmount } from '../../../domain/money.ts';
import { brief, type Bench as AnyBench } from '../bench.ts';
import { doesNotApply, must, type Case } from '../case.ts';
import { doubtCases } from '../doubt.ts';
import { lookCases } from '../looks.ts';

export type Bench = AnyBench<'trading'>;
type Full = Required<TradingAdapter>;

/** Strong enough for every platform known; they must appear nowhere but in request bodies. */
export const PASSWORDS = { main: 'Canary#Main7q', investor: 'Canary#Inv8z' };

export const verbs = (bench: Bench): Full => bench.adapter as Full;

export const example = (bench: Bench): TradingExample =>
  bench.fact(
    'trading',
    "say what an account looks like, e.g. { group: 'real\\\\usd', currency: { numericCode: 840, alphabeticCode: 'USD', minorUnit: 2 }, leverage: 100, exact: '12345.67' }",
  );

export const newAccount = (bench: Bench): NewTradingAccount => {
  const { group, currency, leverage } = example(bench);
  return {
    reference: bench.reference(),
    group,
    currencyCode: currency.alphabeticCode,
    leverage,
    name: 'Client 7',
    passwords: PASSWORDS,
  };
};

export const opensAccounts = (bench: Bench): void => {
  if (!bench.can('account.create')) doesNotApply('opens no accounts');
  example(bench);
};

export const openAccount = async (bench: Bench, ctx: AdapterContext): Promise<string> => {
  opensAccounts(bench);
  const { login } = await verbs(bench).createAccount(ctx, newAccount(bench));
  return login;
};

export const operation = (bench: Bench, login: string, change: Partial<BalanceOperation> = {}): BalanceOperation => ({
  login,
  kind: 'deposit',
  amount: '25.00',
  currency: example(bench).currency,
  operationKey: bench.reference(),
  text: 'Deposit from wallet',
  ...change,
});

const TWO_MINUTES_MS = 120_000;

const ACCESS: readonly (readonly [word: string, access: Access])[] = [
  ['access.closeOnly', 'close_only'],
  ['access.readOnly', 'read_only'],
  ['access.disabled', 'disabled'],
  ['access.full', 'full'],
];

const own: Case<'trading'>[] = [
  {
    name: 'createAccount: opens one as ordered; the login is a text of digits or letters',
    async run(bench) {
      opensAccounts(bench);
      const ctx = bench.ctx();
      const order = newAccount(bench);
      const account = await verbs(bench).createAccount(ctx, order);
      must(
        typeof account.login === 'string' && account.login !== '',
        `login is ${brief(account.login)}, and must be a text: they may have 64 bits`,
      );
      must(account.group === order.group, `group is ${account.group}, and was ${order.group}`);
      must(account.leverage === order.leverage, `leverage is ${account.leverage}, and was ${order.leverage}`);
      must(account.access === 'full', `access is ${account.access}, and must be full`);
      const read = await verbs(bench).getAccount(ctx, account.login);
      must(brief(read) === brief(account), `createAccount answered ${brief(account)}, and getAccount ${brief(read)}`);
    },
  },
  {
    name: 'createAccount: twice with one reference opens one account',
    async run(bench) {
      opensAccounts(bench);
      if (bench.provider.idempotency === 'none') doesNotApply('class none: an operator decides');
      const ctx = bench.ctx();
      const order = newAccount(bench);
      const first = await verbs(bench).createAccount(ctx, order);
      const again = await verbs(bench)
        .createAccount(ctx, order)
        .catch((error: unknown) => {
          must(
            error instanceof Error && ['OutcomeUnknown', 'Rejected'].includes(error.name),
            `the repeat must find the first or be refused, and was ${String(error)}`,
          );
          return first;
        });
      must(again.login === first.login, `one reference opened ${first.login} and ${again.login}`);
    },
  },
  {
    name: 'createAccount: a group of another currency is refused as currency_mismatch',
    async run(bench) {
      opensAccounts(bench);
      const { otherGroup } = example(bench);
      if (!otherGroup) return doesNotApply('no group of another currency');
      const failure = await bench.fails(
        'createAccount',
        verbs(bench).createAccount(bench.ctx(), { ...newAccount(bench), group: otherGroup }),
        'Rejected',
        'InvalidInput',
      );
      must(failure.reason === 'currency_mismatch', `the reason is ${failure.reason}, and must be currency_mismatch`);
    },
  },
  {
    name: 'findAccount: our reference leads to the account, a strange one to null',
    async run(bench) {
      opensAccounts(bench);
      const ctx = bench.ctx();
      const order = newAccount(bench);
      const { login } = await verbs(bench).createAccount(ctx, order);
      const found = await verbs(bench).findAccount(bench.ctx(), { reference: order.reference, group: order.group });
      must(found?.login === login, `createAccount answered ${login}, and findAccount ${brief(found)}`);
      const nobody = await verbs(bench).findAccount(ctx, { reference: bench.reference(), group: order.group });
      must(nobody === null, `findAccount invents ${brief(nobody)}`);
    },
  },
  {
    name: 'findAccount: an answer about another reference is not taken for ours',
    async run(bench) {
      opensAccounts(bench);
      void bench.control;
      const ctx = await bench.signedIn();
      const order = newAccount(bench);
      await verbs(bench).createAccount(ctx, order);
      const fault = bench.control.fault({ kind: 'swap', from: order.reference, to: bench.reference(), times: 50 });
      const found = await verbs(bench)
        .findAccount(ctx, { reference: order.reference, group: order.group })
        .catch(() => null);
      if (fault.hit === 0) doesNotApply('the answer does not tell whose it is');
      must(found === null, `the platform told of another reference, and findAccount answers ${brief(found)}`);
    },
  },
  {
    name: 'getAccount: an unknown login is NotFound',
    async run(bench) {
      example(bench);
      void bench.control;
      await bench.fails('getAccount', verbs(bench).getAccount(bench.ctx(), '799998877'), 'NotFound');
    },
  },
  {
    name: 'getAccount: an error code nobody documented is no answer about the account',
    async run(bench) {
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      await bench.advance(login, 'unknown_word');
      const failure = await bench.failure('getAccount', verbs(bench).getAccount(ctx, login));
      must(
        !['NotFound', 'Rejected'].includes(failure.type),
        `an unknown code was taken for ${failure.type}: ${failure.message}`,
      );
    },
  },
  {
    name: 'setLeverage: sets it, and setting it again is no error',
    async run(bench) {
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      if (!bench.can('leverage')) {
        await bench.fails('setLeverage', verbs(bench).setLeverage(ctx, login, 50), 'Unsupported');
        return doesNotApply('cannot set leverage, and says so (Unsupported)');
      }
      for (let times = 0; times < 2; times++) await verbs(bench).setLeverage(ctx, login, 50);
      const { leverage } = await verbs(bench).getAccount(ctx, login);
      must(leverage === 50, `it was set to 50, and getAccount says ${leverage}`);
    },
  },
  {
    name: 'setGroup: a group of another currency is refused as currency_mismatch, its own group is no error',
    async run(bench) {
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      const { group, otherGroup } = example(bench);
      if (!bench.can('group')) {
        await bench.fails('setGroup', verbs(bench).setGroup(ctx, login, group), 'Unsupported');
        return doesNotApply('cannot set groups, and says so (Unsupported)');
      }
      await verbs(bench).setGroup(ctx, login, group);
      if (!otherGroup) return;
      const failure = await bench.fails('setGroup', verbs(bench).setGroup(ctx, login, otherGroup), 'Rejected');
      must(failure.reason === 'currency_mismatch', `the reason is ${failure.reason}, and must be currency_mismatch`);
    },
  },
  {
    name: 'setAccess: sets every access the manifest names, the others are Unsupported',
    async run(bench) {
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      for (const [word, access] of ACCESS) {
        if (bench.can(word)) {
          await verbs(bench).setAccess(ctx, login, access);
          const read = await verbs(bench).getAccount(ctx, login);
          must(read.access === access, `access was set to ${access}, and getAccount says ${read.access}`);
          await verbs(bench).setAccess(ctx, login, access);
        } else
          await bench.fails(
            `setAccess '${access}' without the capability '${word}'`,
            verbs(bench).setAccess(ctx, login, access),
            'Unsupported',
          );
      }
    },
  },
  {
    name: 'password: the right one is known, a changed one works, the old one does not',
    async run(bench) {
      if (!bench.can('password')) doesNotApply('keeps no passwords');
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      const knows = (password: string) => verbs(bench).checkPassword(ctx, login, 'main', password);
      must(await knows(PASSWORDS.main), 'checkPassword does not know the password the account was opened with');
      await verbs(bench).changePassword(ctx, login, 'main', 'Changed#Pw9x');
      must(await knows('Changed#Pw9x'), 'checkPassword does not know the changed password');
      must(!(await knows(PASSWORDS.main)), 'checkPassword still knows the old password');
    },
  },
  {
    name: 'archive: an archived account is away, a restored one is back',
    async run(bench) {
      if (!bench.can('account.archive')) doesNotApply('has no archive');
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      await verbs(bench).archive(ctx, login);
      const away = await verbs(bench)
        .getAccount(ctx, login)
        .catch((error: unknown) => {
          must(
            error instanceof Error && error.name === 'NotFound',
            `an archived account must be NotFound or disabled, and was ${String(error)}`,
          );
          return null;
        });
      must(away === null || away.access === 'disabled', `an archived account is ${brief(away)}`);
      await verbs(bench).restore(ctx, login);
      const back = await verbs(bench).getAccount(ctx, login);
      must(back.login === login && back.access !== 'disabled', `a restored account is ${brief(back)}`);
    },
  },
  {
    name: 'trading: positions and deals of a new account are empty lists',
    async run(bench) {
      if (!bench.can('positions', 'deals')) doesNotApply('shows no trading');
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      const window = { from: bench.now() - 3_600_000, to: bench.now() + 3_600_000 };
      if (bench.can('positions')) {
        const open = await verbs(bench).listOpenPositions(ctx, login);
        must(open.length === 0, `a new account has positions ${brief(open)}`);
      }
      if (bench.can('deals')) {
        const closed = await verbs(bench).listClosedDeals(ctx, login, window);
        must(closed.length === 0, `a new account has deals ${brief(closed)}`);
      }
    },
  },
  {
    name: 'trading: an open position is shown in exact decimals, a closed one is a deal of its window',
    async run(bench) {
      if (!bench.can('positions', 'deals')) doesNotApply('shows no trading');
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      await bench.advance(login, 'open_position');
      const decimals = (what: string, ...values: string[]) => {
        for (const value of values)
          must(
            typeof value === 'string' && isAmount(value),
            `a number of ${what} is ${brief(value)}, and must be a decimal text`,
          );
      };
      if (bench.can('positions')) {
        const open = await verbs(bench).listOpenPositions(ctx, login);
        must(open.length === 1, `one position is open, and listOpenPositions says ${brief(open)}`);
        const { ticket, volume, openPrice, currentPrice, swap, profit, openedAt } = open[0]!;
        must(typeof ticket === 'string' && ticket !== '', `the ticket is ${brief(ticket)}, and must be a text`);
        decimals('the position', volume, openPrice, currentPrice, swap, profit);
        must(
          Math.abs(openedAt - bench.now()) < TWO_MINUTES_MS,
          `it was opened now, and openedAt is ${new Date(openedAt).toISOString()}`,
        );
      }
      await bench.advance(login, 'close_position');
      if (bench.can('positions')) {
        const left = await verbs(bench).listOpenPositions(ctx, login);
        must(left.length === 0, `the position was closed, and listOpenPositions says ${brief(left)}`);
      }
      if (!bench.can('deals')) return;
      const closed = await verbs(bench).listClosedDeals(ctx, login, {
        from: bench.now() - TWO_MINUTES_MS,
        to: bench.now() + TWO_MINUTES_MS,
      });
      must(closed.length === 1, `one position was closed, and listClosedDeals says ${brief(closed)}`);
      const { volume, openPrice, closePrice, commission, swap, profit, closedAt } = closed[0]!;
      decimals('the deal', volume, openPrice, closePrice, commission, swap, profit);
      must(
        Math.abs(closedAt - bench.now()) < TWO_MINUTES_MS,
        `it was closed now, and closedAt is ${new Date(closedAt).toISOString()}`,
      );
      const before = await verbs(bench).listClosedDeals(ctx, login, {
        from: bench.now() - 2 * TWO_MINUTES_MS,
        to: bench.now() - TWO_MINUTES_MS,
      });
      must(before.length === 0, `nothing was closed in an earlier window, and listClosedDeals says ${brief(before)}`);
    },
  },
  {
    name: 'accounts: another session gives the same results',
    async run(bench) {
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      const [one, other] = [
        await verbs(bench).getAccount(ctx, login),
        await verbs(bench).getAccount(bench.ctx(), login),
      ];
      must(
        brief(one) === brief(other),
        `two sessions see ${brief(one)} and ${brief(other)}: nothing may be kept between calls but ctx.session`,
      );
    },
  },
];

const doubt = doubtCases<'trading', NewTradingAccount>({
  verb: 'createAccount',
  applies: opensAccounts,
  order: async (bench) => newAccount(bench),
  send: (bench, ctx, order) => verbs(bench).createAccount(ctx, order),
  find: (bench, ctx, { reference, group }) => verbs(bench).findAccount(ctx, { reference, group }),
  // Finding or making: where the reference is kept there, another attempt is the same account.
  harmless: ({ provider }) => provider.idempotency === 'native',
});

const looks = lookCases<'trading'>({
  verb: 'getAccount',
  applies: opensAccounts,
  async prepare(bench, ctx) {
    const login = await openAccount(bench, ctx);
    return (with_) => verbs(bench).getAccount(with_, login);
  },
});

export const accountCases = [...own, ...doubt, ...looks];
