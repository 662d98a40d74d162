import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { startWaiting } from '../../activities/ops/start-waiting.ts';
import { totpAt } from '../../activities/wizards/totp.ts';
import { KeyRing } from '../../config/key-ring.ts';
import { USER_TOTP_PURPOSE } from '../../db/repositories/user-factors.ts';
import { eventually } from '../kit/hub.ts';
import { type Caller, MoneyApi } from './money-hub.ts';

const USD = 840;
const USDT = 2145;
const ADDRESS = 'TXYZtestaddress0000000000000000001';

let api: MoneyApi;
let olga: Caller;
let boris: Caller;
let bankTransfer: number;
let bankPayout: number;
let tether: number;
let tetherInvoice: number;

beforeAll(async () => {
  api = await MoneyApi.start();
  [olga, boris] = await Promise.all([api.operator(), api.operator()]);
  bankTransfer = await api.methodId('bank-transfer');
  bankPayout = await api.methodId('bank-payout');
  tether = await api.methodId('usdt-payout');
  tetherInvoice = await api.methodId('usdt-invoice');
});
afterAll(() => api.stop());

const reason = (answer: { body: any }): string => answer.body.error.details[0].reason;
const withdrawal = (wallet: number, amount: unknown, more: object = {}) => ({
  accountId: wallet,
  methodId: tether,
  amount,
  currencyCode: USDT,
  data: { address: ADDRESS },
  ...more,
});

const requestOf = async (transactionId: number) => (await api.hub.openRequest(transactionId)).id;

describe('a deposit that an operator enters', () => {
  it('is approved by another person, and only then credited', async () => {
    const ann = await api.clientWith('0', 'USD');
    const body = { accountId: ann.wallet, methodId: bankTransfer, amount: 100.5, vendorCommission: '0.50' };
    const made = await olga.call('POST /deposits', body);
    expect(made).toMatchObject({
      status: 201,
      body: { type: 'deposit', status: 'pending', vendorCommission: '0.500000000000000000', user: { id: olga.id } },
    });
    expect(made.body.creditDetails.amount).toBe('100.500000000000000000');

    const request = await requestOf(made.body.transactionId);
    const own = await olga.call(`POST /applications/${request}/approve`, {});
    expect(own.status).toBe(403);
    expect(reason(own)).toBe('own_request');
    expect((await ann.of.balance()).balance).toBe('0');

    const evidence = { bankReference: `ST-${randomUUID().slice(0, 8)}`, valueDate: '2026-11-20' };
    const approved = await boris.call(`POST /applications/${request}/approve`, { comment: 'seen', evidence });
    expect(approved).toMatchObject({
      status: 200,
      body: {
        statusId: 1,
        status: 'approved',
        purpose: 'approval',
        workflowId: `deposit:${made.body.transactionId}`,
        approvals: { needed: 1, given: [{ user: { id: boris.id } }] },
      },
    });
    await api.hub.reaches(made.body.transactionId, 'done');
    expect((await ann.of.balance()).balance).toBe('100');
    const balance = await olga.call(`GET /accounts/${ann.wallet}/balance`);
    expect(balance.body).toMatchObject({ availableBalance: '100.000000000000000000', hold: '0.000000000000000000' });
  });

  it('is credited as corrected while nobody has decided, and audited', async () => {
    const ann = await api.clientWith('0', 'USD');
    const made = await olga.call('POST /deposits', { accountId: ann.wallet, methodId: bankTransfer, amount: '100' });
    const request = await requestOf(made.body.transactionId);
    const changed = await boris.call(`PATCH /applications/${request}`, {
      comment: 'statement says 90',
      color: '#ffcc00',
      data: { amount: '90.00' },
    });
    expect(changed).toMatchObject({ status: 200, body: { color: '#ffcc00', data: { amount: '90' } } });
    expect((await boris.call(`PATCH /applications/${request}`, { data: { amount: '90.001' } })).status).toBe(400);
    // Who says how much it is does not also say that it is right.
    expect(reason(await boris.call(`POST /applications/${request}/approve`))).toBe('own_request');
    const vera = await api.operator();
    expect((await vera.call(`POST /applications/${request}/approve`)).status).toBe(200);
    await api.hub.reaches(made.body.transactionId, 'done');
    expect((await ann.of.balance()).balance).toBe('90');

    const audit = await olga.call(`POST /applications/${request}/audit`);
    expect(audit.body).toMatchObject({
      accountId: ann.wallet,
      balance: '90.000000000000000000',
      expectedBalance: '90.000000000000000000',
      difference: '0.000000000000000000',
      isBalanced: true,
    });
    expect(reason(await boris.call(`PATCH /applications/${request}`, { data: { amount: '80' } }))).toBe('not_waiting');
  });

  it('needs a manual method, a wallet of a client that exists, and the permission', async () => {
    const ann = await api.clientWith('0', 'USDT');
    const body = { accountId: ann.wallet, methodId: tetherInvoice, amount: '100' };
    expect(reason(await olga.call('POST /deposits', body))).toBe('unsupported');
    expect((await olga.call('POST /deposits', { ...body, accountId: 999999 })).status).toBe(404);
    const reader = await api.operator(['transactions.read']);
    expect((await reader.call('POST /deposits', body)).status).toBe(403);
  });
});

