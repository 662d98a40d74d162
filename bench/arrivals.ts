import { normal } from '../domain/money.ts';
import { lendTools } from '../worker/tools.ts';
import { type BenchClient, clientWith, methodNamed, placeRow, reference } from './people.ts';
import type { Stack } from './stack.ts';

const AMOUNT = '100.00';
const CLIENTS = 50;

export interface Arrived {
  transactionId: number;
  clientId: number;
}

/** Starts a deposit as the API does and waits until it is done. */
export const runDeposit = async ({ steering, client }: Stack, { transactionId, clientId }: Arrived): Promise<void> => {
  const shown = { client: clientId, provider: 'b2binpay', currency: 'USDT', amount: AMOUNT };
  await steering.beginMoney('deposit', transactionId, shown);
  const { stage } = (await client.workflow.getHandle(`deposit:${transactionId}`).result()) as { stage: string };
  if (stage !== 'done') throw new Error(`deposit ${transactionId} ended as ${stage}`);
};

/** Payments that arrived at the provider, each with the row that `registerArrivals` writes. Their runs are not started. */
export class Arrivals {
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
