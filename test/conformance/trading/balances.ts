import { add, equal, normal, sum } from '../../../domain/money.ts';
import type { AdapterContext } from '../../../adapters/kit/context.ts';
import type { BalanceOperation } from '../../../adapters/kit/trading.ts';
import { brief } from '../bench.ts';
import { doesNotApply, must, type Case } from '../case.ts';
import { doubtCases } from '../doubt.ts';
import { lookCases } from '../looks.ts';
import { swappedDigits, treacherous } from '../payments/exactness.ts';
import { example, openAccount, operation, opensAccounts, verbs, type Bench } from './accounts.ts';

const WORDS: Record<BalanceOperation['kind'], string> = {
  deposit: 'balance.deposit',
  withdraw: 'balance.withdraw',
  credit_in: 'balance.credit',
  credit_out: 'balance.credit',
  correction: 'balance.correction',
  bonus: 'balance.bonus',
};

const movesBalances = (bench: Bench): void => {
  if (!bench.can('balance.deposit')) doesNotApply('moves no balances');
  opensAccounts(bench);
};
const finds = (bench: Bench): boolean => bench.can('balance.findByKey');
const look = (bench: Bench, ctx: AdapterContext, { login, operationKey }: BalanceOperation) =>
  verbs(bench).findBalanceOperation(ctx, { login, operationKey, since: bench.now() - 60_000 });

