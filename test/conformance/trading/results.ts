import { add, compare, equal, isPositive, isZero, subtract, sum } from '../../../domain/money.ts';
import { brief } from '../bench.ts';
import { doesNotApply, must, type Case } from '../case.ts';
import { openAccount, operation, verbs } from './accounts.ts';

/** Against each other, because prices move: what the books cannot tell. */
export const resultCases: Case<'trading'>[] = [
  {
    name: 'getState: with an open position equity, margin and what is free add up',
    async run(bench) {
      if (!bench.can('account.state') || !bench.can('balance.deposit')) doesNotApply('shows no state');
      void bench.control;
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      await verbs(bench).applyBalance(ctx, operation(bench, login, { amount: '5000.00' }));
      if (bench.can('balance.credit'))
        await verbs(bench).applyBalance(ctx, operation(bench, login, { kind: 'credit_in', amount: '70.00' }));
      await bench.advance(login, 'open_position');
      await bench.control.advanceClock('5s');
      const state = await verbs(bench).getState(ctx, login);
      const { balance, credit, profit, equity, margin, freeMargin } = state;
      must(equal(balance, '5000'), `the balance is 5000, and the state ${brief(state)}`);
      must(equal(credit, bench.can('balance.credit') ? '70' : '0'), `the credit is wrong in ${brief(state)}`);
      must(
        equal(equity, sum([balance, credit, profit])),
        `equity is no sum of balance, credit and profit in ${brief(state)}`,
      );
      must(isPositive(margin), `a position is open, and nothing is bound in ${brief(state)}`);
      must(equal(freeMargin, subtract(equity, margin)), `free margin is not what margin leaves of ${brief(state)}`);
    },
  },
  {
    name: 'trading: a result has the sign of the way the price went, and what a deal brought is what the balance changed by',
    async run(bench) {
      if (!bench.can('positions', 'deals')) doesNotApply('shows no trading');
      const ctx = bench.ctx();
      const login = await openAccount(bench, ctx);
      const { balance: before } = await verbs(bench).getState(ctx, login);
      const from = bench.now() - 60_000;
      await bench.advance(login, 'open_position');
      // The price is another one then.
      await bench.control.advanceClock('5s');
      if (bench.can('positions'))
        for (const one of await verbs(bench).listOpenPositions(ctx, login))
          must(
            goesWith(one.side, one.openPrice, one.currentPrice, one.profit),
            `side, prices and profit do not fit each other in ${brief(one)}`,
          );
      await bench.advance(login, 'close_position');
      if (!bench.can('deals')) return;
      const deals = await verbs(bench).listClosedDeals(ctx, login, { from, to: bench.now() + 60_000 });
      for (const one of deals)
        must(
          goesWith(one.side, one.openPrice, one.closePrice, one.profit),
          `side, prices and profit do not fit each other in ${brief(one)}`,
        );
      const { balance: after } = await verbs(bench).getState(ctx, login);
      const brought = deals.reduce(
        (total, { profit, swap, commission }) => add(total, sum([profit, swap, commission])),
        '0',
      );
      must(
        equal(subtract(after, before), brought),
        `the balance went from ${before} to ${after}, and the deals brought ${brought}: ${brief(deals)}`,
      );
    },
  },
];

const goesWith = (side: 'buy' | 'sell', opened: string, now: string, profit: string): boolean => {
  const way = compare(now, opened) * (side === 'buy' ? 1 : -1);
  return way === 0 ? isZero(profit) : Math.sign(way) === compare(profit, '0');
};
