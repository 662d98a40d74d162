import { randomBytes, randomUUID } from 'node:crypto';
import { type Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import pg from 'pg';
import { pino } from 'pino';
import { providers } from '../../adapters/installed.ts';
import { demoConnections } from '../../cli/demo-connections.ts';
import { registerSearchAttributes } from '../../cli/register-search-attributes.ts';
import { loadSettings, type Settings } from '../../config/settings.ts';
import { createPool } from '../../db/pool.ts';
import { type Breach, checkLedger, openLedgerAccount, post } from '../../db/repositories/ledger.ts';
import { seed } from '../../db/seed/seed.ts';
import { walletCode } from '../../domain/chart-of-accounts.ts';
import type { Decision, DecisionWord } from '../../domain/decisions.ts';
import { isPositive } from '../../domain/money.ts';
import { referenceFrom } from '../../domain/references.ts';
import { isFinal, type Stage } from '../../domain/stages.ts';
import { QUICK_TIMINGS, type Timings } from '../../domain/timings.ts';
import type { SandboxControl } from '../../sandbox/control.ts';
import { type SandboxServer, startSandboxServer } from '../../sandbox/server.ts';
import { connectTemporal } from '../../worker/client.ts';
import { decide } from '../../worker/decide.ts';
import { type RunningWorker, runWorker } from '../../worker/run.ts';
import { Steering } from '../../worker/steering.ts';
import { lendTools } from '../../worker/tools.ts';
import { CONFIG_KEYS, PAYLOAD_KEYS } from './keys.ts';
import { workflowBundle } from './workflow-bundle.ts';

// Workers that only run activities warn that they have no workflows; what matters fails a test.
Runtime.install({ logger: new DefaultLogger('ERROR') });

/** A database copied from the template, for one test file. */
const freshDatabase = async (): Promise<{ url: string; drop: () => Promise<void> }> => {
  const adminUrl = process.env['HUB_TEST_DATABASE_URL']!;
  const name = `hub_test_${randomBytes(6).toString('hex')}`;
  const run = async (sql: string) => {
    const admin = new pg.Client({ connectionString: adminUrl });
    await admin.connect();
    await admin.query(sql).finally(() => admin.end());
  };
  await run(`create database ${name} template hub_template`);
  return {
    url: Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href,
    drop: () => run(`drop database if exists ${name} with (force)`),
  };
};

/** One with a pool of its own, for tests that need nothing else of a hub. */
export const freshPool = async (size: number): Promise<{ pool: pg.Pool; url: string; drop: () => Promise<void> }> => {
  const { url, drop } = await freshDatabase();
  const pool = createPool(url, size);
  // A connection that is given up may still be closing when its database is dropped.
  pool.on('error', () => undefined);
  return { pool, url, drop: () => pool.end().then(drop) };
};

/** A Temporal namespace of its own, so that queues and ids of test files never meet. */
const freshNamespace = async (): Promise<string> => {
  const address = process.env['HUB_TEST_TEMPORAL_ADDRESS']!;
  const namespace = `test-${randomUUID().slice(0, 8)}`;
  const connection = await Connection.connect({ address });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  await connection.close();
  await eventually(
    () =>
      registerSearchAttributes({ address, namespace }).then(
        () => true,
        () => false,
      ),
    'the namespace to be there',
  );
  return namespace;
};

/** Polls until `look` is truthy. */
export const eventually = async <T>(look: () => Promise<T>, what: string, ms = 30_000): Promise<NonNullable<T>> => {
  const until = Date.now() + ms;
  for (;;) {
    const seen = await look();
    if (seen) return seen as NonNullable<T>;
    if (Date.now() > until) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
};

const USUAL = ['bank', 'b2binpay', 'b2binpay-address', 'mt5'];

const connectionsNamed = async (names: readonly string[], origin: string) =>
  (await demoConnections(origin)).filter(({ name }) => names.includes(name));

// What a provider allows per second is Temporal's to keep, and a walk that one test takes in seconds needs days in life.
for (const provider of providers) Object.assign(provider.limits, { perSecond: 10_000 });

/** A whole hub for one test file: database, worker, sandboxes, on the run's PostgreSQL and Temporal. */
export class TestHub {
  readonly settings: Settings;
  readonly pool: pg.Pool;
  readonly client: Client;
  readonly steering: Steering;
  readonly sandboxes: SandboxServer;
  /** The waits of every run started here. */
  readonly timings: Partial<Timings>;
  private readonly closing: (() => Promise<unknown>)[];
  private readonly startWorker: (pool: pg.Pool) => Promise<RunningWorker>;
  private worker: RunningWorker | null = null;

  private constructor(
    parts: Pick<TestHub, 'settings' | 'pool' | 'client' | 'steering' | 'sandboxes' | 'timings'>,
    closing: TestHub['closing'],
    startWorker: TestHub['startWorker'],
  ) {
    ({
      settings: this.settings,
      pool: this.pool,
      client: this.client,
      steering: this.steering,
      sandboxes: this.sandboxes,
      timings: this.timings,
    } = parts);
    this.closing = closing;
    this.startWorker = startWorker;
  }

  /** `connections`: which of the demo's; each costs its own queue, so a test names what it uses besides the usual ones. */
  static async start(timings: Partial<Timings> = {}, connections: readonly string[] = []): Promise<TestHub> {
    const [database, temporalNamespace, bundle] = await Promise.all([
      freshDatabase(),
      freshNamespace(),
      workflowBundle(),
    ]);
    const modules = await Promise.all(providers.filter((one) => one.sandbox).map((one) => one.sandbox!()));
    const sandboxes = await startSandboxServer({ port: 0, modules });
    await seed(database.url, {
      configKeys: CONFIG_KEYS,
      connections: await connectionsNamed([...USUAL, ...connections], sandboxes.origin),
    });
    const settings = loadSettings(
      {
        HUB_MODE: 'embedded',
        HUB_STATE_DIR: process.env['HUB_STATE_DIR'],
        DATABASE_URL: database.url,
        TEMPORAL_ADDRESS: process.env['HUB_TEST_TEMPORAL_ADDRESS'],
        TEMPORAL_NAMESPACE: temporalNamespace,
        PAYLOAD_KEYS,
        CONFIG_KEYS,
        LOG_LEVEL: 'silent',
      },
      () => undefined,
    );
    const pool = createPool(settings.databaseUrl);
    pool.on('error', () => undefined); // the database is dropped under idle connections at the end
    const { client, connection } = connectTemporal(settings);
    const given = { ...QUICK_TIMINGS, ...timings };
    const steering = new Steering(client, PAYLOAD_KEYS, given);
    const log = pino({ level: 'silent' });
    const hub = new TestHub(
      { settings, pool, client, steering, sandboxes, timings: given },
      [() => sandboxes.close(), () => connection.close(), () => pool.end(), () => database.drop()],
      (over) => runWorker({ settings, pool: over, client, workflowBundle: bundle, log, timings: given }),
    );
    await hub.resume();
    return hub;
  }

  /** Starts the worker again after `pause`; `over`: its own pool, where it is not to work over everybody's. */
  async resume(over = this.pool): Promise<void> {
    this.worker ??= await this.startWorker(over);
  }

  /** Stops the worker; runs wait. */
  async pause(): Promise<void> {
    await this.worker?.stop();
    this.worker = null;
  }

  async stop(): Promise<void> {
    await this.pause();
    for (const close of this.closing) await close();
  }

  sandbox(id: string): SandboxControl {
    return this.sandboxes.module(id);
  }

  handle(workflowId: string): WorkflowHandle {
    return this.client.workflow.getHandle(workflowId);
  }

  /** What an operator reads of a run in Temporal UI. */
  async shown(workflowId: string): Promise<string> {
    const { currentDetails } = await this.handle(workflowId).query<{ currentDetails: string }>(
      '__temporal_workflow_metadata',
    );
    return currentDetails;
  }

  async one<T extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<T> {
    const { rows } = await this.pool.query<T>(sql, values);
    if (!rows[0]) throw new Error(`no row: ${sql}`);
    return rows[0];
  }

  /** A client with one wallet holding `amount` of `currency`, paid in from suspense. */
  async clientWith(amount: string, currency: string): Promise<TestClient> {
    const { client_id: clientId } = await this.one<{ client_id: number }>(
      `insert into client (email, first_name, last_name, type_id, verification_level_id)
       values ($1, 'Ann', 'Lee', (select min(id) from client_type), (select min(id) from verification_level)) returning client_id`,
      [`ann-${randomUUID()}@example.com`],
    );
    const wallet = await this.openWallet(clientId, currency);
    if (isPositive(amount)) {
      await post(this.pool, `test:${randomUUID()}`, [
        { do: 'post', from: `house:suspense:${currency}`, to: walletCode(wallet), amount },
      ]);
    }
    return new TestClient(this, clientId, wallet);
  }

  async openWallet(clientId: number, currency: string): Promise<number> {
    const { account_id: accountId, currency: code } = await this.one<{ account_id: number; currency: number }>(
      `with next as (select nextval(pg_get_serial_sequence('account', 'account_id'))::integer as id)
       insert into account (account_id, account_number, client_id, product_currency_id, currency, platform_id, type, caption, permissions, reference, ledger_code)
       select next.id, nextval('wallet_number')::text, $1, pc.id, pc.currency, p.platform_id, p.type, pc.caption, pc.permissions, $3, 'wallet:' || next.id
         from next, product_currency pc join product p on p.id = pc.product_id join currency c on c.numeric_code = pc.currency
        where p.name = 'wallet' and c.alphabetic_code = $2 returning account_id, currency`,
      [clientId, currency, referenceFrom(randomBytes(12))],
    );
    await openLedgerAccount(this.pool, walletCode(accountId), 'wallet', code);
    return accountId;
  }

  /** Opens a trading account on the MT5 sandbox through the real workflow. */
  async openTradingAccount(clientId: number): Promise<{ accountId: number; login: string }> {
    const { account_id: accountId } = await this.one<{ account_id: number }>(
      `with next as (select nextval(pg_get_serial_sequence('account', 'account_id'))::integer as id)
       insert into account (account_id, client_id, product_currency_id, currency, platform_id, type, caption, permissions, leverage, platform_group, reference, ledger_code, status, workflow_started)
       select next.id, $1, pc.id, pc.currency, p.platform_id, p.type, pc.caption, pc.permissions, 100, pc.platform_groups[1], $2, 'trading:' || next.id, 'opening', false
         from next, product_currency pc join product p on p.id = pc.product_id where p.name = 'mt5-live' returning account_id`,
      [clientId, referenceFrom(randomBytes(12))],
    );
    const opened = await this.steering.openAccount(accountId);
    if (opened.status !== 'active') throw new Error(`the account is ${opened.status}: ${opened.issue}`);
    const { account_number: login } = await this.one<{ account_number: string }>(
      `select account_number from account where account_id = $1`,
      [accountId],
    );
    return { accountId, login };
  }

  /** A product in dollars on the platform behind one of the demo's connections, in these of its groups; answers its id. */
  async tradingProduct(connection: string, groups: readonly string[]): Promise<number> {
    const { id } = await this.one<{ id: number }>(
      `with platform as (insert into platform (name, caption, type, connection_id) select name, caption, 'wrapper', id from connection where name = $1 returning id),
            product as (insert into product (name, caption, type, platform_id) select $1, $1, 'trade', id from platform returning id)
       insert into product_currency (product_id, currency, caption, leverages, platform_groups, permissions)
       select id, 840, $1, '{100,200,500}', $2, '{enabled,trade,transferDeposit,transferWithdrawal,visible}' from product returning id`,
      [connection, groups],
    );
    return id;
  }

  /** An operator who may decide requests. */
  async operator(name = 'Olga'): Promise<number> {
    const { id } = await this.one<{ id: number }>(
      `insert into hub_user (name, email, password_hash) values ($1, $2, 'none') returning id`,
      [name, `${randomUUID()}@example.com`],
    );
    await this.pool.query(`insert into hub_user_group select $1, id from user_group where name = 'Administrators'`, [
      id,
    ]);
    return id;
  }

  /** Writes an order as the API does and opens its run. */
  async order(row: Record<string, unknown>, begin = true): Promise<number> {
    const full = { reference: referenceFrom(randomBytes(12)), ...row };
    const names = Object.keys(full);
    const { transaction_id: id, type } = await this.one<{
      transaction_id: number;
      type: 'deposit' | 'withdrawal' | 'transfer';
    }>(
      `insert into money_transaction (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')}) returning transaction_id, type`,
      Object.values(full),
    );
    if (begin) await this.steering.beginMoney(type === 'withdrawal' ? 'payout' : type, id);
    return id;
  }

  async methodId(name: string): Promise<{ id: number; connection: number }> {
    const { id, connection_id: connection } = await this.one<{ id: number; connection_id: number }>(
      `select id, connection_id from payment_method where name = $1`,
      [name],
    );
    return { id, connection };
  }

  /** One of those every hub begins with. */
  async resolutionId(name: string): Promise<number> {
    return (await this.one<{ id: number }>(`select id from resolution where name = $1`, [name])).id;
  }

  /** Lets a policy decide otherwise for one method and everything. */
  async approvals(kind: 'deposit' | 'withdrawal' | 'transfer', needed: 0 | 1 | 2): Promise<void> {
    await this.pool.query(`delete from approval_policy where name = $1`, [`test ${kind}`]);
    await this.pool.query(`insert into approval_policy (name, kind, approvals, priority) values ($1, $2, $3, 0)`, [
      `test ${kind}`,
      kind,
      needed,
    ]);
  }

  async stage(transactionId: number): Promise<Stage> {
    return (
      await this.one<{ stage: Stage }>(`select stage from money_transaction where transaction_id = $1`, [transactionId])
    ).stage;
  }

  /** What its provider calls a transaction, once it knows it. */
  providerId(transactionId: number): Promise<string> {
    return eventually(
      async () =>
        (
          await this.one<{ id: string | null }>(
            `select provider_id as id from money_transaction where transaction_id = $1`,
            [transactionId],
          )
        ).id,
      `the provider to know transaction ${transactionId}`,
    );
  }

  /** Asks the named rate source now. */
  async askRates(name: string): Promise<{ accepted: number; held: number; failure: string | null }> {
    const source = await this.one<{ sourceId: number; connectionId: number }>(
      `select id as "sourceId", connection_id as "connectionId" from rate_source where name = $1`,
      [name],
    );
    return this.client.workflow.execute('rateSource', {
      workflowId: `rate-source:${source.sourceId}:${randomUUID()}`,
      taskQueue: 'hub',
      args: [source],
    });
  }

  /** Waits for a stage; a run that ends in another one fails at once, and one that stands still says where. */
  async reaches(transactionId: number, wanted: Stage, ms = 30_000): Promise<void> {
    let stage: Stage = 'created';
    const look = async () => {
      stage = await this.stage(transactionId);
      if (stage !== wanted && isFinal(stage) && !(stage === 'done' && wanted === 'returned'))
        throw new Error(`transaction ${transactionId} ended as ${stage}, not ${wanted}`);
      return stage === wanted;
    };
    try {
      await eventually(look, `transaction ${transactionId} to reach ${wanted}`, ms);
    } catch (error) {
      if (isFinal(stage)) throw error;
      throw new Error(`${(error as Error).message}; it is ${stage}: ${await this.underWay(transactionId)}`, {
        cause: error,
      });
    }
  }

  /** What a transaction's run waits for: a person, a task, activities. */
  private async underWay(transactionId: number): Promise<string> {
    const { id, person } = await this.one<{ id: string; person: string | null }>(
      `select workflow_id as id, needs_human as person from money_transaction where transaction_id = $1`,
      [transactionId],
    );
    const { raw } = await this.handle(id).describe();
    return JSON.stringify({
      person,
      task: raw.pendingWorkflowTask ?? null,
      activities: (raw.pendingActivities ?? []).map(({ activityType, state, attempt, lastFailure }) => ({
        ...{ name: activityType?.name, state, attempt, failure: lastFailure?.message },
      })),
    });
  }

  /** Waits until a run waits for somebody or for its time: its row says where it stands before it has asked its provider for the first time. */
  async rests(workflowId: string): Promise<void> {
    await eventually(async () => {
      const { raw } = await this.handle(workflowId).describe();
      return !raw.pendingWorkflowTask && (raw.pendingActivities ?? []).length === 0;
    }, `${workflowId} to rest`);
  }

  /** Waits until a run is over: its row says how it went a moment earlier. */
  async ends(workflowId: string): Promise<void> {
    await eventually(
      async () => (await this.handle(workflowId).describe()).status.name === 'COMPLETED',
      `${workflowId} to end`,
    );
  }

  /** A provider that did not answer is left alone for an hour, also by the worker, which begins anew: as it was it would see so a moment later. */
  async pauseConnection(connectionId: number): Promise<void> {
    await this.pause();
    await this.pool.query(
      `insert into connection_health (connection_id, state, paused_until) values ($1, 'open', now() + interval '1 hour')
       on conflict (connection_id) do update set state = 'open', paused_until = excluded.paused_until`,
      [connectionId],
    );
    await this.resume();
  }

  async openRequest(transactionId: number): Promise<{ id: number; purpose: string; workflow_id: string }> {
    return eventually(
      async () =>
        (
          await this.pool.query(
            `select id, purpose, workflow_id from application where transaction_id = $1 and status_id = 0`,
            [transactionId],
          )
        ).rows[0],
      `a request for transaction ${transactionId}`,
    );
  }

  async decide(
    transactionId: number,
    by: number,
    decision: 'approve' | 'reject' | 'continue' | 'mark_done' | 'mark_failed',
    rest: object = {},
  ): Promise<{ missing: number }> {
    const { id: applicationId, workflow_id: workflowId } = await this.openRequest(transactionId);
    return this.decided(workflowId, { decision, by, applicationId, ...rest });
  }

  async decideRequest(applicationId: number, by: number, decision: DecisionWord, rest: object = {}): Promise<void> {
    const { workflow_id: workflowId } = await this.one<{ workflow_id: string }>(
      `select workflow_id from application where id = $1`,
      [applicationId],
    );
    await this.decided(workflowId, { decision, by, applicationId, ...rest });
  }

  private async decided(workflowId: string, given: Decision & { applicationId: number }): Promise<{ missing: number }> {
    const missing = await decide(
      lendTools(this.settings, this.pool, this.client, this.timings),
      (mine, updateId) => this.steering.decide(workflowId, mine, updateId),
      { workflowId, decision: this.steering.vouchFor(workflowId, given), updateId: randomUUID() },
    );
    return { missing };
  }

  breaches(): Promise<Breach[]> {
    return checkLedger(this.pool);
  }
}

interface OrderColumns {
  /** Name of the payment method. */
  method: string;
  data: object;
  user_id: number;
  /** The deposit a withdrawal gives back. */
  parent_id: number;
  vendor_commission: string;
}

export class TestClient {
  readonly clientId: number;
  readonly wallet: number;
  private readonly hub: TestHub;

  constructor(hub: TestHub, clientId: number, wallet: number) {
    this.hub = hub;
    this.clientId = clientId;
    this.wallet = wallet;
  }

  async withdraw(amount: string, { method = 'usdt-payout', ...rest }: Partial<OrderColumns> = {}): Promise<number> {
    const { id, connection } = await this.hub.methodId(method);
    return this.hub.order({
      type: 'withdrawal',
      client_id: this.clientId,
      debit_account_id: this.wallet,
      currency: await this.currency(),
      amount,
      method_id: id,
      connection_id: connection,
      data: { address: 'TXYZtestaddress0000000000000000001' },
      ...rest,
    });
  }

  async deposit(amount: string, { method = 'usdt-invoice', ...rest }: Partial<OrderColumns> = {}): Promise<number> {
    const { id, connection } = await this.hub.methodId(method);
    return this.hub.order({
      type: 'deposit',
      client_id: this.clientId,
      credit_account_id: this.wallet,
      currency: await this.currency(),
      amount,
      method_id: id,
      connection_id: connection,
      ...rest,
    });
  }

  async transfer(amount: string, from: number, to: number): Promise<number> {
    return this.hub.order({
      type: 'transfer',
      client_id: this.clientId,
      debit_account_id: from,
      credit_account_id: to,
      currency: await this.currency(),
      amount,
    });
  }

  async balance(): Promise<{ balance: string; held: string }> {
    return this.hub.one(
      `select trim_scale(balance)::text as balance, trim_scale(held)::text as held from ledger_account where code = $1`,
      [walletCode(this.wallet)],
    );
  }

  private async currency(): Promise<number> {
    return (
      await this.hub.one<{ currency: number }>(`select currency from account where account_id = $1`, [this.wallet])
    ).currency;
  }
}
