import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Tools } from '../../activities/kit/activity.ts';
import { openDifferenceRequest } from '../../activities/reconciliation/open-difference-request.ts';
import { inTransaction } from '../../db/pool.ts';
import { recordDifference, resolveDifference } from '../../db/repositories/differences.ts';
import { post } from '../../db/repositories/ledger.ts';
import { keepMovements } from '../../db/repositories/provider-books.ts';
import { platformBalances } from '../../db/repositories/platform-balances.ts';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually, type TestClient, type TestHub } from '../kit/hub.ts';
import { meanwhile } from '../kit/meanwhile.ts';
import { ensureSchedules } from '../../worker/schedules.ts';
import { lendTools } from '../../worker/tools.ts';

let api: MoneyApi;
let hub: TestHub;
let olga: Caller;
let boris: Caller;
const connections: Record<string, number> = {};
const HOUR = 3_600_000;
const began = new Date(Math.floor(Date.now() / 1000) * 1000 - HOUR);

beforeAll(async () => {
  api = await MoneyApi.start({ settleAfter: 1_000, secondLook: 100 }, ['stripe', 'paper']);
  hub = api.hub;
  [olga, boris] = await Promise.all([api.operator(), api.operator()]);
  const { rows } = await hub.pool.query<{ id: number; name: string }>(`select id, name from connection`);
  for (const { id, name } of rows) connections[name] = id;
  await hub.pool.query(
    `with m as (insert into payment_method (direction, name, caption, provider, connection_id, flow) values ('deposit', 'card', 'Card', 'stripe', $1, 'invoice') returning id)
     insert into payment_method_currency (method_id, type, currency) select id, 'TR', 840 from m`,
    [connections['stripe']],
  );
  await hub.approvals('deposit', 0);
});
afterAll(() => api?.stop());
afterEach(async () => {
  for (const id of ['mt5', 'stripe']) hub.sandbox(id).faults.clear();
  await hub.pool.query(
    `update connection_health set state = 'closed', failures_in_row = 0, trials = 0, paused_until = null`,
  );
});

const pass = (ms: number) => new Promise((done) => setTimeout(done, ms));
const wholeSecond = () => new Date(Math.floor(Date.now() / 1000) * 1000);
const order = async (connection: string, from = began): Promise<any> => {
  await pass(1_100); // the window ends with a whole second that is over
  const window = { connectionId: connections[connection], from: from.toISOString(), to: wholeSecond().toISOString() };
  const { status, body } = await olga.call('POST /reconciliations', window);
  expect([status, body]).toEqual([200, expect.objectContaining({ connectionId: connections[connection] })]);
  return { ...body, window };
};
const seen = async (id: number): Promise<any> => (await olga.call(`GET /reconciliations/${id}`)).body;
/** Its row tells so a moment before its run is over; ordered anew in between, it would wait for the sweep. */
const ended = async (id: number): Promise<any> => {
  const run = await eventually(async () => {
    const now = await seen(id);
    return ['done', 'cannot_compare'].includes(now.state) ? now : null;
  }, `comparison ${id} to end`);
  await hub.ends(run.workflowId);
  return run;
};
const compare = async (connection: string, from = began): Promise<any> => ended((await order(connection, from)).id);
const differences = async (filter: string): Promise<any[]> =>
  (await olga.call(`GET /reconciliation-differences?limit=1000&${filter}`)).body.data;
const ofAccount = (accountId: number) => differences(`filter[accountId]=${accountId}`);
const requestOf = (differenceId: number): Promise<any> =>
  eventually(
    async () =>
      (await olga.call('GET /applications?limit=1000&filter[type]=reconciliation')).body.data.find(
        (one: any) => one.data.differenceId === differenceId,
      ),
    'a request about the difference',
  );

interface Trader {
  client: TestClient;
  accountId: number;
  login: string;
}
const trader = async (): Promise<Trader> => {
  const client = await hub.clientWith('500', 'USD');
  return { client, ...(await hub.openTradingAccount(client.clientId)) };
};
const transferred = async ({ client, accountId }: Trader, amount: string): Promise<number> => {
  const transfer = await client.transfer(amount, client.wallet, accountId);
  await hub.reaches(transfer, 'done');
  return transfer;
};
const referenceOf = async (transactionId: number): Promise<string> =>
  (
    await hub.one<{ reference: string }>(`select reference from money_transaction where transaction_id = $1`, [
      transactionId,
    ])
  ).reference;
