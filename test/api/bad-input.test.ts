import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { amountInput, freeForm, id } from '../../api/kit/shapes.ts';
import { procedure } from '../../api/kit/procedure.ts';
import { perActor } from '../../api/kit/rate-limit.ts';
import { type Caller, type TestApi, startTestApi } from '../kit/api-client.ts';

let api: TestApi;
let admin: Caller & { id: number };
let before: unknown;

/** Takes money the way the money methods do, and says what it understood. */
const echo = (form: 'string' | 'number') =>
  procedure(`POST /echo/${form}`, {
    summary: 'Echo',
    tags: ['Test'],
    access: 'user',
    permission: 'echo.create',
    body: z.strictObject({ amount: amountInput(form), accountId: id().optional(), data: freeForm().optional() }),
    answer: z.object({ amount: z.string(), data: z.string() }),
    handle: ({ body }) => Promise.resolve({ amount: body.amount, data: JSON.stringify(body.data ?? null) }),
  });

const rare = procedure('GET /rare', {
  summary: 'Rare',
  tags: ['Test'],
  access: 'user',
  permission: 'rare.read',
  limit: perActor('2/h'),
  answer: z.object({ ok: z.boolean() }),
  handle: () => Promise.resolve({ ok: true }),
});

const state = () =>
  api.sql(
    'select (select count(*) from currency) as c, (select count(*) from audit) as a, (select count(*) from idempotency) as i, (select count(*) from client) as cl',
  );

beforeAll(async () => {
  api = await startTestApi({ additions: { procedures: () => [echo('string'), echo('number'), rare] } });
  admin = await api.operator();
  before = await state();
});
afterAll(async () => {
  expect(await state()).toEqual(before);
  await api.stop();
});

const CURRENCY = { alphabeticCode: 'XYZ', numericCode: 9990, name: 'Test coin', minorUnit: 8 };
const errorOf = (status: number, reason: string, field?: string, code = status === 400 ? 0 : status) => ({
  status,
  body: {
    error: {
      message: expect.any(String),
      code,
      requestId: expect.any(String),
      details: [{ reason, issue: expect.any(String), ...(field ? { field } : {}) }],
    },
  },
});

describe('bad input', () => {
  it.each([
    ['wrong JSON', '{"name":', 'malformed_json'],
    ['JSON with a comment', '{"name": 1 /* x */}', 'malformed_json'],
    ['nesting without end', '['.repeat(50_000), 'malformed_json'],
    ['a prototype', '{"__proto__": {"a": 1}}', 'malformed_json'],
  ])('%s is refused as malformed', async (_what, body, reason) => {
    expect(await admin.call('POST /api/v2/currencies', body)).toMatchObject(errorOf(400, reason));
  });

  it('bytes that are not UTF-8 are refused as malformed', async () => {
    const response = await fetch(`${api.url}/api/v2/currencies`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${admin.token}` },
      body: Buffer.from([0x22, 0xff, 0x22]),
    });
    expect(response.status).toBe(400);
  });

  it('an unknown field is named', async () => {
    expect(await admin.call('POST /api/v2/currencies', { ...CURRENCY, colour: 'red' })).toMatchObject(
      errorOf(400, 'validation', 'colour'),
    );
  });

  it('a missing and a wrong field are named, both', async () => {
    const answer = await admin.call('POST /api/v2/currencies', { ...CURRENCY, name: undefined, minorUnit: 'two' });
    expect(answer.status).toBe(400);
    expect(answer.body.error.details.map((one: { field: string }) => one.field).sort()).toEqual(['minorUnit', 'name']);
  });

  it('a null byte and half a character are refused, wherever they are', async () => {
    expect(await admin.call('POST /api/v2/currencies', { ...CURRENCY, name: 'a\u0000b' })).toMatchObject(
      errorOf(400, 'validation', 'name'),
    );
    expect(
      await admin.call('POST /api/v2/currencies', `${JSON.stringify(CURRENCY).slice(0, -1)},"icon":"\\ud800"}`),
    ).toMatchObject(errorOf(400, 'validation', 'icon'));
    expect((await admin.call('GET /api/v2/resolutions?filter[name]=%00')).status).toBe(400);
    expect((await admin.call('GET /api/v2/currencies/%00')).status).toBe(400);
    expect((await admin.call('GET /api/v2/currencies/%ff')).status).toBe(400);
  });

  it('an unknown query parameter or filter is named, and so is one given twice', async () => {
    expect(await admin.call('GET /api/v2/currencies?page=2')).toMatchObject(errorOf(400, 'validation', 'page'));
    expect(await admin.call('GET /api/v2/currencies?filter[colour]=red')).toMatchObject(
      errorOf(400, 'validation', 'filter[colour]'),
    );
    expect(await admin.call('GET /api/v2/currencies?sort_by=colour')).toMatchObject(
      errorOf(400, 'validation', 'sort_by'),
    );
    expect(await admin.call('GET /api/v2/currencies?limit=5000')).toMatchObject(errorOf(400, 'validation', 'limit'));
    expect(await admin.call('GET /api/v2/currencies?limit=1&limit=2')).toMatchObject(
      errorOf(400, 'validation', 'limit'),
    );
  });

  it.each(['999999', '2147483647'])('the unknown id %s is not found', async (unknown) => {
    expect(await admin.call(`GET /api/v2/clients/${unknown}`)).toMatchObject(errorOf(404, 'not_found'));
  });

  it.each(['abc', '-1', '0', '99999999999', '1.5'])('the id %s is no id', async (wrong) => {
    expect((await admin.call(`GET /api/v2/clients/${wrong}`)).status).toBe(400);
  });

  it('a wrong content type is 415', async () => {
    expect(
      await admin.call('POST /api/v2/currencies', JSON.stringify(CURRENCY), { 'content-type': 'text/plain' }),
    ).toMatchObject(errorOf(415, 'unsupported_media_type'));
    expect(
      (
        await admin.call('POST /api/v2/currencies', JSON.stringify(CURRENCY), {
          'content-type': 'application/json; charset=utf-16',
        })
      ).status,
    ).toBe(415);
  });

  it('a 5 MB body is 413, with or without an announced length', async () => {
    const large = JSON.stringify({ ...CURRENCY, name: 'x'.repeat(5_000_000) });
    expect(await admin.call('POST /api/v2/currencies', large)).toMatchObject(errorOf(413, 'body_too_large'));
    const stream = new Blob([large]).stream();
    const chunked = await fetch(`${api.url}/api/v2/currencies`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${admin.token}` },
      body: stream,
      duplex: 'half',
    } as RequestInit);
    expect(chunked.status).toBe(413);
  });

  it('a wrong method is 405 and says which are right; an unknown route is 404', async () => {
    const wrong = await admin.call('DELETE /api/v2/currencies');
    expect(wrong).toMatchObject(errorOf(405, 'method_not_allowed'));
    expect(wrong.headers.get('allow')).toBe('GET, POST, HEAD, OPTIONS');
    // Next to /clients/{clientId}, which has a PATCH: "roles" is no client.
    const wrongOfFixed = await admin.call('PATCH /api/v2/clients/roles', { name: 'Partners' });
    expect(wrongOfFixed).toMatchObject(errorOf(405, 'method_not_allowed'));
    expect(wrongOfFixed.headers.get('allow')).toBe('GET, POST, HEAD, OPTIONS');
    expect(await admin.call('GET /api/v2/nothing')).toMatchObject(errorOf(404, 'unknown_route'));
    expect(await admin.call('GET /')).toMatchObject(errorOf(404, 'unknown_route'));
    expect((await admin.call('GET /docs/nothing')).status).toBe(404);
  });

  it('a missing, a garbled and an expired token are 401', async () => {
    for (const token of [undefined, 'x', `${admin.token}x`]) {
      expect(await api.call('GET /api/v2/currencies', { token })).toMatchObject(errorOf(401, 'unauthenticated'));
    }
    expect((await api.call('GET /api/v2/currencies', { headers: { authorization: 'Basic abc' } })).status).toBe(401);
  });

  it('never shows a stack trace', async () => {
    const answer = await admin.call('POST /api/v2/currencies', '{');
    expect(JSON.stringify(answer.body)).not.toMatch(/at |node_modules|\.ts/);
    expect(answer.headers.get('x-powered-by')).toBeNull();
  });
});

