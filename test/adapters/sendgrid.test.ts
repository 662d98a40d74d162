import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OutgoingMessage } from '../../adapters/kit/messaging.ts';
import type { RawWebhook } from '../../adapters/kit/webhooks.ts';
import provider from '../../adapters/messaging/sendgrid/manifest.ts';
import { createSandbox } from '../../adapters/messaging/sendgrid/sandbox.ts';
import type { SandboxControl } from '../../sandbox/control.ts';
import { type SandboxServer, startSandboxServer } from '../../sandbox/server.ts';
import { failureOf, lend } from '../kit/adapter-call.ts';

const { send, webhook, testConnection } = provider.adapter as Required<typeof provider.adapter>;
let server: SandboxServer;
let sandbox: SandboxControl;
let hub: Server;
let hubUrl = '';
let heard: RawWebhook[] = [];
let hubAnswers = 200;

beforeAll(async () => {
  server = await startSandboxServer({ port: 0, modules: [createSandbox()] });
  sandbox = server.module('sendgrid');
  hub = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    heard.push({ headers: req.headers as Record<string, string>, body: Buffer.concat(chunks) });
    res.writeHead(hubAnswers).end();
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
  hubAnswers = 200;
});

const settings = () => sandbox.vendor.defaultConfig(server.origin) as Record<string, string>;
const context = (over: Record<string, unknown> = {}) =>
  lend(provider, { ...settings(), ...over }, { callbackUrl: hubUrl, now: () => sandbox.now() });
const at = (over: Record<string, unknown> = {}) => ({
  config: provider.config.parse({ ...settings(), ...over }),
  callbackUrl: hubUrl,
  now: sandbox.now(),
});
const mail = (over: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  reference: 'KAAAAAAAAAAAA',
  channel: 'email',
  to: 'ann@client.example',
  subject: 'Ваш код',
  text: 'Your code is 123456',
  html: '<p>Your code is <b>123456</b></p>',
  ...over,
});
const news = () => heard.flatMap((raw) => webhook.translate(at().config, raw));

describe('a mail', () => {
  it('is queued under their id, then told of by events that carry our reference', async () => {
    const report = await send(context(), mail());
    expect(report).toMatchObject({ state: 'accepted', providerId: expect.stringMatching(/^MID/) });
    await sandbox.advanceClock('3s');
    expect(heard.map((raw) => webhook.verify(at(), raw).ok)).toEqual([true, true]);
    expect(news()).toMatchObject([
      { kind: 'message', reference: 'KAAAAAAAAAAAA', providerId: report.providerId, said: 'processed' },
      { providerId: report.providerId, said: 'delivered', message: { state: 'delivered' } },
    ]);
    expect(sandbox.vendor.things!()[0]).toMatchObject({ state: 'delivered', html: mail().html, text: mail().text });
  });

  it('that bounces says with which code, and nobody learns the address from it', async () => {
    await send(context(), mail({ to: 'bounce@client.example' }));
    await sandbox.advanceClock('3s');
    const { message } = news().at(-1)!;
    expect(message).toMatchObject({ state: 'failed', code: '5.1.1', why: expect.stringContaining('user unknown') });
    expect(JSON.stringify(message)).not.toContain('client.example');
  });

  it('that cannot be sent is rejected; a sender that is not ours is a matter of the settings', async () => {
    expect(await failureOf(send(context(), mail({ to: 'no address' })))).toMatchObject({ type: 'Rejected' });
    expect(await failureOf(send(context(), mail({ text: 'x'.repeat(950_000) })))).toMatchObject({
      type: 'Rejected',
      facts: { providerCode: '413' },
    });
    expect((await failureOf(send(context({ from: 'boss@broker.example' }), mail()))).type).toBe('Config');
    expect((await failureOf(send(context({ apiKey: 'SG.wrong' }), mail()))).type).toBe('Config');
  });

  it('leaves its address nowhere in what they say of it, though they spell it in their own way', async () => {
    const refusing = createServer((_req, res) => {
      res.writeHead(400).end('{"errors":[{"message":"ann@client.example is no address of a person","field":"to"}]}');
    });
    await new Promise<void>((done) => void refusing.listen(0, '127.0.0.1', done));
    const baseUrl = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`;
    const { message } = await failureOf(send(context({ baseUrl }), mail({ to: 'Ann@Client.Example' })));
    refusing.close();
    expect(message).toContain('to … is no address of a person');
  });

  it('is told to wait until the point in time they name', async () => {
    sandbox.fault({ kind: 'http_429' });
    expect((await failureOf(send(context(), mail()))).type).toBe('RateLimited');
    const limited = createServer((_req, res) => {
      const reset = String(Math.floor(sandbox.now() / 1000) + 30);
      res
        .writeHead(429, { 'X-RateLimit-Reset': reset })
        .end('{"errors":[{"message":"too many requests","field":null}]}');
    });
    await new Promise<void>((done) => limited.listen(0, '127.0.0.1', done));
    const baseUrl = `http://127.0.0.1:${(limited.address() as AddressInfo).port}`;
    const { type, facts } = await failureOf(send(context({ baseUrl }), mail()));
    limited.close();
    expect(type).toBe('RateLimited');
    expect([29, 30]).toContain(facts.retryAfter);
  });

  it('is in doubt when they only checked it (200), or nobody can read the answer', async () => {
    for (const status of [200, 202, 400]) {
      const odd = createServer((_req, res) => void res.writeHead(status).end('ok'));
      await new Promise<void>((done) => odd.listen(0, '127.0.0.1', done));
      const baseUrl = `http://127.0.0.1:${(odd.address() as AddressInfo).port}`;
      expect((await failureOf(send(context({ baseUrl }), mail()))).type).toBe('OutcomeUnknown');
      odd.close();
    }
  });
});

