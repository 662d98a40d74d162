import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { DepositOrder, PayoutOrder } from '../../adapters/kit/payments.ts';
import type { RawWebhook } from '../../adapters/kit/webhooks.ts';
import { type Order, sign } from '../../adapters/payments/praxis/client.ts';
import provider from '../../adapters/payments/praxis/manifest.ts';
import { depositReport, exponent, minorOf, payoutReport } from '../../adapters/payments/praxis/map.ts';
import { startSandboxServer, type SandboxServer } from '../../sandbox/server.ts';
import { lend } from '../kit/adapter-call.ts';

const { createDeposit, findDeposit, createPayout, findPayout, webhook, testConnection } = provider.adapter as Required<
  typeof provider.adapter
>;
const { preparePayout, findPreparedPayout, cancelPayout } = provider.adapter as Required<typeof provider.adapter>;
const GOLDEN = { merchantId: 'M-1', applicationKey: 'app-1', merchantSecret: 'secret' };
const config = provider.config.parse(GOLDEN);
const EUR = { numericCode: 978, alphabeticCode: 'EUR', minorUnit: 2 };
const reference = 'KAAAAAAAAAAAA';
const deposit: DepositOrder = {
  reference,
  flow: 'invoice',
  amount: '100.50',
  currency: EUR,
  label: 'Client 7',
  returnUrl: 'https://crm.example/back',
  payer: { clientId: '7', locale: 'en_GB', firstName: 'Jane', birthday: '1990-01-31', phone: '+357 000-00000' },
};
const payout: PayoutOrder = {
  reference,
  amount: '80.00',
  currency: EUR,
  label: 'Client 7',
  destination: { address: '' },
};

const REPLY = '4f4fcd9ca140c26cbd8f965dc5e362808c863c9e99be6ebdf8fdc64d6ad5feba9f04a7c49f1bb3f2c5f3772f617db201';

describe("Praxis' signatures", () => {
  // The rate is a JSON number with six decimals: read as a float it would be "1".
  const body = (rate = '1.000000', status = 'approved') =>
    `{"merchant_id":"M-1","application_key":"app-1","conversion_rate":${rate},"customer":{"customer_token":"tok-1"},` +
    `"session":{"intent":"payment","session_status":"open","order_id":"dep-42"},"transaction":{"transaction_type":"sale","transaction_status":"${status}","tid":9001,` +
    `"currency":"USD","amount":10050,"conversion_rate":${rate},"processed_currency":"USD","processed_amount":10050},"version":"1.3","timestamp":1700000000}`;
  const NOTIFICATION =
    'c61531ae0d3172699ae0e0de8dbc3095a07bba76c95dbe6728d6369a8660d173c3fcd679df6a5a4b2f84e89a01912054';
  const raw = (text: string, signature = NOTIFICATION): RawWebhook => ({
    headers: { 'gt-authentication': signature },
    body: Buffer.from(text),
  });
  const at = { config, callbackUrl: '', now: 1_700_000_000_000 };

  it('are those of the golden vectors: of a request, of a notification and of our reply', () => {
    expect(sign('secret', 'M-1', 'app-1', '1700000000', 'payment', 'client-7', 'dep-42')).toBe(
      'ca985783a890c2ec2bd6a2acb85d272b663b240cf431036bbb85a21046057f8b248396762bf73ae1568b2f3fac61f83b',
    );
    expect(webhook.verify(at, raw(body()))).toEqual({ ok: true, trust: 'partial', dedupeKey: '9001:approved' });
    const reply = webhook.reply(at, 'accepted');
    expect(reply).toMatchObject({ status: 200, headers: { 'gt-authentication': REPLY } });
    expect(JSON.parse(reply.body)).toEqual({ status: 0, description: 'Ok', version: '1.3', timestamp: 1700000000 });
  });

  it('cover the text of numbers: quoted it is the same, with fewer zeros another', () => {
    expect(webhook.verify(at, raw(body('"1.000000"'))).ok).toBe(true);
    expect(webhook.verify(at, raw(body('1.0')))).toEqual({ ok: false, reason: 'bad_signature' });
    expect(webhook.verify(at, raw(body(), NOTIFICATION.replace(/^c/, 'd')))).toMatchObject({ ok: false });
  });

  it('do not cover the status, which therefore is a hint only', () => {
    const verdict = webhook.verify(at, raw(body('1.000000', 'rejected')));
    expect(verdict).toEqual({ ok: true, trust: 'partial', dedupeKey: '9001:rejected' });
  });

  it('count for the application they were made for', () => {
    const other = { ...at, config: { ...config, applicationKey: 'app-2' } };
    expect(webhook.verify(other, raw(body()))).toEqual({ ok: false, reason: 'bad_signature' });
  });

  it('skip what is null: a session that ran out has no transaction', () => {
    const text = body().replace(/"transaction":\{.*?\},"version"/, '"transaction":null,"version"').replace('open', 'expired'); // prettier-ignore
    const signature = sign('secret', 'M-1', 'app-1', '1700000000', 'tok-1', 'dep-42');
    expect(webhook.verify(at, raw(text, signature))).toMatchObject({ ok: true, dedupeKey: 'dep-42:session expired' });
    expect(webhook.translate(config, raw(text))).toEqual([
      { kind: 'deposit', reference: 'dep-42', providerId: 'dep-42', said: 'session expired' },
    ]);
  });

  it('tell what went back, and which of a withdrawal it is', () => {
    const [news] = webhook.translate(config, raw(body('1.000000', 'chargeback')));
    expect(news).toMatchObject({ kind: 'deposit', reference: 'dep-42', paymentId: '9001', reverses: true });
    const [paid] = webhook.translate(config, raw(body().replace('"sale"', '"payout"')));
    expect(paid).toEqual({ kind: 'payout', reference: 'dep-42', providerId: '9001', said: 'approved' });
  });
});

