import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Stripe } from 'stripe';
import type { HttpAnswer } from '../../adapters/kit/context.ts';
import type { Loan } from '../../adapters/kit/lend.ts';
import type { CurrencyOfOrder, DepositOrder, PayoutOrder, ProviderRef } from '../../adapters/kit/payments.ts';
import { type StripeConfig, type Thing, configSchema } from '../../adapters/payments/stripe/client.ts';
import provider from '../../adapters/payments/stripe/manifest.ts';
import { depositReport, movementOf } from '../../adapters/payments/stripe/map.ts';
import { stripeSandbox } from '../../adapters/payments/stripe/sandbox.ts';
import { freePort } from '../../cli/embedded/ports.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { SandboxControl } from '../../sandbox/control.ts';
import { type SandboxServer, startSandboxServer } from '../../sandbox/server.ts';
import { stripeMock } from '../kit/stripe-mock.ts';
import { lend } from '../kit/adapter-call.ts';

const USD = { numericCode: 840, alphabeticCode: 'USD', minorUnit: 2 };
const ACCOUNT = 'acct_1SandboxAnna';
const stripe = provider.adapter as Required<typeof provider.adapter>;
const { createDeposit, findDeposit, createPayout, findPayout, createRefund, findRefund, listMovements, webhook } =
  stripe;

let server: SandboxServer;
let sandbox: SandboxControl;
let merchant: Server;
let callbackUrl: string;
let received: { headers: Record<string, string>; body: Buffer }[] = [];

beforeAll(async () => {
  server = await startSandboxServer({ port: 0, modules: [stripeSandbox()] });
  sandbox = server.module('stripe');
  merchant = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      received.push({ headers: req.headers as Record<string, string>, body: Buffer.concat(chunks) });
      res.end();
    });
  });
  await new Promise<void>((done) => merchant.listen(0, '127.0.0.1', done));
  callbackUrl = `http://127.0.0.1:${(merchant.address() as AddressInfo).port}/webhooks/7`;
});
afterAll(async () => {
  await server.close();
  await new Promise((done) => merchant.close(done));
});
beforeEach(() => {
  sandbox.reset();
  received = [];
});

const contextOf = (over: Record<string, unknown> = {}, loan: Partial<Loan> = {}) =>
  lend(provider, { ...sandbox.vendor.defaultConfig(server.origin), ...over }, { callbackUrl, ...loan });
const configOf = (over: Record<string, unknown> = {}): StripeConfig =>
  configSchema.parse({ ...sandbox.vendor.defaultConfig(server.origin), ...over });

let serial = 0;
const reference = () => `KTEST${String.fromCharCode(65 + Math.floor(++serial / 26), 65 + (serial % 26))}AAAAAA`;
const order = (amount: string, currency: CurrencyOfOrder = USD, over: Partial<DepositOrder> = {}): DepositOrder => ({
  reference: reference(),
  flow: 'invoice',
  amount,
  currency,
  label: 'Client 7',
  payer: { clientId: '7' },
  ...over,
});
const payout = (amount: string, address = ACCOUNT): PayoutOrder => ({
  reference: reference(),
  amount,
  currency: USD,
  label: 'Payout 9 client 7',
  destination: { address },
  payer: { clientId: '7' },
});
const paid = async (amount: string) => {
  const deposit = order(amount);
  const { providerId } = await createDeposit(contextOf(), deposit);
  await sandbox.pay(deposit.reference);
  return { reference: deposit.reference, providerId };
};
const failureOf = async (work: Promise<unknown>): Promise<HubFailure> => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof HubFailure) return error;
  throw new Error(`no HubFailure but ${String(error)}`);
};
const posts = (path: string) => sandbox.received.filter(({ method, url }) => method === 'POST' && url === `/v1${path}`);

