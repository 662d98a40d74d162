import { expect } from '@jest/globals';
import type { Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually, type TestClient, type TestHub } from '../kit/hub.ts';
import { lendTools } from '../../worker/tools.ts';

export interface Trader {
  client: TestClient;
  accountId: number;
  login: string;
}

/** What tests of comparisons do again and again, on the platform mt5. `operator` orders them. */
export class Comparing {
  readonly began = new Date(Math.floor(Date.now() / 1000) * 1000 - 3_600_000);
  private readonly hub: TestHub;
  private readonly operator: Caller;

  constructor(api: MoneyApi, operator: Caller) {
    this.hub = api.hub;
    this.operator = operator;
  }

  async connection(name: string): Promise<number> {
    return (await this.hub.one<{ id: number }>(`select id from connection where name = $1`, [name])).id;
  }

  async order(connection: string): Promise<any> {
    await new Promise((done) => setTimeout(done, 1_100)); // the window ends with a whole second that is over
    const to = new Date(Math.floor(Date.now() / 1000) * 1000);
    const connectionId = await this.connection(connection);
    const window = { connectionId, from: this.began.toISOString(), to: to.toISOString() };
    const { status, body } = await this.operator.call('POST /reconciliations', window);
    expect(status).toBe(200);
    return { ...body, window };
  }

  async seen(id: number): Promise<any> {
    return (await this.operator.call(`GET /reconciliations/${id}`)).body;
  }

  async ended(id: number): Promise<any> {
    const run = await eventually(async () => {
      const now = await this.seen(id);
      return now.processTime === null ? null : now;
    }, `comparison ${id} to end`);
    await this.hub.ends(run.workflowId);
    return run;
  }

  async compare(connection: string): Promise<any> {
    return this.ended((await this.order(connection)).id);
  }

  async ofAccount({ accountId }: Trader): Promise<any[]> {
    return (await this.operator.call(`GET /reconciliation-differences?filter[accountId]=${accountId}`)).body.data;
  }

  requestOf(differenceId: number): Promise<any> {
    return eventually(
      async () =>
        (await this.operator.call('GET /applications?limit=1000&filter[type]=reconciliation')).body.data.find(
          (one: any) => one.data.differenceId === differenceId,
        ),
      'a request about the difference',
    );
  }

  async trader(): Promise<Trader> {
    const client = await this.hub.clientWith('500', 'USD');
    return { client, ...(await this.hub.openTradingAccount(client.clientId)) };
  }

  /** Answers its reference. */
  async transferred({ client, accountId }: Trader, amount: string): Promise<string> {
    const transfer = await client.transfer(amount, client.wallet, accountId);
    await this.hub.reaches(transfer, 'done');
    const { reference } = await this.hub.one<{ reference: string }>(
      `select reference from money_transaction where transaction_id = $1`,
      [transfer],
    );
    return reference;
  }

  /** A dealer books on the platform by himself. */
  async dealerBooks({ login }: Trader, kind: 'deposit' | 'withdraw', amount: string, comment: string) {
    const tools = lendTools(this.hub.settings, this.hub.pool, this.hub.client, this.hub.timings);
    const { adapter, ctx } = await tools.open('trading', await this.connection('mt5'));
    const currency = { alphabeticCode: 'USD', minorUnit: 2 };
    await adapter.applyBalance(ctx, { login, kind, amount, currency, operationKey: comment, text: '' });
  }
}
