import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import provider from '../../adapters/kyc/sumsub/manifest.ts';
import { signature } from '../../adapters/kyc/sumsub/wire.ts';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { KycApplicant } from '../../adapters/kit/kyc.ts';
import { hmac } from '../../adapters/kit/signing.ts';
import type { RawWebhook } from '../../adapters/kit/webhooks.ts';
import type { HubFailure } from '../../domain/failures.ts';
import { startSandboxServer, type SandboxServer } from '../../sandbox/server.ts';
import { lend } from '../kit/adapter-call.ts';

const { begin, find, reopen, webhook, testConnection } = provider.adapter as Required<typeof provider.adapter>;
const BODY = '{"applicantId":"64a000000000000000000001","type":"applicantReviewed"}';
const DIGESTS = {
  HMAC_SHA1_HEX: '35309b6f2d0c598d5de6860a1a5f1a3f1152a2d1',
  HMAC_SHA256_HEX: '0977ee90d4177c7a5a351d925728dc567b616f46eabdc078392a8993b5cb7c8f',
  HMAC_SHA512_HEX:
    '5f5d66567882c7663886227e3a9f2aa01cd56cc8bb2b09b8df040b1172589b27f33776347755d3dfd124ccca15c0e047bd7d15f433d5d7855ee9e3319c94ee36',
} as const;
const settings = (change: Record<string, unknown> = {}) =>
  provider.config.parse({ appToken: 'sbx:a.b', secretKey: 'sandbox-secret-1', webhookSecret: 'whsec-1', ...change });

describe("SumSub's signatures", () => {
  it('of requests are those of the golden vectors', () => {
    const create = signature(
      'sandbox-secret-1',
      '1700000000',
      'POST',
      '/resources/applicants?levelName=basic-kyc-level',
      '{"externalUserId":"user-42"}',
    );
    expect(create).toBe('c18a8cdbd8903779cbc75ede7fc34929b2d2ae17b8a03e2877e5eda698c9b219');
    const get = '/resources/applicants/-;externalUserId=user-42/one';
    expect(signature('sandbox-secret-1', '1700000000', 'GET', get)).toBe(
      '3c289642fcd1cc7fdddf72a629e31fbd71c3960ba02f232799643e04a05532dc',
    );
  });

  const verify = (config: ReturnType<typeof settings>, raw: RawWebhook) =>
    webhook.verify({ config, callbackUrl: '', now: Date.now() }, raw);
  const message = (algorithm: string, digest: string, body = BODY): RawWebhook => ({
    headers: { 'x-payload-digest': digest, 'x-payload-digest-alg': algorithm },
    body: Buffer.from(body),
  });
  const signed = (body: object) => {
    const text = JSON.stringify(body);
    return message('HMAC_SHA256_HEX', hmac('sha256', 'whsec-1', text), text);
  };

  it.each(Object.entries(DIGESTS))('of webhooks by %s are those of the golden vectors', (algorithm, digest) => {
    const config = settings({ webhookDigest: algorithm });
    expect(verify(config, message(algorithm, digest))).toMatchObject({ ok: true, trust: 'signed' });
    expect(verify(config, message(algorithm, digest, BODY.replace('1"', '2"')))).toEqual({
      ok: false,
      reason: 'bad_signature',
    });
  });

  it('count only in the configured algorithm: the header does not choose a weaker one', () => {
    const refused = { ok: false, reason: 'bad_signature' };
    expect(verify(settings(), message('HMAC_SHA1_HEX', DIGESTS.HMAC_SHA1_HEX))).toEqual(refused);
    expect(verify(settings(), message('HMAC_SHA256_HEX', DIGESTS.HMAC_SHA1_HEX))).toEqual(refused);
    expect(verify(settings(), { headers: {}, body: Buffer.from(BODY) })).toEqual(refused);
  });

  it('do not help a webhook of their other environment', () => {
    const reviewed = { type: 'applicantReviewed', applicantId: 'a', createdAtMs: '2026-11-20 09:02:00.123' };
    expect(verify(settings(), signed({ ...reviewed, sandboxMode: true }))).toMatchObject({ ok: true });
    expect(verify(settings(), signed({ ...reviewed, sandboxMode: false }))).toEqual({ ok: false, reason: 'malformed' });
    const live = settings({ appToken: 'prd:a.b' });
    expect(verify(live, signed({ ...reviewed, sandboxMode: true }))).toEqual({ ok: false, reason: 'malformed' });
  });

  it('tell events of one request apart, whose correlation ids are the same', () => {
    const event = { applicantId: 'a', correlationId: 'c', createdAtMs: '2026-11-20 09:02:00.123' };
    const key = (type: string) => verify(settings(), signed({ ...event, type }));
    expect(key('applicantPending')).not.toEqual(key('applicantReviewed'));
    expect(key('applicantPending')).toMatchObject({ dedupeKey: 'applicantPending:a:2026-11-20 09:02:00.123' });
  });

  it('leave events of other products and unknown ones without news', () => {
    const news = (body: object) => webhook.translate(settings(), signed(body));
    expect(news({ type: 'applicantPending', applicantId: 'a', externalUserId: 'KAAA' })).toEqual([
      { kind: 'kyc', reference: 'KAAA', providerId: 'a', said: 'applicantPending' },
    ]);
    expect(news({ type: 'applicantKytTxnApproved', applicantId: 'a', kytTxnId: 't' })).toEqual([]);
    expect(news({ type: 'applicantActionReviewed', applicantId: 'a', applicantActionId: 'x' })).toEqual([]);
    expect(news({ type: 'videoIdentStatusChanged', applicantId: 'a' })).toEqual([]);
    expect(news({ type: 'somethingNew' })).toEqual([]);
  });
});