describe('a signature', () => {
  const raw = (header: string) => ({
    headers: { 'stripe-signature': header },
    body: Buffer.from('{"id":"evt_1","object":"event","type":"payout.paid"}'),
  });
  const at = (now: number, over = {}) => ({
    config: configOf({ webhookSecret: 'whsec_demo', oldWebhookSecret: undefined, ...over }),
    callbackUrl,
    now,
  });
  const official = (secret: string, t = 1_700_000_000) =>
    Stripe.webhooks.generateTestHeaderString({ payload: raw('').body.toString(), secret, timestamp: t });

  it('follows the published vector', () => {
    const golden = {
      headers: {
        'stripe-signature': 't=1700000000,v1=2d1f8ebd38a9bbf9e9263ab645e9704f9c9cd032c5ea6750120de93b283579d1',
      },
      body: Buffer.from('{"id":"evt_1","type":"payout.paid"}'),
    };
    // Rightly signed, but without `object: event` it is none of theirs: with a wrong signature it would be refused for that.
    expect(webhook.verify(at(1_700_000_000_000), golden)).toEqual({ ok: false, reason: 'malformed' });
    expect(
      webhook.verify(at(1_700_000_000_000), { ...golden, body: Buffer.from('{"id":"evt_2","type":"payout.paid"}') }),
    ).toEqual({
      ok: false,
      reason: 'bad_signature',
    });
  });

  it('by the official library is taken for 300 seconds, any v1 of several', () => {
    const header = official('whsec_demo');
    const other = `v1=${'0'.repeat(64)}`;
    const ok = { ok: true, trust: 'signed', dedupeKey: 'evt_1' };
    expect(webhook.verify(at(1_700_000_300_000), raw(header))).toEqual(ok);
    expect(webhook.verify(at(1_699_999_000_000), raw(header))).toEqual(ok);
    expect(webhook.verify(at(1_700_000_301_000), raw(header))).toEqual({ ok: false, reason: 'stale' });
    expect(webhook.verify(at(1_700_000_000_000), raw(header.replace(',v1', `,${other},v1`)))).toEqual(ok);
    for (const wrong of [
      '',
      't=1700000000',
      `t=1700000000,${other}`,
      header.replace('v1=', 'v0='),
      header.replace('t=1', 't=2'),
    ])
      expect(webhook.verify(at(1_700_000_000_000), raw(wrong))).toEqual({ ok: false, reason: 'bad_signature' });
  });

  it('with the old secret is taken as long as it is configured', () => {
    expect(
      webhook.verify(at(1_700_000_000_000, { oldWebhookSecret: 'whsec_old' }), raw(official('whsec_old'))),
    ).toMatchObject({ ok: true });
    expect(webhook.verify(at(1_700_000_000_000), raw(official('whsec_old')))).toMatchObject({ ok: false });
  });

  it('of the sandbox carries both secrets for a day after one was rolled', async () => {
    await sandbox.advance('settings', 'rotate');
    await paid('20.00');
    await sandbox.callbacksSettled();
    const one = received[0]!;
    expect(one.headers['stripe-signature']!.match(/v1=/g)).toHaveLength(2);
    const now = Date.now();
    for (const webhookSecret of ['whsec_sandbox', 'whsec_sandbox_next'])
      expect(
        webhook.verify({ config: configOf({ webhookSecret, oldWebhookSecret: undefined }), callbackUrl, now }, one),
      ).toMatchObject({ ok: true });
  });
});

describe('amounts on the wire', () => {
  const sent = async (amount: string, currency: CurrencyOfOrder) => {
    const made = order(amount, currency);
    const report = await createDeposit(contextOf(), made);
    await sandbox.pay(made.reference);
    const { processed, currencyCode } = (await findDeposit(contextOf(), {
      reference: made.reference,
      providerId: report.providerId,
    }))!;
    return {
      unit: new URLSearchParams(posts('/checkout/sessions').at(-1)!.body).get('line_items[0][price_data][unit_amount]'),
      processed,
      currencyCode,
    };
  };

  it('have no decimals for yen, three for dinars, and two zeros for krónur', async () => {
    expect(await sent('1234', { numericCode: 392, alphabeticCode: 'JPY', minorUnit: 0 })).toEqual({
      unit: '1234',
      processed: '1234',
      currencyCode: 392,
    });
    expect(await sent('5.12', { numericCode: 414, alphabeticCode: 'KWD', minorUnit: 3 })).toEqual({
      unit: '5120',
      processed: '5.12',
      currencyCode: 414,
    });
    expect(await sent('500', { numericCode: 352, alphabeticCode: 'ISK', minorUnit: 0 })).toEqual({
      unit: '50000',
      processed: '500',
      currencyCode: 352,
    });
    expect(await sent('20.18', USD)).toEqual({ unit: '2018', processed: '20.18', currencyCode: 840 });
  });

  it('they cannot take are refused before anything is sent', async () => {
    const dinars = { numericCode: 414, alphabeticCode: 'KWD', minorUnit: 3 };
    expect(await failureOf(createDeposit(contextOf(), order('5.124', dinars)))).toMatchObject({
      reason: 'too_many_decimals',
    });
    expect(await failureOf(createDeposit(contextOf(), order('5', { ...USD, numericCode: 841 })))).toMatchObject({
      reason: 'currency_mismatch',
    });
    expect(
      await failureOf(
        createDeposit(contextOf(), order('5', { numericCode: 2145, alphabeticCode: 'USDT', minorUnit: 6 })),
      ),
    ).toMatchObject({ type: 'Unsupported' });
    expect(sandbox.received).toHaveLength(0);
    expect(await failureOf(createDeposit(contextOf(), order('0.30')))).toMatchObject({
      type: 'Rejected',
      facts: { providerCode: 'amount_too_small' },
    });
  });
});

