import { setTimeout as sleep } from 'node:timers/promises';
import stripe from '../adapters/payments/stripe/manifest.ts';
import { TIMINGS } from '../domain/timings.ts';
import { Arrivals, runDeposit } from './arrivals.ts';
import type { Bench, Way } from './figure.ts';
import { quantile, timesAtOnce } from './load.ts';
import { type BenchClient, clientWith, placeRow, reference } from './people.ts';
import type { Stack } from './stack.ts';

const AT_ONCE = 30;
const MANY = 120;

const ANSWERS_AFTER_MS = 30_000;
/** A worker's calls to one connection at a time (worker/connection-queues.ts): all of them wait for the slow provider. */
const SLOTS = 20;
/** Deposits at the slow provider when a round begins; those without a slot wait in its queue. */
const WAITING = 60;
/** And new ones while it lasts: more than it can answer. */
const NEW_EVERY_MS = 500;

/** A connection to another provider, and more deposits through it than it can take when it is slow. */
class OtherProvider {
  private readonly stack: Stack;
  private readonly client: BenchClient;
  private readonly method: { id: number; connectionId: number };
  private readonly began: number;
  private readonly workflowIds: string[] = [];
  private arriving: NodeJS.Timeout | undefined;

  private constructor(stack: Stack, client: BenchClient, method: OtherProvider['method']) {
    this.stack = stack;
    this.client = client;
    this.method = method;
    this.began = this.sandbox.now();
  }

  /** A connection for each round: what the last one did to its breaker must neither help nor hinder this one. */
  static async begin(stack: Stack, client: BenchClient, answersAfterMs: number): Promise<OtherProvider> {
    const name = `slow-${reference()}`.toLowerCase();
    const { rows } = await stack.pool.query<OtherProvider['method']>(
      `with slow as (insert into connection (provider, name, caption, config)
                     select provider, $1, $1, config from connection where name = 'stripe' returning id, provider),
            silence as (insert into connection_health (connection_id, paused_until) select id, now() + interval '1 hour' from slow),
            method as (insert into payment_method (direction, name, caption, provider, connection_id, flow)
                       select 'deposit', $1, $1, provider, id, 'invoice' from slow returning id, connection_id)
       insert into payment_method_currency (method_id, type, currency) select id, 'TR', $2 from method
       returning method_id as id, (select connection_id as "connectionId" from method)`,
      [name, client.currency],
    );
    const other = new OtherProvider(stack, client, rows[0]!);
    other.sandbox.latencyMs = answersAfterMs;
    // Its queue fills before anybody polls it: what it costs to begin so many deposits at once is not what is measured.
    await Promise.all(Array.from({ length: WAITING }, () => other.open()));
    await stack.pool.query(`update connection_health set paused_until = null where connection_id = $1`, [
      other.method.connectionId,
    ]);
    const until = performance.now() + ANSWERS_AFTER_MS;
    while (other.calls().length < SLOTS) {
      if (performance.now() > until) throw new Error(`only ${other.calls().length} calls to the other provider began`);
      await sleep(50);
    }
    other.arriving = setInterval(() => void other.open(), NEW_EVERY_MS);
    return other;
  }

  /** Whether every slot is still held: no call has run out of time. */
  get holdsEverySlot(): boolean {
    return this.sandbox.now() - Date.parse(this.calls()[0]!.at) < stripe.limits.timeoutMs;
  }

  /** Ends its runs; their calls are called off with the next heartbeats, and the next round has the machine to itself. */
  async end(): Promise<void> {
    clearInterval(this.arriving);
    const { workflow } = this.stack.client;
    await Promise.all(this.workflowIds.map((id) => workflow.getHandle(id).terminate()));
    await sleep(TIMINGS.heartbeat);
  }

  private get sandbox() {
    return this.stack.sandboxes.module('stripe');
  }

  private calls() {
    return this.sandbox.received.filter(({ at }) => Date.parse(at) >= this.began);
  }

  private async open(): Promise<void> {
    const transactionId = await placeRow(this.stack, {
      type: 'deposit',
      client_id: this.client.clientId,
      credit_account_id: this.client.walletId,
      currency: this.client.currency,
      amount: '10.00',
      method_id: this.method.id,
      connection_id: this.method.connectionId,
      reference: reference(),
    });
    this.workflowIds.push(`deposit:${transactionId}`);
    // Answered when the provider said something, or when its opener has waited long enough.
    await this.stack.steering.beginMoney('deposit', transactionId).catch(() => undefined);
  }
}

export const slowProviderBench: Bench = {
  name: 'slow-provider',
  setUp: async (stack) => {
    await stack.worker();
    const arrivals = await Arrivals.of(stack);
    const otherClient = await clientWith(stack, '0', 'USD');
    let [rounds, heldThroughout] = [0, 0];

    /** Deposits through the provider that is well; the 95th percentile of start → done. */
    const p95 = async (): Promise<number> => {
      const made = await arrivals.make(MANY);
      const times = await timesAtOnce(made, AT_ONCE, (id) => runDeposit(stack, id));
      await arrivals.assertCredited(made);
      return quantile(times, 0.95);
    };
    const beside = async (answersAfterMs: number): Promise<number> => {
      const other = await OtherProvider.begin(stack, otherClient, answersAfterMs);
      const time = await p95();
      if (answersAfterMs > 0) {
        rounds += 1;
        if (other.holdsEverySlot) heldThroughout += 1;
      }
      await other.end();
      return time;
    };
    const slow: Way = {
      name: 'beside a provider that answers after 30 s',
      round: () => beside(ANSWERS_AFTER_MS),
    };
    const alone: Way = { name: 'alone', round: p95 };
    // The same work without the slowness: what it costs beyond this is what the slow one takes from others.
    const well: Way = { name: 'beside the same deposits, answered at once', round: () => beside(0) };
    return [
      {
        name: `Deposit start → done, ${AT_ONCE} at once`,
        unit: 'ms, 95th percentile of a round',
        ours: slow,
        references: [alone, well],
        targets: [{ against: alone.name, atMost: 1.2 }],
        notes: async () => [
          `The slow one: all ${SLOTS} calls a worker makes to a connection at a time are open, ${WAITING - SLOTS} deposits wait for a slot, two more arrive each second.`,
          `In ${heldThroughout} of ${rounds} rounds no call to it had run out of time (${stripe.limits.timeoutMs / 1000} s) before the round was over.`,
        ],
      },
    ];
  },
};
