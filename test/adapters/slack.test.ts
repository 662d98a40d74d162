import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OutgoingMessage } from '../../adapters/kit/messaging.ts';
import provider from '../../adapters/messaging/slack/manifest.ts';
import { createSandbox } from '../../adapters/messaging/slack/sandbox.ts';
import type { SandboxControl } from '../../sandbox/control.ts';
import { type SandboxServer, startSandboxServer } from '../../sandbox/server.ts';
import { failureOf, lend } from '../kit/adapter-call.ts';

const { send, find, testConnection } = provider.adapter as Required<typeof provider.adapter>;
let server: SandboxServer;
let sandbox: SandboxControl;

beforeAll(async () => {
  server = await startSandboxServer({ port: 0, modules: [createSandbox()] });
  sandbox = server.module('slack');
});
afterAll(() => server.close());
beforeEach(() => sandbox.reset());

const context = (over: Record<string, unknown> = {}) =>
  lend(provider, { ...sandbox.vendor.defaultConfig(server.origin), ...over });
const note = (over: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  reference: 'KAAAAAAAAAAAA',
  channel: 'chat',
  to: 'C0001',
  text: 'A payout waits for a decision',
  ...over,
});

/** A Slack that says one thing only. */
const saying = async <T>(status: number, body: string, work: (baseUrl: string) => Promise<T>): Promise<T> => {
  const one = createServer((_req, res) => void res.writeHead(status).end(body));
  await new Promise<void>((done) => one.listen(0, '127.0.0.1', done));
  return work(`http://127.0.0.1:${(one.address() as AddressInfo).port}`).finally(() => one.close());
};

describe('a message', () => {
  it('is posted as text that calls nobody and links nowhere', async () => {
    const report = await send(context(), note({ subject: 'AT&T', text: '<!channel> <https://evil.example|click>' }));
    expect(report).toMatchObject({ state: 'sent', providerId: expect.stringMatching(/^\d{10}\.\d{6}$/) });
    expect(JSON.parse(sandbox.received[0]!.body)).toMatchObject({
      text: '*AT&amp;T*\n&lt;!channel&gt; &lt;https://evil.example|click&gt;',
    });
  });

  it('has an id of its own, however fast they come', async () => {
    const ids = [];
    for (let n = 0; n < 5; n++) ids.push((await send(context(), note())).providerId);
    expect(new Set(ids).size).toBe(5);
    expect(ids.toSorted()).toEqual(ids);
  });

  it('whose answer was lost is found by our reference on whatever page it is', async () => {
    const since = Date.now();
    const by = { reference: 'KBBBBBBBBBBBB', to: 'C0001', text: 'x', since };
    expect(await find(context(), by)).toBeNull();
    sandbox.fault({ kind: 'reset_after_commit' });
    expect((await failureOf(send(context(), note({ reference: by.reference })))).type).toBe('OutcomeUnknown');
    for (let n = 0; n < 205; n++) {
      if (n % 50 === 0) await sandbox.advanceClock('2m');
      await send(context(), note({ reference: `KC${n}` }));
    }
    expect(await find(context(), by)).toMatchObject({ state: 'sent' });
    expect(sandbox.received.filter(({ url }) => url.includes('history'))).toHaveLength(3);
  });

  it.each([
    ['C9999', 'channel_not_found'],
    ['C0002', 'not_in_channel'],
    ['C0003', 'is_archived'],
  ])('to %s is rejected: %s', async (to, providerCode) => {
    expect(await failureOf(send(context(), note({ to })))).toMatchObject({ type: 'Rejected', facts: { providerCode } });
  });

  it('beyond the pace of the channel is told how long to wait', async () => {
    for (let n = 0; n < 60; n++) await send(context(), note());
    expect(await failureOf(send(context(), note()))).toMatchObject({ type: 'RateLimited', facts: { retryAfter: 30 } });
  });
});

describe('a refusal', () => {
  it('is HTTP 200 with a word: about us, about the hour, or in doubt', async () => {
    const meanings = {
      invalid_auth: 'Config',
      missing_scope: 'Config',
      a_word_of_tomorrow: 'Config',
      service_unavailable: 'Unavailable',
      rate_limited: 'RateLimited',
      internal_error: 'OutcomeUnknown',
      fatal_error: 'OutcomeUnknown',
      msg_too_long: 'Rejected',
    };
    for (const [error, type] of Object.entries(meanings)) {
      const failure = await saying(200, JSON.stringify({ ok: false, error }), (baseUrl) =>
        failureOf(send(context({ baseUrl }), note())),
      );
      expect([error, failure.type]).toEqual([error, type]);
    }
    for (const body of ['{}', '<html>', '{"ok":true}', '{"ok":"true","channel":"C1","ts":"1"}']) {
      const failure = await saying(200, body, (baseUrl) => failureOf(send(context({ baseUrl }), note())));
      expect([body, failure.type]).toEqual([body, 'OutcomeUnknown']);
    }
  });

  it('of a look never reads as "not there"', async () => {
    const by = { reference: 'KBBBBBBBBBBBB', to: 'C0001', text: 'x', since: 0 };
    expect((await failureOf(find(context({ botToken: 'xoxb-sandbox-no-history' }), by))).type).toBe('Config');
    expect((await failureOf(find(context(), { ...by, to: 'C9999' }))).type).toBe('Config');
    for (const body of ['{"ok":true}', '{"ok":false,"error":"internal_error"}'])
      expect((await saying(200, body, (baseUrl) => failureOf(find(context({ baseUrl }), by)))).type).toBe(
        'Unavailable',
      );
    expect((await failureOf(testConnection(context({ botToken: 'xoxb-other' })))).type).toBe('Config');
  });
});

describe('the sandbox', () => {
  it('refuses a call without charset, with unknown arguments or an unknown method', async () => {
    const post = async (method: string, body: unknown, type = 'application/json; charset=utf-8') => {
      const answer = await fetch(`${server.origin}/slack/api/${method}`, {
        method: 'POST',
        headers: { authorization: 'Bearer xoxb-sandbox-bot-token', 'content-type': type },
        body: JSON.stringify(body),
      });
      return ((await answer.json()) as { error?: string }).error;
    };
    expect(await post('chat.postMessage', { channel: 'C0001', text: 'x' }, 'application/json')).toBe('missing_charset');
    expect(await post('chat.postMessage', { channel: 'C0001', text: 'x', tpyo: 1 })).toBe('invalid_arguments');
    expect(await post('chat.postMessage', { channel: 'C0001' })).toBe('no_text');
    expect(await post('chat.shout', {})).toBe('unknown_method');
  });
});