describe('the hosted page', () => {
  const open = async (amount: string) => {
    const made = order(amount, USD, { returnUrl: 'https://crm.example/back' });
    const report = await createDeposit(contextOf(), made);
    if (report.action.kind !== 'redirect') throw new Error('no page');
    const { url } = report.action;
    const submit = (form: Record<string, string>) =>
      fetch(url, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });
    return {
      url,
      submit,
      look: () => findDeposit(contextOf(), { reference: made.reference, providerId: report.providerId }),
    };
  };

  it('takes a good card and leads back to the shop', async () => {
    const { url, submit, look } = await open('20.00');
    expect(await (await fetch(url)).text()).toContain('20 USD');
    const answer = await submit({ card: '4242 4242 4242 4242' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, 'https://crm.example/back']);
    expect(await look()).toMatchObject({
      state: 'succeeded',
      processed: '20',
      arrivals: [{ amount: '20', fee: '0.4' }],
    });
    expect(await (await fetch(url)).text()).toContain('This page is complete');
  });

  it('stays open after a declined card, which says why', async () => {
    const { submit, look } = await open('20.00');
    expect(await (await submit({ card: '4000000000009995' })).text()).toContain('insufficient funds');
    expect(await look()).toMatchObject({
      state: 'awaiting_payer',
      why: 'Your card has insufficient funds.',
      action: { kind: 'redirect' },
    });
    await submit({ card: '4242424242424242' });
    expect(await look()).toMatchObject({ state: 'succeeded' });
  });

  it('asks the bank where the card wants it', async () => {
    const { submit, look } = await open('20.00');
    expect(await (await submit({ card: '4000002500003155' })).text()).toContain('is it you?');
    await submit({ card: '4000002500003155', bank: 'no' });
    expect(await look()).toMatchObject({ state: 'awaiting_payer' });
    await submit({ card: '4000008400001629', bank: 'yes' });
    expect(await look()).toMatchObject({ state: 'awaiting_payer' });
    await submit({ card: '4000002500003155', bank: 'yes' });
    expect(await look()).toMatchObject({ state: 'succeeded' });
  });

  it('is closed after a day', async () => {
    const { look } = await open('20.00');
    await sandbox.advanceClock('1d');
    expect(await look()).toMatchObject({ state: 'expired', processed: null });
  });
});

describe('a deposit', () => {
  it('whose method tells later is processing, then paid or failed', async () => {
    sandbox.onlyByHand();
    const [good, bad] = [await paid('20.01'), await paid('20.02')];
    expect(await findDeposit(contextOf(), good)).toMatchObject({
      state: 'processing',
      processed: null,
      arrivals: [{ amount: '20.01' }],
    });
    await sandbox.advanceClock('2s');
    expect(await findDeposit(contextOf(), good)).toMatchObject({ state: 'succeeded', processed: '20.01' });
    expect(await findDeposit(contextOf(), bad)).toMatchObject({ state: 'failed', processed: null });
  });

  it('is found by reference alone: among the pages of the last day, and by search however old its payment is', async () => {
    const old = await paid('20.00');
    const later = Date.now() + 40 * 86_400_000;
    await sandbox.advanceClock('40d');
    const recent = order('30.00');
    await createDeposit(contextOf(), recent);
    const ctx = contextOf({}, { now: () => later });
    expect(await findDeposit(ctx, { reference: old.reference })).toMatchObject({
      providerId: old.providerId,
      state: 'succeeded',
    });
    expect(await findDeposit(ctx, { reference: recent.reference })).toMatchObject({ state: 'awaiting_payer' });
    expect(await findDeposit(ctx, { reference: reference() })).toBeNull();
  });

  it('is looked for on every page of the list', async () => {
    const first = order('20.00');
    await createDeposit(contextOf(), first);
    await Promise.all(Array.from({ length: 120 }, () => createDeposit(contextOf(), order('21.00'))));
    expect(await findDeposit(contextOf(), { reference: first.reference })).toMatchObject({
      state: 'awaiting_payer',
    });
    expect(sandbox.received.at(-2)!.url).toContain('starting_after=cs_test_');
  });

  it('repeated is the same page; under the same key with other words nothing is certain', async () => {
    const made = order('20.00');
    const one = await createDeposit(contextOf(), made);
    expect(await createDeposit(contextOf(), made)).toEqual(one);
    expect(await failureOf(createDeposit(contextOf(), { ...made, amount: '21.00' }))).toMatchObject({
      type: 'OutcomeUnknown',
      facts: { providerCode: 'idempotency_error' },
    });
    const key = posts('/checkout/sessions')[0]!.headers['idempotency-key'];
    expect(key).toBe(made.reference);
  });

  it('of another reference is not believed', async () => {
    const { providerId } = await paid('20.00');
    expect(await failureOf(findDeposit(contextOf(), { reference: reference(), providerId }))).toMatchObject({
      type: 'OutcomeUnknown',
    });
  });

  it('shows what was taken back at the dashboard, and disputes as they go', async () => {
    const ref = await paid('20.00');
    await sandbox.advance(ref.reference, 'dispute');
    const look = async () => (await findDeposit(contextOf(), ref))!;
    expect((await look()).reversals).toMatchObject([
      { kind: 'dispute', state: 'open', amount: '20', fee: '15', why: 'fraudulent' },
    ]);
    await sandbox.advance(ref.reference, 'dispute_won');
    expect((await look()).reversals).toMatchObject([{ kind: 'dispute', state: 'undone', fee: '15' }]);
    await sandbox.advance(ref.reference, 'refund');
    expect(await look()).toMatchObject({
      state: 'succeeded',
      processed: '20',
      reversals: [{ kind: 'refund', state: 'done', amount: '20' }, { kind: 'dispute' }],
    });
    const gone = await paid('20.07');
    await sandbox.advanceClock('1d');
    expect((await findDeposit(contextOf(), gone))!.reversals).toMatchObject([
      { kind: 'dispute', state: 'done', amount: '20.07' },
    ]);
  });

  it('shows an inquiry as nothing that was taken, until it becomes a dispute', async () => {
    const ref = await paid('20.00');
    const states = async () => (await findDeposit(contextOf(), ref))!.reversals!.map(({ state }) => state);
    await sandbox.advance(ref.reference, 'inquiry');
    expect(await states()).toEqual(['undone']);
    expect(await listMovements(contextOf(), { from: 0, to: Date.now() + 1000 })).toHaveLength(1);
    await sandbox.advance(ref.reference, 'dispute');
    expect(await states()).toEqual(['open']);
    await sandbox.advance(ref.reference, 'dispute_lost');
    expect(await states()).toEqual(['done']);
  });
});

