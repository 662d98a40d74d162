import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Tools } from '../../activities/kit/activity.ts';
import { bookReversals } from '../../activities/ledger/book-reversals.ts';
import { post } from '../../db/repositories/ledger.ts';
import { walletCode } from '../../domain/chart-of-accounts.ts';
import { type Answer, type Caller, MoneyApi } from './money-hub.ts';

let api: MoneyApi;
let olga: Caller;
let boris: Caller;

beforeAll(async () => {
  api = await MoneyApi.start();
  [olga, boris] = await Promise.all([api.operator(), api.operator()]);
});
afterAll(() => api?.stop());

type Client = Awaited<ReturnType<MoneyApi['clientWith']>>;

const refusal = ({ status, body }: Answer) => [status, body.error?.details[0].reason, body.error?.details[0].field];
const correct = (client: Client, more: object, by = olga, headers = {}) =>
  by.call(
    `POST /accounts/${client.wallet}/corrections`,
    { direction: 'fromClient', amount: '40.00', against: 'suspense', reason: 'agreed by telephone', ...more },
    headers,
  );
const approve = async (transactionId: number, by = boris) =>
  by.call(`POST /applications/${(await api.hub.openRequest(transactionId)).id}/approve`);

const balanceOf = async (code: string): Promise<number> =>
  Number(
    (await api.hub.pool.query<{ balance: string }>(`select balance from ledger_account where code = $1`, [code]))
      .rows[0]?.balance ?? 0,
  );

/** A client whose wallet has 100, and who owes 40: the provider took 50 back of a deposit of which he had spent 40. */
const owing = async (): Promise<{ client: Client; deposit: number }> => {
  const { pool } = api.hub;
  const client = await api.clientWith('0', 'USD');
  const deposit = await client.of.deposit('50.00', { method: 'bank-transfer' });
  await approve(deposit);
  await api.hub.reaches(deposit, 'done');
  const { reference, connectionId } = await api.hub.one<{ reference: string; connectionId: number }>(
    `select reference, connection_id as "connectionId" from money_transaction where transaction_id = $1`,
    [deposit],
  );
  const move = (from: string, to: string, amount: string) =>
    post(pool, `test:${randomUUID()}`, [{ do: 'post', from, to, amount }]);
  await move(walletCode(client.wallet), 'house:income:USD', '40');
  await bookReversals(
    {
      ...{ reference, connectionId, arrivals: [] },
      reversals: [{ id: `dispute:${deposit}`, kind: 'dispute', state: 'done', amount: '50' }],
    },
    { pool, run: { workflowId: `arrivals:${reference}`, runId: '' } } as Tools,
  );
  await move('house:income:USD', walletCode(client.wallet), '100');
  return { client, deposit };
};

