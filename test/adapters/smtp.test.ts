import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { OutgoingMessage } from '../../adapters/kit/messaging.ts';
import provider from '../../adapters/messaging/smtp/manifest.ts';
import { createSandbox } from '../../adapters/messaging/smtp/sandbox.ts';
import { TIMINGS } from '../../domain/timings.ts';
import { type SandboxServer, startSandboxServer } from '../../sandbox/server.ts';
import { failureOf, lend } from '../kit/adapter-call.ts';

/** For mail.test, localhost and 127.0.0.1, until 2126. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUc33vAKCXIJ3yz94jUb0mTb7eYE8wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbWFpbC50ZXN0MCAXDTI2MTEyNDAyNTg1NFoYDzIxMjYxMDMx
MDI1ODU0WjAUMRIwEAYDVQQDDAltYWlsLnRlc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQHDMR8rfTRAdHbYzu2WnH1o0TA1AGxg9Q2K8w8pWo95PJ2uMaw9qIH
xLqQwBb/LVII/HYW5LTApj5n40bxae0Go28wbTAdBgNVHQ4EFgQU/Q35CM4HMV19
6Hr+AihNth2s8lEwHwYDVR0jBBgwFoAU/Q35CM4HMV196Hr+AihNth2s8lEwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhAIrpvWB+BAQl/9+02dBNkelpkRoZ7iU/Ru8guAdGB6TRAiBG
PYrzcm9VWtAqGrmUxXITA8OheurplEhP0OAy6SDLaA==
-----END CERTIFICATE-----
`;
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTI7jgG5UidF+GDbb
sMPq470fZN7XKWoHm3iyBa7yjZmhRANCAAQHDMR8rfTRAdHbYzu2WnH1o0TA1AGx
g9Q2K8w8pWo95PJ2uMaw9qIHxLqQwBb/LVII/HYW5LTApj5n40bxae0G
-----END PRIVATE KEY-----
`;

const { send, testConnection } = provider.adapter;
const sandbox = createSandbox();
let server: SandboxServer;

beforeAll(async () => {
  server = await startSandboxServer({ port: 0, modules: [sandbox] });
});
afterAll(() => server.close());
beforeEach(() => server.module('smtp').reset());

const context = (over: Record<string, unknown> = {}, loan = {}) =>
  lend(provider, { ...sandbox.defaultConfig(server.origin), ...over }, loan);

const mail = (over: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  reference: 'KAAAAAAAAAAAA',
  channel: 'email',
  to: 'ann@client.example',
  subject: 'Ваш код',
  text: 'Your code is 123456',
  html: '<p>Your code is <b>123456</b></p>',
  ...over,
});

describe('a mail', () => {
  it('arrives with subject, text and HTML, under the Message-ID of our reference', async () => {
    const report = await send(context(), mail());
    expect(report).toMatchObject({
      providerId: '<KAAAAAAAAAAAA@broker.example>',
      state: 'accepted',
      providerStatus: expect.stringContaining('250'),
    });
    expect(sandbox.things!()).toEqual([
      expect.objectContaining({
        title: 'Ваш код → ann@client.example',
        text: expect.stringContaining('Your code is 123456'),
        html: expect.stringContaining('<b>123456</b>'),
      }),
    ]);
  });

  it('goes to the one address it is for, whatever the address looks like', async () => {
    await failureOf(send(context(), mail({ to: 'ann@client.example, eve@client.example' })));
    await failureOf(send(context(), mail({ to: 'Ann <ann@client.example>\r\nBcc: eve@client.example' })));
    const told = sandbox.things!().map(({ title }) => title);
    expect(told.filter((title) => title.includes('eve'))).toEqual([]);
  });

  it('that a server refuses for good is rejected', async () => {
    expect(await failureOf(send(context(), mail({ to: 'perm@client.example' })))).toMatchObject({
      type: 'Rejected',
      facts: { providerCode: '550' },
    });
    expect(await failureOf(send(context(), mail({ text: 'x'.repeat(1024 * 1024) })))).toMatchObject({
      type: 'Rejected',
      facts: { providerCode: '552' },
    });
  });

  it('that a server cannot take now was surely not taken', async () => {
    expect(await failureOf(send(context(), mail({ to: 'temp@client.example' })))).toMatchObject({
      type: 'Unavailable',
      facts: { providerCode: '451' },
    });
    expect(await failureOf(send(context(), mail({ subject: 'drop' })))).toMatchObject({
      type: 'Unavailable',
      facts: { providerCode: '421' },
    });
    expect(sandbox.things!()).toEqual([]);
  });

  it('leaves its address nowhere in what the server says, though the server spells it in its own way', async () => {
    for (const to of ['Perm@Client.Example', 'Temp@Client.Example']) {
      const { message } = await failureOf(send(context(), mail({ to })));
      expect(message).toMatch(/Recipient address/);
      expect(message.toLowerCase()).not.toContain('@client.example');
    }
  });

  it('is in doubt when the reply to its last dot is lost', async () => {
    const failure = await failureOf(send(context({}, { longestTalkMs: 3_000 }), mail({ subject: 'silent' })));
    expect(failure).toMatchObject({ type: 'OutcomeUnknown', reason: 'provider_outcome_unknown' });
    expect(sandbox.things!()).toHaveLength(1);
  });

  it('may be looked at for longer than an HTTP exchange lasts', async () => {
    const hurried = context({}, { longestMs: 1 });
    await expect(send(hurried, mail())).resolves.toMatchObject({ state: 'accepted' });
    expect(provider.limits.timeoutMs).toBeGreaterThan(TIMINGS.providerAnswer);
    expect(provider.limits.timeoutMs).toBeLessThanOrEqual(TIMINGS.providerTalk);
  });

  it('is cut off by cancellation', async () => {
    const stop = new AbortController();
    const sending = failureOf(send(context({}, { signal: stop.signal }), mail({ subject: 'silent' })));
    while (sandbox.things!().length === 0) await new Promise((done) => setTimeout(done, 10));
    stop.abort();
    expect((await sending).type).toBe('OutcomeUnknown');
  });
});

describe('a server that does not want us', () => {
  it('is a matter of the settings: password, sender, host', async () => {
    for (const over of [
      { password: 'wrong-password' },
      { from: 'boss@broker.example' },
      { user: undefined, password: undefined },
    ]) {
      expect(await failureOf(send(context(over), mail()))).toMatchObject({ type: 'Config' });
    }
    const failure = await failureOf(testConnection(context({ password: 'wrong-password' })));
    expect(failure).toMatchObject({ type: 'Config', facts: { providerCode: '535' } });
    expect(failure.message).not.toContain('wrong-password');
    await expect(testConnection(context())).resolves.toBeUndefined();
  });

  it('says so by not relaying for us, or when we sent too much: another may send the mail', async () => {
    const relay = await failureOf(send(context(), mail({ to: 'relay@client.example' })));
    expect(relay).toMatchObject({ type: 'Config', facts: { providerCode: '554' } });
    expect(relay.message).not.toContain('relay@client');
    expect(await failureOf(send(context(), mail({ subject: 'quota' })))).toMatchObject({
      type: 'Config',
      facts: { providerCode: '550' },
    });
    expect(sandbox.things!()).toEqual([]);
  });

  it('gets nothing in plain text that should be encrypted', async () => {
    expect(await failureOf(send(context({ security: 'starttls' }), mail()))).toMatchObject({ type: 'Config' });
    expect(await failureOf(send(context({ security: 'tls' }), mail()))).toMatchObject({ type: 'Unavailable' });
    expect(sandbox.things!()).toEqual([]);
  });

  it('is not reached in a private network', async () => {
    for (const host of ['127.0.0.1', 'localhost', '::1', '10.0.0.1']) {
      const failure = await failureOf(send(context({ host }, { allowPrivate: false }), mail()));
      expect(failure).toMatchObject({ type: 'Config', message: expect.stringContaining('private network') });
    }
  });
});

describe('a broken server', () => {
  const listening: Server[] = [];
  afterAll(() => listening.forEach((one) => one.close()));

  /** Speaks `lines`, one after each command of the client and after the mail's last dot, then hangs up. */
  const talker = async (lines: readonly string[]): Promise<number> => {
    const one = createServer((socket) => {
      const left = [...lines];
      let heard = '';
      let end = '\r\n';
      const speak = () => {
        const line = left.shift();
        if (line === undefined) return void socket.destroy();
        heard = '';
        end = line.startsWith('354') ? '\r\n.\r\n' : '\r\n';
        socket.write(`${line}\r\n`);
      };
      socket.on('error', () => undefined).on('data', (chunk) => (heard += String(chunk)).endsWith(end) && speak());
      speak();
    });
    listening.push(one);
    await new Promise<void>((done) => one.listen(0, '127.0.0.1', done));
    return (one.address() as AddressInfo).port;
  };
  const plain = { user: undefined, password: undefined };

  it('that hangs up before the last dot has nothing; after it nobody knows', async () => {
    const talk = ['220 hi', '250 mail.example', '250 sender', '250 recipient', '354 go on'];
    for (let said = 0; said < talk.length; said++) {
      const port = await talker(talk.slice(0, said));
      expect((await failureOf(send(context({ port, ...plain }), mail()))).type).toBe('Unavailable');
    }
    const port = await talker(talk);
    expect((await failureOf(send(context({ port, ...plain }), mail()))).type).toBe('OutcomeUnknown');
  });

  it('that answers rubbish after the mail leaves it in doubt', async () => {
    const port = await talker(['220 hi', '250 mail.example', '250 sender', '250 recipient', '354 go on', 'whatever']);
    expect((await failureOf(send(context({ port, ...plain }), mail()))).type).toBe('OutcomeUnknown');
  });

  it.each([
    ['greeting', {}, ['554 5.7.1 your address is on a list', '221 bye']],
    ['greeting without a code of its own', {}, ['554 no service for you']],
    ['EHLO and HELO', {}, ['220 hi', '550 who are you', '550 who are you']],
    ['EHLO where STARTTLS is a must', { security: 'starttls' }, ['220 hi', '550 who are you']],
    ['STARTTLS', { security: 'starttls' }, ['220 hi', '250-mail.example\r\n250 STARTTLS', '554 5.5.0 not today']],
    ['RCPT TO', {}, ['220 hi', '250 mail.example', '250 sender', '550-5.7.1 not relayed\r\n550 5.7.1 for you']],
    ['RCPT TO, about the sender', {}, ['220 hi', '250 mail.example', '250 sender', '550 5.1.8 no such sender domain']],
    [
      'the mail, about the sender',
      {},
      ['220 hi', '250 mail.example', '250 sender', '250 recipient', '354 go on', '554 5.2.252 SendAsDenied'],
    ],
  ])('that refuses us at %s leaves the mail to others', async (_at, over, lines) => {
    const port = await talker(lines);
    expect((await failureOf(send(context({ port, ...plain, ...over }), mail()))).type).toBe('Config');
  });

  it.each([
    ['RCPT TO', ['550 5.1.1 no such mailbox']],
    ['RCPT TO without an enhanced code', ['550 no such mailbox']],
    ['RCPT TO, quoting another code', ['550 5.1.1 no such mailbox, see 5.7.1']],
    ['the mail', ['250 recipient', '354 go on', '552 5.3.4 too big']],
    ['the mail, without an enhanced code', ['250 recipient', '354 go on', '554 no']],
  ])('that refuses the mail at %s has the last word', async (_at, lines) => {
    const port = await talker(['220 hi', '250 mail.example', '250 sender', ...lines]);
    expect((await failureOf(send(context({ port, ...plain }), mail()))).type).toBe('Rejected');
  });

  it('that cannot check the password now, or is not there, has nothing', async () => {
    const busy = await talker([
      '220 hi',
      '250-mail.example\r\n250 AUTH PLAIN',
      '454 4.7.0 Temporary authentication failure',
    ]);
    expect((await failureOf(send(context({ port: busy }), mail()))).type).toBe('Unavailable');
    expect((await failureOf(send(context({ port: 1 }), mail()))).type).toBe('Unavailable');
  });
});

