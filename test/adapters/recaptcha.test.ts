import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import provider from '../../adapters/captcha/recaptcha/manifest.ts';
import { createSandbox } from '../../adapters/captcha/recaptcha/sandbox.ts';
import { type SandboxServer, startSandboxServer } from '../../sandbox/server.ts';
import { failureOf, lend } from '../kit/adapter-call.ts';

const { check, testConnection, widget } = provider.adapter;
const sandbox = createSandbox();
let server: SandboxServer;

beforeAll(async () => {
  server = await startSandboxServer({ port: 0, modules: [sandbox] });
});
afterAll(() => server.close());
beforeEach(() => server.module('recaptcha').reset());

const settings = (over: Record<string, unknown> = {}) => ({ ...sandbox.defaultConfig(server.origin), ...over });
const ask = (token: string, over: Record<string, unknown> = {}, action = 'login') =>
  check(lend(provider, settings(over)), { token, action, ip: '203.0.113.5' });

describe('a token', () => {
  it('of a person is good once', async () => {
    expect(await ask('pass:login:0.9:a')).toEqual({ human: true, score: '0.9', reasons: [] });
    expect(await ask('pass:login:0.9:a')).toEqual({ human: false, reasons: ['timeout-or-duplicate'] });
  });

  it.each([
    ['pass:login:0.4:a', {}, 'score-too-low'],
    ['pass:login:0.4:a', { threshold: '0.40' }, undefined],
    ['pass:login:0:a', { threshold: '0' }, undefined],
    ['pass:login:1:a', { threshold: '1.0' }, undefined],
    ['pass:transfer:0.9:a', {}, 'action-mismatch'],
    ['pass:login:0.9:a:evil.example', {}, 'hostname-mismatch'],
    ['pass:login:0.9:a:app.broker.example', { hostnames: ['localhost', 'app.broker.example'] }, undefined],
    ['old:login', {}, 'timeout-or-duplicate'],
    ['nonsense', {}, 'invalid-input-response'],
    ['', {}, 'missing-input-response'],
  ])('%s with %j: %s', async (token, over, reason) => {
    expect(await ask(token, over)).toMatchObject({ human: reason === undefined, reasons: reason ? [reason] : [] });
  });

  it('of v2 has no score and no action; v2 keys under v3 settings are told', async () => {
    const v2 = { version: 'v2', secretKey: 'sandbox-recaptcha-v2-secret' };
    expect(await ask('pass:anything:0.1:a', v2)).toEqual({ human: true, reasons: [] });
    expect(await ask('pass:anything:0.1:b:evil.example', v2)).toMatchObject({ human: false });
    expect((await failureOf(ask('pass:login:0.9:c', { ...v2, version: 'v3' }))).type).toBe('Config');
  });

  it('that could not be judged is no verdict', async () => {
    for (const kind of ['http_500', 'garbage', 'reset'] as const) {
      server.module('recaptcha').fault({ kind });
      expect((await failureOf(ask('pass:login:0.9:a'))).type).toBe('Unavailable');
    }
    expect((await failureOf(ask('pass:login:0.9:a', { secretKey: 'another' }))).type).toBe('Config');
  });
});

describe('the connection', () => {
  it('is tested without a real token', async () => {
    await expect(testConnection(lend(provider, settings()))).resolves.toBeUndefined();
    expect((await failureOf(testConnection(lend(provider, settings({ secretKey: 'another' }))))).type).toBe('Config');
  });

  it("refuses Google's test key, a threshold above one and no hosts", () => {
    const wrong = [
      { secretKey: '6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe' },
      { threshold: '1.1' },
      { threshold: '0.5e1' },
      { hostnames: [] },
    ];
    for (const over of wrong) expect(provider.config.safeParse(settings(over)).success).toBe(false);
  });

  it('gives the page a script of the same host', async () => {
    const { siteKey, script } = widget(provider.config.parse(settings()));
    expect(script).toBe(`${server.origin}/recaptcha/recaptcha/api.js?render=${siteKey}`);
    expect(await (await fetch(script)).text()).toContain('grecaptcha');
  });
});
