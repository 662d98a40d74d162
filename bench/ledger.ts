import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createPool } from '../db/pool.ts';
import { openLedgerAccount, post } from '../db/repositories/ledger.ts';
import type { Bench, Figure, Way } from './figure.ts';
import { forSome } from './load.ts';
import type { Stack } from './stack.ts';
import { type TpcB, layTables, tpcB } from './tpc-b.ts';

const LANES = 8;
const ROUND_MS = 2_000;
const ACCOUNTS = 1_000;
const USD = 840;
const CLEARING = 'provider:1:clearing:USD';

const wallet = (n: number): string => `wallet:bench-${n}`;
const anyOf = (count: number): number => Math.floor(Math.random() * count);

/**
 * From a random wallet to another random one. Hot: between a random wallet and one provider's clearing, in or out, so that all lanes want
 * the same row: the account that every payment of a provider touches, as every transaction of TPC-B touches its branch.
 */
const nextTransfer = (hot: boolean) => {
  const first = anyOf(ACCOUNTS);
  const pair = [wallet(first), hot ? CLEARING : wallet((first + 1 + anyOf(ACCOUNTS - 1)) % ACCOUNTS)];
  const [from, to] = anyOf(2) === 0 ? pair : pair.toReversed();
  return [{ do: 'post' as const, from: from!, to: to!, amount: '0.01' }];
};

const openWallets = async ({ pool }: Stack): Promise<void> => {
  for (let n = 0; n < ACCOUNTS; n++) await openLedgerAccount(pool, wallet(n), 'wallet', USD);
  for (let first = 0; first < ACCOUNTS; first += 100) {
    const funding = Array.from({ length: 100 }, (_, i) => ({
      do: 'post' as const,
      from: 'house:suspense:USD',
      to: wallet(first + i),
      amount: '1000000',
    }));
    await post(pool, `bench:fund:${first}`, funding);
  }
};

const counted = async ({ pool }: Stack): Promise<number> =>
  Number((await pool.query<{ n: string }>(`select count(*) as n from ledger_operation`)).rows[0]!.n);

/** The rate, once exactly the operations that were answered are in the books. */
const round = async (stack: Stack, work: (lane: number) => Promise<unknown>): Promise<number> => {
  const before = await counted(stack);
  let answered = 0;
  const rate = await forSome(ROUND_MS, LANES, async (lane) => {
    await work(lane);
    answered += 1;
  });
  const booked = (await counted(stack)) - before;
  if (booked !== answered) throw new Error(`${answered} postings answered, ${booked} booked`);
  return rate;
};

const figure = (stack: Stack, hot: boolean, ours: pg.Pool, direct: readonly pg.Client[], tpc: TpcB): Figure => {
  const posting: Way = {
    name: 'ours: post() of the repository',
    round: () => round(stack, () => post(ours, randomUUID(), nextTransfer(hot))),
  };
  const prepared: Way = {
    name: 'direct call, prepared',
    round: () =>
      round(stack, (lane) =>
        direct[lane]!.query({
          name: 'post',
          text: 'select ledger_post($1, $2::jsonb) as posted',
          values: [randomUUID(), JSON.stringify(nextTransfer(hot))],
        }),
      ),
  };
  const plain: Way = {
    name: 'TPC-B-like transaction',
    round: async () => {
      const before = await tpc.history();
      let answered = 0;
      const rate = await forSome(ROUND_MS, LANES, async (lane) => {
        await tpc.transaction(lane, hot);
        answered += 1;
      });
      if ((await tpc.history()) - before !== answered) throw new Error('the TPC-B history does not match');
      await tpc.assertBalanced();
      return rate;
    },
  };
  return {
    name: hot ? 'Ledger, one hot account (clearing of a provider)' : `Ledger, spread over ${ACCOUNTS} accounts`,
    unit: `postings/s, ${LANES} connections`,
    ours: posting,
    references: [prepared, plain],
    targets: [
      { against: prepared.name, atLeast: 0.6 },
      { against: plain.name, atLeast: 1 },
    ],
  };
};

export const ledgerBench: Bench = {
  name: 'ledger',
  setUp: async (stack) => {
    await openWallets(stack);
    await layTables(stack.pool);
    const connectionString = stack.settings.databaseUrl;
    const clients = async () =>
      Promise.all(
        Array.from({ length: LANES }, async () => {
          const client = new pg.Client({ connectionString });
          client.on('error', () => undefined); // the server is stopped under idle connections at the end
          await client.connect();
          return client;
        }),
      );
    const ours = createPool(connectionString, LANES);
    ours.on('error', () => undefined);
    const [direct, plain] = [await clients(), await clients()];
    const tpc = tpcB(stack.pool, plain);
    return [figure(stack, false, ours, direct, tpc), figure(stack, true, ours, direct, tpc)];
  },
};
