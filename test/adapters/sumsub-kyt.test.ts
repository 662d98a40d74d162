import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import sumsub from '../../adapters/kyc/sumsub/manifest.ts';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { ScreeningOrder } from '../../adapters/kit/screening.ts';
import type { RawWebhook } from '../../adapters/kit/webhooks.ts';
import provider from '../../adapters/screening/sumsub-kyt/manifest.ts';
import type { HubFailure } from '../../domain/failures.ts';
import { startSandboxServer, type SandboxServer } from '../../sandbox/server.ts';
import { lend } from '../kit/adapter-call.ts';

const { screen, find, webhook } = provider.adapter as Required<typeof provider.adapter>;

let server: SandboxServer;
beforeEach(async () => {
  server = await startSandboxServer({ port: 0, modules: [await provider.sandbox!()] });
});
afterEach(() => server.close());

const sandbox = () => server.module('sumsub-kyt');
const config = () => sandbox().vendor.defaultConfig(server.origin);
const context = (): AdapterContext<{ levelName: string } & Parameters<typeof screen>[0]['config']> =>
  lend(provider, config());
const order = (amount: string, change: Partial<ScreeningOrder> = {}): ScreeningOrder => ({
  reference: 'KAAAAAAAAAAAA',
  direction: 'out',
  amount,
  currency: { numericCode: 1002, alphabeticCode: 'ETH', minorUnit: 18, type: 'crypto' },
  at: Date.UTC(2026, 10, 20, 9, 5),
  client: { reference: 'KCLIENTCLIENT', kind: 'individual', fullName: 'Ada Byron' },
  counterparty: { account: '0xabc' },
  ...change,
});
const { reference } = order('1');
const failure = (work: Promise<unknown>) => work.then(() => null, (error: unknown) => error as HubFailure); // prettier-ignore
const submitted = () => sandbox().received.filter(({ url }) => url.includes('/kyt/txns/-/data'));

describe('a movement screened by SumSub', () => {
  it.each([
    ['25.00', 'clear', []],
    ['25.08', 'reject', ['Counterparty on a watch list']],
    ['25.10', 'hold', ['Large withdrawal']],
    ['25.01', 'pending', []],
  ])('of %s is %s', async (amount, state, signals) => {
    expect(await screen(context(), order(amount))).toMatchObject({ state, signals });
  });

  it('that has to wait is cleared a little later', async () => {
    await screen(context(), order('25.01'));
    await sandbox().advanceClock('1s');
    await sandbox().advanceClock('1s');
    expect(await find(context(), { reference })).toMatchObject({ state: 'clear', providerStatus: 'completed GREEN' });
  });

  it('is one, however often it is sent', async () => {
    const first = await screen(context(), order('25.10'));
    expect(await screen(context(), order('25.10'))).toEqual(first);
    expect(
      sandbox()
        .vendor.things?.()
        .filter(({ kind }) => kind === 'transaction'),
    ).toHaveLength(1);
  });

  it('is never a verdict about other money', async () => {
    await screen(context(), order('25.00'));
    expect(await failure(screen(context(), order('26.00')))).toMatchObject({ type: 'OutcomeUnknown' });
    const { currency } = order('1');
    const euros = order('25.00', { currency: { ...currency, alphabeticCode: 'EUR', type: 'fiat' } });
    expect(await failure(screen(context(), euros))).toMatchObject({ type: 'OutcomeUnknown', reason: 'currency_mismatch' }); // prettier-ignore
    const stranger = await failure(find(context(), { reference: 'KBBBBBBBBBBBB', providerId: (await find(context(), { reference }))!.providerId })); // prettier-ignore
    expect(stranger).toMatchObject({ type: 'OutcomeUnknown' });
  });

  it('goes out with every digit, as a number, and with what SumSub wants to know', async () => {
    await screen(context(), order('1234567.123456789012345678', { txHash: '0xfeed' }));
    const [{ body, url } = { body: '', url: '' }] = submitted();
    expect(url).toBe('/resources/applicants/-/kyt/txns/-/data?levelName=kyt-level');
    expect(body).toContain('"amount":1234567.123456789012345678,');
    expect(JSON.parse(body)).toMatchObject({
      txnId: reference,
      type: 'finance',
      txnDate: '2026-11-20 09:05:00+0000',
      info: { direction: 'out', currencyCode: 'ETH', currencyType: 'crypto', paymentTxnId: '0xfeed' },
      applicant: { externalUserId: 'KCLIENTCLIENT', type: 'individual', fullName: 'Ada Byron' },
      counterparty: { paymentMethod: { type: 'crypto', accountId: '0xabc' } },
    });
  });

  it('joins the applicant of KYC when SumSub knows the client', async () => {
    const kyc = lend(sumsub, { ...config(), levelName: undefined });
    const { providerId } = await sumsub.adapter.begin(kyc, {
      reference: 'KCLIENTCLIENT',
      kind: 'individual',
      programme: 'basic-kyc-level',
      locale: 'en_US',
      person: {},
    });
    await screen(context(), order('25.00'));
    expect(submitted().map(({ url }) => url)).toEqual([`/resources/applicants/${providerId}/kyt/txns/-/data`]);
  });

  it('is told of by a webhook that names it, and others name none', () => {
    const config = provider.config.parse(sandbox().vendor.defaultConfig(server.origin));
    const raw = (body: object): RawWebhook => ({ headers: {}, body: Buffer.from(JSON.stringify(body)) });
    const rejected = {
      applicantId: '64a000000000000000000001',
      externalUserId: 'user-42',
      type: 'applicantKytTxnRejected',
      reviewResult: { reviewAnswer: 'RED', reviewRejectType: 'FINAL' },
      kytTxnId: '64b000000000000000000001',
      kytDataTxnId: 'wd-1001',
    };
    expect(webhook.translate(config, raw(rejected))).toEqual([
      { kind: 'screening', reference: 'wd-1001', providerId: '64b000000000000000000001', said: 'applicantKytTxnRejected RED FINAL' }, // prettier-ignore
    ]);
    expect(webhook.translate(config, raw({ type: 'applicantReviewed', applicantId: 'a' }))).toEqual([]);
    expect(webhook.translate(config, raw({ type: 'kytCaseReviewed', kytCaseId: 'c' }))).toEqual([]);
  });
});