const lookedAt = async ({ accountId }: Trader): Promise<number> =>
  (
    await hub.one<{ at: Date }>(`select looked_at as at from provider_account where account_id = $1`, [accountId])
  ).at.getTime();
/** A dealer books on the platform by himself. */
const dealerBooks = async ({ login }: Trader, kind: 'deposit' | 'withdraw', amount: string, comment: string) => {
  const tools = lendTools(hub.settings, hub.pool, hub.client, hub.timings);
  const { adapter, ctx } = await tools.open('trading', connections['mt5']!);
  const currency = { alphabeticCode: 'USD', minorUnit: 2 };
  await adapter.applyBalance(ctx, { login, kind, amount, currency, operationKey: comment, text: '' });
};

describe('a trading platform whose books agree with ours', () => {
  it('raises nothing, whatever trades made of the balance', async () => {
    const one = await trader();
    await transferred(one, '120.00');
    await hub.sandbox('mt5').advance(one.login, 'open_position');
    await pass(1_500);
    await hub.sandbox('mt5').advance(one.login, 'close_position');
    const run = await compare('mt5');
    expect(run).toMatchObject({ state: 'done', found: 0, waitsFor: null, userId: olga.id });
    expect(run.accounts).toBeGreaterThan(0);
    expect(run.movements).toBeGreaterThan(0);
    expect(await ofAccount(one.accountId)).toEqual([]);
  });

  it('says whose balance it could not compare', async () => {
    const one = await trader();
    await transferred(one, '400.00');
    await hub.sandbox('mt5').advance(one.login, 'open_position');
    const run = await compare('mt5');
    expect(run.leftOut).toContainEqual({ reason: 'accounts with open positions', count: 1 });
    await hub.sandbox('mt5').advance(one.login, 'close_position');
  });
});

it('a balance is not compared when money moved after it was looked at, however long ago that is by now', async () => {
  const one = await trader();
  await transferred(one, '100.00');
  await compare('mt5');
  const late = await transferred(one, '50.00');
  await hub.pool.query(`update provider_account set looked_at = now() - interval '2 hours' where account_id = $1`, [
    one.accountId,
  ]);
  const isBusy = async (movedBefore: string) => {
    await hub.pool.query(
      `update money_transaction set update_time = now() - case transaction_id when $2 then $3::interval else interval '1 day' end where credit_account_id = $1`,
      [one.accountId, late, movedBefore],
    );
    const page = { connectionId: connections['mt5']!, after: 0, only: one.accountId, limit: 10 };
    const [balance] = await platformBalances(hub.pool, { ...page, settledBefore: new Date(Date.now() - HOUR) });
    return balance!.isBusy;
  };
  expect([await isBusy('90 minutes'), await isBusy('150 minutes'), await isBusy('4 hours')]).toEqual([
    true,
    true,
    false,
  ]);
});

it('an operation that a platform tells at another hour, because its clock changed, is still one operation', async () => {
  const { accountId } = await trader();
  const connectionId = connections['mt5']!;
  const keep = async (at: number, from: number) => {
    const operation = { kind: 'operation', providerId: '7', amount: '5', currencyCode: 840, at } as const;
    await keepMovements(hub.pool, { connectionId, accountId, from: new Date(from), to: new Date(), movements: [operation] }); // prettier-ignore
    return (await hub.pool.query(`select at from provider_movement where account_id = $1`, [accountId])).rows;
  };
  const at = began.getTime();
  await keep(at, at - HOUR);
  expect(await keep(at + HOUR / 2, at + HOUR / 4)).toEqual([{ at: new Date(at + HOUR / 2) }]);
});

it('a comparison whose order is sent again, because nobody heard of it, is not made again', async () => {
  await pass(1_100);
  const window = { connectionId: connections['mt5'], from: began.toISOString(), to: wholeSecond().toISOString() };
  const sent = async (key: string) =>
    (await olga.call('POST /reconciliations', window, { 'idempotency-key': key })).body.id;
  const id = await sent('once');
  const { processTime } = await ended(id);
  const orders = () => api.count(`audit where action = 'reconciliation.create' and object = 'reconciliation:${id}'`);
  await hub.pool.query(`update idempotency set status = null, body = null where key = 'once'`);
  expect(await sent('once')).toBe(id);
  expect([await orders(), (await seen(id)).processTime]).toEqual([1, processTime]);
  expect(await sent('another time')).toBe(id);
  expect(await orders()).toBe(2);
  await ended(id);
});

