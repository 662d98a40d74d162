import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { haveEnded } from '../kit/runs.ts';
import { hire } from './cast.ts';
import type { Answer } from './hub-api.ts';
import { type Breach, checkRun } from './invariants.ts';
import type { World } from './run.ts';
import type { Story } from './scenario.ts';
import { requestOf, type Telling } from './teller.ts';

type Say = (line: string) => void;

const calmPayout = (amount: string): Story => ({
  name: 'payout',
  kind: 'payout',
  venue: 'b2binpay',
  amount,
  startAfterMs: 0,
  copies: 1,
  rivals: 0,
  decision: 'approve',
  pays: 'once',
  assistance: 'fact',
});

const newTelling = async ({ stack, api, office }: World, story: Story): Promise<Telling> => ({
  story,
  client: await hire(stack, api, office, story),
  orders: [],
  paid: new Map(),
  paidTwice: new Set(),
  decisions: [],
});

/** Payouts go out without approval: what is shown is the machine, not the people. */
const approvedByItself = ({ stack }: World): Promise<unknown> =>
  stack.pool.query(`update approval_policy set approvals = 0 where kind = 'withdrawal'`);

const stagesOf = async ({ stack }: World, clientIds: readonly number[]): Promise<Record<string, number>> => {
  const { rows } = await stack.pool.query<{ stage: string; n: number }>(
    `select stage, count(*)::int as n from money_transaction where client_id = any($1) group by stage order by stage`,
    [clientIds],
  );
  return Object.fromEntries(rows.map(({ stage, n }) => [stage, n]));
};

const untilOver = async (world: World, clientIds: readonly number[], withinMs: number): Promise<boolean> => {
  for (const until = Date.now() + withinMs; Date.now() < until; await sleep(100)) {
    const { rows } = await world.stack.pool.query<{ workflowId: string; open: boolean }>(
      `select workflow_id as "workflowId", process_time is null as open from money_transaction where client_id = any($1)`,
      [clientIds],
    );
    // A row tells that it is over a moment before its run is.
    const runs = rows.map(({ workflowId }) => workflowId);
    if (rows.every(({ open }) => !open) && (await haveEnded(world.stack.client, runs))) return true;
  }
  return false;
};

const verdict = (breaches: readonly Breach[], say: Say): boolean => {
  for (const { invariant, detail } of breaches) say(`BREACH  ${invariant}: ${detail}`);
  say(breaches.length === 0 ? "Books compared with the provider's: equal. No breach." : `${breaches.length} breaches.`);
  return breaches.length === 0;
};

/** Fifty payouts are on their way; the worker dies in the middle and comes back; all of them finish, once. */
export const killFifty = async (world: World, say: Say): Promise<boolean> => {
  const { stack, api, office, methods } = world;
  await approvedByItself(world);
  // Slow enough that the kill meets many of them at the provider.
  stack.sandbox('b2binpay').latencyMs = 120;
  const tellings = await Promise.all(Array.from({ length: 50 }, () => newTelling(world, calmPayout('25.00'))));
  const ids = tellings.map(({ client }) => client.clientId);
  const began = Date.now();
  const sending = Promise.all(
    tellings.map(async (telling) => {
      const { route, token, actor, body } = requestOf(stack, telling, office, methods);
      const key = randomUUID();
      const order = { key: `${actor}:${key}`, answers: [] as Answer[] };
      telling.orders.push(order);
      order.answers.push(await api.call(route, { token, key, body, forMs: 60_000 }));
    }),
  );
  while (stack.sandbox('b2binpay').books().length < 12 && Date.now() - began < 20_000) await sleep(5);
  await stack.worker.kill();
  const inFlight = await stagesOf(world, ids);
  say(
    `kill -9 of the worker after ${Date.now() - began} ms; stages then: ${JSON.stringify(inFlight)}; at the provider: ${stack.sandbox('b2binpay').books().length}`,
  );
  await sleep(1_000);
  await stack.worker.start();
  const back = Date.now();
  const over = await untilOver(world, ids, 120_000);
  await sending;
  say(
    `Worker back; ${over ? 'all over' : 'NOT all over'} ${((Date.now() - back) / 1_000).toFixed(1)} s later: ${JSON.stringify(await stagesOf(world, ids))}`,
  );
  stack.sandbox('b2binpay').latencyMs = 0;
  const breaches = await checkRun(stack, tellings);
  const done = (await stagesOf(world, ids))['done'] ?? 0;
  if (done !== 50) breaches.push({ invariant: 'all fifty are done', detail: `${done} are` });
  return verdict(breaches, say);
};

/** Two hundred at once under one key: one payout. Under two hundred keys on a balance for ten: ten payouts. */
export const flood = async (world: World, say: Say): Promise<boolean> => {
  await approvedByItself(world);
  const one = await newTelling(world, calmPayout('10.00'));
  const many = await newTelling(world, { ...calmPayout('10.00'), amount: '100.00' });
  const clean = [await wave(world, one, 1, '10.00', 1, say), await wave(world, many, 200, '20.00', 10, say)];
  return clean.every(Boolean);
};

const wave = async (
  world: World,
  telling: Telling,
  keys: number,
  amount: string,
  covers: number,
  say: Say,
): Promise<boolean> => {
  const { stack, api, office, methods } = world;
  telling.story.amount = amount;
  const { route, token, actor, body } = requestOf(stack, telling, office, methods);
  telling.orders = Array.from({ length: keys }, () => ({ key: `${actor}:${randomUUID()}`, answers: [] }));
  const began = Date.now();
  await Promise.all(
    Array.from({ length: 200 }, async (_, n) => {
      const order = telling.orders[n % keys]!;
      const key = order.key.slice(actor.length + 1);
      order.answers.push(await api.call(route, { token, key, body, forMs: 60_000 }));
    }),
  );
  const took = Date.now() - began;
  await untilOver(world, [telling.client.clientId], 60_000);
  const heard = new Map<number, number>();
  for (const { status } of telling.orders.flatMap(({ answers }) => answers))
    heard.set(status, (heard.get(status) ?? 0) + 1);
  const stages = await stagesOf(world, [telling.client.clientId]);
  say(
    `200 requests with ${keys} key(s), ${covers} payouts expected, answered in ${took} ms: ${JSON.stringify(Object.fromEntries(heard))}; transactions ${JSON.stringify(stages)}`,
  );
  const breaches = await checkRun(stack, [telling]);
  const done = stages['done'] ?? 0;
  if (done !== covers)
    breaches.push({ invariant: 'as many payouts as the balance covers', detail: `${done} instead of ${covers}` });
  return verdict(breaches, say);
};