describe('a correction', () => {
  it('collects what a banned client owes from his wallet, once another person has approved it', async () => {
    const { client, deposit } = await owing();
    await api.hub.pool.query(`update client set status = 'banned' where client_id = $1`, [client.id]);
    const before = await balanceOf('house:suspense:USD');
    const made = await correct(client, { settles: deposit });
    expect(made).toMatchObject({
      status: 201,
      body: {
        type: 'transfer',
        status: 'pending',
        creditDetails: null,
        debitDetails: { account: { accountId: client.wallet } },
        correction: { against: 'suspense', connectionId: null, reason: 'agreed by telephone', settles: deposit },
      },
    });
    const { transactionId } = made.body;
    expect(await client.of.balance()).toEqual({ balance: '100', held: '40' });
    const { id: request } = await api.hub.openRequest(transactionId);
    expect((await boris.call(`GET /applications/${request}`)).body.data.correction).toEqual({
      ...made.body.correction,
      direction: 'fromClient',
    });
    expect(refusal(await approve(transactionId, olga))).toEqual([403, 'own_request', undefined]);
    expect((await approve(transactionId)).status).toBe(200);
    await api.hub.reaches(transactionId, 'done');
    expect(await client.of.balance()).toEqual({ balance: '60', held: '0' });
    expect((await balanceOf('house:suspense:USD')) - before).toBe(40);
    const { rows } = await api.hub.pool.query(
      `select actor, after ->> 'reason' as reason, (after ->> 'settles')::int as settles from audit
        where object = $1 and action in ('accounts.correct', 'correction.booked') order by id`,
      [`transaction:${transactionId}`],
    );
    expect(rows).toEqual([
      { actor: `user:${olga.id}`, reason: 'agreed by telephone', settles: deposit },
      { actor: 'workflow', reason: 'agreed by telephone', settles: deposit },
    ]);
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('puts the clearing of a provider right, and gives the client what he lacks', async () => {
    const client = await api.clientWith('0', 'USD');
    const { connection } = await api.hub.methodId('bank-transfer');
    const clearing = `provider:${connection}:clearing:USD`;
    const before = await balanceOf(clearing);
    const made = await correct(client, { direction: 'toClient', against: { connectionId: connection } });
    expect(made.body.correction).toMatchObject({ against: 'clearing', connectionId: connection, settles: null });
    expect((await approve(made.body.transactionId)).status).toBe(200);
    await api.hub.reaches(made.body.transactionId, 'done');
    expect(await client.of.balance()).toEqual({ balance: '40', held: '0' });
    expect((await balanceOf(clearing)) - before).toBe(-40);
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('is shown to its client as what it is, without the reason, and is not his to cancel', async () => {
    const client = await api.clientWith('100', 'USD');
    const { transactionId } = (await correct(client, {})).body;
    const seen = await client.call(`GET /my/transactions/${transactionId}`);
    expect(seen.body).toMatchObject({ type: 'transfer', isCorrection: true, creditDetails: null });
    expect(JSON.stringify(seen.body)).not.toContain('telephone');
    expect(refusal(await client.call(`POST /my/transactions/${transactionId}/cancel`))).toEqual([
      403,
      'restricted',
      undefined,
    ]);
    const resolutionId = await api.hub.resolutionId('Request declined');
    const { id: request } = await api.hub.openRequest(transactionId);
    expect((await boris.call(`POST /applications/${request}/reject`, { resolutionId })).status).toBe(200);
    await api.hub.reaches(transactionId, 'rejected');
    expect(await client.of.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('waits for a person where transfers need nobody, and for two where they need two', async () => {
    const client = await api.clientWith('100', 'USD');
    try {
      for (const [needed, given] of [
        [0, 1],
        [2, 2],
      ] as const) {
        await api.hub.approvals('transfer', needed);
        const { transactionId } = (await correct(client, { amount: '1' })).body;
        const { id: request } = await api.hub.openRequest(transactionId);
        expect((await olga.call(`GET /applications/${request}`)).body.approvalsNeeded).toBe(given);
      }
    } finally {
      await api.hub.pool.query(`delete from approval_policy where name = 'test transfer'`);
    }
  });

  it('never takes more than the wallet has, held money not counted', async () => {
    const client = await api.clientWith('100', 'USD');
    expect((await correct(client, { amount: '70' })).status).toBe(201);
    expect(refusal(await correct(client, { amount: '30.01' }))).toEqual([400, 'insufficient_funds', 'amount']);
    expect(await client.of.balance()).toEqual({ balance: '100', held: '70' });
  });

  it('collects no more of a deposit than is owed, counting what waits for approval', async () => {
    const { client, deposit: settles } = await owing();
    expect((await correct(client, { settles, amount: '30' })).status).toBe(201);
    expect(refusal(await correct(client, { settles, amount: '10.01' }))).toEqual([400, 'amount_too_big', 'amount']);
    expect((await correct(client, { settles, amount: '10' })).status).toBe(201);
  });

  describe('of what another one puts right already', () => {
    const payoutOf = async (client: Client) =>
      client.of.withdraw('30', {
        method: 'bank-payout',
        data: { accountHolder: 'Ann Lee', iban: 'CY17002001280000001200527600' },
      });

    it('is only made by who knows of that one', async () => {
      const client = await api.clientWith('1000', 'USD');
      const settles = await payoutOf(client);
      const { connection } = await api.hub.methodId('bank-payout');
      const back = { settles, amount: '100', against: { connectionId: connection } };
      const first = (await correct(client, back)).body.transactionId;
      const again = await correct(client, back, boris);
      expect(refusal(again)).toEqual([409, 'already_done', 'besides']);
      expect(again.body.error.details[0].issue).toContain(`${first} (fromClient 100 USD, pending)`);
      expect(await client.of.balance()).toMatchObject({ held: '130' });
      const second = await correct(client, { ...back, amount: '20', besides: [first] });
      expect(second.status).toBe(201);
      expect(refusal(await correct(client, { ...back, besides: [first] }))).toEqual([409, 'already_done', 'besides']);
      // That it was too much is no repetition.
      expect((await correct(client, { ...back, direction: 'toClient' })).status).toBe(201);
    });

    it('is made without a word once that one was rejected', async () => {
      const client = await api.clientWith('1000', 'USD');
      const settles = await payoutOf(client);
      const first = (await correct(client, { settles })).body.transactionId;
      const resolutionId = await api.hub.resolutionId('Request declined');
      const { id: request } = await api.hub.openRequest(first);
      await boris.call(`POST /applications/${request}/reject`, { resolutionId });
      await api.hub.reaches(first, 'rejected');
      expect((await correct(client, { settles })).status).toBe(201);
    });

    it('is one when two order it in the same moment', async () => {
      const client = await api.clientWith('1000', 'USD');
      const settles = await payoutOf(client);
      const made = await Promise.all([olga, boris].map((by) => correct(client, { settles }, by)));
      expect(made.map(({ status }) => status).toSorted()).toEqual([201, 409]);
    });

    it('needs no names where it is counted what is owed, but of what was taken elsewhere', async () => {
      const { client, deposit: settles } = await owing();
      const { connection } = await api.hub.methodId('bank-transfer');
      expect((await correct(client, { settles, amount: '10' })).status).toBe(201);
      expect((await correct(client, { settles, amount: '10' })).status).toBe(201);
      const elsewhere = { settles, amount: '10', against: { connectionId: connection } };
      expect(refusal(await correct(client, elsewhere))).toEqual([409, 'already_done', 'besides']);
      const other = await owing();
      const taken = (await correct(other.client, { ...elsewhere, settles: other.deposit })).body.transactionId;
      const owed = { settles: other.deposit, amount: '40' };
      expect(refusal(await correct(other.client, owed))).toEqual([409, 'already_done', 'besides']);
      expect((await correct(other.client, { ...owed, besides: [taken] })).status).toBe(201);
    });

    it('names only corrections of that transaction', async () => {
      const client = await api.clientWith('1000', 'USD');
      const settles = await payoutOf(client);
      const elsewhere = (await correct(client, {})).body.transactionId;
      for (const more of [{ settles, besides: [elsewhere] }, { besides: [elsewhere] }])
        expect(refusal(await correct(client, more))).toEqual([400, 'not_found', 'besides']);
    });
  });

  it('is one under its Idempotency-Key', async () => {
    const client = await api.clientWith('100', 'USD');
    const key = { 'idempotency-key': randomUUID() };
    const [one, two] = [await correct(client, {}, olga, key), await correct(client, {}, olga, key)];
    expect([one.status, two.body.transactionId]).toEqual([201, one.body.transactionId]);
    expect(await client.of.balance()).toEqual({ balance: '100', held: '40' });
    expect(refusal(await correct(client, { amount: '41' }, olga, key))[0]).toBe(409);
  });

  it('is ordered by those who may correct accounts, which who enters payments may not', async () => {
    const client = await api.clientWith('100', 'USD');
    const finance = await api.operator([
      'accounts.update',
      'withdrawals.create',
      'deposits.create',
      'transfers.create',
    ]);
    expect((await correct(client, {}, finance)).status).toBe(403);
    expect((await correct(client, {}, await api.operator(['accounts.correct']))).status).toBe(201);
  });

  it.each([
    ['without a reason', { reason: ' ' }, [400, 'validation', 'reason']],
    ['of nothing', { amount: '0' }, [400, 'validation', 'amount']],
    ['of more decimals than there are', { amount: '0.001' }, [400, 'too_many_decimals', 'amount']],
    [
      'on a connection that there is not',
      { against: { connectionId: 999_999 } },
      [400, 'not_found', 'against.connectionId'],
    ],
    ["for another account's transaction", { settles: 999_999 }, [400, 'not_found', 'settles']],
  ])('%s is refused', async (_how, more, said) => {
    expect(refusal(await correct(await api.clientWith('100', 'USD'), more))).toEqual(said);
  });

  it('is made on wallets, and at providers of payments', async () => {
    const client = await api.clientWith('100', 'USD');
    const { accountId } = await api.hub.openTradingAccount(client.id);
    const trading = { ...client, wallet: accountId } as Client;
    expect(refusal(await correct(trading, {}))).toEqual([403, 'restricted', 'accountId']);
    const { id } = await api.hub.one<{ id: number }>(`select id from connection where provider = 'mt5'`);
    expect(refusal(await correct(client, { against: { connectionId: id } }))).toEqual([
      403,
      'restricted',
      'against.connectionId',
    ]);
  });
});

describe('a debt after a reversal', () => {
  it('is what corrections have not collected yet: approvers of payouts are told the rest', async () => {
    const { client, deposit: settles } = await owing();
    const payout = await client.of.withdraw('30', {
      method: 'bank-payout',
      data: { accountHolder: 'Ann Lee', iban: 'CY17002001280000001200527600' },
    });
    const { id: request } = await api.hub.openRequest(payout);
    const warnings = async () => (await boris.call(`GET /applications/${request}`)).body.warnings;
    expect(await warnings()).toEqual([expect.stringContaining('owes 40 USD')]);
    for (const [amount, left] of [
      ['30', [expect.stringContaining('owes 10 USD')]],
      ['10', []],
    ] as const) {
      const { transactionId } = (await correct(client, { settles, amount })).body;
      await approve(transactionId);
      await api.hub.reaches(transactionId, 'done');
      expect(await warnings()).toEqual(left);
    }
  });
});

describe('who approves a correction', () => {
  const warned = async (transactionId: number): Promise<string[]> =>
    (await boris.call(`GET /applications/${(await api.hub.openRequest(transactionId)).id}`)).body.warnings;

  it('is told of others of the same transaction that moved, or may', async () => {
    const client = await api.clientWith('1000', 'USD');
    const settles = await client.of.deposit('50.00', { method: 'bank-transfer' });
    const { connection } = await api.hub.methodId('bank-transfer');
    const back = { settles, amount: '100', against: { connectionId: connection } };
    const first = (await correct(client, back)).body.transactionId;
    expect(await warned(first)).toEqual([]);
    const second = (await correct(client, { ...back, direction: 'toClient' })).body.transactionId;
    expect(await warned(first)).toEqual([
      `Correction ${second} (toClient 100 USD, pending) puts transaction ${settles} right as well.`,
    ]);
    await approve(first);
    await api.hub.reaches(first, 'done');
    expect(await warned(second)).toEqual([
      `Correction ${first} (fromClient 100 USD, done) puts transaction ${settles} right as well.`,
    ]);
  });

  it('is told of the same amount of the same wallet where nobody says what it puts right', async () => {
    const client = await api.clientWith('1000', 'USD');
    const [first, second] = [await correct(client, {}), await correct(client, {})].map(
      ({ body }) => body.transactionId,
    );
    await correct(client, { amount: '41' });
    expect(await warned(second)).toEqual([
      `Correction ${first} (fromClient 40 USD, pending) moves as much of this wallet, and one of the two does not say what it puts right.`,
    ]);
    const resolutionId = await api.hub.resolutionId('Request declined');
    await boris.call(`POST /applications/${(await api.hub.openRequest(first)).id}/reject`, { resolutionId });
    await api.hub.reaches(first, 'rejected');
    expect(await warned(second)).toEqual([]);
  });
});