describe('a trading platform whose books differ', () => {
  it('is shown with what a dealer booked by himself, once, until a person says how it was settled', async () => {
    const one = await trader();
    await dealerBooks(one, 'deposit', '50.00', 'bonus');
    const first = await order('mt5');
    // A second call for the same window finds the run under way.
    await olga.call('POST /reconciliations', first.window);
    expect(await ended(first.id)).toMatchObject({ found: 1 });
    const [found, ...more] = await ofAccount(one.accountId);
    expect(more).toEqual([]);
    expect(found).toMatchObject({
      kind: 'missing_here',
      state: 'open',
      clientId: one.client.clientId,
      theirs: { amount: '50.000000000000000000', currencyCode: 840 },
      ours: null,
      offBy: '50.000000000000000000',
      why: expect.stringContaining('mt5 moved 50 USD'),
    });

    const request = await requestOf(found.id);
    expect(request).toMatchObject({ purpose: 'difference', statusId: 0, clientId: one.client.clientId });
    expect((await compare('mt5')).found).toBe(0);
    expect(await ofAccount(one.accountId)).toHaveLength(1);

    const approve = (body: object) => boris.call(`POST /applications/${request.id}/approve`, body);
    expect((await approve({})).status).toBe(400);
    expect((await boris.call(`POST /applications/${request.id}/reject`, { resolutionId: 1 })).status).toBe(409);
    const evidence = { bankReference: 'STMT-9', valueDate: '2026-01-31' };
    const settled = await approve({ comment: 'a bonus, booked in the bonus system', evidence });
    expect([settled.status, settled.body.status]).toEqual([200, 'approved']);
    await hub.ends(found.workflowId);
    expect((await ofAccount(one.accountId))[0]).toMatchObject({
      state: 'settled',
      note: 'a bonus, booked in the bonus system',
      userId: boris.id,
    });
    expect((await compare('mt5')).found).toBe(0);
    expect(await ofAccount(one.accountId)).toHaveLength(1);
    expect(await hub.one(`select difference_id from bank_evidence where bank_reference = 'STMT-9'`)).toEqual({
      difference_id: found.id,
    });
    expect(await hub.breaches()).toEqual([]);
    const { balance } = await hub.one<{ balance: string }>(
      `select trim_scale(balance)::text as balance from ledger_account where code = 'trading:' || $1`,
      [one.accountId],
    );
    expect(balance).toBe('0');
  });

  it('names a reference that looks like ours and is none', async () => {
    const one = await trader();
    await dealerBooks(one, 'deposit', '10.00', 'KAAAAAAAAAAAA');
    await compare('mt5');
    expect(await ofAccount(one.accountId)).toEqual([
      expect.objectContaining({ kind: 'unknown_reference', why: expect.stringContaining('KAAAAAAAAAAAA') }),
    ]);
  });

  it('names an amount that was booked twice, and ends by itself when it is put right', async () => {
    const one = await trader();
    const transfer = await transferred(one, '20.00');
    const reference = await referenceOf(transfer);
    await dealerBooks(one, 'deposit', '20.00', reference);
    await compare('mt5');
    const [found] = await ofAccount(one.accountId);
    expect(found).toMatchObject({ kind: 'other_amount', transactionId: transfer, offBy: '20.000000000000000000' });
    const request = await requestOf(found.id);

    await dealerBooks(one, 'withdraw', '20.00', reference);
    expect((await compare('mt5')).resolved).toBeGreaterThan(0);
    expect(await ofAccount(one.accountId)).toEqual([
      expect.objectContaining({ id: found.id, state: 'resolved', note: 'The books agree by now.' }),
    ]);
    await hub.ends(found.workflowId);
    expect((await olga.call(`GET /applications/${request.id}`)).body).toMatchObject({ status: 'approved', user: null });
  });

  it('goes on watching when an operator says so, and sees that it was put right', async () => {
    const one = await trader();
    const reference = await referenceOf(await transferred(one, '20.00'));
    await dealerBooks(one, 'deposit', '5.00', reference);
    await compare('mt5');
    const [found] = await ofAccount(one.accountId);
    await requestOf(found.id);
    const watch = (comment: string) => olga.call(`POST /reconciliation-differences/${found.id}/watch`, { comment });
    const before = await lookedAt(one);
    const watched = await watch('the dealer looks into it');
    expect([watched.status, watched.body.status]).toEqual([200, 'pending']);
    expect(watched.body.decisions).toEqual([expect.objectContaining({ decision: 'continue' })]);
    await eventually(async () => (await lookedAt(one)) > before, 'the account to be read again');
    expect(await ofAccount(one.accountId)).toEqual([expect.objectContaining({ state: 'open' })]);

    await dealerBooks(one, 'withdraw', '5.00', reference);
    expect((await watch('he says it is done')).status).toBe(200);
    await hub.ends(found.workflowId);
    expect(await ofAccount(one.accountId)).toEqual([expect.objectContaining({ state: 'resolved' })]);
    expect((await watch('once more')).status).toBe(409);
  });

  it('names what our books hold as done and the platform never did', async () => {
    const one = await trader();
    hub.sandbox('mt5').fault({ match: { path: '/api/trade/balance' }, kind: 'reset', times: 100 });
    const transfer = await one.client.transfer('30.00', one.client.wallet, one.accountId);
    await hub.reaches(transfer, 'assistance', 60_000);
    await hub.decide(transfer, boris.id, 'mark_done');
    await hub.reaches(transfer, 'done');
    hub.sandbox('mt5').faults.clear();
    await compare('mt5');
    expect(await ofAccount(one.accountId)).toEqual([
      expect.objectContaining({ kind: 'missing_there', transactionId: transfer, offBy: '-30.000000000000000000' }),
    ]);
  });

  it('names what it did and our books hold as failed', async () => {
    const one = await trader();
    hub.sandbox('mt5').fault({ match: { path: '/api/trade/balance' }, kind: 'reset_after_commit', times: 1 });
    hub.sandbox('mt5').fault({ match: { path: '/api/deal' }, kind: 'http_500', times: 100 });
    const transfer = await one.client.transfer('30.00', one.client.wallet, one.accountId);
    await hub.reaches(transfer, 'assistance', 60_000);
    await hub.decide(transfer, boris.id, 'mark_failed');
    await hub.reaches(transfer, 'failed');
    hub.sandbox('mt5').faults.clear();
    await compare('mt5');
    expect(await ofAccount(one.accountId)).toEqual([
      expect.objectContaining({ kind: 'not_done_here', transactionId: transfer, theirs: expect.anything() }),
    ]);
  });

  it('shows a balance that nothing explains', async () => {
    const one = await trader();
    await dealerBooks(one, 'deposit', '7.00', 'before our time');
    await pass(2_500); // what lies before the window and its margin is not read
    await compare('mt5', wholeSecond());
    const [found, ...more] = await ofAccount(one.accountId);
    expect(more).toEqual([]);
    expect(found).toMatchObject({ kind: 'other_balance', offBy: '7.000000000000000000' });
    expect(found.why).toContain('7 is not explained');

    // The operation comes to light: it is a difference of its own, and explains the balance.
    await compare('mt5');
    const after = await ofAccount(one.accountId);
    expect(after.map(({ kind, state }) => [kind, state])).toEqual([
      ['other_balance', 'resolved'],
      ['missing_here', 'open'],
    ]);
  });

  it('does not know an account of ours any more', async () => {
    const one = await trader();
    const { rows } = await hub.pool.query(
      `update account set account_number = '99' where account_id = $1 returning account_id`,
      [one.accountId],
    );
    expect(rows).toHaveLength(1);
    await compare('mt5');
    expect(await ofAccount(one.accountId)).toEqual([expect.objectContaining({ kind: 'account_missing' })]);
    await hub.pool.query(`update account set account_number = $2 where account_id = $1`, [one.accountId, one.login]);
    await compare('mt5');
    expect(await ofAccount(one.accountId)).toEqual([expect.objectContaining({ state: 'resolved' })]);
  });
});

