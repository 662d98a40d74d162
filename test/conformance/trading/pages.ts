import { brief } from '../bench.ts';
import { doesNotApply, must, type Case } from '../case.ts';
import { example, newAccount, openAccount, operation, opensAccounts, verbs, type Bench } from './accounts.ts';

/** One row more than the platform gives at once. */
const moreThanAPage = (bench: Bench): number => {
  const { page } = example(bench);
  if (page === undefined)
    return bench.missing(
      'trading.page',
      'say how many operations or accounts the sandbox gives in one answer, e.g. 100; null where it always gives all',
    );
  return page === null ? doesNotApply('gives all rows at once') : page + 1;
};

/** `times` one after another, as slowly as any limit asks. */
const slowly = async <T>(bench: Bench, times: number, act: () => Promise<T>): Promise<T[]> => {
  const done: T[] = [];
  for (let n = 0; n < times; n++) {
    done.push(await act());
    await bench.control.advanceClock('1s');
  }
  return done;
};

/** Half a list proves nothing: what is not on its first page was not "never there". */
export const pageCases: Case<'trading'>[] = [
  {
    name: 'operations: more than the platform gives at once are all found and listed',
    async run(bench) {
      if (!bench.can('balance.findByKey', 'balance.list')) doesNotApply('finds and lists no operations');
      const times = moreThanAPage(bench);
      const ctx = await bench.signedIn();
      const login = await openAccount(bench, ctx);
      const from = bench.now() - 60_000;
      const orders = await slowly(bench, times, async () => {
        const order = operation(bench, login, { amount: '1.20' });
        await verbs(bench).applyBalance(ctx, order);
        return order;
      });
      if (bench.can('balance.findByKey'))
        for (const { operationKey } of [orders[0]!, orders.at(-1)!])
          must(
            await verbs(bench).findBalanceOperation(ctx, { login, operationKey, since: from }),
            `among ${times} operations of one account findBalanceOperation finds not each: every page has to be read`,
          );
      if (!bench.can('balance.list')) return;
      const listed = await verbs(bench).listBalanceOperations(ctx, login, { from, to: bench.now() + 60_000 });
      const keys = new Set(listed.map(({ operationKey }) => operationKey));
      must(
        listed.length === times && orders.every(({ operationKey }) => keys.has(operationKey)),
        `${times} operations were applied, and ${listed.length} are listed: ${brief(listed)}`,
      );
    },
  },
  {
    name: 'findAccount: among more accounts than the platform gives at once each is found',
    async run(bench) {
      opensAccounts(bench);
      const times = moreThanAPage(bench);
      const ctx = await bench.signedIn();
      const opened = await slowly(bench, times, async () => {
        const order = newAccount(bench);
        return { order, login: (await verbs(bench).createAccount(ctx, order)).login };
      });
      for (const { order, login } of [opened[0]!, opened.at(-1)!]) {
        const found = await verbs(bench).findAccount(ctx, { reference: order.reference, group: order.group });
        must(
          found?.login === login,
          `among ${times} accounts findAccount answers ${brief(found)} for ${login}: every page has to be read`,
        );
      }
    },
  },
];