describe('what is taken back', () => {
  const session = {
    id: 'cs_1',
    status: 'complete',
    currency: 'usd',
    amount_total: '2000',
    payment_intent: { id: 'pi_1', status: 'succeeded', amount_received: '2000', currency: 'usd' },
  };
  const facts = { id: 'x_1', amount: '2000', currency: 'usd' };
  const [taken, given] = [{ amount: '-2000' }, { amount: '2000' }];
  const dispute = (status: string, ...moved: Thing[]) =>
    depositReport(session, [], [{ ...facts, status, balance_transactions: moved }]).reversals![0]!.state;
  const refund = (status: string, more: Thing = {}) =>
    depositReport(session, [{ ...facts, status, ...more }]).reversals![0]!.state;

  it('names the payment it is taken from', () => {
    const { reversals } = depositReport(session, [{ ...facts, status: 'succeeded' }], [{ ...facts, status: 'lost' }]);
    expect(reversals!.map(({ paymentId }) => paymentId)).toEqual(['pi_1', 'pi_1']);
  });

  it('by a dispute follows what it moved, whatever its word', () => {
    expect(['warning_needs_response', 'warning_under_review', 'warning_closed'].map((word) => dispute(word))).toEqual([
      'undone',
      'undone',
      'undone',
    ]);
    expect(dispute('needs_response', taken)).toBe('open');
    expect(dispute('a_new_word')).toBe('undone');
    expect(dispute('a_new_word', taken)).toBe('open');
    expect(dispute('won', taken)).toBe('open');
    expect(dispute('won', taken, given)).toBe('undone');
    expect(dispute('lost', taken)).toBe('done');
    expect(dispute('lost', taken, { amount: '600' })).toBe('done'); // a part had been refunded before
  });

  it('by a dispute is what it moved in all, without the fee, where that is in the currency of the payment', () => {
    const moved = (amount: string, currency = 'usd') => ({ amount, currency, fee: '1500' });
    const take = (status: string, ...all: Thing[]) =>
      depositReport(session, [], [{ ...facts, status, balance_transactions: all }]).reversals![0];
    expect(take('needs_response', moved('-2000'))).toMatchObject({ state: 'open', amount: '20' });
    expect(take('lost', moved('-2000'), moved('600'))).toMatchObject({ state: 'done', amount: '14' });
    expect(take('lost', moved('-2000'), moved('2000'))).toMatchObject({ state: 'undone', amount: '20' });
    expect(take('won', moved('-2000'), moved('2000'))).toMatchObject({ state: 'undone', amount: '20' });
    expect(take('lost', moved('-1800', 'eur'), moved('540', 'eur'))).toMatchObject({ state: 'done', amount: '20' });
  });

  it('by a dispute stands in their books as what each entry moved', () => {
    const source = { object: 'dispute', id: 'du_1', amount: '2000', currency: 'usd' };
    const entry = (amount: string, currency = 'usd') =>
      movementOf({ amount, currency, created: '1', source }).map((one) => one.amount);
    expect([entry('-2000'), entry('600')].flat()).toEqual(['20', '-6']);
    expect([entry('-1800', 'eur'), entry('1800', 'eur')].flat()).toEqual(['20', '-20']);
  });

  it('by a dispute that was prevented is gone for good when the payer got it', () => {
    expect(dispute('prevented')).toBe('undone');
    expect(dispute('prevented', taken)).toBe('done');
  });

  it('by a refund that is not through yet is taken once the balance paid it', () => {
    expect(refund('pending')).toBe('undone');
    expect(refund('pending', { balance_transaction: 'txn_1' })).toBe('open');
    expect(refund('a_new_word')).toBe('undone');
    expect(refund('succeeded', { balance_transaction: 'txn_1' })).toBe('done');
    expect(refund('failed', { balance_transaction: 'txn_1' })).toBe('undone');
  });
});

describe('a refund', () => {
  const refund = (deposit: ProviderRef, amount: string) => ({
    reference: reference(),
    deposit,
    amount,
    currency: USD,
  });

  it('gives back a part, once, and is no reversal of its own', async () => {
    const deposit = await paid('20.00');
    const ordered = refund(deposit, '5.00');
    const report = await createRefund(contextOf(), ordered);
    expect(report).toMatchObject({ state: 'succeeded', processed: '5', currencyCode: 840 });
    expect(await createRefund(contextOf(), ordered)).toEqual(report);
    expect(await findRefund(contextOf(), { reference: ordered.reference, deposit })).toEqual(report);
    expect(await findRefund(contextOf(), { ...report, reference: ordered.reference, deposit })).toEqual(report);
    expect((await findDeposit(contextOf(), deposit))!.reversals).toEqual([]);
    expect(await findRefund(contextOf(), { reference: reference(), deposit })).toBeNull();
    expect(await failureOf(createRefund(contextOf(), refund(deposit, '15.10')))).toMatchObject({ type: 'Rejected' });
  });

  it('that fails later came back', async () => {
    const ordered = refund(await paid('20.00'), '5.07');
    const { providerId } = await createRefund(contextOf(), ordered);
    await sandbox.advanceClock('1d');
    expect(await findRefund(contextOf(), { ...ordered, providerId })).toMatchObject({
      state: 'returned',
      processed: '5.07',
      why: 'account_closed',
    });
  });

  it('of nothing is refused', async () => {
    const open = order('20.00');
    await createDeposit(contextOf(), open);
    expect(await failureOf(createRefund(contextOf(), refund({ reference: open.reference }, '5.00')))).toMatchObject({
      type: 'Rejected',
    });
    expect(posts('/refunds')).toHaveLength(0);
  });
});

