import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isSigned, signature } from '../../adapters/kyc/shuftipro/client.ts';
import provider from '../../adapters/kyc/shuftipro/manifest.ts';
import { reportOf, servicesOf } from '../../adapters/kyc/shuftipro/map.ts';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { KycApplicant } from '../../adapters/kit/kyc.ts';
import type { RawWebhook } from '../../adapters/kit/webhooks.ts';
import type { HubFailure } from '../../domain/failures.ts';
import { startSandboxServer, type SandboxServer } from '../../sandbox/server.ts';
import { lend } from '../kit/adapter-call.ts';

const { begin, find, webhook, testConnection } = provider.adapter as Required<typeof provider.adapter>;
const settings = (change: Record<string, unknown> = {}) =>
  provider.config.parse({ clientId: 'client', secretKey: 'shufti-secret-1', ...change });
const applicant: KycApplicant = {
  reference: 'KAAAAAAAAAAAA',
  kind: 'individual',
  programme: 'document+face',
  locale: 'en_US',
  person: { firstName: 'Ada', lastName: 'Byron', birthday: '1990-12-10', country: 'GBR', email: 'ada@example.test' },
  returnUrl: 'https://broker.test/kyc',
};
const { reference } = applicant;

describe("ShuftiPro's signature", () => {
  const BODY = '{"reference":"ref-000001","event":"verification.accepted"}';
  const HASHED = '251633878dcd978731e47585e288335298b48a9b39cca39626f1386535860a0e';
  const PLAIN = 'd369b3a6b3242b7078d239ea1d173d4df344df856d533f7c023862d33ca3bf92';
  const callback = (header: string, body = BODY): RawWebhook => ({
    headers: { signature: header },
    body: Buffer.from(body),
  });
  const verify = (config: ReturnType<typeof settings>, raw: RawWebhook) =>
    webhook.verify({ config, callbackUrl: '', now: Date.now() }, raw);

  it('is that of the golden vectors in either mode, for answers and callbacks', () => {
    expect(signature(settings(), BODY)).toBe(HASHED);
    expect(signature(settings({ signatureMode: 'plain' }), BODY)).toBe(PLAIN);
    expect(isSigned(settings(), BODY, HASHED.toUpperCase())).toBe(true);
    expect(verify(settings(), callback(HASHED))).toMatchObject({ ok: true, trust: 'signed' });
    expect(verify(settings({ signatureMode: 'plain' }), callback(PLAIN))).toMatchObject({ ok: true });
  });

  it('counts only in the configured mode, and over the very bytes', () => {
    const refused = { ok: false, reason: 'bad_signature' };
    expect(verify(settings(), callback(PLAIN))).toEqual(refused);
    expect(verify(settings({ signatureMode: 'plain' }), callback(HASHED))).toEqual(refused);
    expect(verify(settings(), callback(HASHED, BODY.replace('accepted', 'declined')))).toEqual(refused);
    expect(verify(settings(), { headers: {}, body: Buffer.from(BODY) })).toEqual(refused);
  });
});