describe("SumSub's applicants, on its sandbox", () => {
  let server: SandboxServer;
  let heard: RawWebhook[] = [];
  let hubAnswers = 200;
  let callbackUrl = '';
  const hub = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      heard.push({ headers: req.headers as Record<string, string>, body: Buffer.concat(chunks) });
      res.writeHead(hubAnswers).end();
    });
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
    callbackUrl = `http://127.0.0.1:${(hub.address() as AddressInfo).port}/webhooks/7`;
  });
  afterAll(() => new Promise((resolve) => hub.close(resolve)));
  beforeEach(async () => {
    [heard, hubAnswers] = [[], 200];
    server = await startSandboxServer({ port: 0, modules: [await provider.sandbox!()] });
  });
  afterEach(() => server.close());

  const sandbox = () => server.module('sumsub');
  const context = (change: Record<string, unknown> = {}): AdapterContext<ReturnType<typeof settings>> =>
    lend(provider, { ...sandbox().vendor.defaultConfig(server.origin), ...change }, { callbackUrl });
  const applicant: KycApplicant = {
    reference: 'KAAAAAAAAAAAA',
    kind: 'individual',
    programme: 'basic-kyc-level',
    locale: 'en_US',
    person: { firstName: 'Ada', lastName: 'Byron', birthday: '1990-12-10', country: 'GBR', email: 'ada@example.test' },
    returnUrl: 'https://broker.test/kyc',
  };
  const { reference } = applicant;
  const failure = (work: Promise<unknown>) => work.then(() => null, (error: unknown) => error as HubFailure); // prettier-ignore
  const state = async (ctx = context()) => (await find(ctx, { reference }))?.state;

  it('are made once, with a fresh token at every call', async () => {
    const [first, again] = [await begin(context(), applicant), await begin(context(), applicant)];
    expect(first).toMatchObject({ action: { kind: 'sdk', sdk: 'sumsub', token: expect.stringMatching(/^_act-sbx-/) } });
    expect(again.providerId).toBe(first.providerId);
    expect(again.action).not.toEqual(first.action);
  });

  it('are compared with what the client says by now, as long as he is awaited', async () => {
    const says = (firstName: string) => begin(context(), { ...applicant, person: { ...applicant.person, firstName } });
    const corrected = () =>
      sandbox().received.flatMap(({ method, url, body }) => (method === 'PATCH' ? [[url, JSON.parse(body)]] : []));
    const { providerId } = await says('Ada');
    await says('Ada');
    expect(corrected()).toEqual([]);
    await sandbox().advance(providerId, 'red_retry');
    await says('Augusta');
    await says('Augusta');
    const fixedInfo = { firstName: 'Augusta', lastName: 'Byron', dob: '1990-12-10', country: 'GBR' };
    expect(corrected()).toEqual([[`/resources/applicants/${providerId}/fixedInfo`, fixedInfo]]);
    await sandbox().advance(providerId, 'submit');
    await says('Ann');
    expect(corrected()).toHaveLength(1);
  });

  it('walk by hand from a blurred photo to green on the hosted page', async () => {
    sandbox().onlyByHand();
    const ctx = context({ page: 'link' });
    const { action, providerId } = await begin(ctx, applicant);
    const url = action.kind === 'redirect' ? action.url : '';
    const show = async (picture: string) => {
      await fetch(url, { method: 'POST', body: new URLSearchParams(picture) });
      expect(await state()).toBe('checking');
      await sandbox().advanceClock('3s');
      return find(ctx, { reference, providerId });
    };
    expect(await state()).toBe('awaiting_client');

    const refused = await show('file=my-blurred-passport.jpg');
    expect(refused).toMatchObject({ state: 'retry', providerStatus: 'completed RED RETRY', reasons: ['BAD_PHOTO'], attempt: 1 }); // prettier-ignore
    const page = await (await fetch(url)).text();
    expect(page).toContain('The photo is blurred');
    expect(page).toContain('https://broker.test/kyc');

    expect(await show('picture=good')).toEqual({
      providerId,
      state: 'approved',
      providerStatus: 'completed GREEN',
      reasons: [],
      documents: [
        { type: 'PASSPORT', country: 'GBR', validUntil: '2031-05-01' },
        { type: 'SELFIE', country: 'GBR' },
      ],
      attempt: 2,
    });
    expect(await (await fetch(url)).text()).not.toContain('<form');

    const { config } = ctx;
    expect(heard.every((raw) => webhook.verify({ config, callbackUrl, now: Date.now() }, raw).ok)).toBe(true);
    const said = heard.flatMap((raw) => webhook.translate(config, raw)).map((news) => news.said);
    expect(said.toSorted()).toEqual(
      ['applicantCreated', 'applicantPending', 'applicantPending', 'applicantReviewed GREEN', 'applicantReviewed RED RETRY'], // prettier-ignore
    );
    expect(heard.map(({ body }) => String(body)).join()).not.toMatch(/Ada|Byron|ada@/);
  });

  it('are told about again after 5 minutes, 1, 5 and 18 hours, and then no more', async () => {
    hubAnswers = 503;
    await begin(context(), applicant);
    await sandbox().callbacksSettled();
    const waits = ['5m', '1h', '5h', '18h'];
    for (const [n, wait] of waits.entries()) {
      expect(heard).toHaveLength(n + 1);
      await sandbox().advanceClock(wait);
      await sandbox().callbacksSettled();
    }
    await sandbox().advanceClock('30d');
    expect(heard).toHaveLength(5);
    expect(sandbox().callbacks()[0]?.state).toBe('given_up');
  });

  it('may lose what they had when fraud is found later', async () => {
    await begin(context(), applicant);
    await sandbox().advance(reference, 'green');
    expect(await state()).toBe('approved');
    await sandbox().advance(reference, 'red_final');
    expect(await find(context(), { reference })).toMatchObject({ state: 'rejected', reasons: ['FORGERY'] });
  });

  it.each([
    ['awaitingUser', 'awaiting_client'],
    ['awaitingService', 'checking'],
    ['hold', 'on_hold'],
  ])('that are %s are %s', async (word, expected) => {
    await begin(context(), applicant);
    await sandbox().advance(reference, word);
    expect(await state()).toBe(expected);
  });

  it('can begin again, also twice, but not after a final no', async () => {
    const { providerId } = await begin(context(), applicant);
    await sandbox().advance(reference, 'red_retry');
    await reopen(context(), { reference });
    await reopen(context(), { reference, providerId });
    expect(await find(context(), { reference })).toMatchObject({ state: 'awaiting_client', documents: [] });
    await sandbox().advance(reference, 'red_final');
    expect(await failure(reopen(context(), { reference }))).toMatchObject({
      type: 'Rejected',
      facts: { providerCode: '1009' },
    });
    expect(await failure(reopen(context(), { reference: 'KZZZZZZZZZZZZ' }))).toMatchObject({ type: 'NotFound' });
  });

  it('that were deactivated over there are left to a person', async () => {
    await begin(context(), applicant);
    await sandbox().advance(reference, 'deactivate');
    expect(await failure(begin(context(), applicant))).toMatchObject({ type: 'Rejected' });
    expect(await find(context(), { reference })).toBeNull();
  });

  it('of somebody else are never taken for ours', async () => {
    const { providerId } = await begin(context(), applicant);
    const other = await failure(find(context(), { reference: 'KBBBBBBBBBBBB', providerId }));
    expect(other).toMatchObject({ type: 'OutcomeUnknown' });
  });

  it('cannot be companies, for which we are not given enough', async () => {
    expect(await failure(begin(context(), { ...applicant, kind: 'company' }))).toMatchObject({ type: 'Unsupported' });
  });

  it('are refused without their data in the message', async () => {
    const { email: _, ...person } = applicant.person;
    const bad = { ...applicant, person: { ...person, country: 'Byronland' } };
    const refused = await failure(begin(context(), bad));
    expect(refused).toMatchObject({ type: 'Rejected' });
    expect(refused?.message).not.toMatch(/Byron|Ada/);
    expect(refused?.message).toContain('Invalid');
    expect(await failure(begin(context(), { ...applicant, programme: 'Basic-KYC-level' }))).toMatchObject({
      type: 'Config',
    });
  });

  describe('the sandbox is as strict as the vendor', () => {
    const ts = () => String(Math.floor(Date.now() / 1000));
    const send = async (body: string, change: Record<string, string> = {}, target = '/resources/accessTokens/sdk') => {
      const { appToken, secretKey } = context().config;
      const time = change['X-App-Access-Ts'] ?? ts();
      const headers: Record<string, string> = {
        'Content-Type': 'application/json',
        'X-App-Token': appToken,
        'X-App-Access-Ts': time,
        'X-App-Access-Sig': signature(secretKey, time, 'POST', target, body),
        ...change,
      };
      const answer = await fetch(`${server.origin}/sumsub${target}`, { method: 'POST', headers, body });
      const said = (await answer.json()) as { code: number; errorCode?: number };
      return [answer.status, said.errorCode];
    };
    const order = JSON.stringify({ userId: 'u', levelName: 'basic-kyc-level' });

    it('about who asks, when, and with which bytes', async () => {
      expect(await send(order)).toEqual([200, undefined]);
      expect(await send(order, { 'X-App-Access-Sig': '' })).toEqual([401, 4006]);
      expect(await send(order, { 'X-App-Token': 'nonsense' })).toEqual([401, 4000]);
      expect(await send(order, { 'X-App-Token': 'prd:other.token' })).toEqual([401, 4001]);
      expect(await send(order, { 'X-App-Token': 'sbx:sandbox.other' })).toEqual([401, 4002]);
      expect(await send(order, { 'X-App-Access-Sig': signature('sandbox-secret-key', ts(), 'POST', '/x') })).toEqual([401, 4003]); // prettier-ignore
      expect(await send(order, { 'X-App-Access-Ts': String(Number(ts()) - 120) })).toEqual([401, 4004]);
    });

    it('about what is sent', async () => {
      expect(await send('{"userId":"u"}')).toEqual([400, undefined]);
      expect(await send(order.replace('}', ',"color":"red"}'))).toEqual([400, undefined]);
      expect(await send(order.replace('basic', 'Basic'))).toEqual([404, undefined]);
      expect(await send(order, { 'Content-Type': 'text/plain' })).toEqual([415, undefined]);
    });

    it('about how often: 50 POST in five seconds, then 429 without a delay, which we take for five seconds', async () => {
      for (let n = 0; n < 50; n += 1) await send(order);
      const slowed = await failure(begin(context(), applicant));
      expect(slowed).toMatchObject({ type: 'RateLimited', facts: { retryAfter: 5 } });
      await testConnection(context());
      await sandbox().advanceClock('5s');
      expect(await begin(context(), applicant)).toBeTruthy();
    });

    it("and gives the vendor's own trigger for verdicts", async () => {
      const { providerId } = await begin(context(), applicant);
      const verdict = { reviewAnswer: 'RED', rejectLabels: ['SCREENSHOTS'], reviewRejectType: 'RETRY' };
      const target = `/resources/applicants/${providerId}/status/testCompleted`;
      expect(await send(JSON.stringify(verdict), {}, target)).toEqual([200, undefined]);
      // They left no comment for the client: their label is said in our words.
      expect(await find(context(), { reference })).toMatchObject({
        state: 'retry',
        reasons: ['SCREENSHOTS'],
        comment: 'A photo of the document itself is needed, not of a screen.',
      });
      await send(JSON.stringify({ ...verdict, rejectLabels: ['A_NEW_ONE'] }), {}, target);
      expect(await find(context(), { reference })).not.toHaveProperty('comment');
    });
  });
});
