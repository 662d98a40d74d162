import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import twilio from 'twilio';
import type { OutgoingMessage } from '../../adapters/kit/messaging.ts';
import type { RawWebhook } from '../../adapters/kit/webhooks.ts';
import provider from '../../adapters/messaging/twilio/manifest.ts';
import { createSandbox } from '../../adapters/messaging/twilio/sandbox.ts';
import { signatureOf } from '../../adapters/messaging/twilio/webhook.ts';
import type { SandboxControl } from '../../sandbox/control.ts';
import { type SandboxServer, startSandboxServer } from '../../sandbox/server.ts';
import { failureOf, lend } from '../kit/adapter-call.ts';

const { send, find, webhook, testConnection } = provider.adapter as Required<typeof provider.adapter>;
let server: SandboxServer;
let sandbox: SandboxControl;
let hub: Server;
let hubUrl = '';
let heard: RawWebhook[] = [];

beforeAll(async () => {
  server = await startSandboxServer({ port: 0, modules: [createSandbox()] });
  sandbox = server.module('twilio');
  hub = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    heard.push({ headers: req.headers as Record<string, string>, body: Buffer.concat(chunks) });
    res.writeHead(204).end();
  });
  await new Promise<void>((done) => hub.listen(0, '127.0.0.1', done));
  hubUrl = `http://127.0.0.1:${(hub.address() as AddressInfo).port}/webhooks/7`;
});
afterAll(async () => {
  await server.close();
  hub.close();
});
beforeEach(() => {
  sandbox.reset();
  heard = [];
});

const settings = () => sandbox.vendor.defaultConfig(server.origin) as Record<string, string>;
const context = (over: Record<string, unknown> = {}, loan = {}) =>
  lend(provider, { ...settings(), ...over }, { callbackUrl: hubUrl, ...loan });
const sms = (over: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  reference: 'KAAAAAAAAAAAA',
  channel: 'sms',
  to: '+15005550010',
  text: 'Code 123 456 & more: 100 %+',
  ...over,
});
const at = () => ({ config: provider.config.parse(settings()), callbackUrl: hubUrl, now: Date.now() });

describe('the signature', () => {
  const url = 'https://example.test/hooks/twilio?tenant=7';
  const form = {
    AccountSid: 'AC00000000000000000000000000000000',
    From: '+15005550006',
    MessageSid: 'SM00000000000000000000000000000001',
    MessageStatus: 'delivered',
    To: '+15005550010',
  };

  it('is that of the published recipe', () => {
    expect(signatureOf('auth-token-1', url, new URLSearchParams(form))).toBe('eU1Caa9/R/jPkrXGSUx2wuiC6FI=');
  });

  it('equals the official library in every order of fields, with repeated and empty ones', () => {
    const odd = new URLSearchParams([
      ...Object.entries(form).toReversed(),
      ['b', '2'],
      ['b', '1'],
      ['b', '2'],
      ['a', ''],
    ]);
    const asParsed = { ...form, b: ['2', '1', '2'], a: '' };
    expect(twilio.validateRequest('auth-token-1', signatureOf('auth-token-1', url, odd), url, asParsed)).toBe(true);
  });
});

