/** Rate providers on their schedule, what is believed of them, and what operators see and say. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { dueSources } from '../../db/repositories/rates.ts';
import { eventually } from '../kit/hub.ts';
import { type Caller, MoneyApi } from './money-hub.ts';

let api: MoneyApi;
let olga: Caller;
const [USD, EUR, GBP] = [840, 978, 826];
const bank = () => api.hub.sandbox('ecb');
const gateway = () => api.hub.sandbox('b2binpay-rates');
const ECB = 'European Central Bank';

beforeAll(async () => {
  api = await MoneyApi.start({}, ['ecb', 'b2binpay-rates']);
  olga = await api.operator();
  // What is in use is asked for: euros and dollars both ways, and pounds by way of the dollar or the euro.
  for (const [fromCurrency, toCurrency] of [
    [EUR, USD],
    [GBP, EUR],
    [1000, USD],
  ])
    expect((await olga.call('POST /currencies/pairs', { fromCurrency, toCurrency })).status).toBe(201);
});
afterAll(() => api?.stop());
beforeEach(async () => {
  bank().reset();
  gateway().reset();
  await api.hub.pool.query(`delete from rate`);
  await api.hub.pool.query(`update connection set enabled = true`);
  await api.hub.pool.query(
    `update rate_source set enabled = true, asked_at = null, confirm_seconds = 600, max_age_seconds = 345600`,
  );
});

const rate = (pair: string) => olga.call(`GET /rates/${pair}`);
const quote = async (source: string, from: number, to: number) => {
  const { body } = await olga.call(`GET /rates/quotes?filter[fromCurrency]=${from}&filter[toCurrency]=${to}`);
  return body.data.find((one: any) => one.provider.name === source);
};
const idOf = async (name: string): Promise<number> =>
  (await api.hub.one<{ id: number }>(`select id from rate_source where name = $1`, [name])).id;

describe('rate providers', () => {
  it('are asked by the clock, each in a run of its own, and not before their time', async () => {
    const refresh = (): Promise<{ asked: number }> =>
      api.hub.client.workflow.execute('refreshRates', { workflowId: `refresh-${randomUUID()}`, taskQueue: 'hub' });
    expect(await refresh()).toEqual({ asked: 2 });
    await eventually(
      async () => (await rate('gbp/eur')).status === 200 && (await rate('btc/usd')).status === 200,
      'rates',
    );
    expect(await refresh()).toEqual({ asked: 0 });
    expect((await rate('eur/usd')).body).toMatchObject({
      value: '1.15415',
      scale: 5,
      bid: '1.153900000000000000',
      ask: '1.154400000000000000',
      provider: 'B2BINPAY',
    });
    expect(await quote('B2BINPAY', EUR, USD)).toMatchObject({
      state: 'fresh',
      ageSeconds: expect.any(Number),
      held: null,
    });
  });

  it('serve by priority: the next one when the first is away, none once what they said is too old', async () => {
    for (const name of ['B2BINPAY', ECB]) expect(await api.hub.askRates(name)).toMatchObject({ failure: null });
    expect((await rate('EUR/USD')).body).toMatchObject({ provider: 'B2BINPAY' });

    gateway().fault({ match: { path: '/rates/' }, kind: 'http_500' });
    await api.hub.pool.query(`update rate set expires_at = now() where source_id = $1`, [await idOf('B2BINPAY')]);
    expect((await api.hub.askRates('B2BINPAY')).failure).toContain('B2BINPAY');
    expect((await rate('EUR/USD')).body).toMatchObject({ provider: ECB, value: '1.1542', scale: 4 });
    const { body: provider } = await olga.call(`GET /rates/providers/${await idOf('B2BINPAY')}`);
    expect(provider).toMatchObject({ provider: 'b2binpay-rates', lastError: expect.stringContaining('B2BINPAY') });

    await api.hub.pool.query(`update rate set source_time = source_time - interval '30 days'`);
    const gone = await rate('EUR/USD');
    expect([gone.status, gone.body.error.details[0]]).toEqual([
      503,
      { reason: 'rate_unavailable', field: 'quoteCurrency', issue: expect.stringContaining('too old') },
    ]);
    expect(await quote(ECB, EUR, USD)).toMatchObject({ state: 'stale' });
  });

  it('answer crosses and the other way round', async () => {
    await api.hub.askRates(ECB);
    expect((await rate('usd/eur')).body).toMatchObject({ provider: ECB, bid: '0.866400970369086813' });
    // 1.1542 / 0.88063
    expect((await rate('gbp/usd')).body.bid).toMatch(/^1\.31065\d+$/);
    expect((await rate('btc/usd')).status).toBe(503);
  });

  it('whose rate jumped serve it no more until somebody confirms: an operator', async () => {
    await api.hub.askRates(ECB);
    await bank().advance('USD', '1.9');
    expect(await api.hub.askRates(ECB)).toMatchObject({ held: 1 });
    expect((await rate('eur/usd')).status).toBe(503);
    const held = await quote(ECB, EUR, USD);
    expect(held).toMatchObject({ state: 'held', bid: '1.154200000000000000', held: { bid: '1.900000000000000000' } });
    const listed = (await olga.call('GET /rates/quotes?filter[isHeld]=true')).body;
    expect(listed.data.map((one: any) => one.id)).toEqual([held.id]);

    const reader = await api.operator(['rates.read']);
    expect((await reader.call(`POST /rates/quotes/${held.id}/confirm`)).status).toBe(403);
    expect((await olga.call(`POST /rates/quotes/${held.id}/confirm`)).status).toBe(204);
    expect((await olga.call(`POST /rates/quotes/${held.id}/confirm`)).body.error.details[0].reason).toBe('not_waiting');
    expect((await rate('eur/usd')).body).toMatchObject({ value: '1.9', provider: ECB });
    const { action, before } = await api.hub.one<{ action: string; before: object }>(
      `select action, before from audit where object = $1`,
      [`rate-quote:${held.id}`],
    );
    expect([action, before]).toEqual(['rates.confirm', expect.objectContaining({ heldBid: '1.900000000000000000' })]);
    const { rows } = await api.hub.pool.query(
      `select verdict, why from rate_history where from_currency = $1 and to_currency = $2 and bid = 1.9 order by id`,
      [EUR, USD],
    );
    expect(rows).toEqual([
      { verdict: 'held', why: 'jumped' },
      { verdict: 'accepted', why: 'an operator says so' },
    ]);
  });

  it('… or another provider, which serves meanwhile, or they themselves after a while', async () => {
    await api.hub.askRates('B2BINPAY');
    await gateway().advance('EUR/USD', '1.5 1.51');
    await gateway().advance('USD/EUR', '0.662 0.666');
    expect(await api.hub.askRates('B2BINPAY')).toMatchObject({ held: 2 });
    await bank().advance('USD', '1.16');
    await api.hub.askRates(ECB);
    expect((await rate('eur/usd')).body).toMatchObject({ provider: ECB, value: '1.16' });

    await bank().advance('USD', '1.52');
    expect(await api.hub.askRates(ECB)).toMatchObject({ held: 1 });
    await api.hub.pool.query(`update rate_source set confirm_seconds = 0`);
    expect(await api.hub.askRates('B2BINPAY')).toMatchObject({ held: 0 });
    expect((await rate('eur/usd')).body).toMatchObject({ provider: 'B2BINPAY', bid: '1.500000000000000000' });
    // What the ECB shows again it does not say again; but now another one says so too.
    await api.hub.pool.query(`update rate_source set confirm_seconds = 600`);
    expect(await api.hub.askRates(ECB)).toMatchObject({ held: 0 });
    expect(await quote(ECB, EUR, USD)).toMatchObject({ state: 'fresh', bid: '1.520000000000000000' });
  });

  it('that jump back are as before', async () => {
    await api.hub.askRates(ECB);
    await bank().advance('USD', '11.542');
    await api.hub.askRates(ECB);
    await bank().advance('USD', '1.16');
    expect(await api.hub.askRates(ECB)).toMatchObject({ held: 0 });
    expect((await rate('eur/usd')).body.value).toBe('1.16');
  });

  it('that answer rubbish leave what they said before as it is', async () => {
    await api.hub.askRates(ECB);
    await bank().advance('USD', 'a lot');
    expect(await api.hub.askRates(ECB)).toMatchObject({ accepted: 0, failure: expect.stringContaining('ECB') });
    expect((await rate('eur/usd')).body.value).toBe('1.1542');
  });

  it('are not asked when they or their connections are switched off', async () => {
    await olga.call(`PATCH /rates/providers/${await idOf(ECB)}`, { enabled: false });
    expect(await api.hub.askRates(ECB)).toMatchObject({ accepted: 0, held: 0 });
    await api.hub.askRates('B2BINPAY');
    await api.hub.pool.query(`update connection set enabled = false where name = 'b2binpay-rates'`);
    expect((await rate('eur/usd')).status).toBe(503);
  });

  it('show in the figures', async () => {
    const figures = async () => (await fetch(`${api.url}/metrics`)).text();
    expect(await figures()).toMatch(/^hub_rates_missing [1-9]/m);
    await api.hub.askRates('B2BINPAY');
    await api.hub.askRates(ECB);
    await bank().advance('USD', '1.9');
    await api.hub.askRates(ECB);
    const text = await figures();
    expect(text).toContain('hub_rates_missing 0');
    expect(text).toContain(`hub_rates_held{source="${ECB}"} 1`);
    expect(text).toContain('hub_rate_source_overdue_seconds{source="B2BINPAY"} 0');
  });
});

describe('rates that somebody wrote down', () => {
  const PAIR = { from: 'USD', to: 'JPY' };
  const written = async (rates: object[]) => {
    const name = `by-hand-${randomUUID()}`;
    const connection = await olga.call('POST /connections', { name, provider: 'custom-rates', settings: { rates } });
    const body = { name, connectionId: connection.body.id, refreshSeconds: 86_400, maxAgeSeconds: 2_592_000 };
    expect((await olga.call('POST /rates/providers', body)).status).toBe(201);
    const rewrite = async (to: object[]) =>
      expect((await olga.call(`PATCH /connections/${connection.body.id}`, { settings: { rates: to } })).status).toBe(
        200,
      );
    return { name, rewrite };
  };
  const isDue = async (name: string): Promise<boolean> => {
    const id = await idOf(name);
    return (await dueSources(api.hub.pool)).some(({ sourceId }) => sourceId === id);
  };

  it('count as soon as they are changed, however seldom they are asked for', async () => {
    const { name, rewrite } = await written([{ ...PAIR, bid: '150' }]);
    await api.hub.askRates(name);
    expect(await isDue(name)).toBe(false);
    await rewrite([{ ...PAIR, bid: '153' }]);
    expect(await isDue(name)).toBe(true);
    await api.hub.askRates(name);
    expect((await rate('usd/jpy')).body).toMatchObject({ value: '153', provider: name });
    expect(await isDue(name)).toBe(false);
    expect((await olga.call(`PATCH /rates/providers/${await idOf(name)}`, { maxAgeSeconds: 3_600 })).status).toBe(200);
    expect(await isDue(name)).toBe(true);
  });

  it('are not used any more once they are crossed out', async () => {
    const kept = { from: 'EUR', to: 'JPY', bid: '170' };
    const { name, rewrite } = await written([{ ...PAIR, bid: '150' }, kept]);
    await api.hub.askRates(name);
    expect((await rate('usd/jpy')).body.value).toBe('150');
    await rewrite([kept]);
    await api.hub.askRates(name);
    expect((await rate('usd/jpy')).status).toBe(503);
    expect((await rate('eur/jpy')).body.value).toBe('170');
    expect(await quote(name, USD, 392)).toMatchObject({ state: 'stale' });
    await rewrite([{ ...PAIR, bid: '151' }, kept]);
    await api.hub.askRates(name);
    expect((await rate('usd/jpy')).body.value).toBe('151');
  });

  it('are refused with a field that is misspelt', async () => {
    const settings = { rates: [{ ...PAIR, bid: '150', aks: '151' }] };
    const body = { name: `by-hand-${randomUUID()}`, provider: 'custom-rates', settings };
    const answer = await olga.call('POST /connections', body);
    expect([answer.status, answer.body.error?.details[0].field]).toEqual([400, 'settings.rates.0.aks']);
  });
});

describe('the methods', () => {
  it('keep rate providers on connections that have rates', async () => {
    const connectionId = (await api.hub.one<{ id: number }>(`select id from connection where name = 'ecb'`)).id;
    const body = { name: 'Second', connectionId, priority: 9, toCurrencies: [USD], crossCurrency: EUR };
    const made = await olga.call('POST /rates/providers', body);
    expect(made).toMatchObject({
      status: 201,
      body: { ...body, provider: 'ecb', maxAgeSeconds: 120, fromCurrencies: [] },
    });
    expect((await olga.call(`GET /rates/providers/${made.body.id}/status`)).body).toMatchObject({
      isConnected: true,
      message: null,
    });
    expect((await olga.call('POST /rates/providers', body)).status).toBe(409);
    expect((await olga.call(`DELETE /rates/providers/${made.body.id}`)).status).toBe(204);
    expect((await olga.call(`GET /rates/providers/${made.body.id}/status`)).status).toBe(404);
  });

  it.each([
    ['connectionId', { connectionId: 999_999 }, 404],
    ['connectionId', { connectionId: 'bank' }, 400],
    ['toCurrencies.0', { toCurrencies: [999_999] }, 400],
    ['crossCurrency', { crossCurrency: 999_999 }, 400],
    ['outlierPercent', { outlierPercent: '0' }, 400],
    ['outlierPercent', { outlierPercent: '101' }, 400],
    ['maxAgeSeconds', { maxAgeSeconds: 0 }, 400],
    ['refreshSeconds', { refreshSeconds: 1 }, 400],
    ['name', { name: ' ' }, 400],
  ])('refuse a provider with a wrong %s', async (field, over, status) => {
    const connectionId = (await api.hub.one<{ id: number }>(`select id from connection where name = 'ecb'`)).id;
    const answer = await olga.call('POST /rates/providers', { name: randomUUID(), connectionId, ...over });
    expect([answer.status, answer.body.error.details[0].field]).toEqual([status, field]);
  });

  it('refuse connections that have no rates', async () => {
    const connectionId = (await api.hub.one<{ id: number }>(`select id from connection where name = 'b2binpay'`)).id;
    const { status, body } = await olga.call('POST /rates/providers', { name: 'None', connectionId });
    expect([status, body.error.details[0]]).toEqual([
      400,
      expect.objectContaining({ reason: 'unsupported', field: 'connectionId' }),
    ]);
  });

  it('answer a rate for codes in any case and for aliases, and refuse what makes no pair', async () => {
    await api.hub.askRates(ECB);
    const alias = await olga.call(`POST /currencies/${EUR}/aliases`, { alias: 'EURO' });
    expect(alias).toMatchObject({ status: 201, body: { currencyId: EUR, alias: 'EURO' } });
    expect((await rate('euro/usd')).body.value).toBe('1.1542');
    expect((await olga.call(`POST /currencies/${USD}/aliases`, { alias: 'EURO' })).status).toBe(409);
    expect((await olga.call(`POST /currencies/${USD}/aliases`, { alias: 'GBP' })).status).toBe(409);
    expect((await olga.call(`GET /currencies/${USD}/aliases/${alias.body.id}`)).status).toBe(404);
    expect((await olga.call(`DELETE /currencies/${EUR}/aliases/${alias.body.id}`)).status).toBe(204);
    expect((await rate('euro/usd')).status).toBe(404);
    expect((await rate('usd/usd')).body.error.details[0]).toMatchObject({ field: 'quoteCurrency' });
    expect((await rate(`usd/${encodeURIComponent("'; drop table rate; --")}`)).status).toBe(400);
    expect((await (await api.operator([])).call('GET /rates/eur/usd')).status).toBe(403);
  });

  it('understand the quotes of a source under an alias', async () => {
    await olga.call('POST /currencies/392/aliases', { alias: 'YEN' });
    await api.hub.pool.query(`update currency set alphabetic_code = 'JPX' where numeric_code = 392`);
    await olga.call('POST /currencies/392/aliases', { alias: 'JPY' });
    await api.hub.askRates(ECB);
    expect((await rate('eur/yen')).body.value).toBe('181.25');
  });

  it('keep pairs, once each, with what clients pay for them', async () => {
    const pair = { fromCurrency: GBP, toCurrency: USD, markupSell: '0.5', maxAmountFrom: '10.5', minAmountFrom: '1' };
    const made = await olga.call('POST /currencies/pairs', pair);
    expect(made).toMatchObject({
      status: 201,
      body: {
        fromCurrency: { alphabeticCode: 'GBP' },
        toCurrency: { numericCode: USD },
        isEnabled: true,
        markupSell: '0.500000000000000000',
        markupBuy: '0.000000000000000000',
        maxAmountFrom: '10.500000000000000000',
        stepTo: null,
      },
    });
    expect((await olga.call('GET /currencies/pairs?filter[maxAmountFrom]=10.50')).body.total).toBe(1);
    expect((await olga.call('POST /currencies/pairs', pair)).status).toBe(409);
    for (const [field, over] of [
      ['toCurrency', { toCurrency: GBP }],
      ['fromCurrency', { fromCurrency: 999_999 }],
      ['markupSell', { markupSell: '100' }],
      ['minAmountFrom', { minAmountFrom: '11' }],
    ] as const) {
      const { status, body } = await olga.call(`PATCH /currencies/pairs/${made.body.id}`, over);
      expect([status, body.error.details[0].field]).toEqual([400, field]);
    }
    expect((await olga.call(`DELETE /currencies/pairs/${made.body.id}`)).status).toBe(204);
  });
});

describe('a client', () => {
  it('is told what a currency can be changed into, at a rate with the markup, for a minute', async () => {
    const ann = await api.clientWith('0', 'USD');
    await api.hub.askRates(ECB);
    await api.hub.pool.query(
      `update currency_pair set markup_sell = 1, markup_buy = 2, max_amount_to = 500 where from_currency = $1`,
      [EUR],
    );
    const one = (await ann.call('GET /my/rates/eur/usd')).body;
    // 1.1542 less 1 %.
    expect(one).toMatchObject({
      rate: '1.142658000000000000',
      lifetime: 60,
      maxAmount: null,
      currency: { alphabeticCode: 'USD', hasDestinationTagOrMemo: false },
    });
    const { client_id: told, rate: kept } = await api.hub.one<{ client_id: number; rate: string }>(
      `select client_id, trim_scale(rate)::text as rate from client_quote where id = $1`,
      [one.quoteId],
    );
    expect([told, kept]).toEqual([ann.id, '1.142658']);
    const back = (await ann.call('GET /my/rates/USD')).body;
    // Bitcoin, which nobody has a rate of now, is left out; euros are bought at 1 / 1.1542, 2 % dearer.
    expect(back).toHaveLength(1);
    expect(back[0]).toMatchObject({ rate: expect.stringMatching(/^0\.8494127/), maxAmount: '500.000000000000000000' });
    expect((await ann.call('GET /my/currencies/usd/paired')).body.map((its: any) => its.alphabeticCode)).toEqual([
      'EUR',
      'BTC',
    ]);
    const pairs = [
      { baseCurrency: 'gbp', quoteCurrency: 'eur' },
      { baseCurrency: 'EUR', quoteCurrency: 'USD' },
    ];
    expect((await ann.call('POST /my/rates/pairs', { pairs })).body).toMatchObject([
      { baseCurrency: 'GBP' },
      { baseCurrency: 'EUR', rate: '1.142658000000000000' },
    ]);
    await api.hub.pool.query(`update currency_pair set markup_sell = 0, markup_buy = 0, max_amount_to = null`);
  });

  it('is refused what is no pair, closed, or without a rate', async () => {
    const ann = await api.clientWith('0', 'USD');
    await api.hub.askRates(ECB);
    for (const [pair, status, field] of [
      ['gbp/usd', 404, 'quoteCurrency'],
      ['usd/usd', 400, 'quoteCurrency'],
      ['xxx/usd', 404, 'baseCurrency'],
      ['btc/usd', 503, 'quoteCurrency'],
    ] as const) {
      const answer = await ann.call(`GET /my/rates/${pair}`);
      expect([answer.status, answer.body.error.details[0].field]).toEqual([status, field]);
    }
    const { status, body } = await ann.call('POST /my/rates/pairs', {
      pairs: [{ baseCurrency: 'EUR', quoteCurrency: 'QQQ' }],
    });
    expect([status, body.error.details[0].field]).toEqual([404, 'pairs.0.quoteCurrency']);
    const pairs = ['EUR', 'BTC'].map((baseCurrency) => ({ baseCurrency, quoteCurrency: 'USD' }));
    const without = await ann.call('POST /my/rates/pairs', { pairs });
    expect([without.status, without.body.error.details[0].field]).toEqual([503, 'pairs.1.quoteCurrency']);
    expect((await ann.call('POST /my/rates/pairs', { pairs: [] })).status).toBe(400);
    await api.hub.pool.query(`update currency_pair set is_enabled = false where from_currency = $1`, [EUR]);
    expect((await ann.call('GET /my/rates/eur/usd')).status).toBe(404);
    await api.hub.pool.query(`update currency_pair set is_enabled = true`);
  });
});