describe('a withdrawal by a client', () => {
  it('is held, approved, sent and captured', async () => {
    const ann = await api.clientWith('100', 'USDT');
    const { body: begun } = await ann.call('GET /my/withdrawals/wizard');
    expect(begun).toMatchObject({ code: 200, data: null, done: true, workflow: 'withdrawal_form' });

    const made = await ann.call('POST /my/withdrawals', { ...withdrawal(ann.wallet, 25), uuid: begun.uuid });
    expect(made).toMatchObject({
      status: 200,
      body: { code: 202, done: true, uuid: begun.uuid, workflow: 'B2B\\TCA\\Wizards\\Workflow\\TerminateWorkflow' },
    });
    const { transaction } = made.body.data;
    expect(transaction).toMatchObject({ type: 'withdrawal', status: 'pending', data: { address: ADDRESS } });
    expect(await ann.of.balance()).toEqual({ balance: '100', held: '25' });

    const request = await requestOf(transaction.transactionId);
    // A double click: both hear the same.
    const clicks = await Promise.all([1, 2].map(() => boris.call(`POST /applications/${request}/approve`, {})));
    expect(clicks.map(({ status }) => status)).toEqual([200, 200]);
    await api.hub.reaches(transaction.transactionId, 'done');
    const late = await boris.call(`POST /applications/${request}/approve`, {});
    expect(late.status).toBe(200);
    expect(await ann.of.balance()).toEqual({ balance: '75', held: '0' });
    const shown = await ann.call(`GET /my/transactions/${transaction.transactionId}`);
    expect(shown.body.status).toBe('done');
  });

  it('is refused with nothing written when the money is not there', async () => {
    const ann = await api.clientWith('10', 'USDT');
    const before = await api.count('money_transaction');
    const refused = await ann.call('POST /my/withdrawals', withdrawal(ann.wallet, '10.01'));
    expect(refused).toMatchObject({
      status: 400,
      body: { error: { code: 0, details: [{ field: 'amount', reason: 'insufficient_funds' }] } },
    });
    expect(await api.count('money_transaction')).toBe(before);
  });

  it('tells what it would be without doing anything', async () => {
    const ann = await api.clientWith('100', 'USDT');
    const tables = ['money_transaction', 'audit', 'application', 'ledger_transfer'];
    const before = await Promise.all(tables.map((table) => api.count(table)));
    const shown = await ann.call('POST /my/withdrawals', withdrawal(ann.wallet, '25.5', { isPretend: true }));
    expect(shown).toMatchObject({
      status: 200,
      body: {
        code: 200,
        done: false,
        workflow: 'withdrawal_form',
        data: { amount: '25.500000000000000000', sourceCurrencyAlphaCode: 'USDT' },
      },
    });
    const deposit = { accountId: ann.wallet, methodId: tetherInvoice, currencyCode: USDT, amount: 5, isPretend: true };
    const preview = await ann.call('POST /my/deposits/sync', deposit);
    expect(preview).toMatchObject({
      status: 201,
      body: { workflow: 'deposit_preview', data: { transactionId: null, status: 'new', type: 'deposit' } },
    });
    expect(await Promise.all(tables.map((table) => api.count(table)))).toEqual(before);
  });

  it('can be cancelled by its owner until it is sent', async () => {
    const ann = await api.clientWith('100', 'USDT');
    const made = await ann.call('POST /my/withdrawals', withdrawal(ann.wallet, '25'));
    const { transactionId } = made.body.data.transaction;
    const bob = await api.clientWith('0', 'USDT');
    expect((await bob.call(`POST /my/transactions/${transactionId}/cancel`)).status).toBe(404);
    const cancelled = await ann.call(`POST /my/transactions/${transactionId}/cancel`);
    expect(cancelled).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    expect((await ann.call(`POST /my/transactions/${transactionId}/cancel`)).status).toBe(200);
    expect(await ann.of.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('checks the fields of its method by their own rules', async () => {
    const ann = await api.clientWith('100', 'USD');
    const body = { accountId: ann.wallet, methodId: bankPayout, amount: '20', currencyCode: USD };
    const missing = await ann.call('POST /my/withdrawals', body);
    expect(missing.status).toBe(400);
    expect(missing.body.error.details.map((one: { field: string }) => one.field)).toEqual([
      'data.accountHolder',
      'data.iban',
    ]);
    const odd = { accountHolder: 'Ann Lee', iban: 'x'.repeat(35), colour: 'red' };
    const wrong = await ann.call('POST /my/withdrawals', { ...body, data: odd });
    expect(wrong.body.error.details.map((one: { field: string }) => one.field)).toEqual(['data.colour', 'data.iban']);
  });

  it('takes nothing that a person would read otherwise than it is: hidden and turning characters, a number as text', async () => {
    const ann = await api.clientWith('100', 'USD');
    const body = { accountId: ann.wallet, methodId: bankPayout, amount: '20', currencyCode: USD };
    const right = { accountHolder: 'Ann Lee', iban: 'DE02120300000000202051' };
    const hidden = 'has characters that cannot be seen';
    for (const [odd, issue] of [
      [{ iban: 'DE0212\u200b0300000000202051' }, hidden],
      [{ accountHolder: '\u202eeeL nnA' }, hidden],
      [{ iban: 'DE0212\u00ad0300000000202051' }, hidden],
      [{ iban: 123 }, 'must be a text'],
    ] as const) {
      const data = { ...right, ...odd };
      for (const answer of [
        await ann.call('POST /my/withdrawals', { ...body, data }),
        await ann.call('POST /my/withdrawals/patterns', { ...body, name: 'Rent', data }),
      ])
        expect(answer).toMatchObject({
          status: 400,
          body: {
            error: { details: [{ field: `data.${Object.keys(odd)[0]}`, issue: expect.stringContaining(issue) }] },
          },
        });
    }
    const named = { ...body, name: 'Re\u200bnt', data: right };
    for (const [route, wish, field] of [
      ['POST /my/withdrawals/patterns', named, 'name'],
      [`PATCH /my/accounts/${ann.wallet}`, { caption: 'Sav\u202eings' }, 'caption'],
    ] as const)
      expect(await ann.call(route, wish)).toMatchObject({
        status: 400,
        body: { error: { details: [{ field, issue: `${field} ${hidden}.` }] } },
      });
    expect((await ann.call(`PATCH /my/accounts/${ann.wallet}`, { caption: 'Holidays ✈️' })).status).toBe(200);
  });
});

describe('one key', () => {
  it('orders one thing, also when what was asked under it is forgotten already', async () => {
    const ann = await api.clientWith('100', 'USDT');
    const key = { 'idempotency-key': randomUUID() };
    const first = await ann.call('POST /my/withdrawals', withdrawal(ann.wallet, '25'), key);
    const { transactionId } = first.body.data.transaction;
    await api.hub.pool.query(`delete from idempotency where key = $1`, [key['idempotency-key']]);
    expect(await ann.call('POST /my/withdrawals', withdrawal(ann.wallet, '50'), key)).toMatchObject({
      status: 409,
      body: { error: { details: [{ reason: 'idempotency_key_reused' }] } },
    });
    await api.hub.pool.query(`delete from idempotency where key = $1`, [key['idempotency-key']]);
    const again = await ann.call('POST /my/withdrawals', withdrawal(ann.wallet, '25'), key);
    expect(again.body.data.transaction.transactionId).toBe(transactionId);
    expect(await ann.of.balance()).toEqual({ balance: '100', held: '25' });
  });

  it('makes one payout of two hundred calls at once', async () => {
    const ann = await api.clientWith('100', 'USDT');
    const key = { 'idempotency-key': randomUUID() };
    const body = withdrawal(ann.wallet, '100');
    const answers = await Promise.all(Array.from({ length: 200 }, () => ann.call('POST /my/withdrawals', body, key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    for (const { body: answered } of answers) expect(answered).toEqual(answers[0]!.body);
    const { rows } = await api.hub.pool.query('select from money_transaction where client_id = $1', [ann.id]);
    expect(rows).toHaveLength(1);
    expect(await ann.of.balance()).toEqual({ balance: '100', held: '100' });

    const other = await ann.call('POST /my/withdrawals', withdrawal(ann.wallet, '1'), key);
    expect(other.status).toBe(409);
    expect(reason(other)).toBe('idempotency_key_reused');
  });

  it('each: as many payouts as the balance covers, and a clear refusal for the others', async () => {
    await api.hub.approvals('withdrawal', 0);
    try {
      const ann = await api.clientWith('100', 'USDT');
      const answers = await Promise.all(
        Array.from({ length: 200 }, () =>
          ann.call('POST /my/withdrawals', withdrawal(ann.wallet, '10'), { 'idempotency-key': randomUUID() }),
        ),
      );
      const accepted = answers.filter(({ status }) => status === 200);
      const refused = answers.filter(({ status }) => status === 400);
      expect([accepted.length, refused.length]).toEqual([10, 190]);
      expect(new Set(refused.map(reason))).toEqual(new Set(['insufficient_funds']));
      expect(refused[0]!.body.error.details[0].field).toBe('amount');
      for (const { body } of accepted) await api.hub.reaches(body.data.transaction.transactionId, 'done');
      expect(await ann.of.balance()).toEqual({ balance: '0', held: '0' });
      expect(await api.hub.breaches()).toEqual([]);
    } finally {
      await api.hub.pool.query(`delete from approval_policy where name = 'test withdrawal'`);
    }
  });
});

describe('two persons who approve and reject at once', () => {
  it('hear who came first, and the money goes one way', async () => {
    const ann = await api.clientWith('100', 'USDT');
    const made = await ann.call('POST /my/withdrawals', withdrawal(ann.wallet, '25'));
    const { transactionId } = made.body.data.transaction;
    const request = await requestOf(transactionId);
    const answers = await Promise.all([
      olga.call(`POST /applications/${request}/approve`, {}),
      boris.call(`POST /applications/${request}/reject`, { resolutionId: 1, comment: 'no' }),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    expect(reason(answers.find(({ status }) => status === 409)!)).toBe('not_waiting');
    const end = answers[0]!.status === 200 ? 'done' : 'rejected';
    await api.hub.reaches(transactionId, end);
    expect((await ann.of.balance()).held).toBe('0');
  });
});

describe('a payout that needs two persons', () => {
  it('says how many are missing, and takes nobody twice', async () => {
    await api.hub.approvals('withdrawal', 2);
    try {
      const ann = await api.clientWith('100', 'USDT');
      const made = await ann.call('POST /my/withdrawals', withdrawal(ann.wallet, '25'));
      const { transactionId } = made.body.data.transaction;
      const request = await requestOf(transactionId);
      const approve = (by: Caller, body = {}) => by.call(`POST /applications/${request}/approve`, body);
      const first = await approve(olga);
      expect(first).toMatchObject({
        status: 200,
        body: { statusId: 0, approvals: { needed: 2, given: [{ user: { id: olga.id } }] } },
      });
      expect((await approve(olga)).status).toBe(200);
      const twice = await approve(olga, { comment: 'again' });
      expect([twice.status, reason(twice)]).toEqual([409, 'decided_already']);
      expect(await approve(boris)).toMatchObject({ status: 200, body: { statusId: 1, approvals: { needed: 2 } } });
      await api.hub.reaches(transactionId, 'done');
      expect(reason(await boris.call(`POST /applications/${request}/reject`, { resolutionId: 1 }))).toBe('not_waiting');
    } finally {
      await api.hub.pool.query(`delete from approval_policy where name = 'test withdrawal'`);
    }
  });
});

describe('what is not right', () => {
  it.each([
    ['zero', '0'],
    ['zero with decimals', '0.000000'],
    ['negative', '-5'],
    ['a negative number', -5],
    ['an exponent', '1e3'],
    ['NaN', 'NaN'],
    ['infinity', 'Infinity'],
    ['hexadecimal', '0x10'],
    ['empty', ''],
    ['blank', ' '],
    ['a comma', '1,5'],
    ['null', null],
    ['a list', ['5']],
    ['too large', '9999999999999999999'],
    ['more than the largest number of decimals', '1.0000000000000000001'],
  ])('refuses an amount that is %s', async (_what, amount) => {
    const ann = await api.clientWith('100', 'USDT');
    const refused = await ann.call('POST /my/withdrawals', withdrawal(ann.wallet, amount));
    expect(refused).toMatchObject({ status: 400, body: { error: { details: [{ field: 'amount' }] } } });
  });

  it('refuses exponents and floats as they were written, not as they were read', async () => {
    const ann = await api.clientWith('100', 'USDT');
    const { amount: _none, ...rest } = withdrawal(ann.wallet, 1);
    const raw = (amount: string) => `${JSON.stringify(rest).slice(0, -1)},"amount":${amount}}`;
    for (const amount of ['1e1', '0.1e2', '-0']) {
      const refused = await ann.call('POST /my/withdrawals', raw(amount));
      expect(refused).toMatchObject({ status: 400, body: { error: { details: [{ field: 'amount' }] } } });
    }
    expect(reason(await ann.call('POST /my/withdrawals', raw('1.0000001')))).toBe('too_many_decimals');
    expect((await ann.call('POST /my/withdrawals', raw('1.000000'))).status).toBe(200);
  });

  it('keeps other people’s accounts and requests out of reach', async () => {
    const [ann, bob] = await Promise.all([api.clientWith('100', 'USDT'), api.clientWith('100', 'USDT')]);
    const stolen = await bob.call('POST /my/withdrawals', withdrawal(ann.wallet, '5'));
    expect(stolen).toMatchObject({ status: 404, body: { error: { details: [{ field: 'accountId' }] } } });
    const transfer = {
      amount: '5',
      sourceAccountId: ann.wallet,
      destinationAccountId: bob.wallet,
      isInternal: false,
    };
    expect((await bob.call('POST /my/transfers', transfer)).status).toBe(404);
    expect((await bob.call(`PATCH /my/accounts/${ann.wallet}`, { caption: 'mine' })).status).toBe(404);
    expect((await bob.call('POST /deposits', { accountId: bob.wallet, methodId: 1, amount: 5 })).status).toBe(403);
    expect((await olga.call('POST /applications/999999/approve')).status).toBe(404);
    expect(await ann.of.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('names the other things that may be wrong', async () => {
    const ann = await api.clientWith('100', 'USDT');
    const at = async (more: object) =>
      (await ann.call('POST /my/withdrawals', withdrawal(ann.wallet, '5', more))).body.error.details[0];
    expect(await at({ currencyCode: USD })).toMatchObject({ field: 'currencyCode', reason: 'currency_mismatch' });
    expect(await at({ methodId: 9999 })).toMatchObject({ field: 'methodId', reason: 'not_found' });
    expect(await at({ methodId: tetherInvoice })).toMatchObject({ field: 'methodId', reason: 'not_found' });
    expect(await at({ amount: '0.5' })).toMatchObject({ field: 'amount', reason: 'amount_too_small' });
    expect(await at({ shoeSize: 42 })).toMatchObject({ field: 'shoeSize', reason: 'validation' });
    const internal = {
      amount: '5',
      sourceAccountId: ann.wallet,
      isInternal: true,
      destinationEmail: 'bob@example.com',
    };
    expect(reason(await ann.call('POST /my/transfers', internal))).toBe('unsupported');
    const same = {
      amount: '5',
      sourceAccountId: ann.wallet,
      destinationAccountId: ann.wallet,
      isInternal: false,
    };
    expect(reason(await ann.call('POST /my/transfers', same))).toBe('same_account');
  });
});

describe('deposits by a client', () => {
  it('show an instruction for a bank transfer, with the reference to write on it', async () => {
    const ann = await api.clientWith('0', 'USD');
    const body = { accountId: ann.wallet, methodId: bankTransfer, currencyCode: USD, amount: 50 };
    const made = await ann.call('POST /my/deposits/sync', body);
    expect(made).toMatchObject({
      status: 201,
      body: { code: 202, workflow: 'deposit_instruction', data: { transaction: { status: 'pending' } } },
    });
    const { reference } = await api.hub.one<{ reference: string }>(
      'select reference from money_transaction where transaction_id = $1',
      [made.body.data.transaction.transactionId],
    );
    expect(made.body.data.html).toContain(reference);
  });

  it('say how to pay by bank as long as that is to be done, also to who did not wait for it', async () => {
    const ann = await api.clientWith('0', 'USD');
    const body = { accountId: ann.wallet, methodId: bankTransfer, currencyCode: USD, amount: 50 };
    const { transactionId } = (await ann.call('POST /my/deposits', body)).body.data;
    const { reference } = await api.hub.one<{ reference: string }>(
      'select reference from money_transaction where transaction_id = $1',
      [transactionId],
    );
    await api.hub.reaches(transactionId, 'awaiting_approval');
    const shown = async () => (await ann.call(`GET /my/transactions/${transactionId}`)).body.data;
    expect(await shown()).toEqual({ action: { kind: 'instruction', html: expect.stringContaining(reference) } });
    expect((await ann.call('GET /my/transactions')).body.data[0].data).toEqual(await shown());
    expect((await ann.call(`POST /my/transactions/${transactionId}/cancel`, {})).body.data).toEqual({});
    expect(await shown()).toEqual({});
  });

  it('tell nobody to pay what an operator has entered', async () => {
    const ann = await api.clientWith('0', 'USD');
    const entered = { accountId: ann.wallet, methodId: bankTransfer, amount: 50 };
    const { transactionId } = (await olga.call('POST /deposits', entered)).body;
    expect((await ann.call(`GET /my/transactions/${transactionId}`)).body.data).toEqual({});
  });

  it('offer their page until they end, and show the client nothing of how they are kept', async () => {
    const ann = await api.clientWith('0', 'USDT');
    const body = { accountId: ann.wallet, methodId: tetherInvoice, currencyCode: USDT, amount: '40' };
    const { data } = (await ann.call('POST /my/deposits/sync', body)).body;
    const { transactionId } = data.transaction;
    const shown = async (id: number) => (await ann.call(`GET /my/transactions/${id}`)).body.data;
    expect(await shown(transactionId)).toEqual({ action: { kind: 'redirect', url: data.redirect.url } });
    expect((await ann.call(`POST /my/transactions/${transactionId}/cancel`, {})).status).toBe(200);
    expect(await shown(transactionId)).toEqual({});
    await api.hub.sandbox('b2binpay').pay(await api.hub.providerId(transactionId), {});
    const late = await eventually(
      async () =>
        (
          await api.hub.pool.query<{ id: number }>(
            `select transaction_id as id from money_transaction where parent_id = $1`,
            [transactionId],
          )
        ).rows[0]?.id,
      'the late payment to be noted',
    );
    await api.hub.reaches(late, 'review');
    expect(Object.keys(await shown(late)).filter((key) => key !== 'txid')).toEqual([]);
    await api.hub.decide(late, await api.hub.operator(), 'approve');
    await api.hub.reaches(late, 'done');
    expect(Object.keys(await shown(late)).filter((key) => key !== 'txid')).toEqual([]);
  });

  it('lead to the payment page, and are credited once it is paid', async () => {
    const ann = await api.clientWith('0', 'USDT');
    const body = { accountId: ann.wallet, methodId: tetherInvoice, currencyCode: USDT, amount: '40' };
    const made = await ann.call('POST /my/deposits/sync', body);
    expect(made).toMatchObject({
      status: 201,
      body: { workflow: 'deposit_redirect', data: { redirect: { method: 'GET' } } },
    });
    expect(made.body.data.redirect.url).toMatch(/^http/);
    const { transactionId } = made.body.data.transaction;
    const { provider_id: theirs } = await api.hub.one<{ provider_id: string }>(
      'select provider_id from money_transaction where transaction_id = $1',
      [transactionId],
    );
    await api.hub.sandbox('b2binpay').pay(theirs, {});
    await api.hub.reaches(transactionId, 'done');
    expect((await ann.of.balance()).balance).toBe('40');
  });

  it('are there for who asks from the moment they are accepted, while the provider says nothing', async () => {
    const ann = await api.clientWith('0', 'USDT');
    const body = { accountId: ann.wallet, methodId: tetherInvoice, currencyCode: USDT, amount: '40' };
    const sandbox = api.hub.sandbox('b2binpay');
    sandbox.fault({ match: { method: 'POST', path: '/deposit/' }, kind: 'http_500', times: 1_000 });
    try {
      const key = { 'idempotency-key': randomUUID() };
      const made = await api.hastily(ann, 'POST /my/deposits/sync', body, key);
      expect(made).toMatchObject({ status: 201, body: { workflow: 'deposit_async' } });
      const { transactionId } = made.body.data;
      expect(await ann.call(`GET /my/transactions/${transactionId}`)).toMatchObject({
        status: 200,
        body: { transactionId, status: 'new' },
      });
      sandbox.faults.clear();
      await api.hub.reaches(transactionId, 'awaiting_payer');
      const again = await ann.call('POST /my/deposits/sync', body, key);
      expect(again).toMatchObject({
        status: 201,
        body: { workflow: 'deposit_redirect', data: { transaction: { transactionId } } },
      });
      expect(await ann.call('POST /my/deposits/sync', body, key)).toEqual({ ...again, headers: expect.anything() });
    } finally {
      sandbox.faults.clear();
    }
  });

  it('give one address for ever, and credit what arrives there', async () => {
    const ann = await api.clientWith('0', 'USDT');
    const methodId = await api.methodId('usdt-address');
    const body = { accountId: ann.wallet, methodId, currencyCode: USDT };
    const creation = { method: 'POST', path: '/deposit/' };
    api.hub.sandbox('b2binpay').fault({ match: creation, kind: 'reset_after_commit', times: 1 });
    const answers = await Promise.all([1, 2, 3].map(() => ann.call('POST /my/deposits/sync', body)));
    expect(answers[0]).toMatchObject({
      status: 201,
      body: { workflow: 'deposit_address', data: { transaction: null, currency: { numericCode: USDT } } },
    });
    const addresses = new Set(answers.map((one) => one.body.data.address as string));
    expect(addresses.size).toBe(1);
    const { provider_id: theirs } = await api.hub.one<{ provider_id: string }>(
      'select provider_id from deposit_address where client_id = $1',
      [ann.id],
    );
    await api.hub.sandbox('b2binpay').pay(theirs, { amount: '12.5' });
    await eventually(async () => (await ann.of.balance()).balance === '12.5', 'the payment to be credited');
  });

  it('return at once when asked to', async () => {
    const ann = await api.clientWith('0', 'USDT');
    const body = { accountId: ann.wallet, methodId: tetherInvoice, currencyCode: USDT, amount: '40' };
    const made = await ann.call('POST /my/deposits', body);
    expect(made).toMatchObject({
      status: 201,
      body: { done: false, workflow: 'deposit_async', data: { status: 'inProgress' } },
    });
    await api.hub.reaches(made.body.data.transactionId, 'awaiting_payer');
  });
});

describe('accounts', () => {
  it('are opened: a wallet at once, a trading account on its platform, no more than the product allows', async () => {
    const ann = await api.clientWith('100', 'USD');
    const { id: wallet } = await api.hub.one<{ id: number }>(
      `select pc.id from product_currency pc join product p on p.id = pc.product_id where p.name = 'wallet' and pc.currency = 978`,
    );
    const opened = await olga.call('POST /accounts', { clientId: ann.id, productCurrencyId: wallet, caption: 'Euro' });
    expect(opened).toMatchObject({ status: 201, body: { clientId: ann.id, caption: 'Euro', type: 'personal' } });
    expect(opened.body.accountNumber).toMatch(/^21\d{8}$/);
    const second = await ann.call('POST /my/accounts', { productCurrencyId: wallet });
    expect(second.status).toBe(403);
    expect(reason(second)).toBe('restricted');

    const { id: product } = await api.hub.one<{ id: number }>(`select id from product where name = 'mt5-live'`);
    const key = { 'idempotency-key': randomUUID() };
    const wish = { productId: product, currencyId: USD, leverage: '200' };
    const trading = await ann.call('POST /my/accounts', wish, key);
    expect(trading).toMatchObject({ status: 201, body: { leverage: 200, type: 'trade' } });
    expect(trading.body.accountNumber).toMatch(/^\d+$/);
    const again = await ann.call('POST /my/accounts', wish, key);
    expect(again.body.accountId).toBe(trading.body.accountId);

    const sent = await ann.call('POST /my/transfers', {
      amount: '60.00',
      sourceAccountId: ann.wallet,
      destinationAccountId: trading.body.accountId,
      isInternal: false,
    });
    expect(sent).toMatchObject({ status: 201, body: { type: 'transfer' } });
    await api.hub.reaches(sent.body.transactionId, 'done');
    expect((await ann.of.balance()).balance).toBe('40');

    expect(
      (await ann.call(`PATCH /my/accounts/${ann.wallet}`, { caption: 'Main', favourite: true })).body,
    ).toMatchObject({
      caption: 'Main',
      favourite: true,
    });
    const locked = await olga.call(`PUT /accounts/${ann.wallet}`, { permissions: ['enabled', 'visible'] });
    expect(locked.body.permissions).toEqual(['enabled', 'visible']);
    const back = {
      amount: '1',
      sourceAccountId: ann.wallet,
      destinationAccountId: trading.body.accountId,
      isInternal: false,
    };
    expect(reason(await ann.call('POST /my/transfers', back))).toBe('restricted');
    const bad = await olga.call('POST /accounts', {
      clientId: ann.id,
      productId: product,
      currencyCode: USD,
      leverage: 7,
    });
    expect(bad).toMatchObject({ status: 400, body: { error: { details: [{ field: 'leverage' }] } } });
  });
});

describe('play money', () => {
  const isDemo = (accountId: number, demo: boolean) =>
    api.hub.pool.query(
      `update platform p set is_demo = $2 from account a where a.account_id = $1 and p.id = a.platform_id`,
      [accountId, demo],
    );

  it('never becomes money, nor money play money, whatever rights the accounts have', async () => {
    await api.hub.approvals('transfer', 0);
    const ann = await api.clientWith('100', 'USD');
    const { accountId } = await api.hub.openTradingAccount(ann.id);
    await api.hub.reaches(await ann.of.transfer('60.00', ann.wallet, accountId), 'done');
    await isDemo(accountId, true);
    try {
      for (const [sourceAccountId, destinationAccountId] of [
        [accountId, ann.wallet],
        [ann.wallet, accountId],
      ] as const) {
        const wish = { amount: '20.00', sourceAccountId, destinationAccountId, isInternal: false };
        const refused = await ann.call('POST /my/transfers', wish);
        expect([refused.status, reason(refused)]).toEqual([403, 'restricted']);
        // Ordered before the platform became one for demonstration.
        await api.hub.reaches(await ann.of.transfer('20.00', sourceAccountId, destinationAccountId), 'failed');
      }
      expect(await ann.of.balance()).toEqual({ balance: '40', held: '0' });
    } finally {
      await isDemo(accountId, false);
    }
  });

  it('is neither paid out nor paid in', async () => {
    const ann = await api.clientWith('100', 'USDT');
    await api.hub.pool.query(`update account set type = 'demo' where account_id = $1`, [ann.wallet]);
    const out = await ann.call('POST /my/withdrawals', withdrawal(ann.wallet, '25'));
    expect([out.status, reason(out)]).toEqual([403, 'restricted']);
    const wish = { accountId: ann.wallet, methodId: tetherInvoice, currencyCode: USDT, amount: 25 };
    const into = await ann.call('POST /my/deposits/sync', wish);
    expect([into.status, reason(into)]).toEqual([403, 'restricted']);
    await api.hub.reaches(await ann.of.withdraw('25.00'), 'failed');
    await api.hub.reaches(await ann.of.deposit('25.00'), 'failed');
  });
});

describe('a transfer from a trading account whose answer was lost', () => {
  it('is seen by client and operator while its money is out', async () => {
    await api.hub.approvals('transfer', 0);
    const ann = await api.clientWith('100', 'USD');
    const { accountId } = await api.hub.openTradingAccount(ann.id);
    await api.hub.reaches(await ann.of.transfer('60.00', ann.wallet, accountId), 'done');
    const mt5 = api.hub.sandbox('mt5');
    mt5.fault({ match: { path: '/api/deal' }, kind: 'http_500', times: 1_000 });
    const transfer = {
      amount: '25.09',
      sourceAccountId: accountId,
      destinationAccountId: ann.wallet,
      isInternal: false,
    };
    const { transactionId } = (await ann.call('POST /my/transfers', transfer)).body;
    try {
      const underWay = { status: 200, body: { transactionId, status: 'inProgress' } };
      expect(await ann.call(`GET /my/transactions/${transactionId}`)).toMatchObject(underWay);
      expect(await olga.call(`GET /transactions/${transactionId}`)).toMatchObject(underWay);
    } finally {
      mt5.faults.clear();
    }
    await api.hub.reaches(transactionId, 'done');
    expect((await ann.of.balance()).balance).toBe('65.09');
  });
});

describe('a payout whose outcome nobody knows', () => {
  it('is resolved by an operator through its transaction', async () => {
    const ann = await api.clientWith('100', 'USDT');
    const made = await ann.call('POST /my/withdrawals', withdrawal(ann.wallet, '25'));
    const { transactionId } = made.body.data.transaction;
    const sandbox = api.hub.sandbox('b2binpay');
    sandbox.fault({ match: { method: 'POST', path: '/payout/', body: '"type":"payout"' }, kind: 'reset', times: 100 });
    sandbox.fault({ match: { method: 'GET', path: '/payout/' }, kind: 'http_500', times: 100 });
    try {
      await boris.call(`POST /applications/${await requestOf(transactionId)}/approve`);
      await api.hub.reaches(transactionId, 'assistance');
      const counts = await olga.call('GET /applications/notifications');
      expect(counts.body.data).toContainEqual({ type: 'withdrawal', count: expect.any(Number) });
      const resolved = await boris.call(`PATCH /transactions/${transactionId}`, {
        status: 'failed',
        comment: 'not paid',
      });
      expect(resolved).toMatchObject({ status: 200, body: { comment: 'not paid' } });
      await api.hub.reaches(transactionId, 'failed');
      expect(await ann.of.balance()).toEqual({ balance: '100', held: '0' });
      expect((await boris.call(`PATCH /transactions/${transactionId}`, { status: 'done' })).status).toBe(409);
    } finally {
      sandbox.faults.clear();
    }
  });
});

describe('while Temporal cannot be reached', () => {
  it('an order with a key is to be repeated, one without is accepted; neither is lost', async () => {
    const ann = await api.clientWith('100', 'USDT');
    const cutOff = await api.impatient(ann, '127.0.0.1:1');
    try {
      const key = { 'idempotency-key': randomUUID() };
      const refused = await cutOff.call('POST /my/withdrawals', withdrawal(ann.wallet, '10'), key);
      expect(refused).toMatchObject({ status: 503, body: { error: { details: [{ reason: 'unavailable' }] } } });
      expect(refused.headers.get('retry-after')).not.toBeNull();
      const accepted = await cutOff.call('POST /my/withdrawals', withdrawal(ann.wallet, '20'));
      expect(accepted).toMatchObject({ status: 200, body: { code: 202, data: { transaction: { status: 'new' } } } });
      const deposit = { accountId: ann.wallet, methodId: tetherInvoice, currencyCode: USDT, amount: '40' };
      const background = await cutOff.call('POST /my/deposits', deposit, { 'idempotency-key': randomUUID() });
      expect(background).toMatchObject({ status: 201, body: { workflow: 'deposit_async' } });
      expect((await ann.call('POST /my/withdrawals', withdrawal(ann.wallet, '75'))).status).toBe(400);

      const { rows } = await api.hub.pool.query<{ n: number }>(
        `select transaction_id as n from money_transaction where client_id = $1 and not workflow_started order by 1`,
        [ann.id],
      );
      expect(rows).toHaveLength(3);
      // What has not begun cannot be cancelled yet; that is no outcome, so the same call does later.
      const [cancel, later] = [`POST /my/transactions/${rows[1]!.n}/cancel`, { 'idempotency-key': randomUUID() }];
      const early = await ann.call(cancel, {}, later);
      expect(early).toMatchObject({ status: 503, body: { error: { details: [{ reason: 'unavailable' }] } } });
      await eventually(async () => {
        await startWaiting(undefined, { pool: api.hub.pool, steer: api.hub.steering } as never);
        return (await ann.call(cancel, {}, later)).status === 200;
      }, 'it to be cancelled under the same key');
      await ann.call('POST /my/withdrawals', withdrawal(ann.wallet, '10'), key);
      expect(await api.count(`money_transaction where client_id = ${ann.id}`)).toBe(3);
    } finally {
      await cutOff.stop();
    }
  });

  it('an order of a user whose tags are others now is not shown to him again', async () => {
    const { pool } = api.hub;
    const user = await api.operator();
    const ann = await api.clientWith('0', 'USD');
    await pool.query(
      `with t as (insert into tag (name) values ('mine') returning id), u as (insert into hub_user_tag (user_id, tag_id) select $1, id from t)
       insert into client_tag (client_id, tag_id) select $2, id from t`,
      [user.id, ann.id],
    );
    const headers = { 'idempotency-key': randomUUID() };
    const order = () =>
      user.call('POST /deposits', { accountId: ann.wallet, methodId: bankTransfer, amount: 70 }, headers);
    expect((await order()).status).toBe(201);
    await pool.query(`delete from client_tag where client_id = $1`, [ann.id]);
    // Kept for a month.
    await pool.query(`delete from idempotency where key = $1`, [headers['idempotency-key']]);
    expect((await order()).status).toBe(404);
    expect(await api.count(`money_transaction where client_id = ${ann.id}`)).toBe(1);
  });

  it('an order that a user confirmed is repeated without another code, and only that one', async () => {
    const { pool, settings } = api.hub;
    const user = await api.operator();
    const secret = Buffer.from('12345678901234567890');
    const sealed = new KeyRing(settings.configKeys).seal(secret, USER_TOTP_PURPOSE);
    await pool.query(`insert into hub_user_totp (user_id, sealed, active) values ($1, $2, true)`, [user.id, sealed]);
    await pool.query(`update hub_user set two_factor = 'totp' where id = $1`, [user.id]);
    await pool.query(`insert into broker_setting (name, value) values ('backOffice.confirmRisky', 'true')`);
    const ann = await api.clientWith('0', 'USD');
    const deposit = { accountId: ann.wallet, methodId: bankTransfer, amount: 70 };
    const headers = {
      'idempotency-key': randomUUID(),
      'x-confirmation-code': totpAt(secret, Math.floor(Date.now() / 30_000)),
    };
    const cutOff = await api.impatient(user, '127.0.0.1:1', 'user');
    try {
      expect((await cutOff.call('POST /deposits', deposit, headers)).status).toBe(503);
      const other = await user.call('POST /deposits', { ...deposit, amount: 71 }, headers);
      expect([other.status, reason(other)]).toEqual([409, 'idempotency_key_reused']);
      const another = await user.call('POST /deposits', deposit, { ...headers, 'idempotency-key': randomUUID() });
      expect([another.status, reason(another)]).toEqual([403, 'invalid_code']);
      expect(await user.call('POST /deposits', deposit, headers)).toMatchObject({
        status: 201,
        body: { status: 'pending', user: { id: user.id } },
      });
      expect(await api.count(`money_transaction where client_id = ${ann.id}`)).toBe(1);
    } finally {
      await cutOff.stop();
      await pool.query(`delete from broker_setting where name = 'backOffice.confirmRisky'`);
    }
  });
});

describe('while no worker answers', () => {
  it('an order is stored and never doubled', async () => {
    const ann = await api.clientWith('100', 'USDT');
    await api.hub.pause();
    const key = { 'idempotency-key': randomUUID() };
    const impatient = await api.impatient(ann);
    const waiting = await impatient.call('POST /my/withdrawals', withdrawal(ann.wallet, '25'), key);
    await impatient.stop();
    expect(waiting.status).toBe(503);
    expect(waiting.headers.get('retry-after')).not.toBeNull();
    expect(reason(waiting)).toBe('unavailable');
    const { id } = await api.hub.one<{ id: number }>(
      'select transaction_id as id from money_transaction where client_id = $1',
      [ann.id],
    );
    const asItIs = { status: 200, body: { transactionId: id, status: 'new' } };
    expect(await ann.call(`GET /my/transactions/${id}`)).toMatchObject(asItIs);
    expect(await olga.call(`GET /transactions/${id}`)).toMatchObject(asItIs);
    expect((await ann.call('GET /my/transactions')).body.total).toBe(0);
    await api.hub.resume();
    const made = await ann.call('POST /my/withdrawals', withdrawal(ann.wallet, '25'), key);
    expect(made).toMatchObject({ status: 200, body: { data: { transaction: { status: 'pending' } } } });
    expect(await ann.of.balance()).toEqual({ balance: '100', held: '25' });
  });
});