describe('the official client, unchanged', () => {
  const client = () => {
    const { accountSid = '', authToken = '', baseUrl = '' } = settings();
    const official = twilio(accountSid, authToken);
    official.api.baseUrl = baseUrl;
    return official;
  };

  it('sends, reads, lists over pages and deletes at the sandbox', async () => {
    const begun = new Date();
    const made = await client().messages.create({ to: '+15005550010', from: '+15005550006', body: 'hello', mediaUrl: ['http://a.example/1', 'http://a.example/2'] }); // prettier-ignore
    expect(made).toMatchObject({ status: 'queued', numMedia: '2', sid: expect.stringMatching(/^MM/) });
    for (const body of ['one', 'two', 'three']) {
      await client().messages.create({ to: '+15005550010', messagingServiceSid: `MG${'5c'.repeat(16)}`, body });
    }
    const listed = await client().messages.list({ to: '+15005550010', dateSentAfter: begun, pageSize: 2 });
    expect(listed.map(({ body }) => body)).toEqual(['three', 'two', 'one', 'hello']);
    expect(await client().messages(made.sid).remove()).toBe(true);
    await expect(client().messages(made.sid).fetch()).rejects.toMatchObject({ status: 404, code: 20404 });
  });

  it.each([
    ['+15005550001', '+15005550006', 21211],
    ['+15005550002', '+15005550006', 21612],
    ['+15005550003', '+15005550006', 21408],
    ['+15005550004', '+15005550006', 21610],
    ['+15005550009', '+15005550006', 21614],
    ['12', '+15005550006', 21211],
    ['+15005550010', '+15005550001', 21212],
    ['+15005550010', '+15005550007', 21606],
    ['+15005550010', '+15005550008', 21611],
    ['+15005550010', '+15005559999', 21606],
  ])('hears the magic numbers: to %s from %s is %i', async (to, from, code) => {
    await expect(client().messages.create({ to, from, body: 'x' })).rejects.toMatchObject({ code, status: 400 });
  });

  it('verifies the sandbox callbacks', async () => {
    await send(context(), sms());
    await sandbox.advanceClock('5s');
    expect(heard).toHaveLength(2);
    for (const { headers, body } of heard) {
      const form = Object.fromEntries(new URLSearchParams(body.toString()));
      const signature = headers['x-twilio-signature'] ?? '';
      expect(twilio.validateRequest(settings()['authToken']!, signature, hubUrl, form)).toBe(true);
    }
  });
});

describe('an SMS', () => {
  it('is queued, and told of until it is delivered', async () => {
    const report = await send(context(), sms());
    expect(report).toMatchObject({ state: 'accepted', providerStatus: 'queued' });
    await sandbox.advanceClock('5s');
    const news = heard.flatMap((raw) => webhook.translate(at().config, raw));
    expect(news.map(({ providerId, message }) => [providerId, message?.state])).toEqual([
      [report.providerId, 'sent'],
      [report.providerId, 'delivered'],
    ]);
    expect(heard.map((raw) => webhook.verify(at(), raw))).toEqual([
      { ok: true, trust: 'signed', dedupeKey: `${report.providerId}:sent` },
      { ok: true, trust: 'signed', dedupeKey: `${report.providerId}:delivered` },
    ]);
    expect(sandbox.vendor.things!()[0]).toMatchObject({ text: 'Code 123 456 & more: 100 %+', state: 'delivered' });
  });

  it('that fails later says why; a word nobody knows is unknown', async () => {
    const { providerId } = await send(context(), sms());
    await sandbox.advance(providerId, 'fail');
    await sandbox.advance(providerId, 'unknown_word');
    await sandbox.callbacksSettled();
    const told = heard.map((raw) => webhook.translate(at().config, raw)[0]!.message);
    expect(told).toContainEqual({ providerId, state: 'failed', providerStatus: 'undelivered', code: '30003' });
    expect(told).toContainEqual({ providerId, state: 'unknown', providerStatus: 'teleported' });
  });

  it('goes out by an API key and a messaging service too', async () => {
    const over = {
      apiKeySid: `SK${'5b'.repeat(16)}`,
      apiKeySecret: 'sandbox-key-secret',
      from: undefined,
      messagingServiceSid: `MG${'5c'.repeat(16)}`,
    };
    await expect(send(context(over), sms())).resolves.toMatchObject({ providerStatus: 'accepted' });
  });

  it.each([
    ['+15005550004', '+15005550006', 'Rejected', '21610'],
    ['+15005550003', '+15005550006', 'Rejected', '21408'],
    ['+15005550010', '+15005550001', 'Config', '21212'],
    ['+15005550010', '+15005550007', 'Config', '21606'],
    ['+15005550010', '+15005550008', 'Unavailable', '21611'],
  ])('to %s from %s is %s (%s)', async (to, from, type, providerCode) => {
    expect(await failureOf(send(context({ from }), sms({ to })))).toMatchObject({ type, facts: { providerCode } });
  });

  it('is not sent by the wrong account, and no secret is in the message', async () => {
    for (const work of [
      send(context({ authToken: 'wrong-token' }), sms()),
      testConnection(context({ authToken: 'wrong-token' })),
    ]) {
      const failure = await failureOf(work);
      expect(failure).toMatchObject({ type: 'Config', facts: { providerCode: '20003' } });
      expect(failure.message).not.toMatch(/wrong-token|5a5a/);
    }
  });

  it('is not sent into a private network, and only once at 429 and 500', async () => {
    expect((await failureOf(send(context({}, { allowPrivate: false }), sms()))).type).toBe('Config');
    sandbox.fault({ kind: 'http_429', retryAfter: 9 });
    expect(await failureOf(send(context(), sms()))).toMatchObject({ type: 'RateLimited', facts: { retryAfter: 9 } });
    sandbox.fault({ kind: 'http_500_after_commit' });
    expect((await failureOf(send(context(), sms()))).type).toBe('OutcomeUnknown');
    expect(sandbox.received).toHaveLength(2);
  });

  it('whose answer was lost is found by recipient, text and time', async () => {
    sandbox.onlyByHand();
    const since = Date.now();
    const by = { reference: 'KAAAAAAAAAAAA', to: '+15005550010', text: sms().text, since };
    expect(await find(context(), by)).toBeNull();
    await send(context(), sms({ text: 'another one' }));
    sandbox.fault({ match: { method: 'POST' }, kind: 'garbage_after_commit' });
    expect((await failureOf(send(context(), sms()))).type).toBe('OutcomeUnknown');
    expect(await find(context(), by)).toMatchObject({ state: 'accepted', providerStatus: 'queued' });
    expect(await find(context(), { ...by, to: '+15005550011' })).toBeNull();
    expect(await find(context(), { ...by, since: since + 600_000 })).toBeNull();
    sandbox.fault({ match: { method: 'GET' }, kind: 'garbage' });
    expect((await failureOf(find(context(), by))).type).toBe('Unavailable');
    expect((await failureOf(find(context({ authToken: 'wrong-token' }), by))).type).toBe('Config');
  });
});