describe('a payout', () => {
  it('to a connected account is a transfer, and returned when it is reversed', async () => {
    const ordered = payout('25.00');
    expect(await createPayout(contextOf(), ordered)).toMatchObject({
      state: 'succeeded',
      processed: '25',
      providerStatus: 'paid',
    });
    expect(posts('/transfers')[0]!.headers['idempotency-key']).toBe(ordered.reference);
    await sandbox.advance(ordered.reference, 'return');
    expect(await findPayout(contextOf(), ordered)).toMatchObject({ state: 'returned', processed: '25' });
  });

  it('to the own bank is on its way, then paid, and may fail after that', async () => {
    const ordered = payout('25.07', 'ba_1SandboxBank');
    const { providerId } = await createPayout(contextOf(), ordered);
    await sandbox.advanceClock('1s');
    expect(await findPayout(contextOf(), { ...ordered, providerId })).toMatchObject({
      state: 'succeeded',
      processed: '25.07',
    });
    await sandbox.advanceClock('1d');
    expect(await findPayout(contextOf(), ordered)).toMatchObject({ state: 'returned', processed: '25.07' });
  });

  it('to a card gives back a payment of the same client, and of nobody else', async () => {
    const deposit = await paid('20.00');
    const { arrivals } = (await findDeposit(contextOf(), deposit))!;
    const ordered = payout('20.00', arrivals[0]!.id);
    expect(await failureOf(createPayout(contextOf(), { ...ordered, payer: { clientId: '8' } }))).toMatchObject({
      type: 'Rejected',
      reason: 'restricted',
    });
    expect(await createPayout(contextOf(), ordered)).toMatchObject({ state: 'succeeded', processed: '20' });
    expect(await findPayout(contextOf(), { reference: ordered.reference })).toMatchObject({ state: 'succeeded' });
  });

  it('goes only where the settings allow', async () => {
    const ctx = contextOf({ payoutTo: ['connected_account'] });
    for (const address of ['ba_1SandboxBank', 'pi_100001', 'DE02120300000000202051'])
      expect(await failureOf(createPayout(ctx, payout('25.00', address)))).toMatchObject({
        type: 'InvalidInput',
        facts: { field: 'destination' },
      });
    expect(sandbox.received).toHaveLength(0);
  });

  it('Stripe refuses is refused in its words, without keys in them', async () => {
    expect(await failureOf(createPayout(contextOf(), payout('25.03')))).toMatchObject({
      type: 'Rejected',
      facts: { providerCode: 'balance_insufficient' },
    });
    const failure = await failureOf(createPayout(contextOf({ secretKey: 'sk_test_wrong' }), payout('25.00')));
    expect(failure).toMatchObject({ type: 'Config' });
    expect(failure.message).not.toContain('sk_test_wrong');
  });

  it('whose answer was lost is found by our reference, and never sent twice under its key', async () => {
    const ordered = payout('25.09');
    const stop = new AbortController();
    const lost = failureOf(createPayout(contextOf({}, { signal: stop.signal }), ordered));
    while (sandbox.books().length === 0) await sleep(10);
    stop.abort();
    expect(await lost).toMatchObject({ type: 'OutcomeUnknown' });
    expect(await findPayout(contextOf(), ordered)).toMatchObject({ state: 'succeeded', processed: '25.09' });
    expect(await createPayout(contextOf(), ordered)).toMatchObject({ state: 'succeeded' });
    expect(sandbox.books()).toHaveLength(1);
  });
});

describe('the books', () => {
  it('hold what moved, with our references, and what came back as negative', async () => {
    const from = Date.now() - 1000;
    const deposit = await paid('20.00');
    const ordered = payout('25.00');
    await createPayout(contextOf(), ordered);
    const refund = { reference: reference(), deposit, amount: '5.00', currency: USD };
    await createRefund(contextOf(), refund);
    await sandbox.advance(ordered.reference, 'return');
    await sandbox.advance(deposit.reference, 'dispute');
    const moves = await listMovements(contextOf(), { from, to: Date.now() + 1000 });
    expect(moves.map(({ kind, reference: ours, amount }) => [kind, ours, amount]).toReversed()).toEqual([
      ['deposit', deposit.reference, '20'],
      ['payout', ordered.reference, '25'],
      ['refund', refund.reference, '5'],
      ['payout', undefined, '-25'],
      ['refund', undefined, '20'],
    ]);
    expect(await listMovements(contextOf(), { from: from - 5000, to: from - 1000 })).toEqual([]);
  });
});

