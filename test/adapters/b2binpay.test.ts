import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { DepositOrder, PayoutOrder } from '../../adapters/kit/payments.ts';
import { passwordKey, tokenSign } from '../../adapters/payments/b2binpay/client.ts';
import { type B2binpayConfig, baseUrlOf, configSchema } from '../../adapters/payments/b2binpay/config.ts';
import provider from '../../adapters/payments/b2binpay/manifest.ts';
import { idempotencyKey } from '../../adapters/payments/b2binpay/map.ts';
import { b2binpaySandbox } from '../../adapters/payments/b2binpay/sandbox.ts';
import { callbackSign } from '../../adapters/payments/b2binpay/webhook.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { SandboxControl } from '../../sandbox/control.ts';
import { type SandboxServer, startSandboxServer } from '../../sandbox/server.ts';
import { lend } from '../kit/adapter-call.ts';

const JSON_API = 'application/vnd.api+json';
const USDT = { numericCode: 2145, alphabeticCode: 'USDT', minorUnit: 6 };
const ADDRESS = 'TSandboxBeneficiary1234567890abcd';
const V2 = { version: 'v2', login: 'sandbox-login', password: 'sandbox-password' };

const { createDeposit, findDeposit, createPayout, findPayout, webhook, testConnection } = provider.adapter as Required<
  typeof provider.adapter
>;

let server: SandboxServer;
let sandbox: SandboxControl;
let merchant: Server;
let merchantUrl: string;
let received: { headers: Record<string, string>; body: Buffer }[] = [];

beforeAll(async () => {
  server = await startSandboxServer({ port: 0, modules: [b2binpaySandbox({ unauthenticatedPerMinute: null })] });
  sandbox = server.module('b2binpay');
  merchant = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      received.push({ headers: req.headers as Record<string, string>, body: Buffer.concat(chunks) });
      res.end();
    });
  });
  await new Promise<void>((done) => merchant.listen(0, '127.0.0.1', done));
  merchantUrl = `http://127.0.0.1:${(merchant.address() as AddressInfo).port}/webhooks/7`;
});
afterAll(async () => {
  await server.close();
  await new Promise((done) => merchant.close(done));
});
beforeEach(async () => {
  await sandbox.callbacksSettled();
  sandbox.reset();
  received = [];
});

const configOf = (over: Record<string, unknown> = {}): B2binpayConfig =>
  configSchema.parse({ ...sandbox.vendor.defaultConfig(server.origin), ...over });

const contextOf = (over: Record<string, unknown> = {}): AdapterContext<B2binpayConfig> =>
  lend(provider, { ...sandbox.vendor.defaultConfig(server.origin), ...over }, { callbackUrl: merchantUrl });

const at = (config: B2binpayConfig) => ({ config, callbackUrl: merchantUrl, now: Date.now() });

let serial = 0;
const reference = () =>
  `KTEST${String(++serial)
    .padStart(8, 'A')
    .replace(/\d/g, (d) => 'BCDEFGHIJK'[Number(d)]!)}`;

const invoice = (amount: string, over: Partial<DepositOrder> = {}): DepositOrder => ({
  reference: reference(),
  flow: 'invoice',
  amount,
  currency: USDT,
  label: 'Client 7',
  returnUrl: 'https://crm.example/back',
  ...over,
});
const address = (): DepositOrder => ({ ...invoice('1'), flow: 'address', amount: null });
const payout = (amount: string): PayoutOrder => ({
  reference: reference(),
  amount,
  currency: USDT,
  label: 'WD 9',
  destination: { address: ADDRESS },
});

const failureOf = async (work: Promise<unknown>): Promise<HubFailure> => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof HubFailure) return error;
  throw new Error(`no HubFailure but ${String(error)}`);
};

const payoutPosts = () => sandbox.received.filter(({ method, url }) => method === 'POST' && url === '/payout/');
const tokenPosts = () => sandbox.received.filter(({ url }) => url.startsWith('/token/'));