describe('a callback', () => {
  it('that is forged, or tampered with by one byte, is refused', async () => {
    await send(context(), sms());
    await sandbox.advanceClock('2s');
    const [told] = heard;
    const tampered = Buffer.from(told!.body.toString().replace('sent', 'seen'));
    expect(webhook.verify(at(), { ...told!, body: tampered })).toEqual({ ok: false, reason: 'bad_signature' });
    expect(webhook.verify({ ...at(), callbackUrl: `${hubUrl}1` }, told!)).toEqual({
      ok: false,
      reason: 'bad_signature',
    });
    expect(webhook.verify(at(), { headers: {}, body: told!.body })).toEqual({ ok: false, reason: 'bad_signature' });
  });
});

describe('the sandbox', () => {
  const post = async (body: string, headers: Record<string, string> = {}) => {
    const { accountSid, authToken, baseUrl } = settings();
    const answer = await fetch(`${baseUrl}/2010-04-01/Accounts/${accountSid}/Messages.json`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      },
      body,
    });
    return (await answer.json()) as { code?: number };
  };
  const good = 'To=%2B15005550010&From=%2B15005550006&Body=x';

  it.each([
    [good, { 'content-type': 'application/json' }, 21604],
    [good, { authorization: 'Basic bm9ib2R5Om5vdGhpbmc=' }, 20003],
    [`${good}&Tpyo=1`, {}, 20001],
    [`${good}&StatusCallback=nowhere`, {}, 21609],
    ['To=%2B15005550010&Body=x', {}, 21603],
    ['To=%2B15005550010&From=%2B15005550006', {}, 21602],
  ])('refuses %s with %j as %i', async (body, headers, code) => {
    expect((await post(body, headers)).code).toBe(code);
  });

  it('refuses a text of more than 1600 characters', async () => {
    expect((await post(good + 'x'.repeat(1600))).code).toBe(21617);
  });
});