describe('an event', () => {
  it('names the deposit, the payout or the payment it is about', async () => {
    const deposit = await paid('20.00');
    await sandbox.advance(deposit.reference, 'dispute');
    const ordered = payout('25.00');
    await createPayout(contextOf(), ordered);
    await sandbox.callbacksSettled();
    const news = received.flatMap((raw) => webhook.translate(configOf(), raw));
    const paymentId = expect.stringMatching(/^pi_/);
    expect(news).toEqual(
      expect.arrayContaining([
        { kind: 'deposit', reference: deposit.reference, said: 'payment_intent.succeeded', paymentId },
        {
          kind: 'deposit',
          reference: deposit.reference,
          said: 'checkout.session.completed',
          paymentId,
          providerId: deposit.providerId,
        },
        { kind: 'deposit', said: 'charge.dispute.created', paymentId, reverses: true },
        {
          kind: 'payout',
          reference: ordered.reference,
          said: 'transfer.created',
          providerId: expect.stringMatching(/^tr_/),
        },
      ]),
    );
  });
});

describe('an event about something of somebody else at the same account', () => {
  const event = (object: Record<string, unknown>) =>
    webhook.translate(configOf(), {
      headers: {},
      body: Buffer.from(JSON.stringify({ id: 'evt_1', object: 'event', type: 'some.thing', data: { object } })),
    });

  it('is nothing for us; disputes and refunds of the dashboard, which carry no reference, are known by their payment', () => {
    for (const object of [
      'checkout.session',
      'payment_intent',
      'charge',
      'transfer',
      'payout',
      'customer',
      'v2.unicorn',
    ])
      expect(event({ object, id: 'xx_1', payment_intent: 'pi_1', metadata: { reference: 'SHOP' } })).toEqual([]);
    for (const object of ['dispute', 'refund'])
      expect(event({ object, id: 'xx_1', payment_intent: 'pi_1', metadata: {} })).toEqual([
        { kind: 'deposit', paymentId: 'pi_1', said: 'some.thing' },
      ]);
  });
});

describe('the sandbox refuses what Stripe refuses', () => {
  type Call = { method?: string; body?: string; headers?: Record<string, string> };
  const call = async (path: string, init: Call = {}) => {
    const answer = await fetch(`${server.origin}/stripe/v1${path}`, {
      ...init,
      headers: { authorization: 'Bearer sk_test_sandbox', ...init.headers },
    });
    return {
      status: answer.status,
      headers: answer.headers,
      ...((await answer.json()) as { error?: { type: string; code?: string; param?: string } }),
    };
  };
  const post = (path: string, form: string, headers: Record<string, string> = {}) =>
    call(path, {
      method: 'POST',
      body: form,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });

  it('keys it does not know, unknown and missing parameters, JSON', async () => {
    expect(await call('/balance', { headers: { authorization: 'Bearer sk_test_other' } })).toMatchObject({
      status: 401,
      error: { type: 'invalid_request_error' },
    });
    expect(
      await call('/balance', {
        headers: { authorization: `Basic ${Buffer.from('sk_test_sandbox:').toString('base64')}` },
      }),
    ).toMatchObject({ status: 200 });
    expect(await post('/transfers', 'amount=5&currency=usd&destination=acct_1SandboxAnna&colour=red')).toMatchObject({
      status: 400,
      error: { code: 'parameter_unknown', param: 'colour' },
    });
    expect(await post('/transfers', 'amount=5&currency=usd')).toMatchObject({
      status: 400,
      error: { code: 'parameter_missing', param: 'destination' },
    });
    expect(await post('/transfers', 'amount=5.5&currency=usd&destination=acct_1SandboxAnna')).toMatchObject({
      status: 400,
    });
    expect(await post('/transfers', 'amount=5&currency=usd&destination=acct_nobody')).toMatchObject({
      status: 400,
      error: { code: 'resource_missing' },
    });
    expect(await post('/transfers', '{"amount":5}', { 'content-type': 'application/json' })).toMatchObject({
      status: 400,
    });
    expect(await call('/payouts/po_nobody')).toMatchObject({ status: 404, error: { code: 'resource_missing' } });
    expect(await call('/unicorns')).toMatchObject({ status: 404 });
    expect(await call('/payouts?limit=101')).toMatchObject({ status: 400, error: { param: 'limit' } });
  });

  it('forms that make no sense', async () => {
    const good = 'amount=500&currency=usd&destination=acct_1SandboxAnna';
    for (const odd of [
      'constructor[x]=1',
      '__proto__[x]=1',
      'amount[x]=1',
      'metadata=1',
      'metadata[a][b]=1',
      'amount[]=1',
    ])
      expect(await post('/transfers', `${good}&${odd}`)).toMatchObject({ status: 400 });
    expect(sandbox.books()).toEqual([]);
    expect((await fetch(`${server.origin}/stripe/c/pay/cs_test_nobody`)).status).toBe(404);
  });

  it('a key with other parameters, and forgets keys after a day', async () => {
    const form = 'amount=500&currency=usd&destination=acct_1SandboxAnna';
    const key = { 'idempotency-key': 'k1' };
    const { id } = (await post('/transfers', form, key)) as unknown as { id: string };
    const again = await post('/transfers', form, key);
    expect(again).toMatchObject({ id });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await post('/transfers', form.replace('500', '600'), key)).toMatchObject({
      status: 400,
      error: { type: 'idempotency_error' },
    });
    await sandbox.advanceClock('1d');
    expect(await post('/transfers', form, key)).not.toMatchObject({ id });
  });
});