describe('a payment provider', () => {
  const paid = async (amount: string): Promise<number> => {
    const client = await hub.clientWith('0', 'USD');
    const deposit = await client.deposit(amount, { method: 'card' });
    await hub.reaches(deposit, 'awaiting_payer');
    await hub.sandbox('stripe').pay(await referenceOf(deposit));
    await hub.reaches(deposit, 'done');
    return deposit;
  };
  const ofTransaction = (transactionId: number) => differences(`filter[transactionId]=${transactionId}`);

  it('whose books agree raises nothing', async () => {
    const deposit = await paid('25.00');
    const run = await compare('stripe');
    expect(run).toMatchObject({ state: 'done', found: 0 });
    expect(run.movements).toBeGreaterThan(0);
    expect(await ofTransaction(deposit)).toEqual([]);
  });

  it('names another currency, until its books say otherwise', async () => {
    const deposit = await paid('26.00');
    const swap = {
      match: { path: '/v1/balance_transactions' },
      kind: 'swap',
      from: '"currency":"usd"',
      to: '"currency":"eur"',
    } as const;
    hub.sandbox('stripe').fault({ ...swap, times: 100 });
    await compare('stripe');
    const [found] = await ofTransaction(deposit);
    expect(found).toMatchObject({ kind: 'other_currency', offBy: null, theirs: { currencyCode: 978 } });
    hub.sandbox('stripe').faults.clear();
    await compare('stripe');
    expect(await ofTransaction(deposit)).toEqual([expect.objectContaining({ state: 'resolved' })]);
  });

  it('has nothing of a deposit that our books credited', async () => {
    const client = await hub.clientWith('0', 'USD');
    const deposit = await client.deposit('27.00', { method: 'card' });
    await hub.reaches(deposit, 'awaiting_payer');
    await post(hub.pool, `transaction:${deposit}:credit`, [
      {
        do: 'post',
        from: `provider:${connections['stripe']}:clearing:USD`,
        to: `wallet:${client.wallet}`,
        amount: '27',
      },
    ]);
    await hub.pool.query(
      `update money_transaction set stage = 'done', status = 'done', process_time = now() where transaction_id = $1`,
      [deposit],
    );
    await compare('stripe');
    expect(await ofTransaction(deposit)).toEqual([
      expect.objectContaining({ kind: 'missing_there', clientId: client.clientId, offBy: '-27.000000000000000000' }),
    ]);
  });

  describe('that paid out in another currency than the account has', () => {
    const paidOut = async (): Promise<number> => {
      const client = await hub.clientWith('50', 'EUR');
      await hub.pool.query(
        `with m as (
           insert into payment_method (direction, name, caption, provider, connection_id, flow) select 'withdrawal', 'transfer', 'Transfer', 'stripe', $1, 'send'
            where not exists (select from payment_method where name = 'transfer') returning id)
         insert into payment_method_currency (method_id, type, currency) select id, type, currency from m, (values ('TR', 978), ('PS', 840)) as c(type, currency)`,
        [connections['stripe']],
      );
      await hub.approvals('withdrawal', 0);
      const { id: method } = await hub.methodId('transfer');
      const payout = await hub.order(
        {
          type: 'withdrawal',
          client_id: client.clientId,
          debit_account_id: client.wallet,
          currency: 978,
          amount: '10',
          method_id: method,
          connection_id: connections['stripe'],
          data: { address: 'acct_1SandboxAnna' },
        },
        false,
      );
      await hub.pool.query(
        `insert into transaction_exchange (transaction_id, currency, rate, market_rate, source, source_time, quoted_at, expires_at, fixed_at, amount)
         values ($1, 840, 1.1, 1.1, 'test', now(), now(), now() + interval '1 hour', now(), 11)`,
        [payout],
      );
      await hub.steering.beginMoney('payout', payout);
      await hub.reaches(payout, 'done');
      return payout;
    };

    it('raises nothing while both moved the same of it', async () => {
      await paid('30.00');
      const payout = await paidOut();
      await compare('stripe');
      expect(await ofTransaction(payout)).toEqual([]);
    });

    it('and shows nothing of it differs by what left, in its own currency', async () => {
      await paid('30.00');
      const payout = await paidOut();
      const hidden = { kind: 'swap', from: '"object":"transfer"', to: '"object":"topup"', times: 100 } as const;
      hub.sandbox('stripe').fault({ match: { path: '/v1/balance_transactions' }, ...hidden });
      await compare('stripe');
      expect(await ofTransaction(payout)).toEqual([
        expect.objectContaining({
          kind: 'missing_there',
          ours: { amount: '11.000000000000000000', currencyCode: 840 },
        }),
      ]);
    });
  });

  it('moved money of which nobody here knows: a request that concerns no client', async () => {
    const tools = lendTools(hub.settings, hub.pool, hub.client, hub.timings);
    const { adapter, ctx } = await tools.open('payments', connections['stripe']!);
    const currency = { numericCode: 840, alphabeticCode: 'USD', minorUnit: 2 };
    await adapter.createPayout!(ctx, {
      reference: 'by-hand', amount: '12.00', currency, label: 'by hand', destination: { address: 'acct_1SandboxAnna' },
    }); // prettier-ignore
    await compare('stripe');
    const [found] = await differences('filter[kind]=missing_here&filter[connectionId]=' + connections['stripe']);
    expect(found).toMatchObject({ clientId: null, theirs: { amount: '12.000000000000000000' } });
    expect(await requestOf(found.id)).toMatchObject({ clientId: null, client: null });
  });

  it('that shows no books cannot be compared, which is not the same as clean', async () => {
    const run = await compare('bank');
    expect(run).toMatchObject({ state: 'cannot_compare', movements: 0 });
    await hub.ends(run.workflowId);
  });
});