describe('signatures', () => {
  const TIME = '2025-01-02T03:04:05.678901Z';
  const signed = { status: '2', amount: '0.300000000000000000', trackingId: 'dep-42', time: TIME };
  const key = passwordKey('demo-login', 'demo-pass');

  it('follow the published recipes', () => {
    expect(key.toString('hex')).toBe('e51927499bae39794e5ef89e18f1f10e683ea0b6ca9424c4c06624cc45bd1fb0');
    expect(callbackSign(key, signed)).toBe('1e678533d4f22e4dfb4db5b850671b6f17b14eb6eeddd11357e14b44d1ae5d4a');
    expect(tokenSign(key, TIME, 'refresh-token-abc')).toBe(
      '050f40a42ce6892816199a4dcba462b5605befa49a8d5ceb3097fc04612f4405',
    );
    expect(callbackSign(Buffer.from('cb-secret-1'), signed)).toBe(
      'feac777e0f5ba50394ab8e64696d1f746a63974fbdd6f982a5938d89b27f975d',
    );
  });

  // Written as text: status is a number on the wire, and no digit of it may be touched.
  const callback = (sign: string) => ({
    headers: {},
    body: Buffer.from(
      `{"data":{"type":"deposit","id":"11203","attributes":{"tracking_id":"dep-42","status":3},"relationships":` +
        `{"transfer":{"data":{"type":"transfer","id":"17618"}}}},"included":[{"type":"transfer","id":"17618","attributes":` +
        `{"confirmations":20,"amount":"0.300000000000000000","status":2}}],"meta":{"time":"${TIME}","sign":"${sign}"}}`,
    ),
  });
  const v2 = () => configOf({ ...V2, login: 'demo-login', password: 'demo-pass' });

  it('of a v2 callback are accepted with the raw key and refused with its hex text', () => {
    expect(
      webhook.verify(at(v2()), callback('1e678533d4f22e4dfb4db5b850671b6f17b14eb6eeddd11357e14b44d1ae5d4a')),
    ).toEqual({ ok: true, trust: 'partial', dedupeKey: 'transfer:17618:2:20' });
    expect(
      webhook.verify(at(v2()), callback('e3c4e82b8bbf33610d572c5e88ab2e71c55eb0bb6e94ecb1d4b4273884035807')),
    ).toEqual({ ok: false, reason: 'bad_signature' });
  });

  it('of a v3 callback are tried with the configured key only', () => {
    const right = callback('feac777e0f5ba50394ab8e64696d1f746a63974fbdd6f982a5938d89b27f975d');
    const v3 = { callbackSecret: 'cb-secret-1', login: 'demo-login', password: 'demo-pass' };
    expect(webhook.verify(at(configOf(v3)), right)).toMatchObject({ ok: true });
    expect(webhook.verify(at(configOf({ ...v3, callbackKeyMode: 'sha256(login+password)' })), right)).toMatchObject({
      ok: false,
    });
  });

  it('are asked of everything that tells of a transfer', () => {
    const text = callback('').body.toString();
    const without = (piece: string | RegExp) => ({ headers: {}, body: Buffer.from(text.replace(piece, '')) });
    expect(webhook.verify(at(v2()), without(',"sign":""'))).toEqual({ ok: false, reason: 'bad_signature' });
    expect(webhook.verify(at(v2()), without(/\{"type":"transfer","id":"17618","attributes.*?\}\}/))).toEqual({
      ok: false,
      reason: 'bad_signature',
    });
    expect(webhook.verify(at(v2()), { headers: {}, body: Buffer.from('{"data":') })).toEqual({
      ok: false,
      reason: 'malformed',
    });
  });
});

describe('the sandbox refuses what the vendor refuses', () => {
  const api = (path: string, init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {}) =>
    fetch(`${server.origin}/b2binpay${path}`, {
      ...init,
      headers: { accept: JSON_API, 'content-type': JSON_API, ...init.headers },
    });
  const signIn = async () => {
    const attributes = { client_id: 'sandbox-client', client_secret: 'sandbox-client-secret' };
    const answer = await api('/token/', {
      method: 'POST',
      body: JSON.stringify({ data: { type: 'auth-token', attributes } }),
    });
    const { data } = (await answer.json()) as { data: { attributes: { access: string } } };
    return `Bearer ${data.attributes.access}`;
  };

  it('wrong media types, and forgives them when it is told to', async () => {
    const authorization = await signIn();
    const wrong = { method: 'POST', body: '{}', headers: { authorization, 'content-type': 'application/json' } };
    expect((await api('/deposit/', wrong)).status).toBe(415);
    expect((await api('/wallet/', { headers: { authorization, accept: 'text/html' } })).status).toBe(406);
    await sandbox.advance('settings', '{"strictMediaTypes":false}');
    expect((await api('/deposit/', wrong)).status).toBe(400);
  });

  it('a POST without its trailing slash', async () => {
    const authorization = await signIn();
    expect((await api('/deposit', { method: 'POST', body: '{}', headers: { authorization } })).status).toBe(404);
  });

  it('calls without a token, and too many of them', async () => {
    await sandbox.advance('settings', '{"unauthenticatedPerMinute":2}');
    expect((await api('/wallet/')).status).toBe(401);
    expect((await api('/wallet/')).status).toBe(401);
    const third = await api('/wallet/');
    expect(third.status).toBe(429);
    expect(await third.json()).toMatchObject({ errors: [{ code: 'throttled' }] });
    await sandbox.advanceClock('61s');
    expect((await api('/wallet/')).status).toBe(401);
  });

  it('a payout without key (1003), with a used key (1004), and with an included fee for a token', async () => {
    const authorization = await signIn();
    const data = {
      type: 'payout',
      attributes: { amount: '1.00', address: ADDRESS, fee_amount: '14', tracking_id: 'wd-1', is_fee_included: false },
      relationships: {
        wallet: { data: { type: 'wallet', id: '318' } },
        currency: { data: { type: 'currency', id: '2145' } },
      },
    };
    const send = (key: string | null, draft: unknown = data) =>
      api('/payout/', {
        method: 'POST',
        body: JSON.stringify({ data: draft }),
        headers: { authorization, ...(key !== null && { 'idempotency-key': key }) },
      });
    const keyless = await send(null);
    expect([keyless.status, await keyless.json()]).toMatchObject([428, { errors: [{ code: '1003' }] }]);
    const included = { ...data, attributes: { ...data.attributes, is_fee_included: true } };
    expect((await send(idempotencyKey('b'), included)).status).toBe(400);
    expect((await send(idempotencyKey('a'))).status).toBe(201);
    const again = await send(idempotencyKey('a'));
    expect([again.status, await again.json()]).toMatchObject([409, { errors: [{ code: '1004' }] }]);
  });

  it('unknown filters, and shows lists in pages', async () => {
    const headers = { authorization: await signIn() };
    const list = async (path: string) => {
      const answer = await api(path, { headers });
      return [answer.status, await answer.json()] as [
        number,
        { data: { id: string }[]; meta: { pagination: unknown } },
      ];
    };
    expect((await list('/transfer/?filter[nonsense]=1'))[0]).toBe(400);
    expect(await list('/wallet/?page[number]=2&page[size]=3')).toMatchObject([
      200,
      { data: [{ id: '321' }, { id: '322' }, { id: '323' }], meta: { pagination: { page: 2, pages: 3, count: 8 } } },
    ]);
    expect(await list('/wallet/?filter[currency]=2145&filter[type]=1')).toMatchObject([200, { data: [{ id: '318' }] }]);
  });

  it('addresses that are not on the list', async () => {
    await sandbox.advance('settings', '{"allowedIps":["10.1.2.3"]}');
    const failure = await failureOf(testConnection(contextOf()));
    expect([failure.type, failure.facts.providerCode]).toEqual(['Config', '2016']);
  });
});

describe('the token', () => {
  it('is asked for once, shared by calls at the same time, and renewed when its time is over', async () => {
    const ctx = contextOf();
    await Promise.all([testConnection(ctx), testConnection(ctx), testConnection(ctx)]);
    expect(tokenPosts()).toHaveLength(1);
    let ahead = 0;
    const later = { ...ctx, now: () => Date.now() + ahead };
    ahead = 3_590_000;
    await testConnection(later);
    expect(tokenPosts()).toHaveLength(2);
  });

  it('is renewed once when it dies before its time, and the write behind it goes through once', async () => {
    const ctx = contextOf();
    await testConnection(ctx);
    await sandbox.advanceClock('2h');
    const order = payout('12.00');
    await createPayout(ctx, order);
    expect(tokenPosts()).toHaveLength(2);
    expect(payoutPosts()).toHaveLength(1);
  });

  it('is checked and refreshed in v2, whose refresh tokens die with use', async () => {
    const ctx = contextOf(V2);
    await testConnection(ctx);
    let ahead = 15 * 60_000;
    const later = { ...ctx, now: () => Date.now() + ahead };
    await testConnection(later);
    expect(tokenPosts().map(({ url }) => url)).toEqual(['/token/', '/token/refresh/']);
    ahead = 7 * 3_600_000;
    await testConnection(later);
    expect(tokenPosts().map(({ url }) => url)).toEqual(['/token/', '/token/refresh/', '/token/']);
  });

  it('is asked for anew when even the v2 refresh token is dead', async () => {
    const ctx = contextOf(V2);
    await testConnection(ctx);
    sandbox.reset();
    await testConnection(ctx);
    expect(tokenPosts().map(({ url, status }) => [url, status])).toEqual([
      ['/token/refresh/', 401],
      ['/token/', 200],
    ]);
  });

  it('of an impostor who does not know the v2 password is refused', async () => {
    const impostor = createServer((_req, res) =>
      res.end(
        JSON.stringify({
          data: { type: 'auth-token', attributes: { access: 'a', refresh: 'r' } },
          meta: { time: '2026-01-01T00:00:00Z', sign: 'f'.repeat(64) },
        }),
      ),
    );
    await new Promise<void>((done) => impostor.listen(0, '127.0.0.1', done));
    const baseUrl = `http://127.0.0.1:${(impostor.address() as AddressInfo).port}`;
    expect((await failureOf(testConnection(contextOf({ ...V2, baseUrl })))).reason).toBe('bad_signature');
    impostor.closeAllConnections();
    await new Promise((done) => impostor.close(done));
  });
});

describe('an invoice', () => {
  it('sends the payer to a hosted page and is found by our reference', async () => {
    const ctx = contextOf();
    const order = invoice('100.00');
    const created = await createDeposit(ctx, order);
    expect(created).toMatchObject({
      state: 'awaiting_payer',
      providerStatus: '2',
      action: { kind: 'redirect', url: expect.stringContaining('/b2binpay/pay/') },
      processed: null,
      currencyCode: 2145,
    });
    expect(await findDeposit(ctx, { reference: order.reference })).toEqual(created);
    expect(await findDeposit(ctx, { reference: 'KNOBODYKNOWSIT' })).toBeNull();
    const [post] = sandbox.received.filter(({ url }) => url === '/deposit/');
    expect(JSON.parse(post!.body)).toMatchObject({
      data: {
        attributes: { time_limit: 900, tracking_id: order.reference, callback_url: merchantUrl, label: 'Client 7' },
      },
    });
  });

  it('is paid on its page like a payer would', async () => {
    const ctx = contextOf();
    const order = invoice('25.00');
    const { action } = await createDeposit(ctx, order);
    const url = action.kind === 'redirect' ? action.url : '';
    expect(await (await fetch(url)).text()).toContain('25.00 USDT-TRX');
    const paid = await fetch(url, { method: 'POST', redirect: 'manual' });
    expect([paid.status, paid.headers.get('location')]).toEqual([303, 'https://crm.example/back']);
    expect(await findDeposit(ctx, { reference: order.reference })).toMatchObject({
      state: 'succeeded',
      processed: '25',
    });
  });

  it('paid in another coin is worth what arrives in the wallet', async () => {
    const ctx = contextOf();
    const order = invoice('100.00');
    const { providerId } = await createDeposit(ctx, order);
    await sandbox.pay(providerId, { currency: 'TRX' });
    const report = await findDeposit(ctx, { reference: order.reference, providerId });
    expect(report).toMatchObject({ currencyCode: 2145, processed: expect.stringMatching(/^100/) });
    expect(report?.arrivals[0]).not.toHaveProperty('fee');
  });

  const paid = async (amount: string, how: { amount?: string } = {}) => {
    const ctx = contextOf();
    const order = invoice(amount);
    const { providerId } = await createDeposit(ctx, order);
    await sandbox.pay(providerId, how);
    return {
      ctx,
      ref: { reference: order.reference, providerId },
      report: await findDeposit(ctx, { reference: order.reference, providerId }),
    };
  };

  it('paid in full succeeds', async () => {
    const { report } = await paid('100.00');
    expect(report).toMatchObject({
      state: 'succeeded',
      processed: '100',
      arrivals: [{ fee: '0.4' }],
      providerStatus: '3, transfer 2',
    });
    expect(report!.arrivals).toMatchObject([{ state: 'succeeded', amount: '100', currencyCode: 2145 }]);
    expect(sandbox.books()).toMatchObject([{ kind: 'deposit', amount: '100', currency: 'USDT', state: 'succeeded' }]);
  });

  it('paid between the look at the invoice and the look at its transfers is not taken for one that is partly paid', async () => {
    const ctx = contextOf();
    const order = invoice('100.00');
    const { providerId } = await createDeposit(ctx, order);
    const ref = { reference: order.reference, providerId };
    let looked = false;
    const paidMeanwhile: typeof ctx.http = async (request) => {
      const answer = await ctx.http(request);
      if (!looked && request.url.includes('/deposit/')) await sandbox.pay(providerId, {});
      looked = true;
      return answer;
    };
    const seen = await findDeposit({ ...ctx, http: paidMeanwhile }, ref);
    expect(seen).toMatchObject({ state: 'processing', arrivals: [{ state: 'processing', amount: '100' }] });
    expect(await findDeposit(ctx, ref)).toMatchObject({ state: 'succeeded' });
  });

  it.each([
    ['too little', '100.04', '60.024', /partly paid: 60.024 of 100.04/],
    ['too much', '100.05', '120.06', /overpaid: 120.06 instead of 100.05/],
  ])('with %s waits for a person and credits nothing by itself', async (_what, amount, received, why) => {
    const { report } = await paid(amount);
    expect(report).toMatchObject({ state: 'review', processed: received, why: expect.stringMatching(why) });
    expect(report!.arrivals).toMatchObject([{ state: 'review', amount: received }]);
  });

  it('with money that is held for a check waits for a person, and there is nothing to credit', async () => {
    const { report, ctx, ref } = await paid('100.08');
    const why = expect.stringMatching(/anti-money-laundering/);
    expect(report).toMatchObject({ state: 'review', processed: null, why });
    expect(report!.arrivals).toMatchObject([{ state: 'review', amount: '100.08', why }]);
    await sandbox.advance(ref.providerId, 'transfer:2');
    expect(await findDeposit(ctx, ref)).toMatchObject({ state: 'succeeded', processed: '100.08' });
  });

  it('within the allowed inaccuracy is paid', async () => {
    const ctx = contextOf({ inaccuracy: '1' });
    const order = invoice('100.00');
    const { providerId } = await createDeposit(ctx, order);
    await sandbox.pay(providerId, { amount: '99.5' });
    expect(await findDeposit(ctx, { reference: order.reference })).toMatchObject({
      state: 'succeeded',
      processed: '99.5',
    });
  });

  it('is expired when its time is over, and money after that is for a person', async () => {
    const ctx = contextOf();
    const order = invoice('100.00');
    const { providerId } = await createDeposit(ctx, order);
    await sandbox.advanceClock('16m');
    expect(await findDeposit(ctx, { reference: order.reference })).toMatchObject({ state: 'expired', processed: null });
    await sandbox.pay(providerId, {});
    expect(await findDeposit(ctx, { reference: order.reference })).toMatchObject({
      state: 'review',
      processed: '100',
      why: expect.stringContaining('late'),
    });
  });

  it('whose payment fails waits on, and ends as failed', async () => {
    const { report, ctx, ref } = await paid('100.02');
    expect(report).toMatchObject({ state: 'awaiting_payer', arrivals: [{ state: 'failed' }] });
    await sandbox.advanceClock('16m');
    expect(await findDeposit(ctx, ref)).toMatchObject({ state: 'failed' });
  });

  it('with a status nobody knows is processing, says so, and credits nothing', async () => {
    const { ctx, ref } = await paid('100.00');
    await sandbox.advance(ref.providerId, 'status:9');
    expect(await findDeposit(ctx, ref)).toMatchObject({
      state: 'processing',
      unknownWord: true,
      providerStatus: '9, transfer 2',
      processed: null,
      arrivals: [{ state: 'processing' }],
    });
    await sandbox.advance(ref.providerId, 'status:3');
    await sandbox.advance(ref.providerId, 'transfer:7');
    expect(await findDeposit(ctx, ref)).toMatchObject({ state: 'processing', unknownWord: true, processed: null });
  });

  it('cannot be had from an Enterprise wallet, nor in another currency', async () => {
    const enterprise = contextOf({ walletId: '319', walletType: 'enterprise' });
    expect((await failureOf(createDeposit(enterprise, invoice('1.00')))).type).toBe('Unsupported');
    const btc = invoice('1.00', { currency: { numericCode: 1000, alphabeticCode: 'BTC', minorUnit: 8 } });
    expect((await failureOf(createDeposit(contextOf(), btc))).reason).toBe('currency_mismatch');
  });

  it('is not taken for ours when it belongs to another wallet or reference', async () => {
    const { ctx, ref } = await paid('100.00');
    expect((await failureOf(findDeposit(contextOf({ walletId: '321' }), ref))).type).toBe('OutcomeUnknown');
    expect((await failureOf(findDeposit(ctx, { ...ref, reference: 'KSOMEONEELSES' }))).type).toBe('OutcomeUnknown');
  });
});

describe('an open address', () => {
  it.each([
    ['merchant', '318'],
    ['enterprise', '319'],
  ])('of a %s wallet takes any number of payments', async (walletType, walletId) => {
    const ctx = contextOf({ walletType, walletId });
    const order = address();
    const created = await createDeposit(ctx, order);
    expect(created).toMatchObject({ state: 'awaiting_payer', action: { kind: 'address', address: /^sandboxUSDT/ } });
    await sandbox.pay(created.providerId, { amount: '10.00' });
    await sandbox.pay(created.providerId, { amount: '7.50' });
    await sandbox.pay(created.providerId, { amount: '5.08' });
    const report = await findDeposit(ctx, { reference: order.reference });
    expect(report).toMatchObject({ state: 'review', processed: '17.5' });
    expect(report!.arrivals.map(({ state, amount }) => [state, amount])).toEqual([
      ['succeeded', '10'],
      ['succeeded', '7.5'],
      ['review', '5.08'],
    ]);
  });

  it('that was closed over there keeps what it brought', async () => {
    const ctx = contextOf();
    const order = address();
    const { providerId } = await createDeposit(ctx, order);
    await sandbox.advance(providerId, 'status:4');
    expect(await findDeposit(ctx, { reference: order.reference })).toMatchObject({ state: 'cancelled' });
    await sandbox.advance(providerId, 'status:2');
    await sandbox.pay(providerId, { amount: '10.00' });
    await sandbox.advance(providerId, 'status:4');
    expect(await findDeposit(ctx, { reference: order.reference })).toMatchObject({
      state: 'succeeded',
      processed: '10',
    });
  });

  it.each([
    ['XRP', 1010, '323', 6],
    ['XLM', 1021, '324', 7],
  ])('of %s comes with its tag', async (alphabeticCode, numericCode, walletId, minorUnit) => {
    const ctx = contextOf({ walletType: 'enterprise', walletId, walletCurrency: String(numericCode) });
    const order = { ...address(), currency: { alphabeticCode, numericCode, minorUnit } };
    const { action, providerId } = await createDeposit(ctx, order);
    expect(action).toMatchObject({ kind: 'address', address: /HotWallet|HOTWALLET/, tag: providerId });
  });

  it('reports more payments than fit on a page', async () => {
    const ctx = contextOf();
    const order = address();
    const { providerId } = await createDeposit(ctx, order);
    for (let i = 0; i < 105; i++) await sandbox.pay(providerId, { amount: '1' });
    expect(await findDeposit(ctx, { reference: order.reference, providerId })).toMatchObject({ processed: '105' });
  });
});

describe('a payout', () => {
  it('is quoted, sent once under a key made of our reference, and found', async () => {
    const ctx = contextOf();
    const order = payout('25.00');
    const created = await createPayout(ctx, order);
    expect(created).toMatchObject({ state: 'processing', processed: null, currencyCode: 2145 });
    expect(await findPayout(ctx, { reference: order.reference })).toMatchObject({
      providerId: created.providerId,
      state: 'succeeded',
      processed: '25',
      fee: '0',
      providerStatus: '2, transfer 2',
      txHash: expect.stringMatching(/^0x/),
    });
    const [post] = payoutPosts();
    expect(post!.headers['idempotency-key']).toBe(idempotencyKey(order.reference));
    expect(JSON.parse(post!.body)).toMatchObject({
      data: { attributes: { amount: '25', fee_amount: '14', is_fee_included: false, tracking_id: order.reference } },
    });
    expect(await findPayout(ctx, { reference: 'KNOBODYKNOWSIT' })).toBeNull();
  });

  it('is surely not sent when only the quote is lost', async () => {
    sandbox.fault({ match: { path: '/payout/calculate/' }, kind: 'reset' });
    expect((await failureOf(createPayout(contextOf(), payout('25.00')))).type).toBe('Unavailable');
    expect(payoutPosts()).toHaveLength(0);
  });

  it('that is refused says why, without the address', async () => {
    const order = payout('25.03');
    const failure = await failureOf(createPayout(contextOf(), order));
    expect([failure.type, failure.message]).toEqual(['Rejected', expect.stringContaining('Insufficient funds')]);
    expect(failure.message).not.toContain(ADDRESS);
    expect(sandbox.books()).toEqual([]);
  });

  it('that was sent for another amount says so', async () => {
    const ctx = contextOf();
    const order = payout('25.04');
    await createPayout(ctx, order);
    expect(await findPayout(ctx, { reference: order.reference })).toMatchObject({
      processed: '15.024',
      why: '15.024 was sent instead of 25.04',
    });
  });

  it('that waits for approval over there can be approved or cancelled', async () => {
    const ctx = contextOf();
    const [approved, cancelled] = [payout('25.10'), payout('26.10')];
    for (const order of [approved, cancelled]) {
      expect(await createPayout(ctx, order)).toMatchObject({ state: 'awaiting_approval' });
    }
    await sandbox.advance(approved.reference, 'approve');
    await sandbox.advance(cancelled.reference, 'cancel');
    expect(await findPayout(ctx, { reference: approved.reference })).toMatchObject({ state: 'succeeded' });
    expect(await findPayout(ctx, { reference: cancelled.reference })).toMatchObject({ state: 'cancelled' });
  });

  it('nobody approves over there is cancelled after its time', async () => {
    const ctx = contextOf();
    const order = payout('25.06');
    expect(await createPayout(ctx, order)).toMatchObject({ state: 'awaiting_approval' });
    await sandbox.advanceClock('2s');
    expect(await findPayout(ctx, { reference: order.reference })).toMatchObject({
      state: 'cancelled',
      providerStatus: '3',
    });
    await sandbox.callbacksSettled();
    expect(received.map((raw) => webhook.verify(at(ctx.config), raw))).toMatchObject([{ ok: true, trust: 'none' }]);
  });

  it('is found by our reference when a foreign id came with it', async () => {
    const ctx = contextOf();
    const [ours, other] = [payout('25.00'), payout('26.00')];
    await createPayout(ctx, ours);
    const { providerId } = await createPayout(ctx, other);
    for (const foreign of [providerId, '99999', '../wallet/318']) {
      const report = await findPayout(ctx, { reference: ours.reference, providerId: foreign });
      expect(report).toMatchObject({ state: 'succeeded', processed: '25' });
    }
  });

  it('with a cancel number we do not know is never ended by it', async () => {
    const ctx = contextOf();
    const order = payout('25.10');
    await createPayout(ctx, order);
    await sandbox.advance(order.reference, 'status:8');
    expect(await findPayout(ctx, { reference: order.reference })).toMatchObject({
      state: 'processing',
      unknownWord: true,
    });
  });
});

describe('callbacks', () => {
  const verdicts = (config = configOf()) => received.map((raw) => webhook.verify(at(config), raw));

  it('come twice when we ask for fewer confirmations than the chain needs', async () => {
    const ctx = contextOf({ confirmationsNeeded: 1 });
    const order = invoice('100.00');
    const { providerId } = await createDeposit(ctx, order);
    await sandbox.pay(providerId, {});
    await sandbox.callbacksSettled();
    const keys = verdicts().map((verdict) => (verdict.ok ? [verdict.trust, verdict.dedupeKey] : verdict));
    expect(keys.toSorted()).toEqual([
      ['partial', 'transfer:17618:1:1'],
      ['partial', 'transfer:17618:2:20'],
    ]);
    const about = { kind: 'deposit', reference: order.reference, providerId, paymentId: '17618' };
    const told = received.flatMap((raw) => webhook.translate(ctx.config, raw));
    // Of a deposit that was credited the first one would tell that its chain was reorganised.
    expect(told.toSorted((a, b) => a.said.slice(-1).localeCompare(b.said.slice(-1)))).toEqual([
      { ...about, reverses: true, said: expect.stringMatching(/, transfer 1$/) },
      { ...about, said: expect.stringMatching(/, transfer 2$/) },
    ]);
  });

  it('tell of an expired invoice without any signature', async () => {
    await createDeposit(contextOf(), invoice('100.00'));
    await sandbox.advanceClock('16m');
    await sandbox.callbacksSettled();
    expect(verdicts()).toEqual([{ ok: true, trust: 'none', dedupeKey: expect.stringMatching(/^deposit:11203:4:20/) }]);
    expect(received[0]!.body.toString()).not.toContain('sign');
  });
});

describe('version v2', () => {
  it('does the same with its own tokens and its own callback key', async () => {
    const ctx = contextOf(V2);
    const order = invoice('100.00');
    const { providerId } = await createDeposit(ctx, order);
    await sandbox.pay(providerId, {});
    await sandbox.callbacksSettled();
    expect(await findDeposit(ctx, { reference: order.reference })).toMatchObject({ state: 'succeeded' });
    expect(webhook.verify(at(ctx.config), received[0]!)).toMatchObject({ ok: true, trust: 'partial' });
    expect(webhook.verify(at(configOf()), received[0]!)).toEqual({ ok: false, reason: 'bad_signature' });
    const sent = payout('3.00');
    await createPayout(ctx, sent);
    expect(await findPayout(ctx, { reference: sent.reference })).toMatchObject({ state: 'succeeded' });
  });
});

describe('the configuration', () => {
  const base = { walletId: '1', walletType: 'merchant', walletCurrency: '2145' };
  const v3 = { ...base, clientId: 'c', clientSecret: 's', callbackSecret: 'x' };

  it.each([
    ['b2binpay', 'v3', 'live', 'https://v3.api.b2binpay.com'],
    ['b2binpay', 'v3', 'sandbox', 'https://v3.api-sandbox.b2binpay.com'],
    ['b2binpay', 'v2', 'live', 'https://api.b2binpay.com'],
    ['coinsbuy', 'v3', 'live', 'https://v3.api.coinsbuy.com'],
    ['coinsbuy', 'v3', 'sandbox', 'https://v3.api-sandbox.coinsbuy.com'],
  ])('knows the host of %s %s %s', (profile, version, environment, host) => {
    const config = configSchema.parse({ ...v3, login: 'l', password: 'p', profile, version, environment });
    expect(baseUrlOf(config)).toBe(host);
  });

  it('names what is missing', () => {
    const missing = (input: unknown) => configSchema.safeParse(input).error?.issues.map(({ path }) => path[0]);
    expect(missing(base)).toEqual(['clientId', 'clientSecret', 'callbackSecret']);
    expect(missing({ ...base, version: 'v2' })).toEqual(expect.arrayContaining(['login', 'password']));
    expect(missing({ ...v3, walletId: 'x/../y' })).toEqual(['walletId']);
  });

  it('maps our currencies to theirs, with a numeric code of our own when we have one', async () => {
    const ctx = contextOf({ currencies: { TETHER: { id: '2145', numericCode: 5000 } } });
    const order = invoice('10.00', { currency: { numericCode: 5000, alphabeticCode: 'TETHER', minorUnit: 6 } });
    expect(await createDeposit(ctx, order)).toMatchObject({ currencyCode: 5000 });
    expect(await findDeposit(ctx, { reference: order.reference })).toMatchObject({ currencyCode: 5000 });
  });

  it('survives being read twice', () => {
    expect(configSchema.parse(configOf())).toEqual(configOf());
  });

  it('notices a wallet that is not what it says', async () => {
    await testConnection(contextOf());
    for (const wrong of [{ walletId: '999' }, { walletType: 'enterprise' }, { walletCurrency: '1000' }]) {
      expect((await failureOf(testConnection(contextOf(wrong)))).type).toBe('Config');
    }
  });
});

describe('a provider that misbehaves', () => {
  /** Signs in like the real one and answers everything else with `status` and `body`. */
  const impostor = async (
    act: (baseUrl: string) => Promise<void>,
    answerWith: (authorization: string) => { status: number; body: string },
  ) => {
    const server = createServer((req, res) => {
      const token = { data: { type: 'auth-token', attributes: { access: 'short-token', expires_in: 3599 } } };
      const { status, body } =
        req.url === '/token/'
          ? { status: 200, body: JSON.stringify(token) }
          : answerWith(req.headers.authorization ?? '');
      res.writeHead(status).end(body);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    await act(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };

  it('and repeats our secrets does not get them into a message', async () => {
    const secrets = ['pa55', 's3cret', 'cb-key', ADDRESS, 'short-token'];
    const said = { errors: [{ code: 'invalid', detail: `no: ${secrets.join(' ')}` }] };
    await impostor(
      async (baseUrl) => {
        const ctx = contextOf({
          baseUrl,
          clientSecret: 's3cret',
          callbackSecret: 'cb-key',
          login: 'x',
          password: 'pa55',
        });
        const { message } = await failureOf(createPayout(ctx, payout('1.00')));
        for (const secret of secrets.slice(0, 4)) expect(message).not.toContain(secret);
      },
      () => ({ status: 400, body: JSON.stringify(said) }),
    );
  });

  it('and refuses to be looked at is never taken for a refused payout', async () => {
    await impostor(
      async (baseUrl) => {
        const failure = await failureOf(findPayout(contextOf({ baseUrl }), { reference: reference() }));
        expect(failure.type).toBe('Config');
      },
      () => ({ status: 400, body: '{"errors":[{"code":"invalid","detail":"invalid filter"}]}' }),
    );
  });

  it.each([
    ['an amount in words', '{"data":{"type":"payout","id":"1","attributes":{"amount":"lots","tracking_id":"REF"}}}'],
    ['a page of HTML', '<html>'],
    ['another type of thing', '{"data":[]}'],
  ])('and answers an order with %s leaves it unknown', async (_what, body) => {
    const order = payout('1.00');
    const relationships =
      '"relationships":{"wallet":{"data":{"type":"wallet","id":"318"}},"currency":{"data":{"type":"currency","id":"2145"}}},';
    let calls = 0;
    await impostor(
      async (baseUrl) => {
        expect((await failureOf(createPayout(contextOf({ baseUrl }), order))).type).toBe('OutcomeUnknown');
      },
      () =>
        calls++ === 0
          ? { status: 200, body: '{"data":{"type":"payout-calculation","attributes":{"fee":{"medium":"1"}}}}' }
          : {
              status: 201,
              body: body.replace('REF', order.reference).replace('"attributes"', `${relationships}"attributes"`),
            },
    );
  });
});