describe('encryption', () => {
  const taken: boolean[] = [];
  const encrypted = async (options: SMTPServerOptions, work: (port: number) => Promise<void>) => {
    const one = new SMTPServer({
      key: KEY,
      cert: CERTIFICATE,
      authOptional: true,
      disableReverseLookup: true,
      closeTimeout: 100,
      onData: (stream, session, done) => {
        taken.push(session.secure);
        stream.resume().on('end', () => done());
      },
      ...options,
    });
    one.on('error', () => undefined);
    await new Promise<void>((done) => one.listen(0, '127.0.0.1', done));
    await work((one.server.address() as AddressInfo).port).finally(() => new Promise<void>((done) => one.close(done)));
  };
  const plain = { user: undefined, password: undefined };

  it.each([
    ['starttls', false],
    ['tls', true],
  ])('by %s works with a certificate that is trusted, and only then', async (security, secure) => {
    await encrypted({ secure }, async (port) => {
      taken.length = 0;
      const trusting = context({ port, security, ca: CERTIFICATE, ...plain });
      await expect(send(trusting, mail())).resolves.toMatchObject({ state: 'accepted' });
      expect((await failureOf(send(context({ port, security, ...plain }), mail()))).type).toBe('Unavailable');
      expect(taken).toEqual([true]);
    });
  });
});