describe('a difference and its request', () => {
  const found = async (subject: string): Promise<number> => {
    const { id: reconciliationId } = await compare('bank');
    const nobody = { clientId: null, accountId: null, transactionId: null, reference: null, providerId: null };
    const numbers = { ours: null, oursCurrency: null, theirs: '12', theirsCurrency: 840, offBy: '12' };
    const recorded = await recordDifference(hub.pool, {
      ...{
        connectionId: connections['bank']!,
        reconciliationId,
        subject,
        kind: 'missing_here',
        why: 'Nobody knows it.',
      },
      ...{ ...nobody, ...numbers, at: new Date() },
    });
    return (recorded as { id: number }).id;
  };
  const tools = () => ({ pool: hub.pool, run: { workflowId: 'difference', runId: '' } }) as Tools;

  it('end together, also when the request is being opened as the books agree', async () => {
    const differenceId = await found('payout:just-opened');
    const ended = await meanwhile(
      hub.pool,
      // What opening a request does.
      async (db) => {
        await db.query(`select from reconciliation_difference where id = $1 for update`, [differenceId]);
        await db.query(
          `insert into application (type, purpose, difference_id, workflow_id, data) values ('reconciliation', 'difference', $1, 'difference', '{}')`,
          [differenceId],
        );
      },
      () =>
        inTransaction(hub.pool, (db) =>
          resolveDifference(db, connections['bank']!, 'payout:just-opened', 'The books agree by now.'),
        ),
    );
    expect(ended).toEqual([differenceId]);
    expect(
      await hub.one(`select status_id as status, comment from application where difference_id = $1`, [differenceId]),
    ).toEqual({ status: 1, comment: 'The books agree by now.' });
  });

  it('are locked in the order of a decision: the request first', async () => {
    const differenceId = await found('payout:asked-again');
    const { applicationId } = (await openDifferenceRequest({ differenceId }, tools()))!;
    const asked = await meanwhile(
      hub.pool,
      (db) => db.query(`select from application where id = $1 for update`, [applicationId]),
      () => openDifferenceRequest({ differenceId }, tools()),
      {
        more: (db) => db.query(`select from reconciliation_difference where id = $1 for update nowait`, [differenceId]),
      },
    );
    expect(asked).toMatchObject({ applicationId });
    await inTransaction(hub.pool, (db) =>
      resolveDifference(db, connections['bank']!, 'payout:asked-again', 'The books agree by now.'),
    );
    expect(await openDifferenceRequest({ differenceId }, tools())).toBeNull();
  });
});