describe('the connection', () => {
  it('wants a key that may send', async () => {
    await expect(testConnection(context())).resolves.toBeUndefined();
    const apiKey = 'SG.sandbox-read-only.0123456789abcdefghijklmnopqrstuvwxyz';
    expect(await failureOf(testConnection(context({ apiKey })))).toMatchObject({
      type: 'Config',
      message: expect.stringContaining('mail.send'),
    });
  });

  it('refuses a verification key that is none', () => {
    for (const webhookPublicKey of ['abc', Buffer.from('no key').toString('base64')])
      expect(provider.config.safeParse({ ...settings(), webhookPublicKey }).success).toBe(false);
  });
});

describe('events', () => {
  const told = async (): Promise<RawWebhook> => {
    await send(context(), mail());
    await sandbox.advanceClock('600ms');
    return heard[0]!;
  };

  it('are verified over the bytes as they came, CRLF included', async () => {
    const raw = await told();
    expect(raw.body.toString()).toMatch(/\r\n$/);
    const rewritten = Buffer.from(JSON.stringify(JSON.parse(raw.body.toString())));
    expect(webhook.verify(at(), raw)).toMatchObject({ ok: true, trust: 'signed' });
    expect(webhook.verify(at(), { ...raw, body: rewritten })).toEqual({ ok: false, reason: 'bad_signature' });
    expect(webhook.verify(at({ webhookPublicKey: undefined }), raw)).toEqual({ ok: false, reason: 'bad_signature' });
  });

  it('follow the recipe of the vendor with any key', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const webhookPublicKey = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
    const timestamp = String(Math.floor(sandbox.now() / 1000));
    const body = Buffer.from('[{"event":"open","sg_message_id":"MID1.filter"}]\r\n');
    const raw = {
      headers: {
        'x-twilio-email-event-webhook-timestamp': timestamp,
        'x-twilio-email-event-webhook-signature': sign('sha256', Buffer.concat([Buffer.from(timestamp), body]), privateKey).toString('base64'), // prettier-ignore
      },
      body,
    };
    expect(webhook.verify(at({ webhookPublicKey }), raw).ok).toBe(true);
    expect(webhook.verify(at(), raw)).toEqual({ ok: false, reason: 'bad_signature' });
    expect(webhook.translate(at().config, raw)).toEqual([]);
  });

  it('that are two days old are stale, and are sent again until they are taken', async () => {
    sandbox.onlyByHand();
    sandbox.setCallbacks('stale');
    expect(webhook.verify(at(), await told())).toEqual({ ok: false, reason: 'stale' });
    sandbox.setCallbacks('normal');
    hubAnswers = 500;
    await sandbox.advanceClock('2s');
    const before = heard.length;
    hubAnswers = 200;
    await sandbox.advanceClock('1d');
    expect(heard.length).toBe(before + 1);
  });
});

describe('the sandbox', () => {
  const post = async (change: (body: Record<string, unknown>) => void, headers = {}) => {
    const body: Record<string, unknown> = {
      personalizations: [{ to: [{ email: 'ann@client.example' }] }],
      from: { email: settings()['from'] },
      subject: 's',
      content: [{ type: 'text/plain', value: 't' }],
    };
    change(body);
    const answer = await fetch(`${settings()['baseUrl']}/v3/mail/send`, {
      method: 'POST',
      headers: { authorization: `Bearer ${settings()['apiKey']}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return [answer.status, await answer.text()];
  };

  it('refuses what SendGrid refuses', async () => {
    expect((await post(() => undefined))[0]).toBe(202);
    expect((await post((b) => (b['mail_settings'] = { sandbox_mode: { enable: true } })))[0]).toBe(200);
    const refused: [(b: Record<string, unknown>) => void, string][] = [
      [(b) => (b['tpyo'] = 1), 'tpyo'],
      [(b) => delete b['subject'], 'subject'],
      [(b) => (b['custom_args'] = { number: 1 }), 'custom_args.number'],
      [
        (b) =>
          (b['content'] = [
            { type: 'text/html', value: 'h' },
            { type: 'text/plain', value: 't' },
          ]),
        'content',
      ],
      [(b) => (b['personalizations'] = [{ to: [{ email: 'a@b.example' }, { email: 'A@b.example' }] }]), 'unique'],
    ];
    for (const [change, why] of refused) expect(await post(change)).toEqual([400, expect.stringContaining(why)]);
    expect((await post(() => undefined, { authorization: 'Bearer SG.other' }))[0]).toBe(401);
    expect((await post(() => undefined, { 'content-type': 'text/plain' }))[0]).toBe(415);
  });
});
