import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import b2binpay from '../../adapters/rates/b2binpay-rates/manifest.ts';
import { createSandbox as createB2binpay } from '../../adapters/rates/b2binpay-rates/sandbox.ts';
import custom from '../../adapters/rates/custom-rates/manifest.ts';
import ecb from '../../adapters/rates/ecb/manifest.ts';
import { createSandbox as createEcb } from '../../adapters/rates/ecb/sandbox.ts';
import type { SandboxControl } from '../../sandbox/control.ts';
import { type SandboxServer, startSandboxServer } from '../../sandbox/server.ts';
import { failureOf, lend } from '../kit/adapter-call.ts';

let server: SandboxServer;
let bank: SandboxControl;
let gateway: SandboxControl;

beforeAll(async () => {
  server = await startSandboxServer({ port: 0, modules: [createEcb(), createB2binpay()] });
  bank = server.module('ecb');
  gateway = server.module('b2binpay-rates');
});
afterAll(() => server.close());
beforeEach(() => {
  bank.reset();
  gateway.reset();
});

/** A source that says one thing only. */
const saying = async <T>(body: string, work: (baseUrl: string) => Promise<T>): Promise<T> => {
  const one = createServer((_req, res) => void res.end(body));
  await new Promise<void>((done) => one.listen(0, '127.0.0.1', done));
  return work(`http://127.0.0.1:${(one.address() as AddressInfo).port}`).finally(() => one.close());
};

describe('the ECB', () => {
  const ask = (over: Record<string, unknown> = {}) =>
    ecb.adapter.quotes(lend(ecb, { ...bank.vendor.defaultConfig(server.origin), ...over }, { now: () => bank.now() }), [
      { from: 'USD', to: 'JPY' },
    ]);
  const file = (cubes: string, head = '') => `<?xml version="1.0"?>${head}<gesmes:Envelope xmlns:gesmes="g"><Cube>${cubes}</Cube></gesmes:Envelope>`; // prettier-ignore
  const day = (rates: string, time = '2026-11-20') => `<Cube time="${time}">${rates}</Cube>`;

  it('says what a euro costs in each currency, digit by digit', async () => {
    const quotes = await ask();
    expect(quotes).toHaveLength(29);
    expect(quotes).toContainEqual(
      expect.objectContaining({ from: 'EUR', to: 'IDR', bid: '19287.12', ask: '19287.12' }),
    );
    const [{ sourceTime }] = quotes as [(typeof quotes)[0]];
    expect(new Date(sourceTime).toISOString()).toMatch(/T15:00:00.000Z$/);
    expect(sourceTime).toBeLessThanOrEqual(bank.now());
  });

  it('grows old when it is not published, and is never of tomorrow', async () => {
    await bank.advance('publishing', 'stop');
    const [before] = await ask();
    await bank.advanceClock('9d');
    expect((await ask())[0]!.sourceTime).toBe(before!.sourceTime);
    const future = new Date(bank.now() + 86_400_000 * 3).toISOString().slice(0, 10);
    const [quote] = await saying(file(day('<Cube currency="USD" rate="1.1"/>', future)), (baseUrl) => ask({ baseUrl }));
    expect(quote!.sourceTime).toBeLessThanOrEqual(bank.now());
  });

  it.each([
    ['no XML', 'nothing'],
    ['XML that ends too soon', file(day('<Cube currency="USD" rate="1.1"/>')).slice(0, -5)],
    ['no day', file('<Cube currency="USD" rate="1.1"/>')],
    ['two days', file(day('<Cube currency="USD" rate="1.1"/>').repeat(2))],
    ['an empty day', file(day(''))],
    ['a day nobody knows', file(day('<Cube currency="USD" rate="1.1"/>', '2026-13-45'))],
    ['a rate of zero', file(day('<Cube currency="USD" rate="0.0000"/>'))],
    ['a rate with a comma', file(day('<Cube currency="USD" rate="1,1"/>'))],
    ['one bad rate among good ones', file(day('<Cube currency="USD" rate="1.1"/><Cube currency="GBP"/>'))],
    [
      'an entity that blows up',
      file(day('<Cube currency="USD" rate="&b;"/>'), '<!DOCTYPE x [<!ENTITY a "1111111111"><!ENTITY b "&a;&a;&a;">]>'),
    ],
  ])('is not believed with %s', async (_what, body) => {
    expect(await saying(body, (baseUrl) => failureOf(ask({ baseUrl })))).toMatchObject({
      type: 'Unavailable',
      reason: 'provider_garbage',
    });
  });
});