describe('a provider that is down', () => {
  it('keeps the comparison waiting, and it says so', async () => {
    hub.sandbox('stripe').fault({ match: {}, kind: 'http_500', times: 1_000 });
    const { id } = await order('stripe');
    const waiting = await eventually(async () => {
      const run = await seen(id);
      return run.waitsFor ? run : null;
    }, 'the comparison to say what it waits for');
    expect(waiting).toMatchObject({ state: 'reading', waitsFor: expect.stringContaining('the provider: ') });
    hub.sandbox('stripe').faults.clear();
    expect(await ended(id)).toMatchObject({ state: 'done', waitsFor: null });
  });
});

describe('the daily schedule', () => {
  it('is there once a worker has started, spreads its beginning and never overlaps', async () => {
    await ensureSchedules(hub.client);
    await ensureSchedules(hub.client);
    const described = await hub.client.schedule.getHandle('reconcile').describe();
    for (const name of ['reconcile', 'refresh-rates', 'sweep']) await hub.client.schedule.getHandle(name).delete();
    expect(described).toMatchObject({
      action: { workflowType: 'reconcile' },
      policies: { overlap: 'SKIP' },
      spec: { intervals: [{ every: 24 * HOUR }], jitter: 15 * 60_000 },
    });
  });

  it('ends a run that is stuck, also when an earlier release made the schedule, and stays paused when it was', async () => {
    const { schedule } = hub.client;
    await schedule.create({
      scheduleId: 'sweep',
      spec: { intervals: [{ every: '30s' }] },
      policies: { overlap: 'SKIP' },
      action: { type: 'startWorkflow', workflowType: 'sweep', workflowId: 'sweep', taskQueue: 'hub' },
      state: { paused: true },
    });
    await ensureSchedules(hub.client);
    const names = ['sweep', 'refresh-rates', 'reconcile'];
    const described = await Promise.all(names.map((name) => schedule.getHandle(name).describe()));
    for (const name of names) await schedule.getHandle(name).delete();
    expect(described.map(({ action }) => action.workflowRunTimeout)).toEqual([600_000, 600_000, 600_000]);
    expect(described[0]).toMatchObject({ state: { paused: true }, spec: { intervals: [{ every: 30_000 }] } });
  });

  it('compares the day that is over for every connection that moves money, once', async () => {
    const run = (name: string) =>
      hub.client.workflow.execute('reconcile', { workflowId: name, taskQueue: 'hub' }) as Promise<{ started: number }>;
    const { started } = await run('reconcile-1');
    expect(started).toBeGreaterThanOrEqual(5);
    expect(await run('reconcile-2')).toEqual({ started: 0 });
    const { body } = await olga.call('GET /reconciliations?limit=1000');
    const byItself = body.data.filter((one: any) => one.userId === null);
    expect(byItself).toHaveLength(started);
    for (const { id, from, to } of byItself) {
      expect(Date.parse(to) - Date.parse(from)).toBe(24 * HOUR);
      await ended(id);
    }
  });
});