describe("Praxis' amounts", () => {
  it('are integers by their own list of decimals', () => {
    expect(['USD', 'KWD', 'JPY', 'UGX', 'UYI'].map(exponent)).toEqual([2, 3, 0, 0, 0]);
    expect(minorOf(config, '10.125', { alphabeticCode: 'KWD', numericCode: 414 })).toBe('10125');
    expect(minorOf(config, '7', { alphabeticCode: 'JPY', numericCode: 392 })).toBe('7');
    expect(() => minorOf(config, '7.5', { alphabeticCode: 'JPY', numericCode: 392 })).toThrow(/decimals/);
  });

  it('need a currency that is the same here and there', () => {
    const USDT = { alphabeticCode: 'USDT', numericCode: 2145 };
    expect(() => minorOf(config, '1', USDT)).toThrow(/does not map USDT/);
    expect(minorOf({ ...config, currencies: { USDT: 2145 } }, '1', USDT)).toBe('100');
    expect(() => minorOf(config, '1', { ...EUR, numericCode: 840 })).toThrow(/does not map/);
  });

  const ctx = { config, scrub: (text: string) => text } as AdapterContext<typeof config>;
  const order = (transaction: Record<string, string>, session: Record<string, string> = {}): Order => ({
    session: { order_id: reference, currency: 'EUR', amount: '10000', session_status: 'open', ...session },
    transaction: { tid: '9001', transaction_type: 'sale', transaction_status: 'approved', currency: 'EUR', amount: '10000', ...transaction }, // prettier-ignore
  });
  const report = (...facts: Parameters<typeof order>) => depositReport(ctx, order(...facts), { kind: 'none' });
  const inYen = { processed_currency: 'JPY', conversion_rate: '161.234567', processed_amount: '16123' };

  it('are credited in the currency of the order, when rate and processed amount bear them out', () => {
    expect(report(inYen)).toMatchObject({ state: 'succeeded', processed: '100', currencyCode: 978 });
    const coin = { processed_currency: 'BTC', conversion_rate: '0.0000153', processed_amount: '0' };
    expect(report(coin)).toMatchObject({ state: 'succeeded', processed: '100' });
  });

  it.each([
    ['another processed amount', { ...inYen, processed_amount: '16000' }],
    [
      'another amount in the same currency',
      { processed_currency: 'EUR', conversion_rate: '1.000000', processed_amount: '9999' },
    ],
    ['no rate', { ...inYen, conversion_rate: '' }],
    ['a rate that is none', { ...inYen, conversion_rate: '1e2' }],
  ])('are for a person with %s', (_what, transaction) => {
    const said = report(transaction);
    expect(said).toMatchObject({ state: 'review', processed: '100', arrivals: [{ id: '9001', state: 'review' }] });
    expect(said.why).toMatch(/rate/);
  });

  it('are for a person when the session took more than the transaction they show', () => {
    expect(report({}, { processed_amount: '20000' })).toMatchObject({ state: 'review', why: expect.stringMatching(/more/) }); // prettier-ignore
    expect(report({}, { processed_amount: '10000' })).toMatchObject({ state: 'succeeded' });
    const refused = { transaction_status: 'rejected' };
    expect(report(refused, { processed_amount: '10000' })).toMatchObject({ state: 'review', processed: null, why: expect.stringMatching(/holds money/) }); // prettier-ignore
    expect(report(refused, { processed_amount: '0' })).toMatchObject({ state: expect.not.stringMatching(/review/) });
  });

  it('that are no integers are not read', () => {
    expect(() => report({ amount: '100.50' })).toThrow(/no integer/);
  });

  it('of a refused attempt leave the page open, until the session is over', () => {
    expect(report({ transaction_status: 'rejected' })).toMatchObject({ state: 'awaiting_payer', processed: null });
    expect(report({ transaction_status: 'rejected' }, { session_status: 'expired' })).toMatchObject({
      state: 'failed',
    });
  });

  it('taken back are reversals, of the payment or of a refund they show in its place', () => {
    expect(report({ transaction_status: 'reversed' })).toMatchObject({
      state: 'succeeded',
      reversals: [{ id: '9001:reversed', kind: 'refund', paymentId: '9001', state: 'done', amount: '100' }],
    });
    const refund = { transaction_type: 'refund', tid: '9002', reference_id: '9001', amount: '4000' };
    expect(report(refund)).toMatchObject({
      processed: null,
      arrivals: [],
      reversals: [{ id: '9002', kind: 'refund', paymentId: '9001', amount: '40' }],
    });
    expect(report({ ...refund, transaction_status: 'pending' }).reversals).toEqual([]);
  });

  it.each(['constructor', 'toString', ''])('under the word %j are waited for', (transaction_status) => {
    expect(report({ transaction_status })).toMatchObject({ state: 'processing', unknownWord: true, processed: null });
  });

  it('of a payout split over there are for a person', () => {
    const split = order({ transaction_type: 'payout', transaction_status: 'split' }) as Parameters<
      typeof payoutReport
    >[1];
    expect(payoutReport(ctx, split)).toMatchObject({ state: 'processing', unknownWord: true, processed: null });
  });
});