describe('B2BINPAY', () => {
  const context = (over: Record<string, unknown> = {}, session = new Map<string, unknown>()) =>
    lend(b2binpay, { ...gateway.vendor.defaultConfig(server.origin), ...over }, { now: () => gateway.now(), session });
  const { quotes } = b2binpay.adapter;
  const tokenCalls = () => gateway.received.filter(({ url }) => url === '/token/').length;

  it('quotes both sides, exactly, until it says so', async () => {
    const found = await quotes(context(), [{ from: 'BTC', to: 'USD' }]);
    expect(found).toEqual([
      { from: 'BTC', to: 'USD', bid: '91234.5', ask: '91256.1', sourceTime: expect.any(Number), expiresAt: expect.any(Number) },
    ]); // prettier-ignore
    expect(found[0]!.expiresAt! - found[0]!.sourceTime).toBe(60_000);
    expect(found[0]!.expiresAt).toBeGreaterThan(gateway.now());
  });

  it('is asked for all pairs at once, by its own names; what it does not have is left out', async () => {
    const pairs = [
      { from: 'TETHER', to: 'EUR' },
      { from: 'BTC', to: 'USD' },
      { from: 'DOGE', to: 'USD' },
    ];
    const found = await quotes(context({ names: { TETHER: 'USDT' } }), pairs);
    expect(found.map(({ from, to }) => `${from}/${to}`).toSorted()).toEqual([
      'BTC/EUR',
      'BTC/USD',
      'TETHER/EUR',
      'TETHER/USD',
    ]);
    expect(gateway.received).toHaveLength(2);
    expect(await quotes(context(), [{ from: 'DOGE', to: 'USD' }])).toEqual([]);
    expect(await quotes(context(), [])).toEqual([]);
  });

  it('is signed in to once by many calls, again when the token is over or dead', async () => {
    const session = new Map<string, unknown>();
    const pair = [{ from: 'BTC', to: 'USD' }];
    await Promise.all(Array.from({ length: 5 }, () => quotes(context({}, session), pair)));
    expect(tokenCalls()).toBe(1);
    await gateway.advanceClock('2h');
    await quotes(context({}, session), pair);
    expect(tokenCalls()).toBe(2);
    gateway.vendor.reset();
    await Promise.all(Array.from({ length: 5 }, () => quotes(context({}, session), pair)));
    expect(tokenCalls()).toBe(3);
  });

  it('does not admit wrong credentials, and is not asked with the token of others', async () => {
    const session = new Map<string, unknown>();
    await b2binpay.adapter.testConnection(context({}, session));
    const failure = await failureOf(b2binpay.adapter.testConnection(context({ clientSecret: 'wrong-one' }, session)));
    expect(failure).toMatchObject({ type: 'Config', facts: { providerCode: '2006' } });
    expect(failure.message).not.toContain('wrong-one');
  });

  it.each([
    ['zero', '"bid":"0","ask":"1"'],
    ['a bid above its ask', '"bid":"2","ask":"1"'],
    ['no ask', '"bid":"2"'],
    ['a float in disguise', '"bid":"1e3","ask":"2000"'],
  ])('is not believed with %s', async (_what, prices) => {
    const life = '"created_at":"2026-11-24T00:00:00Z","expired_at":"2026-11-24T00:01:00Z"';
    const body = `{"data":[{"type":"rate","attributes":{"left":"BTC","right":"USD",${prices},${life}}}]}`;
    const session = new Map<string, unknown>();
    const answers = createServer((req, res) => {
      res.end(req.url === '/token/' ? '{"data":{"attributes":{"access":"a","expires_in":3599}}}' : body);
    });
    await new Promise<void>((done) => answers.listen(0, '127.0.0.1', done));
    const baseUrl = `http://127.0.0.1:${(answers.address() as AddressInfo).port}`;
    const failure = await failureOf(quotes(context({ baseUrl }, session), [{ from: 'BTC', to: 'USD' }]));
    answers.close();
    expect(failure).toMatchObject({ type: 'Unavailable', reason: 'provider_garbage' });
  });

  it('has a sandbox that refuses other media types, unknown filters and too many knocks', async () => {
    const url = `${server.origin}/b2binpay-rates`;
    const post = (type: string) =>
      fetch(`${url}/token/`, { method: 'POST', headers: { 'content-type': type }, body: '{}' });
    expect((await post('application/json')).status).toBe(415);
    expect(
      (await fetch(`${url}/token`, { method: 'POST', headers: { 'content-type': 'application/vnd.api+json' } })).status,
    ).toBe(404);
    const session = new Map<string, unknown>();
    await b2binpay.adapter.testConnection(context({}, session));
    const [{ access }] = (await Promise.all([...session.values()])) as [{ access: string }];
    expect(
      (await fetch(`${url}/rates/?filter[middle]=BTC`, { headers: { authorization: `Bearer ${access}` } })).status,
    ).toBe(400);
    for (let n = 0; n < 14; n++) expect((await fetch(`${url}/rates/`)).status).toBe(401);
    expect((await fetch(`${url}/rates/`)).status).toBe(429);
  });
});

describe('fixed rates', () => {
  const rate = { from: 'EUR', to: 'USD', bid: '1.0800', ask: '1.09' };

  it('are what the settings say, always fresh', async () => {
    const now = () => 1_800_000_000_000;
    const ctx = lend(custom, { rates: [rate, { from: 'USDT', to: 'USD', bid: '1' }] }, { now });
    expect(await custom.adapter.quotes(ctx, [])).toEqual([
      { from: 'EUR', to: 'USD', bid: '1.08', ask: '1.09', sourceTime: now() },
      { from: 'USDT', to: 'USD', bid: '1', ask: '1', sourceTime: now() },
    ]);
  });

  it('are refused when they cannot be meant', () => {
    for (const over of [{ bid: '0' }, { bid: '1.1' }, { bid: '-1' }, { bid: '1e2' }, { to: 'EUR' }, { to: 'usd' }])
      expect(custom.config.safeParse({ rates: [{ ...rate, ...over }] }).success).toBe(false);
    expect(custom.config.safeParse({ rates: [rate, rate] }).success).toBe(false);
    expect(custom.config.safeParse({ rates: [] }).success).toBe(false);
  });
});
