/** A client whom ShuftiPro checks, from the page to the limits of his level. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { KycDesk } from './kit.ts';

let api: MoneyApi;
let desk: KycDesk;
let level: number;

const limits = (amount: string) => ({
  deposit: null,
  transfer: null,
  withdrawal: { amount, currencyCode: 840, period: 'P1D' },
});

beforeAll(async () => {
  api = await MoneyApi.start({}, ['shuftipro', 'sendgrid']);
  desk = await KycDesk.open(api);
  const { id: connectionId } = await api.hub.one<{ id: number }>(`select id from connection where name = 'shuftipro'`);
  const made = await desk.olga.call('POST /verifications/levels', {
    index: 3,
    name: 'Level 3',
    caption: 'Level 3',
    wizard: 'ShuftiProSDK',
    connectionId,
    programme: 'document+face',
    onExpiry: 'levelDown',
    limits: limits('500'),
  });
  expect(made.status).toBe(201);
  level = made.body.id;
  await desk.olga.call(`PATCH /verifications/levels/${await desk.levelId('Level 0')}`, { limits: limits('50') });
  await desk.olga.call(`PATCH /verifications/levels/${await desk.levelId('Level 2')}`, { limits: limits('60') });
});
afterAll(() => api.stop());

const wizard = (client: Caller) => client.call(`GET /my/verifications/wizard?levelId=${level}`);
const advanced = async (client: Caller, to: string): Promise<void> =>
  void (await api.hub.sandbox('shuftipro').advance((await desk.caseOf(client)).reference, to));
const begun = async (): Promise<Caller & { wallet: number }> => {
  const client = await api.clientWith('1000', 'USD');
  expect((await wizard(client)).body.data).toMatchObject({
    wizard: 'ShuftiProSDK',
    state: 'open',
    sdk: { provider: 'page', url: expect.stringContaining('/shuftipro/process/verification/') },
  });
  return client;
};
const withdraw = async (client: Caller & { wallet: number }, amount: string) =>
  client.call('POST /my/withdrawals', {
    accountId: client.wallet,
    methodId: await api.methodId('bank-payout'),
    currencyCode: 840,
    amount,
    data: { iban: 'DE02120300000000202051', accountHolder: 'Ann Lee' },
  });

describe('a client whom ShuftiPro checks', () => {
  it('is asked again, sends better pictures, and has the limits of his level until his documents end', async () => {
    const client = await begun();
    expect((await withdraw(client, '100')).body.error.details[0]).toMatchObject({ reason: 'limit_exceeded' });
    await advanced(client, 'submit');
    await desk.reaches(client, 'checking');
    await advanced(client, 'red_retry');
    await desk.reaches(client, 'retry');
    const again = (await wizard(client)).body.data;
    expect(again).toMatchObject({ state: 'retry', reasons: ['SPDR19'], comment: expect.stringContaining('blurred') });
    expect(await desk.mail(client, 'Please send us other documents')).toContain('the image is blurred');

    await advanced(client, 'submit');
    await desk.reaches(client, 'checking');
    await advanced(client, 'green');
    const { valid_until: end } = await desk.endsAs(client, 'approved');
    expect([end, await desk.levelOf(client)]).toEqual(['2031-05-01', 'Level 3']);
    await desk.isTold(client, 'Began', 'Received', 'Retry', 'Received', 'Approved');
    expect((await withdraw(client, '100')).status).toBeLessThan(300);

    await desk.endsIn(client, 5);
    await desk.isTold(client, 'Began', 'Received', 'Retry', 'Received', 'Approved', 'Expiring');
    await desk.endsIn(client, -1);
    await desk.endsAs(client, 'expired');
    expect(await desk.levelOf(client)).toBe('Level 2');
    expect((await withdraw(client, '100')).body.error.details[0]).toMatchObject({ reason: 'limit_exceeded' });
    expect((await desk.told(client)).filter((type) => type.startsWith('Expir'))).toEqual(['Expiring', 'Expired']);

    // The old acceptance is good for them; ours has ended.
    expect((await wizard(client)).body.data).toMatchObject({ state: 'open', sdk: { url: expect.any(String) } });
    await advanced(client, 'submit');
    await desk.reaches(client, 'checking');
    await advanced(client, 'green');
    await desk.endsAs(client, 'approved');
    expect(await desk.levelOf(client)).toBe('Level 3');
  });

  it('who is refused for good waits for a person', async () => {
    const client = await begun();
    await advanced(client, 'submit');
    await advanced(client, 'red_final');
    await desk.reaches(client, 'rejected');
    const request = await desk.requestOf(client);
    expect(request).toMatchObject({ type: 'verification', purpose: 'review' });
    expect((await wizard(client)).status).toBe(403);
    await desk.olga.call(`POST /applications/${request.id}/reject`, { resolutionId: await desk.resolutionId() });
    await desk.endsAs(client, 'rejected');
    expect(await desk.levelOf(client)).toBe('Level 0');
  });

  it('is found by asking when the callbacks are lost, and a changed verdict asks a person', async () => {
    const client = await begun();
    api.hub.sandbox('shuftipro').setCallbacks('drop');
    await advanced(client, 'submit');
    await client.call('POST /my/verifications', { uuid: (await wizard(client)).body.uuid });
    await desk.reaches(client, 'checking');
    await advanced(client, 'green');
    await desk.endsAs(client, 'approved');
    api.hub.sandbox('shuftipro').setCallbacks('normal');
    await advanced(client, 'flip');
    const request = await desk.requestOf(client);
    expect([request.purpose, await desk.levelOf(client)]).toEqual(['approval', 'Level 3']);
    await desk.olga.call(`POST /applications/${request.id}/reject`, { resolutionId: await desk.resolutionId() });
    await desk.endsAs(client, 'approved');
    expect(await desk.levelOf(client)).toBe('Level 3');
  });

  it.each([
    ['garbage', 'bad_signature'],
    ['http_429', 'provider_rate_limited'],
  ] as const)('is told to come back when ShuftiPro answers %s, and nothing of it', async (kind, reason) => {
    const client = await begun();
    const { reference } = await desk.caseOf(client);
    // His run asks as well.
    api.hub.sandbox('shuftipro').fault({ match: { path: '/status', body: reference }, kind, times: 10 });
    const { status, body } = await wizard(client);
    api.hub.sandbox('shuftipro').faults.clear();
    expect([status, body.error.code, body.error.details]).toEqual([
      503,
      503,
      [{ reason, issue: 'The service is not available now. Try again later.' }],
    ]);
    expect((await wizard(client)).status).toBe(200);
  });

  it('is told that he is being checked when he comes back meanwhile', async () => {
    const client = await begun();
    await advanced(client, 'submit');
    await desk.reaches(client, 'checking');
    const { status, body } = await wizard(client);
    expect([status, body.error.details]).toEqual([
      409,
      [{ reason: 'already_exists', issue: 'Your documents are being checked.' }],
    ]);
  });

  it('whose page went by is given a new one', async () => {
    const client = await begun();
    const first = (await wizard(client)).body.data.sdk.url;
    await advanced(client, 'expire');
    const second = (await wizard(client)).body.data.sdk.url;
    expect(second).not.toBe(first);
    await advanced(client, 'submit');
    await advanced(client, 'green');
    await desk.endsAs(client, 'approved');
  });
});