describe('who may compare', () => {
  const window = () => ({
    connectionId: connections['stripe'],
    from: began.toISOString(),
    to: new Date(began.getTime() + 1000).toISOString(),
  });

  it('is said by the permission', async () => {
    const reader = await api.operator(['reconciliation.read']);
    expect((await reader.call('GET /reconciliations')).status).toBe(200);
    expect((await reader.call('GET /reconciliation-differences')).status).toBe(200);
    expect((await reader.call('POST /reconciliations', window())).status).toBe(403);
    const other = await api.operator(['requests.read']);
    expect((await other.call('GET /reconciliations')).status).toBe(403);
  });

  it.each([
    ['to', { to: '2031-01-31T00:00:00Z' }],
    ['to', { to: '2020-01-31T00:00:00Z' }],
    ['to', { from: '2020-01-31T00:00:00Z' }],
    ['from', { from: 'yesterday' }],
    ['from', { from: '0026-01-30T00:00:00Z', to: '0026-01-31T00:00:00Z' }],
    ['from', { from: '1970-01-01T00:00:00Z', to: '1970-01-02T00:00:00Z' }],
    ['from', { from: '2026-01-31T00:00:00.500Z' }],
    ['connectionId', { connectionId: 'one' }],
    ['more', { more: true }],
  ])('is told which field is wrong: %s', async (field, change) => {
    const { status, body } = await olga.call('POST /reconciliations', { ...window(), ...change });
    expect([status, body.error.details[0].field]).toEqual([400, field]);
    expect(body.error.details[0].issue).toContain(`${field} `);
  });

  it('cannot compare what is not there, or moves no money', async () => {
    expect((await olga.call('POST /reconciliations', { ...window(), connectionId: 4_242 })).status).toBe(404);
    expect((await olga.call('GET /reconciliations/4242')).status).toBe(404);
    expect((await olga.call('POST /reconciliation-differences/4242/watch', {})).status).toBe(404);
  });
});
