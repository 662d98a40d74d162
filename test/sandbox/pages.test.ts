import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Router } from 'express';
import type { SandboxModule, SandboxThing } from '../../adapters/kit/sandbox.ts';
import { startSandboxServer, type SandboxServer } from '../../sandbox/server.ts';

const EVIL = '<script>alert(1)</script>"\'';

/** Things of every kind, each with markup where a text is expected. */
const postOffice = (id: string, things: SandboxThing[]): SandboxModule => {
  const done: string[] = [];
  return {
    id,
    defaultConfig: (origin) => ({ baseUrl: `${origin}/${id}`, apiKey: 'sk-very-secret-1', group: 'real' }),
    mount: (desk) => {
      const router = Router();
      router.post('/send', (_req, res) => {
        desk.callback({
          url: 'http://127.0.0.1:1/',
          message: { headers: {}, body: `{"token":"abc-def","said":"${EVIL.replaceAll('"', '')}"}` },
          forge: () => ({ headers: {}, body: '' }),
          stale: () => ({ headers: {}, body: '' }),
          retryDelaysMs: [],
          answerWithinMs: 1000,
        });
        res.json({});
      });
      return router;
    },
    reset: () => done.splice(0),
    pay: (one) => void done.push(`pay ${one}`),
    advance: (one, to) => {
      if (to === 'never') throw new Error(`no such state ${EVIL}`);
      done.push(`${to} ${one}`);
    },
    books: () => done.map((reference, n) => ({ kind: 'deposit', reference, amount: '1', currency: 'USD', state: 'done', id: `${n}` })), // prettier-ignore
    things: () => things,
  };
};

let server: SandboxServer;
beforeAll(async () => {
  const buttons = [{ caption: 'Deliver', to: 'deliver' }, { caption: 'Pay' }];
  server = await startSandboxServer({
    port: 0,
    modules: [
      postOffice('letters', [
        {
          id: 'm1',
          kind: 'e-mail',
          title: `Welcome ${EVIL}`,
          state: 'queued',
          text: EVIL,
          html: `<b>Hi</b>${EVIL}`,
          buttons,
        },
      ]),
      postOffice('texts', [
        { id: 's1', kind: 'SMS', title: '+357', state: EVIL, text: `Code 123456 ${EVIL}`, buttons: [] },
      ]),
      postOffice('money', [{ id: 'd"1', kind: 'deposit', title: '25.00 EUR', state: 'open', buttons }]),
    ],
  });
});
afterAll(() => server.close());

const get = async (path: string) => {
  const answer = await fetch(server.origin + path);
  return { text: await answer.text(), policy: answer.headers.get('content-security-policy') ?? '' };
};
const press = (path: string, fields: Record<string, string>, referer?: string) =>
  fetch(`${server.origin}/${path}`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    redirect: 'manual',
    ...(referer !== undefined && { headers: { referer } }),
  });
const back = async (...args: Parameters<typeof press>) => (await press(...args)).headers.get('location');

describe('the pages of the sandbox server', () => {
  it('lead from the list of providers to each of them', async () => {
    const { text } = await get('/');
    for (const id of ['letters', 'texts', 'money']) expect(text).toContain(`href="/${id}/__sandbox"`);
    expect(text).toContain('href="/mailbox"');
    expect((await get('/money/__sandbox')).text).toMatch(/<h1>money<\/h1>/);
  });

  it('show nothing that could run, whoever wrote it', async () => {
    await fetch(`${server.origin}/letters/send?q=${encodeURIComponent(EVIL)}`, { method: 'POST', body: EVIL });
    await server.module('letters').callbacksSettled();
    for (const path of ['/', '/mailbox', '/phone', '/letters/__sandbox', '/texts/__sandbox', '/money/__sandbox']) {
      const { text, policy } = await get(path);
      expect(text).not.toMatch(/<script|\son\w+=/i);
      expect(policy).toMatch(/^default-src 'none'/);
    }
    expect((await get('/letters/__sandbox')).text).toContain('&lt;script&gt;');
  });

  it('show a mail as it looks in a frame that can do nothing, and its text', async () => {
    const { text } = await get('/mailbox');
    expect(text).toMatch(/<iframe\s+sandbox\s+title="Welcome [^>]*srcdoc="&lt;b&gt;Hi&lt;\/b&gt;/);
    expect(text).toMatch(/<pre>&lt;script&gt;/);
    expect(text).not.toContain('123456');
    expect((await get('/phone')).text).toContain('<p>Code 123456 ');
  });

  it('hide credentials in requests and callbacks', async () => {
    server.module('money').reset();
    await fetch(`${server.origin}/money/send?api_key=sk-very-secret-1`, {
      method: 'POST',
      headers: { authorization: 'Bearer xyz-one', 'x-sign': 'signed-by-me', 'content-type': 'application/json' },
      body: '{"amount":"25.00","clientSecret":"xyz-two","note":"sk-very-secret-1"}',
    });
    await server.module('money').callbacksSettled();
    const { text } = await get('/money/__sandbox');
    expect(text).toContain('POST /send?api_key=••••');
    expect(text).toContain('25.00');
    for (const hidden of ['very-secret', 'xyz-one', 'xyz-two', 'signed-by-me', 'abc-def'])
      expect(text).not.toContain(hidden);
  });

  it('do what their buttons say, and lead back to the page of the button', async () => {
    expect((await get('/money/__sandbox')).text).toMatch(/name="id"\s+value="d&quot;1"/);
    const page = `${server.origin}/money/__sandbox`;
    expect(await back('money/__sandbox/pay', { id: 'd"1' }, page)).toBe('/money/__sandbox');
    expect(await back('money/__sandbox/advance', { id: 'd"1', to: 'deliver' }, page)).toBe('/money/__sandbox');
    expect(
      server
        .module('money')
        .books()
        .map(({ reference }) => reference),
    ).toEqual(['pay d"1', 'deliver d"1']);
    expect(await back('money/__sandbox/latency', { ms: '0' }, `${server.origin}/mailbox`)).toBe('/mailbox');
    expect(await back('money/__sandbox/latency', { ms: '0' }, 'http://elsewhere.example/phish')).toBe('/');
    expect(await back('money/__sandbox/latency', { ms: '0' })).toBe('/');
  });

  it('take trouble from a form, for some requests only', async () => {
    await press('money/__sandbox/fault', {
      kind: 'http_429',
      method: 'POST',
      path: '/send',
      retryAfter: '7',
      times: '',
      ms: '',
    });
    expect((await get('/money/__sandbox')).text).toMatch(/Troubles waiting:\s+http_429 ×1 POST \/send/);
    expect((await fetch(`${server.origin}/money/other`)).status).toBe(404);
    const hit = await fetch(`${server.origin}/money/send`, { method: 'POST' });
    expect([hit.status, hit.headers.get('retry-after')]).toEqual([429, '7']);
  });

  it('say what did not work, with a way back', async () => {
    const answer = await press('money/__sandbox/advance', { id: '1', to: 'never' }, `${server.origin}/money/__sandbox`);
    const text = await answer.text();
    expect(answer.status).toBe(400);
    expect(text).toMatch(/role="alert">no such state &lt;script&gt;/);
    expect(text).toContain('href="/money/__sandbox"');
    expect((await press('money/__sandbox/clock', { advance: 'soon' })).status).toBe(400);
  });
});
