import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Router } from 'express';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SandboxDesk, SandboxModule } from '../../adapters/kit/sandbox.ts';
import { startSandboxServer, type SandboxServer } from '../../sandbox/server.ts';

/** The smallest vendor: POST /notes keeps a body, and tells `callbackTo` when asked. */
const notebook = (): SandboxModule => {
  let notes: string[] = [];
  return {
    id: 'notebook',
    defaultConfig: (origin) => ({ url: `${origin}/notebook` }),
    mount(desk: SandboxDesk) {
      const router = Router();
      router.post('/notes', (req, res) => {
        notes.push((req.body as Buffer).toString());
        res.setHeader('x-vendor', 'notebook');
        res.status(201).json({ kept: notes.length });
      });
      router.post('/ring', (req, res) => {
        const text = (req.body as Buffer).toString();
        desk.callback({
          url: callbackTo,
          message: { headers: { 'x-signature': 'good' }, body: text },
          forge: () => ({ headers: { 'x-signature': 'bad' }, body: `${text} forged` }),
          stale: () => ({ headers: { 'x-signature': 'good' }, body: `${text} stale` }),
          retryDelaysMs: [60_000, 300_000],
          answerWithinMs: 5_000,
        });
        res.end();
      });
      return router;
    },
    reset: () => (notes = []),
    pay: (id, how) => ({ id, ...how }),
    advance: (id, to) => {
      if (to === 'never') throw new Error('no such state');
      return { id, to };
    },
    books: () => notes.map((reference, i) => ({ kind: 'deposit', reference, amount: '1', currency: 'USD', state: 'done', id: `${i}` })),
  }; // prettier-ignore
};

let server: SandboxServer;
let hub: http.Server;
let callbackTo = '';
let heard: string[] = [];
let hubAnswers = 200;

beforeAll(async () => {
  hub = http.createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req) body += String(chunk);
    heard.push(body);
    res.writeHead(hubAnswers).end('heard');
  });
  await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
  callbackTo = `http://127.0.0.1:${(hub.address() as AddressInfo).port}/`;
  server = await startSandboxServer({ port: 0, modules: [notebook()] });
});
afterAll(async () => {
  await server.close();
  hub.closeAllConnections();
  await new Promise((resolve) => hub.close(resolve));
});
beforeEach(async () => {
  heard = [];
  hubAnswers = 200;
  await control('reset');
});

const vendor = (path: string, body: string, signal?: AbortSignal) =>
  fetch(`${server.origin}/notebook${path}`, { method: 'POST', body, ...(signal && { signal }) });
