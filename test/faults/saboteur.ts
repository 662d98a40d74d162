import { setTimeout as sleep } from 'node:timers/promises';
import type { ReceivedRequest } from '../../sandbox/control.ts';
import type { Fault, Moment, Scenario } from './scenario.ts';
import type { Stack } from './stack.ts';

export interface Damage {
  kills: number;
}

const WRITES = {
  b2binpay: [
    { method: 'POST', path: '/payout/', body: '"type":"payout"' },
    { method: 'POST', path: '/deposit/', body: '"type":"deposit"' },
  ],
  mt5: [{ method: 'POST', path: '/api/trade/balance' }],
} as const;
/** The calls that come just before a write. */
const COMING = { b2binpay: ['/payout/calculate/', '/token/'], mt5: ['/api/auth/', '/api/user/'] } as const;
const PROVIDERS = ['b2binpay', 'mt5'] as const;

/** Requests of earlier runs. */
type Old = ReadonlySet<ReceivedRequest>;

/** If the moment does not come — another fault kept it from coming — the strike falls anyway. */
const PATIENCE_MS = 3_000;

const untilMoment = async (stack: Stack, when: Moment, old: Old): Promise<void> => {
  if (when.at === 'time') return sleep(when.afterMs);
  const until = Date.now() + PATIENCE_MS;
  const before = books(stack);
  while (Date.now() < until && !hasCome(stack, when.stage, old, before)) await sleep(2);
  await sleep(when.plusMs);
};

const books = (stack: Stack): number => PROVIDERS.reduce((sum, id) => sum + stack.sandbox(id).books().length, 0);

const hasCome = (stack: Stack, stage: Extract<Moment, { at: 'write' }>['stage'], old: Old, before: number): boolean => {
  if (stage === 'effect') return books(stack) > before;
  return PROVIDERS.some((id) =>
    stack.sandbox(id).received.some((request) => {
      if (old.has(request)) return false;
      const { method, url, body, status } = request;
      const isWrite = WRITES[id].some(
        (write) =>
          method === write.method && url.startsWith(write.path) && (!('body' in write) || body.includes(write.body)),
      );
      if (stage === 'coming') return isWrite || COMING[id].some((path) => url.startsWith(path));
      return isWrite && (stage === 'seen' || status !== undefined);
    }),
  );
};

const strike = async (stack: Stack, fault: Fault, old: Old, damage: Damage): Promise<void> => {
  switch (fault.does) {
    case 'spoil':
    case 'callbacks':
      return; // set before the stories begin
    case 'kill':
      await untilMoment(stack, fault.when, old);
      damage.kills += 1;
      if (fault.what === 'temporal') {
        await stack.killTemporal();
        await sleep(fault.downMs);
        await stack.startTemporal();
      } else {
        await stack[fault.what].kill();
        await sleep(fault.downMs);
        await stack[fault.what].start();
      }
      return;
    case 'database':
      await untilMoment(stack, fault.when, old);
      switch (fault.how) {
        case 'cut':
        case 'reset':
          stack.proxy.set({ is: 'refusing' });
          stack.proxy.drop(fault.how);
          break;
        case 'terminate':
          await stack.terminateSessions();
          await sleep(fault.forMs);
          await stack.terminateSessions();
          return;
        case 'half-open':
          stack.proxy.set({ is: 'half-open' });
          break;
        case 'drip':
          stack.proxy.set({ is: 'drip', bytesPer10Ms: 200 });
          break;
        case 'latency':
          stack.proxy.set({ is: 'latency', ms: 40 });
          break;
      }
      await sleep(fault.forMs);
      stack.proxy.heal();
  }
};

/** Prepares what must lie in wait before the stories begin. */
export const lay = (stack: Stack, { faults }: Scenario): void => {
  for (const fault of faults) {
    if (fault.does === 'callbacks') stack.sandbox('b2binpay').setCallbacks(fault.mode, fault.copies);
    if (fault.does !== 'spoil') continue;
    const { provider, on, kind, times, ms, retryAfter } = fault;
    const more = { ...(ms === undefined ? {} : { ms }), ...(retryAfter === undefined ? {} : { retryAfter }) };
    const matches = on === 'read' ? [{ method: 'GET' }] : WRITES[provider];
    for (const match of matches) stack.sandbox(provider).fault({ match, kind, times, ...more });
  }
};

/** Does the rest, each in its moment. Comes back when the last strike is over; what it broke may still be broken. */
export const sabotage = async (stack: Stack, { faults }: Scenario, damage: Damage): Promise<void> => {
  const old: Old = new Set(PROVIDERS.flatMap((id) => stack.sandbox(id).received));
  await Promise.all(faults.map((fault) => strike(stack, fault, old, damage)));
};