describe("Stripe's own client, told a host and a port", () => {
  let client: Stripe;
  beforeEach(() => {
    client = new Stripe('sk_test_sandbox', { host: '127.0.0.1', port: server.port, protocol: 'http' });
  });
  const session = (over: Stripe.Checkout.SessionCreateParams = {}, key?: string) =>
    client.checkout.sessions.create(
      {
        mode: 'payment',
        line_items: [
          { quantity: 1, price_data: { currency: 'usd', unit_amount: 2000, product_data: { name: 'Client 7' } } },
        ],
        success_url: 'https://crm.example/back',
        client_reference_id: 'KTEST',
        payment_intent_data: { metadata: { hub_reference: 'KTEST' } },
        ...over,
      },
      key === undefined ? {} : { idempotencyKey: key },
    );

  it('opens, reads and lists pages, and sees them paid', async () => {
    const made = [await session(), await session({ client_reference_id: 'KTESU' }), await session()];
    expect(made[0]).toMatchObject({
      status: 'open',
      amount_total: 2000,
      url: expect.stringContaining('/stripe/c/pay/cs_test_'),
    });
    await fetch(made[0]!.url!, {
      method: 'POST',
      body: new URLSearchParams({ card: '4242424242424242' }),
      redirect: 'manual',
    });
    const read = await client.checkout.sessions.retrieve(made[0]!.id, { expand: ['payment_intent.latest_charge'] });
    expect(read).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      payment_intent: { status: 'succeeded', latest_charge: { amount: 2000 } },
    });
    const ids: string[] = [];
    for await (const one of client.checkout.sessions.list({ limit: 1 })) ids.push(one.id);
    expect(ids).toEqual(made.map(({ id }) => id).toReversed());
    await expect(client.checkout.sessions.retrieve('cs_test_nobody')).rejects.toMatchObject({
      code: 'resource_missing',
      statusCode: 404,
    });
  });

  it('makes payment intents, refunds and transfers', async () => {
    const intent = await client.paymentIntents.create({
      amount: 2000,
      currency: 'usd',
      automatic_payment_methods: { enabled: true },
    });
    expect(await client.paymentIntents.retrieve(intent.id)).toMatchObject({
      status: 'requires_payment_method',
      client_secret: intent.client_secret,
    });
    const page = await session();
    await sandbox.pay(page.id);
    const { payment_intent: payment } = await client.checkout.sessions.retrieve(page.id);
    const refund = await client.refunds.create({ payment_intent: payment as string, amount: 500 });
    expect(refund).toMatchObject({ status: 'succeeded', amount: 500 });
    await expect(client.refunds.create({ payment_intent: payment as string, amount: 1501 })).rejects.toMatchObject({
      type: 'StripeInvalidRequestError',
    });
    const transfer = await client.transfers.create({
      amount: 700,
      currency: 'usd',
      destination: ACCOUNT,
      transfer_group: 'KTEST',
    });
    expect((await client.transfers.list({ transfer_group: 'KTEST' })).data).toMatchObject([
      { id: transfer.id, reversed: false },
    ]);
    expect((await client.balanceTransactions.list({ type: 'transfer' })).data).toMatchObject([
      { amount: -700, source: transfer.id },
    ]);
  });

  it('reads our callbacks, by an endpoint of its own making', async () => {
    await client.webhookEndpoints.create({ url: callbackUrl, enabled_events: ['checkout.session.completed'] });
    const page = await session();
    await sandbox.pay(page.id);
    await sandbox.callbacksSettled();
    expect(received).toHaveLength(1);
    const { body, headers } = received[0]!;
    const event = client.webhooks.constructEvent(body, headers['stripe-signature']!, 'whsec_sandbox');
    expect(event).toMatchObject({
      type: 'checkout.session.completed',
      api_version: '2026-10-28.endive',
      data: { object: { id: page.id } },
    });
    expect(() => client.webhooks.constructEvent(body, headers['stripe-signature']!, 'whsec_other')).toThrow(
      'signature',
    );
  });

  it('repeats by itself under one key, and one thing is made', async () => {
    sandbox.fault({ match: { method: 'POST', path: '/v1/transfers' }, kind: 'reset_after_commit' });
    sandbox.fault({ match: { method: 'POST', path: '/v1/transfers' }, kind: 'http_500' });
    const { id } = await client.transfers.create({ amount: 700, currency: 'usd', destination: ACCOUNT });
    const tries = posts('/transfers');
    expect(tries).toHaveLength(3);
    expect(new Set(tries.map(({ headers }) => headers['idempotency-key']))).toEqual(
      new Set([expect.stringMatching(/^stripe-node-retry-/)]),
    );
    expect(sandbox.books()).toMatchObject([{ id }]);
  });

  it('is told of a bad key and of a key used for something else', async () => {
    const stranger = new Stripe('sk_test_other', { host: '127.0.0.1', port: server.port, protocol: 'http' });
    await expect(stranger.balance.retrieve()).rejects.toMatchObject({ type: 'StripeAuthenticationError' });
    const one = await session({}, 'k1');
    expect((await session({}, 'k1')).id).toBe(one.id);
    await expect(session({ client_reference_id: 'KOTHER' }, 'k1')).rejects.toMatchObject({
      type: 'StripeIdempotencyError',
    });
  });
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const mockBinary = await stripeMock(say).catch((error: Error) => say(`SKIPPED: ${error.message}`));
const withMock = mockBinary === undefined ? describe.skip : describe;