describe('an amount', () => {
  it.each([
    ['a float in exponent form', '{"amount": 1e2}'],
    ['a negative number', '{"amount": -5}'],
    ['a negative text', '{"amount": "-5"}'],
    ['zero', '{"amount": 0}'],
    ['zero with decimals', '{"amount": "0.00"}'],
    ['too many decimals', '{"amount": 1.0000000000000000001}'],
    ['too large', '{"amount": 99999999999999999999999}'],
    ['far too large', `{"amount": ${'9'.repeat(400)}}`],
    ['not a number', '{"amount": "NaN"}'],
    ['hexadecimal', '{"amount": "0x10"}'],
    ['a list', '{"amount": [1]}'],
    ['null', '{"amount": null}'],
    ['blanks', '{"amount": " 1 "}'],
    ['nothing', '{}'],
  ])('that is %s is refused, naming the field', async (_what, body) => {
    for (const form of ['number', 'string']) {
      expect(await admin.call(`POST /api/v2/echo/${form}`, body)).toMatchObject(errorOf(400, 'validation', 'amount'));
    }
  });

  it('is taken digit by digit, never through a float', async () => {
    const exact = '123456789012345678.123456789012345678';
    expect((await admin.call('POST /api/v2/echo/number', `{"amount": ${exact}}`)).body.amount).toBe(exact);
    expect((await admin.call('POST /api/v2/echo/number', '{"amount": 0.1}')).body.amount).toBe('0.1');
    expect((await admin.call('POST /api/v2/echo/number', '{"amount": 25}')).body.amount).toBe('25');
    expect((await admin.call('POST /api/v2/echo/string', `{"amount": "${exact}"}`)).body.amount).toBe(exact);
  });

  it('is refused as a number where the method takes decimal strings', async () => {
    expect(await admin.call('POST /api/v2/echo/string', '{"amount": 25}')).toMatchObject(
      errorOf(400, 'validation', 'amount'),
    );
  });

  it('in free-form data keeps its digits', async () => {
    const answer = await admin.call(
      'POST /api/v2/echo/string',
      '{"amount": "1", "data": {"rate": 0.10000000000000000001, "n": 3}}',
    );
    expect(answer.body.data).toBe('{"rate":0.10000000000000000001,"n":3}');
  });
});

describe('too many calls', () => {
  it('of one person are 429 with the time to wait, and nobody else notices', async () => {
    const other = await api.operator();
    const statuses = [];
    for (let n = 0; n < 3; n++) statuses.push((await admin.call('GET /api/v2/rare')).status);
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await admin.call('GET /api/v2/rare');
    expect(refused).toMatchObject(errorOf(429, 'too_many_requests', undefined, 0));
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await other.call('GET /api/v2/rare')).status).toBe(200);
  });
});
