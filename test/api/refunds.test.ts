import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tools } from '../../activities/kit/activity.ts';
import { bookAftermath } from '../../activities/ledger/book-aftermath.ts';
import { bookPayout } from '../../activities/ledger/book-payout.ts';
import { bookReversals } from '../../activities/ledger/book-reversals.ts';
import { post } from '../../db/repositories/ledger.ts';
import { walletCode } from '../../domain/chart-of-accounts.ts';
import { lendTools } from '../../worker/tools.ts';
import { eventually } from '../kit/hub.ts';
import { type Caller, MoneyApi } from './money-hub.ts';

let api: MoneyApi;
let olga: Caller;
let boris: Caller;
const stripe = () => api.hub.sandbox('stripe');

beforeAll(async () => {
  api = await MoneyApi.start({}, ['stripe', 'praxis']);
  for (const [provider, currency] of [
    ['stripe', 840],
    ['praxis', 978],
  ])
    await api.hub.pool.query(
      `with made as (
         insert into payment_method (direction, name, caption, provider, connection_id, flow)
         select 'deposit', provider || '-card', 'Card', provider, id, 'invoice' from connection where name = $1 returning id)
       insert into payment_method_currency (method_id, type, currency, min, caption)
       select id, type, $2, 1, 'Cards' from made, unnest(array['TR', 'PS']) as type`,
      [provider, currency],
    );
  await api.hub.approvals('deposit', 0);
  olga = await api.operator();
  boris = await api.operator();
});
afterAll(() => api?.stop());
beforeEach(() => api.hub.approvals('withdrawal', 0));

type Client = Awaited<ReturnType<MoneyApi['clientWith']>>;

/** A card payment that was credited; answers the transaction's id. */
const paid = async (
  amount: string,
  provider: 'stripe' | 'praxis' = 'stripe',
  commission = '0',
): Promise<{ client: Client; id: number }> => {
  const client = await api.clientWith('0', provider === 'stripe' ? 'USD' : 'EUR');
  const id = await client.of.deposit(amount, { method: `${provider}-card`, vendor_commission: commission });
  await api.hub.reaches(id, 'awaiting_payer');
  await api.hub.sandbox(provider).pay(await api.hub.providerId(id));
  await api.hub.reaches(id, 'done');
  return { client, id };
};

const refund = (by: Caller, id: number, body: object = {}) =>
  by.call(`POST /transactions/${id}/refund`, body, { 'idempotency-key': randomUUID() });

/** The payer goes to his bank: it takes a payment back by itself. */
const disputed = async (id: number, page?: string): Promise<void> => {
  await stripe().advance(page ?? (await api.hub.providerId(id)), 'dispute');
  await eventually(
    async () =>
      (await api.hub.pool.query(`select from deposit_reversal where transaction_id = $1 and booked`, [id])).rowCount,
    'the dispute to be booked',
  );
};

/** What Stripe gave back by our order. */
const givenBack = (state = 'succeeded') =>
  stripe()
    .books()
    .filter((entry) => entry.kind === 'refund' && entry.state === state);

const ofDeposit = async (id: number) =>
  await api.hub.one<{ sum: string; n: number }>(
    `select coalesce(trim_scale(sum(final_amount)), 0)::text as sum, count(*)::int as n from money_transaction where parent_id = $1 and stage = 'done'`,
    [id],
  );

describe('a refund of which a part came back', () => {
  it('still gives the rest: so much less is left of the deposit, also for its provider', async () => {
    const { id } = await paid('100.00');
    const { transactionId } = (await refund(olga, id, { amount: '60' })).body;
    await api.hub.reaches(transactionId, 'done');
    const tools = lendTools(api.hub.settings, api.hub.pool, api.hub.client, api.hub.timings);
    const seen = { state: 'returned', providerStatus: 'failed', amount: '20' } as const;
    const run = { workflowId: `payout-return:${transactionId}`, runId: '' };
    await bookAftermath({ transactionId, seen }, { ...tools, run } as Tools);
    await api.hub.reaches(transactionId, 'returned');
    const more = await refund(olga, id, { amount: '61' });
    expect(more).toMatchObject({ status: 400, body: { error: { details: [{ reason: 'amount_too_big' }] } } });
    expect(JSON.stringify(more.body)).toContain('60 is left of the deposit');
  });
});