describe("ShuftiPro's words", () => {
  const report = (answer: Record<string, unknown>, name = 'KAAAAAAAAAAAA-2') =>
    reportOf(settings({ finalCodes: ['SPDR03'] }), name, answer as never);

  it.each([
    ['request.pending', 'awaiting_client'],
    ['request.timeout', 'awaiting_client'],
    ['verification.cancelled', 'awaiting_client'],
    ['request.received', 'checking'],
    ['review.pending', 'on_hold'],
    ['request.deleted', 'on_hold'],
    ['verification.accepted', 'approved'],
  ])('%s is %s', (event, state) => {
    expect(report({ event })).toEqual({ providerId: 'KAAAAAAAAAAAA-2', state, providerStatus: event, reasons: [], documents: [], attempt: 2 }); // prettier-ignore
  });

  it('of another day are checking, and told of', () => {
    expect(report({ event: 'request.data.changed' })).toMatchObject({ state: 'checking', unknownWord: true });
  });

  it('for a decline are final by their codes, from whatever service', () => {
    const declined = { event: 'verification.declined', declined_reason: 'Face not verified' };
    expect(report({ ...declined, declined_codes: ['SPDR01'] })).toMatchObject({ state: 'retry', reasons: ['SPDR01'], comment: 'Face not verified' }); // prettier-ignore
    const both = { declined_codes: ['SPDR01'], services_declined_codes: { document: ['SPDR03', 'SPDR01'] } };
    expect(report({ ...declined, ...both })).toMatchObject({ state: 'rejected', reasons: ['SPDR01', 'SPDR03'] });
    expect(report({ ...declined, declined_codes: [], services_declined_codes: [] })).toMatchObject({ state: 'retry' });
  });

  it('for documents survive lists in the place of objects', () => {
    const data = { document: { selected_type: ['passport'], expiry_date: '' }, address: [] };
    const read = { document: { proof: { expiry_date: '2030-01-01' } } };
    expect(
      report({ event: 'verification.accepted', verification_data: data, additional_data: read }).documents,
    ).toEqual([{ type: 'passport', validUntil: '2030-01-01' }]);
    expect(report({ event: 'verification.accepted', verification_data: [], additional_data: [] }).documents).toEqual(
      [],
    );
  });

  it('for what to check are services, or a journey of their back office', () => {
    const { firstName: _, ...nameless } = applicant.person;
    expect(servicesOf({ ...applicant, programme: 'face+background_checks', person: nameless })).toEqual({
      face: { proof: '' },
      background_checks: { name: { first_name: '', last_name: '' }, dob: '1990-12-10' },
    });
    expect(servicesOf({ ...applicant, programme: 'j-9f2c' })).toEqual({ journey_id: 'j-9f2c' });
  });
});