withMock(
  mockBinary === undefined ? 'against stripe-mock (skipped: neither on PATH nor buildable)' : 'against stripe-mock',
  () => {
    let mock: ChildProcess;
    let baseUrl: string;
    let answers: { what: string; answer: HttpAnswer }[] = [];
    beforeAll(async () => {
      const port = await freePort();
      mock = spawn(mockBinary as string, ['-http-addr', `127.0.0.1:${port}`], { stdio: 'ignore' });
      baseUrl = `http://127.0.0.1:${port}`;
      for (let n = 0; n < 100; n++) {
        if (
          await fetch(baseUrl).then(
            () => true,
            () => false,
          )
        )
          return;
        await sleep(100);
      }
      throw new Error('stripe-mock does not answer');
    });
    afterAll(() => void mock.kill());
    afterEach(() => void (answers = []));

    const context = (over: Record<string, unknown> = {}) => {
      const ctx = contextOf({ baseUrl, secretKey: 'sk_test_123', ...over });
      const http: typeof ctx.http = async (request) => {
        const answer = await ctx.http(request);
        answers.push({ what: `${request.method} ${request.url.slice(baseUrl.length).replace(/\?.*/, '')}`, answer });
        return answer;
      };
      return { ...ctx, http };
    };
    const asked = () => answers.map(({ what, answer }) => `${what} ${answer.status}`);
    /** It checks the request against Stripe's OpenAPI and answers with a fixture: one about something else, which must not be believed. */
    const notBelieved = (work: Promise<unknown>) =>
      expect(failureOf(work)).resolves.toMatchObject({ type: 'OutcomeUnknown' });

    it('takes every request our adapter makes of our sandbox', async () => {
      const deposit = await paid('20.00');
      const { arrivals } = (await findDeposit(contextOf(), deposit))!;
      const refund = { reference: reference(), deposit, amount: '5.00', currency: USD };
      await createRefund(contextOf(), refund);
      await findRefund(contextOf(), refund);
      await createPayout(contextOf(), payout('25.00'));
      await createPayout(contextOf(), payout('25.00', 'ba_1SandboxBank'));
      await createPayout(contextOf(), payout('15.00', arrivals[0]!.id));
      await findPayout(contextOf(), { reference: reference() });
      await findDeposit(contextOf(), { reference: reference() });
      await listMovements(contextOf(), { from: 0, to: Date.now() });
      await stripe.testConnection(contextOf());
      const made = sandbox.received.map(({ method, url, headers, body }) => ({ method, url, headers, body }));
      const answers = await Promise.all(
        made.map(async ({ method, url, headers, body }) => {
          const {
            'content-type': type,
            'stripe-version': version,
            'idempotency-key': key,
          } = headers as Record<string, string>;
          const { status } = await fetch(baseUrl + url, {
            method,
            headers: {
              authorization: 'Bearer sk_test_123',
              ...(version && { 'stripe-version': version }),
              ...(type && { 'content-type': type }),
              ...(key && { 'idempotency-key': key }),
            },
            ...(method === 'POST' && { body }),
          });
          return `${method} ${url.split('?')[0]} ${status}`;
        }),
      );
      expect(answers.filter((line) => !line.endsWith(' 200'))).toEqual([]);
      expect([...new Set(answers.filter((line) => line.startsWith('POST')))].toSorted()).toEqual([
        'POST /v1/checkout/sessions 200',
        'POST /v1/payouts 200',
        'POST /v1/refunds 200',
        'POST /v1/transfers 200',
      ]);
    });

    it('every write has the shape Stripe documents', async () => {
      await notBelieved(createDeposit(context(), order('20.00')));
      await notBelieved(createPayout(context(), payout('25.00')));
      await notBelieved(createPayout(context(), payout('25.00', 'ba_1SandboxBank')));
      await notBelieved(
        createRefund(context(), {
          reference: reference(),
          deposit: { reference: 'KNONE', providerId: 'cs_test_1' },
          amount: '5.00',
          currency: USD,
        }),
      );
      expect(asked()).toEqual([
        'POST /v1/checkout/sessions 200',
        'POST /v1/transfers 200',
        'POST /v1/payouts 200',
        'GET /v1/checkout/sessions/cs_test_1 200',
      ]);
    });

    it('every read too', async () => {
      await notBelieved(findDeposit(context(), { reference: reference(), providerId: 'cs_test_1' }));
      await findDeposit(context(), { reference: reference() }).catch(() => null);
      expect(await findPayout(context(), { reference: reference() })).toBeNull();
      await notBelieved(findPayout(context(), { reference: reference(), providerId: 'po_1' }));
      await listMovements(context(), { from: 0, to: Date.now() });
      await stripe.testConnection(context());
      expect(new Set(asked().map((line) => line.split(' ').at(-1)))).toEqual(new Set(['200']));
      expect(asked()).toEqual(
        expect.arrayContaining([
          'GET /v1/payment_intents/search 200',
          'GET /v1/checkout/sessions 200',
          'GET /v1/transfers 200',
          'GET /v1/refunds 200',
        ]),
      );
    });

    it('a key that is none of theirs is a matter of settings', async () => {
      expect(await failureOf(stripe.testConnection(context({ secretKey: 'rk_live_123' })))).toMatchObject({
        type: 'Config',
      });
    });
  },
);