describe('a refund', () => {
  it('gives a part of a deposit back the way it came, and the rest later; then the deposit counts as given back', async () => {
    const { client, id } = await paid('100.00');
    const first = await refund(olga, id, { amount: '60', comment: 'wrong card' });
    expect(first).toMatchObject({
      status: 201,
      body: { type: 'withdrawal', refundOf: id, comment: 'wrong card', user: { id: olga.id } },
    });
    await api.hub.reaches(first.body.transactionId, 'done');
    expect(await client.of.balance()).toEqual({ balance: '40', held: '0' });
    expect(await api.hub.stage(id)).toBe('done');

    const rest = await refund(olga, id);
    expect(rest.body.debitDetails.amount).toMatch(/^40\.0+$/);
    await api.hub.reaches(rest.body.transactionId, 'done');
    expect(await client.of.balance()).toEqual({ balance: '0', held: '0' });
    expect(await api.hub.stage(id)).toBe('returned');
    expect(givenBack().map(({ amount }) => amount)).toEqual(expect.arrayContaining(['60', '40']));
    expect(await refund(olga, id)).toMatchObject({
      status: 403,
      body: { error: { details: [{ reason: 'restricted' }] } },
    });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('is never more than what is left, however many ask at once', async () => {
    const { client, id } = await paid('100.00');
    await client.of.deposit('1.00', { method: 'bank-transfer' }); // nothing of it is credited
    const answers = await Promise.all(Array.from({ length: 6 }, () => refund(olga, id, { amount: '30' })));
    const made = answers.filter(({ status }) => status === 201);
    expect(made).toHaveLength(3);
    for (const { status, body } of answers)
      if (status !== 201) expect(body.error.details).toMatchObject([{ reason: 'amount_too_big', field: 'amount' }]);
    for (const { body } of made) await api.hub.reaches(body.transactionId, 'done');
    expect(await ofDeposit(id)).toEqual({ sum: '90', n: 3 });
  });

  it('takes nothing the client has spent already', async () => {
    const { client, id } = await paid('100.00');
    await api.hub.approvals('withdrawal', 1);
    await client.of.withdraw('50.00', { method: 'bank-payout', data: { iban: 'DE02', accountHolder: 'Ann' } });
    expect(await refund(olga, id)).toMatchObject({
      status: 400,
      body: { error: { details: [{ reason: 'insufficient_funds', field: 'amount' }] } },
    });
  });

  it('waits for an approval by somebody else, holding the money', async () => {
    await api.hub.approvals('withdrawal', 1);
    const { client, id } = await paid('100.00');
    const { body } = await refund(olga, id);
    await api.hub.reaches(body.transactionId, 'awaiting_approval');
    expect(await client.of.balance()).toEqual({ balance: '100', held: '100' });
    const { id: request } = await api.hub.openRequest(body.transactionId);
    expect(await olga.call(`POST /applications/${request}/approve`, {})).toMatchObject({ status: 403 });
    expect(await boris.call(`POST /applications/${request}/approve`, {})).toMatchObject({ status: 200 });
    await api.hub.reaches(body.transactionId, 'done');
  });

  it('is the broker’s wish: the client cannot stop it', async () => {
    await api.hub.approvals('withdrawal', 1);
    const { client, id } = await paid('100.00');
    const { transactionId } = (await refund(olga, id)).body;
    await api.hub.reaches(transactionId, 'awaiting_approval');
    expect(await client.call(`POST /my/transactions/${transactionId}/cancel`)).toMatchObject({
      status: 403,
      body: { error: { details: [{ reason: 'restricted' }] } },
    });
    expect(await client.of.balance()).toEqual({ balance: '100', held: '100' });
    expect((await olga.call(`POST /transactions/${transactionId}/cancel`)).status).toBe(200);
  });

  it('that was approved after the payer disputed the payment gives nothing back twice', async () => {
    await api.hub.approvals('withdrawal', 1);
    const { client, id } = await paid('100.00');
    const { body } = await refund(olga, id);
    const { id: request } = await api.hub.openRequest(body.transactionId);
    await disputed(id);
    await boris.call(`POST /applications/${request}/approve`, {});
    await api.hub.reaches(body.transactionId, 'failed');
    expect(await client.of.balance()).toEqual({ balance: '100', held: '0' });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('that the payer disputed while it could not be sent yet is not sent any more', async () => {
    const { client, id } = await paid('100.00');
    const before = givenBack().length;
    stripe().fault({ match: { method: 'POST', path: '/v1/refunds' }, kind: 'http_429', times: 1_000 });
    const { body } = await refund(olga, id);
    await disputed(id);
    // An attempt that began before it is over.
    await api.hub.rests(`payout:${body.transactionId}`);
    stripe().faults.clear();
    await api.hub.reaches(body.transactionId, 'failed');
    expect((await olga.call(`GET /transactions/${body.transactionId}`)).body.resolution).toContain('Nothing is left');
    expect(givenBack()).toHaveLength(before);
    expect(await client.of.balance()).toEqual({ balance: '100', held: '0' });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('of a whole deposit that the payer disputes too takes no more than the payment a second time, commission and all', async () => {
    const { client, id } = await paid('100.00', 'stripe', '2');
    await post(api.hub.pool, `test:more:${id}`, [
      { do: 'post', from: 'house:suspense:USD', to: walletCode(client.wallet), amount: '50' },
    ]);
    const { body } = await refund(olga, id);
    await api.hub.reaches(body.transactionId, 'done');
    expect(await client.of.balance()).toEqual({ balance: '48', held: '0' });

    await disputed(id);
    expect(await client.of.balance()).toEqual({ balance: '48', held: '0' });
    expect(
      await api.hub.one(
        `select trim_scale(from_client)::text as client, trim_scale(from_income)::text as income, trim_scale(from_suspense)::text as suspense,
                (select trim_scale(sum(x.amount))::text from ledger_transfer x
                  where x.operation_key = 'reversal:' || r.id || ':taken:0') as posted
           from deposit_reversal r where transaction_id = $1`,
        [id],
      ),
    ).toEqual({ client: '0', income: '2', suspense: '98', posted: '100' });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('may still be ordered after the bank of the payer has asked about the deposit: that takes nothing', async () => {
    const { client, id } = await paid('100.00');
    await stripe().advance(await api.hub.providerId(id), 'inquiry');
    const seen = `select from deposit_reversal where transaction_id = $1 and kind = 'dispute'`;
    await eventually(async () => (await api.hub.pool.query(seen, [id])).rowCount, 'the inquiry to be looked into');
    expect(await client.of.balance()).toEqual({ balance: '100', held: '0' });

    const { body } = await refund(olga, id);
    await api.hub.reaches(body.transactionId, 'done');
    expect(await client.of.balance()).toEqual({ balance: '0', held: '0' });
    expect(await api.hub.stage(id)).toBe('returned');
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('is booked once, also when its provider tells of it as something that was taken back', async () => {
    const { client, id } = await paid('100.00');
    const { body } = await refund(olga, id, { amount: '40' });
    await api.hub.reaches(body.transactionId, 'done');
    const of = `select reference, connection_id as "connectionId", provider_id as "providerId" from money_transaction where transaction_id = $1`;
    const { reference, connectionId } = await api.hub.one<{ reference: string; connectionId: number }>(of, [id]);
    const { providerId } = await api.hub.one<{ providerId: string }>(of, [body.transactionId]);
    const tools = { pool: api.hub.pool, run: { workflowId: `arrivals:${reference}`, runId: '' } } as Tools;
    const told = { id: providerId, kind: 'refund', state: 'done', amount: '40' } as const;
    await bookReversals({ reference, connectionId, arrivals: [], reversals: [told] }, tools);
    expect(await client.of.balance()).toEqual({ balance: '60', held: '0' });
    expect(await api.hub.stage(id)).toBe('done');
  });

  it('is booked beside what its provider takes back: whoever has the deposit has the wallet next', async () => {
    const { client, id } = await paid('100.00');
    await api.hub.approvals('withdrawal', 1);
    const { body } = await refund(olga, id, { amount: '40' });
    const { transactionId } = body;
    await api.hub.reaches(transactionId, 'awaiting_approval');
    const tools = lendTools(api.hub.settings, api.hub.pool, api.hub.client, api.hub.timings);
    const run = { workflowId: `payout:${transactionId}`, runId: '' };
    const seen = { state: 'returned', providerStatus: 'failed', amount: '40' } as const;
    const works = [
      () => bookPayout({ transactionId, report: null }, { ...tools, run } as Tools),
      () => bookAftermath({ transactionId, seen }, { ...tools, run } as Tools),
    ];
    for (const work of works) {
      const other = await api.hub.pool.connect();
      let working: Promise<unknown>;
      try {
        await other.query('begin');
        await other.query(`select from money_transaction where transaction_id = $1 for update`, [id]);
        working = work();
        await eventually(
          async () =>
            (
              await api.hub.pool.query(
                `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
              )
            ).rowCount,
          'the booking to wait for the deposit',
        );
        await other.query(`select from ledger_account where code = $1 for no key update nowait`, [
          walletCode(client.wallet),
        ]);
      } finally {
        await other.query('rollback');
        other.release();
      }
      await working;
    }
    expect(await client.of.balance()).toEqual({ balance: '100', held: '0' });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('whose answer is lost is found and booked once', async () => {
    const { client, id } = await paid('100.00');
    const before = givenBack().length;
    stripe().fault({ match: { method: 'POST', path: '/v1/refunds' }, kind: 'reset_after_commit' });
    const { body } = await refund(olga, id, { amount: '25' });
    await api.hub.reaches(body.transactionId, 'done');
    expect(givenBack()).toHaveLength(before + 1);
    expect(await client.of.balance()).toEqual({ balance: '75', held: '0' });
  });

  it('that nobody can tell of asks an operator, and holds the money until he has looked', async () => {
    const { client, id } = await paid('100.00');
    stripe().fault({ match: { method: 'POST', path: '/v1/refunds' }, kind: 'reset', times: 100 });
    stripe().fault({ match: { method: 'GET', path: '/v1/refunds' }, kind: 'http_500', times: 1_000 });
    const { body } = await refund(olga, id, { amount: '25' });
    await api.hub.reaches(body.transactionId, 'assistance');
    expect(await client.of.balance()).toEqual({ balance: '100', held: '25' });
    stripe().faults.clear();
    expect(await boris.call(`PUT /transactions/${body.transactionId}`, { status: 'failed' })).toMatchObject({
      status: 200,
    });
    await api.hub.reaches(body.transactionId, 'failed');
    expect(await client.of.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('that fails a day after it was done brings the money back, and a person hears of it', async () => {
    const { client, id } = await paid('50.00');
    const { body } = await refund(olga, id, { amount: '25.07' });
    const rest = await refund(olga, id);
    for (const { transactionId } of [body, rest.body]) await api.hub.reaches(transactionId, 'done');
    expect(await api.hub.stage(id)).toBe('returned');
    await stripe().advanceClock('25h');
    await eventually(async () => (await api.hub.stage(body.transactionId)) === 'returned', 'the refund to come back');
    expect((await client.of.balance()).balance).toBe('25.07');
    expect(
      await api.hub.one(`select needs_human from money_transaction where transaction_id = $1`, [id]),
    ).toMatchObject({ needs_human: expect.stringContaining("25.07 is the client's again") });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('is refused by name where there is nothing to give back, or nobody who could', async () => {
    const { client, id } = await paid('100.00');
    const open = await client.of.deposit('10.00', { method: 'stripe-card' });
    const [clerk, cashier] = [
      await api.operator(['transactions.read', 'withdrawals.create']),
      await paid('10.00', 'praxis'),
    ];
    const reason = (answer: { body: any }) => answer.body.error.details[0].reason;
    expect(reason(await refund(olga, open))).toBe('restricted');
    expect(reason(await refund(olga, cashier.id))).toBe('unsupported');
    expect(await refund(olga, 999_999)).toMatchObject({ status: 404 });
    expect(await refund(clerk, id)).toMatchObject({ status: 403 });
    expect(await refund(olga, id, { amount: '0.001' })).toMatchObject({
      status: 400,
      body: { error: { details: [{ reason: 'too_many_decimals', field: 'amount' }] } },
    });
    expect(await refund(olga, id, { amount: '-1' })).toMatchObject({ status: 400 });
    expect(await refund(olga, id, { amount: '100.01' })).toMatchObject({
      status: 400,
      body: { error: { details: [{ reason: 'amount_too_big', field: 'amount' }] } },
    });
    expect(await ofDeposit(id)).toEqual({ sum: '0', n: 0 });
  });
});

/** A payment for a deposit that was cancelled: a person is asked whether it is credited. */
const paidTooLate = async () => {
  const client = await api.clientWith('0', 'USD');
  const cancelled = await client.of.deposit('100.00', { method: 'stripe-card' });
  await api.hub.reaches(cancelled, 'awaiting_payer');
  const page = await api.hub.providerId(cancelled);
  expect((await olga.call(`POST /transactions/${cancelled}/cancel`)).status).toBe(200);
  await api.hub.reaches(cancelled, 'cancelled');
  await stripe().pay(page);
  const { id } = await eventually(
    async () =>
      (
        await api.hub.pool.query<{ id: number }>(
          `select transaction_id as id from money_transaction where parent_id = $1`,
          [cancelled],
        )
      ).rows[0],
    'the late payment',
  );
  await api.hub.reaches(id, 'review');
  await api.heard('stripe', `deposit:${id}`);
  return { client, id, page };
};

describe('a part that the broker gives back at Stripe while people look at the payment', () => {
  const atStripe = async (id: number, amount: string): Promise<void> => {
    const { payment } = await api.hub.one<{ payment: string }>(
      `select split_part(arrival, ':', 2) as payment from money_transaction where transaction_id = $1`,
      [id],
    );
    const answer = await fetch(`${api.hub.sandboxes.origin}/stripe/v1/refunds`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_sandbox' },
      body: new URLSearchParams({ payment_intent: payment, amount }),
    });
    expect(answer.status).toBe(200);
  };
  const events = async (id: number) => (await api.hub.handle(`deposit:${id}`).describe()).historyLength;

  it('is said in the question, and then the run waits for its answer', async () => {
    const { client, id } = await paidTooLate();
    await atStripe(id, '3000');
    await api.hub.decide(id, olga.id, 'continue');
    await eventually(
      async () => (await api.hub.shown(`deposit:${id}`)).includes('The provider took back 30 of it'),
      'the question to say so',
    );
    await api.hub.rests(`deposit:${id}`);
    const before = await events(id);
    await sleep(1_000);
    expect(await events(id)).toBe(before);
    await api.hub.decide(id, olga.id, 'approve');
    await api.hub.reaches(id, 'done');
    await eventually(async () => (await client.of.balance()).balance === '70', 'the part to be booked');
    expect(await api.hub.breaches()).toEqual([]);
  });
});

describe('a dispute', () => {
  it('of a payment that came after its deposit was cancelled is booked when the bank tells of it', async () => {
    const { client, id: late, page } = await paidTooLate();
    await api.hub.decide(late, olga.id, 'approve');
    await api.hub.reaches(late, 'done');
    await api.hub.ends(`deposit:${late}`);
    expect(await client.of.balance()).toEqual({ balance: '100', held: '0' });

    await disputed(late, page);
    expect(await client.of.balance()).toEqual({ balance: '0', held: '0' });
    expect(await api.hub.breaches()).toEqual([]);
  });
});