describe("ShuftiPro's verifications, on its sandbox", () => {
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
    callbackUrl = `http://127.0.0.1:${(hub.address() as AddressInfo).port}/webhooks/8`;
  });
  afterAll(() => new Promise((resolve) => hub.close(resolve)));
  beforeEach(async () => {
    [heard, hubAnswers] = [[], 200];
    server = await startSandboxServer({ port: 0, modules: [await provider.sandbox!()] });
  });
  afterEach(() => server.close());

  const sandbox = () => server.module('shuftipro');
  const context = (change: Record<string, unknown> = {}): AdapterContext<ReturnType<typeof settings>> =>
    lend(provider, { ...sandbox().vendor.defaultConfig(server.origin), ...change }, { callbackUrl });
  const failure = (work: Promise<unknown>) => work.then(() => null, (error: unknown) => error as HubFailure); // prettier-ignore
  const pageOf = async () => {
    const { action } = await begin(context(), applicant);
    return action.kind === 'redirect' ? action.url : '';
  };
  const created = () => sandbox().received.filter(({ method, url }) => method === 'POST' && url === '/').length;

  it('are begun once: a repeat asks first and leads to the same page', async () => {
    const first = await begin(context(), applicant);
    expect(first).toMatchObject({ providerId: 'KAAAAAAAAAAAA-1', action: { kind: 'redirect' } });
    expect(await begin(context(), applicant)).toEqual(first);
    expect(created()).toBe(1);
  });

  it('whose answer was lost are found, not made twice', async () => {
    sandbox().fault({ match: { method: 'POST', path: '/', body: 'callback_url' }, kind: 'reset_after_commit' });
    expect(await failure(begin(context(), applicant))).toMatchObject({ type: 'OutcomeUnknown' });
    expect(await begin(context(), applicant)).toMatchObject({ providerId: 'KAAAAAAAAAAAA-1' });
    expect(created()).toBe(1);
  });

  it('walk by hand from a blurred photo to green, each attempt under a name of its own', async () => {
    sandbox().onlyByHand();
    const blurred = await pageOf();
    await fetch(blurred, { method: 'POST', body: new URLSearchParams('picture=blurred') });
    expect(await find(context(), { reference })).toMatchObject({ state: 'checking' });
    await sandbox().advanceClock('3s');
    expect(await find(context(), { reference })).toMatchObject({ state: 'retry', reasons: ['SPDR19'], attempt: 1 });
    expect(await (await fetch(blurred)).text()).toContain('Face could not be detected');

    const good = await pageOf();
    expect(good).not.toBe(blurred);
    expect(await find(context(), { reference, providerId: `${reference}-1` })).toMatchObject({
      state: 'awaiting_client',
    });
    await fetch(good, { method: 'POST', body: new URLSearchParams('file=passport.jpg') });
    await sandbox().advanceClock('3s');
    expect(await find(context(), { reference, providerId: `${reference}-1` })).toEqual({
      providerId: `${reference}-2`,
      state: 'approved',
      providerStatus: 'verification.accepted',
      reasons: [],
      documents: [{ type: 'passport', validUntil: '2031-05-01' }],
      attempt: 2,
    });
    const { config } = context();
    expect(heard.every((raw) => webhook.verify({ config, callbackUrl, now: Date.now() }, raw).ok)).toBe(true);
    expect(heard.flatMap((raw) => webhook.translate(config, raw))).toContainEqual({
      kind: 'kyc',
      reference,
      providerId: `${reference}-1`,
      said: 'verification.declined SPDR19',
    });
  });

  it('are not begun again while they are checked or good, but when a document has run out', async () => {
    await begin(context(), applicant);
    for (const word of ['submit', 'hold', 'green', 'unknown_word']) {
      await sandbox().advance(reference, word);
      expect(await failure(begin(context(), applicant))).toMatchObject({ type: 'Rejected', reason: 'already_done' });
    }
    await sandbox().advance(reference, 'green');
    await sandbox().advance(reference, 'old_document');
    expect(await begin(context(), applicant)).toMatchObject({ providerId: `${reference}-2` });
  });

  it('that were accepted are begun anew when the acceptance is to be renewed, once however often it is asked', async () => {
    await begin(context(), applicant);
    await sandbox().advance(reference, 'green');
    const renewal = { ...applicant, anew: true };
    const first = await begin(context(), renewal);
    expect(first).toMatchObject({ providerId: `${reference}-2` });
    expect(await begin(context(), renewal)).toEqual(first);
    await sandbox().advance(reference, 'submit');
    expect(await failure(begin(context(), renewal))).toMatchObject({ type: 'Rejected', reason: 'already_done' });
  });

  it('whose page was not used in time get a new one', async () => {
    await begin(context(), applicant);
    await sandbox().advanceClock('61m');
    expect(await find(context(), { reference })).toMatchObject({ state: 'awaiting_client', providerStatus: 'request.timeout' }); // prettier-ignore
    expect(await begin(context(), applicant)).toMatchObject({ providerId: `${reference}-2` });
  });

  it('may be turned over in the back office: a bare callback leads to the new verdict', async () => {
    await begin(context(), applicant);
    await sandbox().advance(reference, 'green');
    await sandbox().callbacksSettled();
    heard = [];
    await sandbox().advance(reference, 'flip');
    await sandbox().callbacksSettled();
    expect(heard.map(({ body }) => JSON.parse(String(body)) as unknown)).toEqual([
      { reference: `${reference}-1`, event: 'verification.status.changed' },
    ]);
    expect(await find(context(), { reference })).toMatchObject({ state: 'rejected', reasons: ['SPDR03'] });
  });

  it('are told about ten times at most, until exactly 200 comes back', async () => {
    hubAnswers = 202;
    await begin(context(), applicant);
    await sandbox().advanceClock('3d');
    expect(heard.filter(({ body }) => String(body).includes('request.pending'))).toHaveLength(10);
  });

  it('are believed only with a signature on the answer', async () => {
    const ctx = context();
    sandbox().fault({ kind: 'swap', from: 'request.pending', to: 'verification.accepted', times: 3 });
    expect(await failure(begin(ctx, applicant))).toMatchObject({ type: 'OutcomeUnknown', reason: 'bad_signature' });
    expect(await failure(find(ctx, { reference }))).toMatchObject({ type: 'Unavailable', reason: 'bad_signature' });
    expect(await find(ctx, { reference })).toMatchObject({ state: 'awaiting_client' });
  });

  it('of an account that signs the other way show that the setting is wrong', async () => {
    const wrong = await failure(testConnection(context({ signatureMode: 'plain' })));
    expect(wrong).toMatchObject({ type: 'Config', reason: 'bad_signature' });
  });

  it('are read from what PHP writes: escaped slashes and letters', async () => {
    await begin(context(), applicant);
    await sandbox().advance(reference, 'red_retry');
    await sandbox().callbacksSettled();
    const declined = heard.map(({ body }) => String(body)).find((body) => body.includes('declined'))!;
    expect(declined).toContain('be detected \\u2013 the');
    expect(await find(context(), { reference })).toMatchObject({ comment: expect.stringContaining('detected – the') });
  });

  it('are refused without their data in the message', async () => {
    const refused = await failure(begin(context(), { ...applicant, person: { ...applicant.person, birthday: 'Byron 1' } })); // prettier-ignore
    expect(refused).toMatchObject({ type: 'Rejected', facts: { providerCode: 'request.invalid' } });
    expect(refused?.message).not.toMatch(/Ada|Byron|ada@/);
  });

  it('cannot be of companies, for which we are not given enough', async () => {
    expect(await failure(begin(context(), { ...applicant, kind: 'company' }))).toMatchObject({ type: 'Unsupported' });
  });

  describe('the sandbox is as strict as the vendor', () => {
    const basic = `Basic ${Buffer.from('sandbox-client:sandbox-secret-key').toString('base64')}`;
    const order = { reference: 'kyc-000042', face: { proof: '' } };
    const send = async (path: string, body: object, authorization = basic, type = 'application/json') => {
      const headers = { authorization, 'content-type': type };
      const answer = await fetch(`${server.origin}/shuftipro${path}`, { method: 'POST', headers, body: JSON.stringify(body) }); // prettier-ignore
      const text = await answer.text();
      expect(text).not.toMatch(/[^\\]\//);
      expect(isSigned(context().config, text, answer.headers.get('signature') ?? '')).toBe(true);
      return [answer.status, JSON.parse(text)] as [number, Record<string, unknown>];
    };
    const verdict = async (...call: Parameters<typeof send>) => {
      const [status, said] = await send(...call);
      return [status, said['event']];
    };

    it('about who asks; a bearer token is good for one call within ten minutes', async () => {
      expect(await verdict('/', order, 'Basic bm9ib2R5')).toEqual([401, 'request.unauthorized']);
      const token = async () => `Bearer ${String((await send('/get/access/token', {}))[1]['access_token'])}`;
      const once = await token();
      expect(await verdict('/', order, once)).toEqual([200, 'request.pending']);
      expect(await verdict('/status', { reference: 'kyc-000042' }, once)).toEqual([401, 'request.unauthorized']);
      const late = await token();
      await sandbox().advanceClock('11m');
      expect(await verdict('/status', { reference: 'kyc-000042' }, late)).toEqual([401, 'request.unauthorized']);
    });

    it('about what is sent, and that a reference is used once', async () => {
      expect(await verdict('/', { ...order, reference: 'short' })).toEqual([400, 'request.invalid']);
      expect(await verdict('/', { ...order, color: 'red' })).toEqual([400, 'request.invalid']);
      expect(await verdict('/', { reference: 'kyc-000042' })).toEqual([402, 'request.invalid']);
      expect(await verdict('/', order, basic, 'text/plain')).toEqual([400, 'request.invalid']);
      expect(await verdict('/', order)).toEqual([200, 'request.pending']);
      expect(await verdict('/', order)).toEqual([409, 'request.invalid']);
      expect(await verdict('/status', { reference: 'kyc-000043' })).toEqual([404, 'request.invalid']);
    });

    it('about how often: 120 calls a minute', async () => {
      for (let n = 0; n < 120; n += 1) await send('/status', { reference: 'kyc-000043' });
      expect(await failure(find(context(), { reference }))).toMatchObject({ type: 'RateLimited' });
      await sandbox().advanceClock('1m');
      expect(await find(context(), { reference })).toBeNull();
    });
  });
});