const own: Case<'trading'>[] = [
  {
    name: 'applyBalance: moves the exact amount; state, books and looking agree',
    async run(bench) {
      movesBalances(bench);
      void bench.control;
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      const { currency } = example(bench);
      let total = '0';
      for (const exact of treacherous(example(bench))) {
        const order = operation(bench, login, { amount: exact });
        const ticket = await verbs(bench).applyBalance(ctx, order);
        total = add(total, exact);
        must(
          typeof ticket.ticket === 'string' && ticket.ticket !== '',
          `ticket is ${brief(ticket.ticket)}, and must be a text`,
        );
        must(normal(ticket.amount) === normal(exact), `the ticket says ${ticket.amount}, and it was ${exact}`);
        const state = await verbs(bench).getState(ctx, login);
        must(
          normal(state.balance) === normal(total),
          `getState says ${state.balance}, and it is ${total} to the last digit`,
        );
        const entries = bench.books('balance', order.operationKey);
        must(
          entries.length === 1 && equal(entries[0]!.amount, exact),
          `the platform's books hold ${brief(entries)}: one entry of ${exact} under the operation key is expected`,
        );
        must(
          entries[0]!.account === login && entries[0]!.currency === currency.alphabeticCode,
          `the platform's books hold ${brief(entries[0])}`,
        );
        if (!finds(bench)) continue;
        const found = await look(bench, ctx, order);
        must(
          found?.ticket === ticket.ticket && equal(found.amount, exact),
          `applyBalance answered ${brief(ticket)}, and findBalanceOperation ${brief(found)}`,
        );
      }
    },
  },
  {
    name: 'applyBalance: every kind the manifest names moves in its direction, the others are Unsupported',
    async run(bench) {
      movesBalances(bench);
      void bench.control;
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      for (const kind of Object.keys(WORDS) as BalanceOperation['kind'][]) {
        const order = operation(bench, login, { kind, amount: kind === 'deposit' ? '100.00' : '10.00' });
        if (!bench.can(WORDS[kind])) {
          await bench.fails(
            `applyBalance '${kind}' without the capability '${WORDS[kind]}'`,
            verbs(bench).applyBalance(ctx, order),
            'Unsupported',
          );
          continue;
        }
        await verbs(bench).applyBalance(ctx, order);
        const total = sum(bench.books('balance', order.operationKey).map(({ amount }) => amount));
        const expected = kind === 'withdraw' || kind === 'credit_out' ? `-${order.amount}` : order.amount;
        must(equal(total, expected), `${kind} of ${order.amount} moved ${total}, and must move ${expected}`);
      }
    },
  },
  {
    name: 'applyBalance: more than there is is Rejected as insufficient_funds and moves nothing',
    async run(bench) {
      movesBalances(bench);
      void bench.control;
      if (!bench.can('balance.withdraw')) doesNotApply('withdraws nothing');
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      const order = operation(bench, login, { kind: 'withdraw', amount: '1000.00' });
      const failure = await bench.fails('applyBalance', verbs(bench).applyBalance(ctx, order), 'Rejected');
      must(failure.reason === 'insufficient_funds', `the reason is ${failure.reason}, and must be insufficient_funds`);
      must(bench.books('balance', order.operationKey).length === 0, 'the platform refused it and moved it');
    },
  },
  {
    name: 'applyBalance: an amount finer than the currency is refused, not rounded',
    async run(bench) {
      movesBalances(bench);
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      const { minorUnit } = example(bench).currency;
      const order = operation(bench, login, { amount: `1.${'0'.repeat(minorUnit)}1` });
      await bench.fails('applyBalance', verbs(bench).applyBalance(ctx, order), 'InvalidInput');
      if (bench.hasSandbox) must(bench.books('balance', order.operationKey).length === 0, 'it was rounded and moved');
    },
  },
  {
    name: 'applyBalance: nothing and less than nothing are refused',
    async run(bench) {
      movesBalances(bench);
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      for (const amount of ['0', '0.00', '-5.00'])
        await bench.fails(
          `applyBalance of ${amount}`,
          verbs(bench).applyBalance(ctx, operation(bench, login, { amount })),
          'InvalidInput',
        );
    },
  },
  {
    name: 'applyBalance: whatever the text, the operation key survives the cut of the comment',
    async run(bench) {
      movesBalances(bench);
      void bench.control;
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      for (const text of ['', 'x'.repeat(300), '💶'.repeat(60), 'a=b|c\\d;"e"\r\n<&>', 'Перевод '.repeat(20)]) {
        const order = operation(bench, login, { text });
        await verbs(bench).applyBalance(ctx, order);
        must(
          bench.books('balance', order.operationKey).length === 1,
          `with the text ${brief(text.slice(0, 20))} the platform's books do not know the key: ${brief(bench.control.books().at(-1))}`,
        );
        if (finds(bench))
          must(
            await look(bench, ctx, order),
            `with the text ${brief(text.slice(0, 20))} findBalanceOperation answers null`,
          );
      }
    },
  },
  {
    name: 'applyBalance: for a login nobody has it fails as NotFound or Rejected',
    async run(bench) {
      movesBalances(bench);
      void bench.control;
      await bench.fails(
        'applyBalance',
        verbs(bench).applyBalance(bench.ctx(), operation(bench, '799998877')),
        'NotFound',
        'Rejected',
      );
    },
  },
  {
    name: 'applyBalance: the same operation twice moves once',
    async run(bench) {
      movesBalances(bench);
      void bench.control;
      if (bench.provider.idempotency !== 'native')
        doesNotApply(`class ${bench.provider.idempotency}: the hub looks before it repeats`);
      const ctx = bench.ctx();
      const order = operation(bench, await openAccount(bench, ctx));
      const first = await verbs(bench).applyBalance(ctx, order);
      const again = await verbs(bench)
        .applyBalance(ctx, order)
        .catch((error: unknown) => {
          must(
            error instanceof Error && error.name === 'OutcomeUnknown',
            `the repeat must answer the same or be OutcomeUnknown, and was ${String(error)}`,
          );
          return first;
        });
      must(again.ticket === first.ticket, `the same operation twice is ${first.ticket} and ${again.ticket}`);
      must(
        bench.books('balance', order.operationKey).length === 1,
        `the platform's books hold ${brief(bench.books('balance', order.operationKey))}`,
      );
    },
  },
  {
    name: 'applyBalance: the same operation once more the next day moves once',
    async run(bench) {
      movesBalances(bench);
      void bench.control;
      const { idempotency } = bench.provider;
      if (idempotency !== 'native') doesNotApply(`class ${idempotency}: the hub looks before it repeats`);
      const order = operation(bench, await openAccount(bench, bench.ctx()));
      await verbs(bench).applyBalance(bench.ctx(), order);
      await bench.control.advanceClock('23h');
      await verbs(bench)
        .applyBalance(bench.ctx(), order)
        .catch((error: unknown) => {
          must(error instanceof Error && error.name === 'OutcomeUnknown', `the repeat was ${String(error)}`);
        });
      const moved = bench.books('balance', order.operationKey).length;
      must(moved === 1, `it moved ${moved} times: a key that is forgotten sooner makes class 'lookup', or 'none'`);
    },
  },
  {
    name: 'applyBalance: an answer about another amount is not accepted as ours',
    async run(bench) {
      movesBalances(bench);
      const { exact } = example(bench);
      const { from, to } = swappedDigits(bench, exact);
      const ctx = await bench.signedIn();
      const order = operation(bench, await openAccount(bench, ctx), { amount: exact });
      const fault = bench.fault('applyBalance', 'swap', { from, to });
      const work = verbs(bench).applyBalance(ctx, order);
      const answer = await work.catch(() => null);
      if (fault.hit === 0) doesNotApply('the answer tells no amount');
      // Told as what was moved it is not taken for ours either: the workflow compares.
      if (answer && !equal(answer.amount, exact)) return;
      await bench.fails('applyBalance', work, 'OutcomeUnknown');
    },
  },
  ...(['02', '03'] as const).map((minor): Case<'trading'> => ({
    name: `applyBalance .${minor}: ${minor === '02' ? 'declined' : 'without funds'}, it is Rejected and moves nothing`,
    async run(bench) {
      movesBalances(bench);
      void bench.control;
      const ctx = bench.ctx();
      const order = operation(bench, await openAccount(bench, ctx), { amount: `25.${minor}` });
      const refusal = await verbs(bench)
        .applyBalance(ctx, order)
        .then(
          () => null,
          (error: unknown) => error,
        );
      const moved = bench.books('balance', order.operationKey).length;
      if (refusal === null && moved === 1) doesNotApply(`.${minor} has no meaning at this vendor`);
      must(refusal instanceof Error && refusal.name === 'Rejected', `it must be Rejected, and was ${String(refusal)}`);
      must(moved === 0, 'the platform refused it and moved it');
    },
  })),
  {
    name: 'applyBalance .09: it moves and the answer never comes: unknown, found once',
    async run(bench) {
      movesBalances(bench);
      void bench.control;
      const ctx = await bench.signedIn();
      const order = operation(bench, await openAccount(bench, ctx), { amount: '25.09' });
      const lost = await verbs(bench)
        .applyBalance(bench.quick(ctx), order)
        .then(
          () => null,
          (error: unknown) => error,
        );
      if (lost === null) {
        const times = bench.seen('applyBalance').length;
        must(times < 2, `applyBalance was sent ${times} times: adapters repeat nothing`);
        return doesNotApply('.09 has no meaning at this vendor');
      }
      must(lost instanceof Error && lost.name === 'OutcomeUnknown', `a lost answer was taken for ${String(lost)}`);
      if (finds(bench)) must(await look(bench, ctx, order), 'findBalanceOperation answers null for what moved');
      must(
        bench.books('balance', order.operationKey).length === 1,
        `the platform's books hold ${brief(bench.books('balance', order.operationKey))}`,
      );
    },
  },
  {
    name: 'findBalanceOperation: a key the platform never saw is null',
    async run(bench) {
      movesBalances(bench);
      void bench.control;
      if (!finds(bench)) doesNotApply('finds nothing by key');
      const ctx = bench.ctx();
      const order = operation(bench, await openAccount(bench, ctx));
      // Of the same amount at the same time: only the key tells them apart.
      await verbs(bench).applyBalance(ctx, { ...order, operationKey: bench.reference() });
      const found = await look(bench, ctx, order);
      must(found === null, `findBalanceOperation invents ${brief(found)}`);
    },
  },
  {
    name: 'findBalanceOperation: finds what was moved two days ago',
    async run(bench) {
      movesBalances(bench);
      void bench.control;
      if (!finds(bench)) doesNotApply('finds nothing by key');
      const order = operation(bench, await openAccount(bench, bench.ctx()));
      const { ticket } = await verbs(bench).applyBalance(bench.ctx(), order);
      const since = bench.now() - 60_000;
      await bench.control.advanceClock('2d');
      const { login, operationKey } = order;
      const found = await verbs(bench).findBalanceOperation(bench.ctx(), { login, operationKey, since });
      must(
        found?.ticket === ticket,
        `it is in the platform's books, and findBalanceOperation answers ${brief(found)}: a key that is forgotten is no operation that never was`,
      );
    },
  },
  {
    name: 'listBalanceOperations: shows every operation of the window, signed, with our key and the exact amount',
    async run(bench) {
      if (!bench.can('balance.list')) doesNotApply('lists no balance operations');
      movesBalances(bench);
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      const from = bench.now() - 3_600_000;
      const orders = [
        operation(bench, login, { amount: '100.00' }),
        ...(bench.can('balance.withdraw') ? [operation(bench, login, { kind: 'withdraw', amount: '7.50' })] : []),
      ];
      for (const order of orders) await verbs(bench).applyBalance(ctx, order);
      const listed = await verbs(bench).listBalanceOperations(ctx, login, { from, to: bench.now() + 3_600_000 });
      must(listed.length === orders.length, `${orders.length} operations were applied, and ${brief(listed)} is listed`);
      for (const { operationKey, kind, amount } of orders) {
        const one = listed.find((operation) => operation.operationKey === operationKey);
        const signed = kind === 'withdraw' ? `-${amount}` : amount;
        must(
          one && one.login === login && normal(one.amount) === normal(signed),
          `the ${kind} of ${amount} is listed as ${brief(one)}`,
        );
        must(
          Math.abs(one.at - bench.now()) < 120_000,
          `the ${kind} is listed for ${new Date(one.at).toISOString()}, and it is ${new Date(bench.now()).toISOString()}: platforms' clocks have to be put right`,
        );
      }
      const state = await verbs(bench).getState(ctx, login);
      must(
        equal(
          state.balance,
          listed.reduce((total, { amount }) => add(total, amount), '0'),
        ),
        `getState says ${state.balance}, and the list ${brief(listed)}`,
      );
    },
  },
];

const doubt = doubtCases<'trading', BalanceOperation>({
  verb: 'applyBalance',
  applies: movesBalances,
  order: async (bench, ctx) => operation(bench, await openAccount(bench, ctx)),
  send: (bench, ctx, order) => verbs(bench).applyBalance(ctx, order),
  find: (bench, ctx, order) => {
    if (finds(bench)) return look(bench, ctx, order);
    if (bench.provider.idempotency === 'native') return verbs(bench).applyBalance(ctx, order);
    return doesNotApply('nothing to look with: an operator decides');
  },
  effects: (bench, order) => bench.books('balance', order.operationKey).length,
});

const looks = lookCases<'trading'>({
  verb: 'findBalanceOperation',
  applies(bench) {
    movesBalances(bench);
    if (!finds(bench)) doesNotApply('finds nothing by key');
  },
  async prepare(bench, ctx) {
    const order = operation(bench, await openAccount(bench, ctx));
    await verbs(bench).applyBalance(ctx, order);
    return (with_) => look(bench, with_, order);
  },
});

export const balanceCases = [...own, ...doubt, ...looks];