describe('with its sandbox', () => {
  let server: SandboxServer;
  let ctx: AdapterContext<typeof config>;
  const heard: RawWebhook[] = [];
  const ear = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      heard.push({ headers: req.headers as Record<string, string>, body: Buffer.concat(chunks) });
      const { status, headers, body } = answer();
      res.writeHead(status, headers).end(body);
    });
  });
  const reply = () => webhook.reply({ config: ctx.config, callbackUrl: '', now: Date.now() }, 'accepted');
  let answer = reply;
  const control = () => server.module('praxis')!;

  beforeAll(async () => {
    await new Promise<void>((done) => ear.listen(0, '127.0.0.1', done));
  });
  afterAll(() => void ear.close());
  beforeEach(async () => {
    heard.length = 0;
    answer = reply;
    server = await startSandboxServer({ port: 0, modules: [await provider.sandbox!()] });
    ctx = lend(provider, control().vendor.defaultConfig(server.origin), {
      callbackUrl: `http://127.0.0.1:${(ear.address() as AddressInfo).port}/webhooks/7`,
      now: () => control().now(),
    });
  });
  afterEach(() => server.close());

  /** A request as the adapter makes it, and what is wrong with it. */
  const post = async (path: string, change: Record<string, unknown>, header?: string) => {
    const body = {
      ...{ merchant_id: 'M-1', application_key: 'app-1', timestamp: 1700000000, order_id: reference, version: '1.3' },
      ...change,
    };
    const signature = header ?? sign('praxis-sandbox-secret', 'M-1', 'app-1', '1700000000', body.order_id);
    const said = await fetch(`${server.origin}/praxis${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        ...(signature && { 'gt-authentication': signature }),
      },
      body: JSON.stringify(body),
    });
    return { http: said.status, ...((await said.json()) as { status: number; description: string }) };
  };

  it('requests carry the client as Praxis wants him, and their page is what he gets', async () => {
    const { action } = await createDeposit(ctx, deposit);
    const sent = JSON.parse(control().received.at(-1)!.body);
    expect(sent).toMatchObject({ cid: '7', locale: 'en-GB', amount: 10050, version: '1.3', variable1: reference });
    expect(sent.customer_data).toMatchObject({ first_name: 'Jane', dob: '01/31/1990', phone: '35700000000' });
    expect(action.kind).toBe('redirect');
    const page = action.kind === 'redirect' ? action.url : '';
    expect(await (await fetch(page)).text()).toContain('100.5 EUR');
    await fetch(page, { method: 'POST' });
    expect(await findDeposit(ctx, { reference })).toMatchObject({ state: 'succeeded', processed: '100.5' });
  });

  it('a client who fails and pays at the second try leaves two transactions, of which one brings money', async () => {
    await createDeposit(ctx, deposit);
    await control().advance(reference, 'fail');
    expect(await findDeposit(ctx, { reference })).toMatchObject({ state: 'awaiting_payer' });
    await control().pay(reference, { amount: '60.00', currency: 'USD' });
    const found = await findDeposit(ctx, { reference });
    expect(found).toMatchObject({ state: 'succeeded', processed: '60', arrivals: [{ id: '9002' }] });
    await control().callbacksSettled();
    const tids = heard.map((raw) => webhook.translate(ctx.config, raw)[0]?.paymentId);
    expect(tids).toEqual(['9001', '9002']);
  });

  it('a session whose answer was lost is there without its page, and its reference cannot be used again', async () => {
    await createDeposit(ctx, deposit);
    expect(await findDeposit(ctx, { reference })).toMatchObject({ state: 'awaiting_payer', action: { kind: 'none' } });
    await expect(createDeposit(ctx, deposit)).rejects.toMatchObject({ type: 'Rejected' });
    await control().advanceClock('16m');
    expect(await findDeposit(ctx, { reference })).toMatchObject({ state: 'expired' });
  });

  it('reads our reply: unsigned, wrongly signed or not 0 it is sent again after five minutes', async () => {
    for (const bad of [
      () => ({ ...reply(), headers: {} }),
      () => ({ ...reply(), headers: { 'gt-authentication': REPLY } }),
      () => webhook.reply({ config: ctx.config, callbackUrl: '', now: Date.now() }, 'rejected'),
    ]) {
      answer = bad;
      await createDeposit(ctx, { ...deposit, reference: `KBBBBBBBBBBB${heard.length}` });
      await control().pay(`KBBBBBBBBBBB${heard.length}`);
      await control().callbacksSettled();
      expect(control().callbacks().at(-1)).toMatchObject({ state: 'retrying' });
      answer = reply;
      await control().advanceClock('5m');
      expect(
        control()
          .callbacks()
          .every(({ state }) => state === 'delivered'),
      ).toBe(true);
    }
  });

  it('a payout waits until the client has said on the page where to, and is then completed once', async () => {
    await control().advance('settings', '{"clientSubmits":false}');
    const { action } = await preparePayout(ctx, payout);
    expect(action).toMatchObject({ kind: 'redirect' });
    await expect(createPayout(ctx, payout)).rejects.toMatchObject({ type: 'Unavailable' });
    expect(await findPayout(ctx, { reference })).toBeNull();
    expect(await findPreparedPayout(ctx, { reference })).toBe('waiting');
    expect(await findPreparedPayout(ctx, { reference: 'KBBBBBBBBBBBB' })).toBeNull();
    await control().pay(reference);
    expect(await findPreparedPayout(ctx, { reference })).toBe('ready');
    expect(await findPayout(ctx, { reference })).toBeNull();
    expect(control().books()).toEqual([]);
    expect(await createPayout(ctx, payout)).toMatchObject({ providerId: '9001', state: 'succeeded', processed: '80' });
    expect(await createPayout(ctx, payout)).toMatchObject({ providerId: '9001', state: 'succeeded' });
    expect(control().received.filter(({ url }) => url.startsWith('/agent/manage'))).toHaveLength(1);
    expect(control().books()).toHaveLength(1);
  });

  it('a payout whose page ran out is refused', async () => {
    await control().advance('settings', '{"clientSubmits":false}');
    await preparePayout(ctx, payout);
    await control().advanceClock('16m');
    expect(await findPreparedPayout(ctx, { reference })).toBe('over');
    await expect(createPayout(ctx, payout)).rejects.toMatchObject({ type: 'Rejected' });
  });

  it('a payout the client asked for over another amount is not completed', async () => {
    await preparePayout(ctx, { ...payout, amount: '79.00' });
    await expect(createPayout(ctx, payout)).rejects.toMatchObject({ type: 'OutcomeUnknown' });
    expect(control().books()).toEqual([]);
  });

  it('a payout completed by someone else while we asked is told, not refused', async () => {
    await preparePayout(ctx, payout);
    const http: typeof ctx.http = async (request) => {
      // Between our look and our order.
      if (request.url.endsWith('/agent/manage-withdrawal-request')) await control().advance(reference, 'approve');
      return ctx.http(request);
    };
    expect(await createPayout({ ...ctx, http }, payout)).toMatchObject({ state: 'succeeded', processed: '80' });
    expect(control().books()).toHaveLength(1);
  });

  it('a withdrawal request is cancelled as long as nobody began to pay it', async () => {
    expect(await cancelPayout(ctx, { reference })).toBeNull();
    await preparePayout(ctx, payout);
    expect(await cancelPayout(ctx, { reference })).toMatchObject({ state: 'cancelled', processed: null });
    expect(await createPayout(ctx, payout)).toMatchObject({ state: 'cancelled' });
    await preparePayout(ctx, { ...payout, reference: 'KCCCCCCCCCCCC' });
    await createPayout(ctx, { ...payout, reference: 'KCCCCCCCCCCCC' });
    expect(await cancelPayout(ctx, { reference: 'KCCCCCCCCCCCC' })).toMatchObject({ state: 'succeeded' });
  });

  it('errors that come with HTTP 200 are a refusal, our keys or their trouble', async () => {
    const said = (status: number, description: string) =>
      createDeposit({ ...ctx, http: async () => ({ status: 200, headers: {}, body: JSON.stringify({ status, description }) }) }, deposit); // prettier-ignore
    await expect(said(7, 'Amount is above the limit')).rejects.toMatchObject({ type: 'Rejected', facts: { providerCode: '7' } }); // prettier-ignore
    await expect(said(1, 'Invalid signature')).rejects.toMatchObject({ type: 'Config' });
    await expect(said(-3, 'Internal error')).rejects.toMatchObject({ type: 'OutcomeUnknown' });
    const look = (status: number, description: string) =>
      findDeposit({ ...ctx, http: async () => ({ status: 200, headers: {}, body: JSON.stringify({ status, description }) }) }, { reference }); // prettier-ignore
    expect(await look(5, 'Order not found')).toBeNull();
    await expect(look(5, 'Application of this order_id unknown')).rejects.toMatchObject({ type: 'Config' });
    await expect(look(5, 'Application not found')).rejects.toMatchObject({ type: 'Config' });
    await expect(look(5, 'Something new')).rejects.toMatchObject({ type: 'Config' });
    await expect(look(-5, 'Host not found')).rejects.toMatchObject({ type: 'Unavailable' });
  });

  it('is strict: signature, members, version and amounts must be right', async () => {
    await createDeposit(ctx, deposit);
    expect(await post('/agent/find-order', {})).toMatchObject({ http: 200, status: 0 });
    expect(await post('/agent/find-order', {}, '')).toMatchObject({ http: 400, description: 'Missing signature' });
    expect(await post('/agent/find-order', {}, 'f'.repeat(96))).toMatchObject({ http: 200, status: 1 });
    expect(await post('/agent/find-order', { version: '1.2' })).toMatchObject({ status: 1 });
    expect(await post('/agent/find-order', { sneaky: 1 })).toMatchObject({ status: 2 });
    expect(await post('/agent/find-order', { order_id: 'KZZZZZZZZZZZZ' })).toMatchObject({ status: 3 });
    const wrong = { ...ctx, config: { ...ctx.config, merchantSecret: 'secret' } };
    await expect(testConnection(wrong)).rejects.toMatchObject({ type: 'Config' });
  });
});