const control = async (path: string, body: object = {}) => {
  const answer = await fetch(`${server.origin}/notebook/__sandbox/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};
const read = async (path: string) =>
  (await (await fetch(`${server.origin}/notebook/__sandbox/${path}`)).json()) as Record<string, unknown>[];
const notes = async () => (await read('books')).map(({ reference }) => reference);
const ring = async (text: string) => {
  await vendor('/ring', text);
  await server.module('notebook').callbacksSettled();
};
/** 'lost' when the connection was cut, 'silent' when nothing had come before the caller lost patience. */
const outcome = async (body: string, patience?: AbortSignal) => {
  try {
    const answer = await vendor('/notes', body, patience);
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  } catch {
    return patience?.aborted ? 'silent' : 'lost';
  }
};

describe('a fault', () => {
  it.each([
    ['timeout_before', 'silent', []],
    ['timeout_after_commit', 'silent', ['n']],
    ['reset', 'lost', []],
    ['reset_after_commit', 'lost', ['n']],
  ] as const)('%s leaves the caller %s and the books with %j', async (kind, seen, kept) => {
    await control('fault', { kind });
    const patience = new AbortController();
    const sent = outcome('n', patience.signal);
    if (seen === 'silent') {
      while (server.module('notebook').received.length === 0) await sleep(10);
      await sleep(500);
      patience.abort();
    }
    expect(await sent).toBe(seen);
    expect(await notes()).toEqual(kept);
  });

  it.each([
    ['http_500', 500, []],
    ['http_500_after_commit', 500, ['n']],
    ['garbage', 200, []],
    ['garbage_after_commit', 200, ['n']],
    ['http_202_after_commit', 202, ['n']],
    ['http_404', 404, []],
  ] as const)('%s answers %d and leaves the books with %j', async (kind, status, kept) => {
    await control('fault', { kind });
    const seen = await outcome('n');
    expect(seen).toMatchObject({ status });
    expect(() => JSON.parse((seen as { text: string }).text) as unknown).toThrow();
    expect(await notes()).toEqual(kept);
  });

  it('http_429 tells how long to wait only when asked to', async () => {
    await control('fault', { kind: 'http_429', retryAfter: 7 });
    await control('fault', { kind: 'http_429' });
    const [one, two] = [await vendor('/notes', 'n'), await vendor('/notes', 'n')];
    expect([one.status, one.headers.get('retry-after')]).toEqual([429, '7']);
    expect([two.status, two.headers.get('retry-after')]).toEqual([429, null]);
    expect(await notes()).toEqual([]);
  });

  it('slow_ms delays, slow_drip dribbles, and both give the true answer in the end', async () => {
    await control('fault', { kind: 'slow_ms', ms: 50 });
    await control('fault', { kind: 'slow_drip', ms: 2 });
    const answers = [await vendor('/notes', 'a'), await vendor('/notes', 'b')];
    expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual([{ kept: 1 }, { kept: 2 }]);
    expect(answers.map((answer) => answer.headers.get('x-vendor'))).toEqual(['notebook', 'notebook']);
  });

  it('swap lets the vendor say something else than it did, and counts only answers that said it', async () => {
    const fault = server.module('notebook').fault({ kind: 'swap', from: '"kept":1}', to: '"kept":1000}', times: 2 });
    const answers = [await vendor('/notes', 'a'), await vendor('/notes', 'b')];
    expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual([{ kept: 1000 }, { kept: 2 }]);
    expect(fault.hit).toBe(1);
    expect(await notes()).toEqual(['a', 'b']);
  });

  it('echo refuses with everything the request said', async () => {
    await control('fault', { kind: 'echo' });
    const answer = await vendor('/notes?secret=1', 'body of mine');
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(/secret=1.*body of mine/)]);
    expect(await notes()).toEqual([]);
  });

  it('hits only what it matches, as often as it was told', async () => {
    await control('fault', { kind: 'http_500', match: { method: 'post', path: '/notes', body: 'bad' }, times: 2 });
    const statuses: number[] = [];
    for (const body of ['good', 'bad', 'bad', 'bad']) statuses.push((await vendor('/notes', body)).status);
    expect(statuses).toEqual([201, 500, 500, 201]);
  });

  it('of an unknown kind is refused', async () => {
    expect((await control('fault', { kind: 'meteor' })).status).toBe(400);
  });
});

describe('callbacks', () => {
  it('go out once and are on record with the answer they got', async () => {
    await ring('hello');
    expect(heard).toEqual(['hello']);
    expect(await read('callbacks')).toMatchObject([
      { state: 'delivered', body: 'hello', attempts: [{ mode: 'normal', status: 200, answer: 'heard' }] },
    ]);
  });

  it('are repeated as the vendor repeats, on the virtual clock, until it gives up', async () => {
    hubAnswers = 500;
    await ring('hello');
    expect(heard).toHaveLength(1);
    await control('clock', { advance: '61s' });
    expect(heard).toHaveLength(2);
    await control('clock', { advance: '1d' });
    expect(heard).toHaveLength(3);
    expect(await read('callbacks')).toMatchObject([{ state: 'given_up' }]);
  });

  it('stop being repeated when they get through', async () => {
    hubAnswers = 500;
    await ring('hello');
    hubAnswers = 200;
    await control('clock', { advance: '1d' });
    expect(heard).toHaveLength(2);
    expect(await read('callbacks')).toMatchObject([{ state: 'delivered' }]);
  });

  it('are held until the mode is normal again, and then come in their order', async () => {
    await control('callbacks', { mode: 'hold' });
    await ring('one');
    await ring('two');
    expect(heard).toEqual([]);
    await control('callbacks', { mode: 'normal' });
    await server.module('notebook').callbacksSettled();
    expect(heard).toEqual(['one', 'two']);
  });

  it('come in reverse order in mode reorder', async () => {
    await control('callbacks', { mode: 'reorder' });
    await ring('one');
    expect(heard).toEqual([]);
    await ring('two');
    expect(heard).toEqual(['two', 'one']);
  });

  it('come many times at once in mode duplicate', async () => {
    await control('callbacks', { mode: 'duplicate', copies: 5 });
    await ring('hello');
    expect(heard).toEqual(Array.from({ length: 5 }, () => 'hello'));
  });

  it.each([
    ['bad_signature', ['hello forged']],
    ['stale', ['hello stale']],
    ['drop', []],
  ] as const)('in mode %s the hub hears %j', async (mode, expected) => {
    await control('callbacks', { mode });
    await ring('hello');
    expect(heard).toEqual(expected);
  });
});

describe('the rest of the control plane', () => {
  it('shows received requests with headers and raw body', async () => {
    await vendor('/notes?x=1', 'raw  body');
    expect(await read('requests')).toMatchObject([
      { method: 'POST', url: '/notes?x=1', body: 'raw  body', status: 201, headers: { 'content-length': '9' } },
    ]);
  });

  it('pays, forces states, and says why it cannot', async () => {
    expect((await control('pay/7', { amount: '5.00' })).body).toEqual({ id: '7', amount: '5.00' });
    expect((await control('advance/7', { to: 'paid' })).body).toEqual({ id: '7', to: 'paid' });
    expect(await control('advance/7', { to: 'never' })).toEqual({ status: 400, body: { error: 'no such state' } });
  });

  it('keeps the vendor out of order for a maintenance window of virtual time', async () => {
    await control('maintenance', { ms: 60_000 });
    expect((await vendor('/notes', 'n')).status).toBe(503);
    await control('clock', { advance: '1m' });
    expect((await vendor('/notes', 'n')).status).toBe(201);
  });

  it('reset forgets books, records, faults and clock', async () => {
    await vendor('/notes', 'n');
    await control('fault', { kind: 'http_500' });
    await control('clock', { advance: '1d' });
    await control('reset');
    expect([await notes(), await read('requests')]).toEqual([[], []]);
    expect(server.module('notebook').now() - Date.now()).toBeLessThan(60_000);
    expect((await vendor('/notes', 'n')).status).toBe(201);
  });

  it('takes forms of a page and leads back', async () => {
    const answer = await fetch(`${server.origin}/notebook/__sandbox/clock`, {
      method: 'POST',
      body: new URLSearchParams({ advance: '1h' }),
      redirect: 'manual',
    });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
  });
});
