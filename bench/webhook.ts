import { createPool } from '../db/pool.ts';
import { callbackSign } from '../adapters/payments/b2binpay/webhook.ts';
import { CREDENTIALS } from '../adapters/payments/b2binpay/sandbox/state.ts';
import { referenceServers } from './api.ts';
import type { Bench, Figure, Way } from './figure.ts';
import { hammer } from './http.ts';
import { forSome } from './load.ts';
import { onTime } from './on-time.ts';
import { methodNamed, reference } from './people.ts';
import type { Stack } from './stack.ts';

/** With few, everybody waits for the ways there and back; with many, what a callback costs is what counts. */
const CONNECTIONS = [8, 32];
const SECONDS = 3;
const HEADERS = { 'content-type': 'application/json', 'user-agent': 'B2BinPay' };

/** A callback as the provider sends it about a payment nobody here waits for; every one is another. */
const callbacks = (): (() => string) => {
  let next = 1_000_000;
  return () => {
    next += 1;
    const attributes = { status: 2, amount: '100.000000', confirmations: 20, op_id: next, op_type: 1 };
    const time = new Date().toISOString();
    const trackingId = reference();
    const sign = callbackSign(Buffer.from(CREDENTIALS.callbackSecret!), {
      status: String(attributes.status),
      amount: attributes.amount,
      trackingId,
      time,
    });
    return JSON.stringify({
      data: {
        type: 'deposit',
        id: String(next),
        attributes: { status: 3, tracking_id: trackingId, target_paid: '100', label: 'Client 7' },
        relationships: { transfer: { data: { type: 'transfer', id: String(next) } } },
      },
      included: [{ type: 'transfer', id: String(next), attributes }],
      meta: { time, sign },
    });
  };
};

const counted = async ({ pool }: Stack, table: string, where = 'true'): Promise<number> =>
  Number((await pool.query<{ n: string }>(`select count(*) as n from ${table} where ${where}`)).rows[0]!.n);

/** What was accepted is brought to its run behind the answer; the next round begins when that is over. */
const untilQuiet = async (stack: Stack): Promise<void> => {
  for (let before = -1; ;) {
    const waiting = await counted(stack, 'webhook', `status = 'received'`);
    if (waiting === before) return;
    before = waiting;
    await new Promise((done) => setTimeout(done, 300));
  }
};

export const webhookBench: Bench = {
  name: 'webhook',
  setUp: async (stack) => {
    const origin = await stack.api();
    const { connectionId } = await methodNamed(stack, 'usdt-invoice');
    const message = callbacks();
    const pool = createPool(stack.settings.databaseUrl, Math.max(...CONNECTIONS));
    pool.on('error', () => undefined);
    await pool.query(
      `create table bench_webhook (id bigint generated always as identity primary key, body bytea not null)`,
    );

    const { bare } = await referenceServers(stack, 'receiver', { get: null, post: null, statements: [] });
    const accepted = (connections: number): Figure => {
      const ours: Way = {
        name: 'ours: POST /webhooks/{connectionId}',
        round: async () => {
          const before = await counted(stack, 'webhook', `status <> 'rejected'`);
          const { rate, answered } = await hammer(origin, {
            connections,
            seconds: SECONDS,
            expect: 200,
            calls: [{ method: 'POST', path: `/webhooks/${connectionId}`, headers: HEADERS }],
            nextBody: message,
          });
          await untilQuiet(stack);
          const kept = (await counted(stack, 'webhook', `status <> 'rejected'`)) - before;
          // The last answer of each connection may come after the clock stopped.
          if (kept < answered || kept > answered + connections) throw new Error(`${answered} accepted, ${kept} kept`);
          return rate;
        },
      };
      const raw: Way = {
        name: 'one raw insert',
        round: async () => {
          const before = await counted(stack, 'bench_webhook');
          let answered = 0;
          const rate = await forSome(SECONDS * 1000, connections, async () => {
            await pool.query(`insert into bench_webhook (body) values ($1)`, [Buffer.from(message())]);
            answered += 1;
          });
          if ((await counted(stack, 'bench_webhook')) - before !== answered) throw new Error('inserts are missing');
          return rate;
        },
      };
      const overHttp: Way = {
        name: 'node:http and one raw insert',
        round: async () => {
          const calls = [{ method: 'POST', path: '/keep', headers: HEADERS }] as const;
          return (
            await hammer(bare, {
              connections,
              seconds: SECONDS,
              expect: 200,
              calls: [...calls],
              nextBody: message,
            })
          ).rate;
        },
      };
      return {
        name: `Webhook accepted, ${connections} connections`,
        unit: 'messages/s',
        ours,
        references: [raw, overHttp],
        targets: [{ against: raw.name, atLeast: 0.5 }],
        warmUps: 4,
        notes: async () => [
          'All make and sign their messages in the client. The second reference is a receiver that checks nothing; ours also looks for the run behind the answer, in the same process.',
        ],
      };
    };
    return [
      ...CONNECTIONS.map(accepted),
      onTime({
        ours: `${origin}/webhooks/${connectionId}`,
        bare: `${bare}/keep`,
        headers: HEADERS,
        message,
        afterOurs: async (sent) => {
          await untilQuiet(stack);
          const kept = await counted(stack, 'webhook', `status <> 'rejected'`);
          if (kept < sent) throw new Error(`${sent} accepted, ${kept} kept`);
        },
      }),
    ];
  },
};
