import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { normal } from '../domain/money.ts';
import { lendTools } from '../worker/tools.ts';
import type { Bench, Figure } from './figure.ts';
import { payoutEvents } from './history.ts';
import { allAtOnce, oneByOne } from './load.ts';
import { type BenchClient, clientWith, methodNamed, placeRow, reference } from './people.ts';
import { BARE_QUEUE } from './queues.ts';
import type { Stack } from './stack.ts';
import { bareBegin, type bareDeposit, type Kind } from './workflows.ts';

const AT_ONCE = 30;
const MANY = 90;
const FEW = 15;
const AMOUNT = '100.00';
const CLIENTS = 50;

interface Arrived {
  transactionId: number;
  clientId: number;
}

/** Starts a deposit as the API does and waits until it is done. */
const runDeposit = async ({ steering, client }: Stack, { transactionId, clientId }: Arrived): Promise<void> => {
  const shown = { client: clientId, provider: 'b2binpay', currency: 'USDT', amount: AMOUNT };
  await steering.beginMoney('deposit', transactionId, shown);
  const { stage } = (await client.workflow.getHandle(`deposit:${transactionId}`).result()) as { stage: string };
  if (stage !== 'done') throw new Error(`deposit ${transactionId} ended as ${stage}`);
};

const runBare = async ({ client }: Stack, workflowId: string, looks: Kind): Promise<void> => {
  const startWorkflowOperation = new WithStartWorkflowOperation<typeof bareDeposit>('bareDeposit', {
    taskQueue: BARE_QUEUE,
    workflowId,
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [looks],
    staticSummary: workflowId,
  });
  await client.workflow.executeUpdateWithStart(bareBegin, { startWorkflowOperation, updateId: 'begin' });
  await client.workflow.getHandle(workflowId).result();
};

/** Payments that arrived at the provider, each with the row that `registerArrivals` writes. Their runs are not started. */
class Arrivals {
  private readonly stack: Stack;
  private readonly clients: BenchClient[];
  private readonly method: { id: number; connectionId: number };
  private readonly tools: ReturnType<typeof lendTools>;
  private credited = 0;

  private constructor(stack: Stack, clients: BenchClient[], method: Arrivals['method']) {
    this.stack = stack;
    this.clients = clients;
    this.method = method;
    this.tools = lendTools(stack.settings, stack.pool, stack.client);
  }

  static async of(stack: Stack): Promise<Arrivals> {
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => clientWith(stack, '0', 'USDT')));
    return new Arrivals(stack, clients, await methodNamed(stack, 'usdt-address'));
  }

  async make(count: number): Promise<Arrived[]> {
    this.stack.sandboxes.module('b2binpay').setCallbacks('drop'); // the run is started here, not by the provider's call
    const ids = Array.from({ length: count });
    return Promise.all(ids.map((_, i) => this.one(this.clients[i % this.clients.length]!)));
  }

  private async one({ clientId, walletId, currency }: BenchClient): Promise<Arrived> {
    const { id: methodId, connectionId } = this.method;
    const { adapter, ctx } = await this.tools.open('payments', connectionId);
    const arrivalOf = reference();
    const { providerId } = await adapter.createDeposit!(ctx, {
      reference: arrivalOf,
      flow: 'address',
      amount: null,
      currency: { numericCode: currency, alphabeticCode: 'USDT', minorUnit: 6 },
      label: `Client ${clientId}`,
    });
    await this.stack.sandboxes.module('b2binpay').pay(providerId!, { amount: AMOUNT });
    const report = await adapter.findDeposit!(ctx, { reference: arrivalOf });
    const transactionId = await placeRow(this.stack, {
      type: 'deposit',
      stage: 'seen',
      status: 'inProgress',
      client_id: clientId,
      credit_account_id: walletId,
      currency,
      amount: AMOUNT,
      method_id: methodId,
      connection_id: connectionId,
      reference: reference(),
      provider_data: { arrivalOf, arrivalWhy: null, txid: null },
      arrival: `${connectionId}:${report!.arrivals[0]!.id}`,
    });
    return { transactionId, clientId };
  }

  /** Every one of them is done, and exactly their money is on the clients' wallets. */
  async assertCredited(arrived: readonly Arrived[]): Promise<void> {
    const transactionIds = arrived.map(({ transactionId }) => transactionId);
    this.credited += transactionIds.length;
    const { rows } = await this.stack.pool.query<{ done: number; total: string }>(
      `select (select count(*)::int from money_transaction where transaction_id = any ($1) and stage = 'done') as done,
              (select sum(balance)::text from ledger_account where code = any ($2)) as total`,
      [transactionIds, this.clients.map(({ walletId }) => `wallet:${walletId}`)],
    );
    const { done, total } = rows[0]!;
    if (done !== transactionIds.length || normal(total) !== String(this.credited * 100))
      throw new Error(`${done} of ${transactionIds.length} deposits done, ${total} on the wallets`);
  }
}

const names = (count: number): string[] => Array.from({ length: count }, () => `bare-deposit:${randomUUID()}`);

export const depositBench: Bench = {
  name: 'deposit',
  setUp: async (stack) => {
    await stack.worker();
    const arrivals = await Arrivals.of(stack);
    const ours = 'ours: deposit workflow';
    // The hub makes its looks as local activities, so the first reference is the like one; the second is what they cost otherwise.
    const like = 'empty workflow, 2 local + 2 regular';
    const regular = 'empty workflow, 4 regular activities';
    const kinds: readonly (readonly [string, Kind])[] = [
      [like, 'local'],
      [regular, 'regular'],
    ];

    const throughput: Figure = {
      name: `Deposit start → done, ${AT_ONCE} at once`,
      unit: 'deposits/s',
      ours: {
        name: ours,
        round: async () => {
          const made = await arrivals.make(MANY);
          const rate = await allAtOnce(made, AT_ONCE, (one) => runDeposit(stack, one));
          await arrivals.assertCredited(made);
          return rate;
        },
      },
      references: kinds.map(([name, kind]) => ({
        name,
        round: () => allAtOnce(names(MANY), AT_ONCE, (id) => runBare(stack, id, kind)),
      })),
      targets: kinds.map(([against]) => ({ against, atLeast: 0.85 })),
    };

    let lastOurs = '';
    const lastBare = new Map<Kind, string>();
    const latency: Figure = {
      name: 'Deposit start → done, one at a time',
      unit: 'ms, median of a round',
      ours: {
        name: ours,
        round: async () => {
          const made = await arrivals.make(FEW);
          lastOurs = `deposit:${made.at(-1)!.transactionId}`;
          const time = await oneByOne(made, (one) => runDeposit(stack, one));
          await arrivals.assertCredited(made);
          return time;
        },
      },
      references: kinds.map(([name, kind]) => ({
        name,
        round: () => {
          const ids = names(FEW);
          lastBare.set(kind, ids.at(-1)!);
          return oneByOne(ids, (id) => runBare(stack, id, kind));
        },
      })),
      // 0.85 of the reference's speed.
      targets: kinds.map(([against]) => ({ against, atMost: 1.18 })),
      notes: async () => {
        const events = async (workflowId: string) =>
          (await stack.client.workflow.getHandle(workflowId).describe()).historyLength;
        const [local, all] = [await events(lastBare.get('local')!), await events(lastBare.get('regular')!)];
        return [
          `History events: deposit ${await events(lastOurs)}, empty workflow ${local}, with regular activities only ${all}`,
          ...(await payoutEvents(stack)),
          'The deposit also asks the provider over HTTP (sandbox in the client process); its limit per second is lifted.',
        ];
      },
    };
    return [throughput, latency];
  },
};
