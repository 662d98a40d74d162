import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { redirectOf } from '../../api/money/front-office/deposit-answers.ts';
import { replaceSettings, sealSettings } from '../../db/repositories/connections.ts';
import { KeyRing } from '../../config/key-ring.ts';
import { CONFIG_KEYS } from '../kit/keys.ts';
import { payloadsOf } from '../kit/history.ts';
import { MoneyApi } from './money-hub.ts';

// Providers that ask the client for more than an amount: forms of fields, pages of a cashier.

let api: MoneyApi;

const field = (name: string, rules: string[]) => ({ id: name, name, type: 'input', label: name, rules });

beforeAll(async () => {
  api = await MoneyApi.start({}, ['praxis']);
  const { pool } = api.hub;
  const { id } = await api.hub.one<{ id: number }>(
    `insert into connection (provider, name, caption, config) values ('constructor', 'counter', 'Counter', '') returning id`,
  );
  const settings = {
    instruction: 'Pay {amount} {currency} at <our> counter.\nWrite {reference} on the slip.',
    depositFields: [{ name: 'slip', label: 'Slip', kind: 'digits' }],
    payoutFields: [{ name: 'iban', label: 'IBAN', kind: 'iban' }],
  };
  await replaceSettings(pool, id, sealSettings(new KeyRing(CONFIG_KEYS), settings));
  for (const [direction, name, connection, flow, fields, currency] of [
    ['deposit', 'counter-in', 'counter', 'manual', [field('slip', ['required', 'integer', 'max:9'])], 840],
    ['withdrawal', 'counter-out', 'counter', 'send', [field('iban', ['required', 'string', 'max:34'])], 840],
    ['withdrawal', 'cashier-out', 'praxis', 'send', [], 978],
  ] as const)
    await pool.query(
      `with made as (
         insert into payment_method (direction, name, caption, provider, connection_id, flow, fields)
         select $1, $2, $2, provider, id, $3, $4 from connection where name = $5 returning id)
       insert into payment_method_currency (method_id, type, currency, min, caption)
       select id, type, $6, 1, 'x' from made, unnest(array['TR', 'PS']) as type`,
      [direction, name, flow, JSON.stringify(fields), connection, currency],
    );
  await api.hub.approvals('withdrawal', 1);
});
afterAll(() => api?.stop());

const key = () => ({ 'idempotency-key': randomUUID() });

describe('a form', () => {
  it('tells the payer what to do in the words of the connection, with his reference, and waits for a person', async () => {
    const client = await api.clientWith('0', 'USD');
    const order = {
      accountId: client.wallet,
      methodId: await api.methodId('counter-in'),
      currencyCode: 840,
      amount: 50,
    };
    const answer = await client.call('POST /my/deposits/sync', { ...order, data: { slip: '4711' } }, key());
    expect(answer).toMatchObject({ status: 201, body: { workflow: 'deposit_instruction' } });
    const { transactionId } = answer.body.data.transaction;
    const { reference } = await api.hub.one<{ reference: string }>(
      `select reference from money_transaction where transaction_id = $1`,
      [transactionId],
    );
    expect(answer.body.data.html).toBe(`<p>Pay 50 USD at &lt;our&gt; counter.<br>Write ${reference} on the slip.</p>`);
    await api.hub.decide(transactionId, await api.hub.operator(), 'approve');
    await api.hub.reaches(transactionId, 'done');
    expect((await client.of.balance()).balance).toBe('50');
  });

  it('with a field missing, wrong or unknown is refused by name, and nothing is stored', async () => {
    const client = await api.clientWith('100', 'USD');
    const before = await api.count('money_transaction');
    const order = {
      accountId: client.wallet,
      methodId: await api.methodId('counter-in'),
      currencyCode: 840,
      amount: 50,
    };
    for (const [data, named] of [
      [{}, 'data.slip'],
      [{ slip: 'x' }, 'data.slip'],
      [{ slip: '1', more: 'y' }, 'data.more'],
    ] as const)
      expect(await client.call('POST /my/deposits/sync', { ...order, data }, key())).toMatchObject({
        status: 400,
        body: { error: { details: [{ field: named, reason: 'validation' }] } },
      });
    expect(await api.count('money_transaction')).toBe(before);
  });

  it('reaches the provider and no history: what its own rules refuse gives the money back', async () => {
    const client = await api.clientWith('100', 'USD');
    const olga = await api.hub.operator();
    const payout = async (iban: string) => {
      const order = {
        accountId: client.wallet,
        methodId: await api.methodId('counter-out'),
        currencyCode: 840,
        amount: 30,
      };
      const { body } = await client.call('POST /my/withdrawals', { ...order, data: { iban } }, key());
      const { transactionId } = body.data.transaction;
      await api.hub.decide(transactionId, olga, 'approve');
      return transactionId as number;
    };
    const good = await payout('DE02120300000000202051');
    await api.hub.reaches(good, 'done');
    expect((await payloadsOf(api.hub, `payout:${good}`)).decoded).not.toContain('DE02120300000000202051');
    await api.hub.reaches(await payout('DE03120300000000202051'), 'failed');
    expect(await client.of.balance()).toEqual({ balance: '70', held: '0' });
  });
});

describe('a withdrawal through a cashier', () => {
  it('is answered with the page on which the client goes on, and he can take it back', async () => {
    await api.hub.sandbox('praxis').advance('settings', '{"clientSubmits":false}');
    const client = await api.clientWith('100', 'EUR');
    const order = {
      accountId: client.wallet,
      methodId: await api.methodId('cashier-out'),
      currencyCode: 978,
      amount: 30,
    };
    const { status, body } = await client.call('POST /my/withdrawals', order, key());
    expect({ status, data: body.data }).toMatchObject({
      status: 200,
      data: {
        transaction: { status: 'hold' },
        redirect: { url: expect.stringContaining('/cashier/page'), method: 'GET', params: {} },
      },
    });
    const { transactionId } = body.data.transaction;
    expect(await client.of.balance()).toEqual({ balance: '100', held: '30' });
    // Whoever opens it says where the money goes.
    const olga = await api.operator();
    expect(JSON.stringify(await olga.call(`GET /transactions/${transactionId}`))).not.toContain('/cashier/page');
    expect(await client.call(`POST /my/transactions/${transactionId}/cancel`, {}, key())).toMatchObject({
      status: 200,
    });
    expect(await client.of.balance()).toEqual({ balance: '100', held: '0' });
  });
});

describe('where a client goes on', () => {
  it('is a page, or a form his browser posts', () => {
    expect(redirectOf({ kind: 'form', url: 'https://pay.example', fields: { sum: '1' } })).toEqual({
      url: 'https://pay.example',
      method: 'POST',
      params: { sum: '1' },
    });
    expect(redirectOf(undefined)).toBeNull();
  });
});
