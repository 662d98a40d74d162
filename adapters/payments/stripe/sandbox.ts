import { type NextFunction, type Request, type Response, Router } from 'express';
import { toMinor } from '../../../domain/money.ts';
import { html, type Html } from '../../kit/html.ts';
import { hostedPage } from '../../kit/sandbox-page.ts';
import { paidOf } from '../../kit/sandbox-psp.ts';
import { callBack } from '../../kit/sandbox-wire.ts';
import type { SandboxBookEntry, SandboxDesk, SandboxMessage, SandboxModule, SandboxThing } from '../../kit/sandbox.ts';
import { API_VERSION } from './client.ts';
import { exponentOf } from './map.ts';
import {
  type Account,
  DAY,
  SHAPES,
  type Thing,
  checked,
  magicOf,
  major,
  missing,
  stripeError,
  wire,
  written,
} from './sandbox-wire.ts';
import { signature } from './webhook.ts';

const KEY = 'sk_test_sandbox';
const SECRETS = ['whsec_sandbox', 'whsec_sandbox_next'] as const;
const ACCOUNTS = ['acct_1SandboxAnna', 'acct_1SandboxBen', 'ba_1SandboxBank'];
/** "Exponentially for up to three days"; the steps are not published. */
const RETRIES = [1, 5, 30, 120, 360, 720, 1440, 1440].map((minutes) => minutes * 60_000);
const PREFIX: Record<string, string> = {
  'checkout.session': 'cs_test',
  payment_intent: 'pi',
  charge: 'ch',
  refund: 're',
  dispute: 'du',
  transfer: 'tr',
  transfer_reversal: 'trr',
  payout: 'po',
  balance_transaction: 'txn',
  event: 'evt',
  webhook_endpoint: 'we',
};
/** Test cards (docs.stripe.com/testing): whether the bank asks on a page of its own, and what they are declined with. */
const CARDS: Record<string, { bank?: true; decline?: string }> = {
  '4242424242424242': {},
  '4000000000000002': { decline: 'generic_decline' },
  '4000000000009995': { decline: 'insufficient_funds' },
  '4000002500003155': { bank: true },
  '4000002760003184': { bank: true },
  '4000000000003220': { bank: true },
  '4000008400001629': { bank: true, decline: 'generic_decline' },
  '4000008260003178': { bank: true, decline: 'insufficient_funds' },
};
const CARD_NUMBERS = Object.keys(CARDS).join(', ');
const CARD = html`<p>
    <label>Card number <input name="card" value="4242424242424242" /></label>
  </p>
  <button>Pay</button>`;
const BANK = html`<button name="bank" value="yes">Complete</button> <button name="bank" value="no">Fail</button>`;
const BUTTONS: Record<string, SandboxThing['buttons']> = {
  'checkout.session open': [
    { caption: 'Pay' },
    { caption: 'Decline', to: 'decline' },
    { caption: 'Expire', to: 'expire' },
  ],
  'checkout.session complete': [
    { caption: 'Refund', to: 'refund' },
    { caption: 'Dispute', to: 'dispute' },
  ],
  'transfer paid': [{ caption: 'Return', to: 'return' }],
  'payout pending': [
    { caption: 'Approve', to: 'approve' },
    { caption: 'Fail', to: 'fail' },
  ],
  'payout paid': [{ caption: 'Return', to: 'return' }],
  'refund succeeded': [{ caption: 'Return', to: 'return' }],
};
const insufficient = () =>
  stripeError(400, 'balance_insufficient', 'You have insufficient available funds in your Stripe account.');
const stateOf = (one: Thing): string => one.status ?? (one['reversed'] ? 'reversed' : 'paid');

/** A Stripe account of one's own: what it does beyond the vendor's paths is in README.md. */
export const stripeSandbox = (): SandboxModule => {
  let desk: SandboxDesk | undefined;
  let next = 100_001;
  let signedWith: readonly string[] = SECRETS.slice(0, 1);
  const things = new Map<string, Thing>();
  const now = () => desk!.now();
  const later = (ms: number, run: () => unknown) => desk!.later(ms, () => void run());
  const all = (object: string): Thing[] => [...things.values()].filter((thing) => thing.object === object).toReversed();
  const known = (id: unknown): Thing => {
    const thing = things.get(String(id));
    if (!thing) throw missing('object', String(id));
    return thing;
  };
  const add = (object: string, facts: Partial<Thing>): Thing => {
    const thing = {
      id: `${PREFIX[object]}_${next++}`,
      object,
      created: Math.floor(now() / 1000),
      livemode: false,
      metadata: {},
      ...facts,
    };
    things.set(thing.id, thing as Thing);
    return thing as Thing;
  };
  /** What moves the balance; `amount` is signed. */
  const book = (type: string, { id, currency }: Thing, amount: bigint, fee = 0n): string =>
    add('balance_transaction', { type, source: id, amount, fee, net: amount - fee, currency }).id;

  /** To every endpoint, and to where the object itself says: there is no dashboard to set one up. Each attempt is signed anew, as theirs are. */
  const tell = (type: string, object: Thing, about: Thing = object): void => {
    const request = { id: null, idempotency_key: null };
    const data = { object: structuredClone(object) };
    const body = written(add('event', { api_version: API_VERSION, type, pending_webhooks: 1, request, data }));
    const sent = now();
    const write = (time: number, honest: boolean): SandboxMessage => ({
      get headers() {
        const t = String(Math.floor((time + now() - sent) / 1000));
        const secrets = honest ? signedWith : ['whsec_forged'];
        const signed = secrets.map((secret) => `,v1=${signature(secret, t, body)}`);
        return { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': `t=${t}${signed.join('')}` };
      },
      body,
    });
    const wanted = ({ enabled_events: events }: Thing) => ['*', type].some((one) => (events as string[]).includes(one));
    const endpoints = all('webhook_endpoint')
      .filter(wanted)
      .map((one) => String(one['url']));
    for (const url of new Set([...endpoints, about.metadata['hub_callback'] ?? '']))
      if (magicOf(about) !== '11') callBack(desk!, url, write, { retryDelaysMs: RETRIES, answerWithinMs: 20_000 });
  };

  // Money in ----------------------------------------------------------------------------------------------------------

  const charge = (payment: Thing, amount: bigint): void => {
    const { currency, metadata, id } = payment;
    const facts = {
      amount,
      amount_refunded: 0n,
      currency,
      metadata,
      payment_intent: id,
      status: 'succeeded',
      paid: true,
    };
    const made = add('charge', { ...facts, disputed: false });
    made['balance_transaction'] = book('charge', made, amount, amount / 50n);
    Object.assign(payment, {
      status: 'succeeded',
      amount_received: amount,
      latest_charge: made.id,
      last_payment_error: null,
    });
    tell('payment_intent.succeeded', payment);
    tell('charge.succeeded', made);
  };
  const decline = (payment: Thing, code: string): void => {
    const message = code === 'insufficient_funds' ? 'Your card has insufficient funds.' : 'Your card was declined.';
    const last_payment_error = { type: 'card_error', code: 'card_declined', decline_code: code, message };
    Object.assign(payment, { status: 'requires_payment_method', last_payment_error });
    tell('payment_intent.payment_failed', payment);
  };
  const newPayment = (facts: Partial<Thing>): Thing =>
    add('payment_intent', { ...facts, amount_received: 0n, status: 'requires_payment_method', latest_charge: null });
  /** They make it when the payer first tries. */
  const paymentOf = (session: Thing): Thing => {
    const { currency, amount_total: amount, _payment: metadata } = session as Thing & { _payment: Thing['metadata'] };
    session.payment_intent ??= newPayment({ amount: amount!, currency, metadata }).id;
    return known(session.payment_intent);
  };
  const close = (session: Thing, status: string, event: string, payment_status = session['payment_status']): void => {
    Object.assign(session, { status, url: null, payment_status });
    tell(`checkout.session.${event}`, session);
  };
  const expire = (session: Thing): void => {
    if (session.status === 'open') close(session, 'expired', 'expired');
  };
  /** By a method that tells later how it went (bank debits): after two seconds. */
  const payLater = (session: Thing, succeeds: boolean): void => {
    const payment = paymentOf(session);
    payment.status = 'processing';
    close(session, 'complete', 'completed');
    later(2000, () => {
      if (succeeds) charge(payment, payment.amount);
      else decline(payment, 'generic_decline');
      if (succeeds) close(session, 'complete', 'async_payment_succeeded', 'paid');
      else close(session, 'complete', 'async_payment_failed');
    });
  };
  const pay = (session: Thing, how: { amount?: string; currency?: string } = {}): void => {
    if (session.status !== 'open') throw new Error(`the page is ${session.status}`);
    const magic = how.amount === undefined ? magicOf(session) : '';
    if (magic === '06') return expire(session);
    if (magic === '03') return decline(paymentOf(session), 'insufficient_funds');
    if (magic === '01' || magic === '02') return payLater(session, magic === '01');
    const payment = paymentOf(session);
    if (how.currency !== undefined) payment.currency = how.currency.toLowerCase();
    const decimals = exponentOf(session.currency);
    charge(payment, BigInt(toMinor(how.amount ?? paidOf(major(session), decimals, magic), decimals)));
    close(session, 'complete', 'completed', 'paid');
    if (magic === '07') later(DAY, () => dispute(chargeOf(payment), 'lost'));
  };

  // Money back and out ------------------------------------------------------------------------------------------------

  const chargeOf = ({ id }: Thing): Thing => {
    const found = all('charge').find((one) => one.payment_intent === id);
    if (!found) throw stripeError(400, 'charge_not_captured', 'This PaymentIntent has no successful charge.');
    return found;
  };
  const dispute = (of: Thing, status: string): void => {
    const { id: charged, payment_intent = null, amount, currency } = of;
    const made = add('dispute', { charge: charged, payment_intent, amount, currency, reason: 'fraudulent', status });
    book('adjustment', made, -amount);
    of['disputed'] = true;
    tell('charge.dispute.created', made, of);
  };
  const endDispute = (of: Thing, status: string): void => {
    const open = all('dispute').find((one) => one['charge'] === of.id && one.status === 'needs_response');
    if (!open) throw new Error('it has no open dispute');
    open.status = status;
    if (status === 'won') book('adjustment', open, open.amount);
    tell('charge.dispute.closed', open, of);
  };
  const refund = (payment: Thing, asked?: bigint, metadata: Thing['metadata'] = {}): Thing => {
    const of = chargeOf(payment);
    const left = of.amount - (of['amount_refunded'] as bigint);
    const amount = asked ?? left;
    if (left === 0n) throw stripeError(400, 'charge_already_refunded', 'The charge has already been refunded.');
    if (amount > left) throw stripeError(400, '', 'Refund amount is greater than unrefunded amount.', 'amount');
    const facts = {
      amount,
      currency: of.currency,
      charge: of.id,
      payment_intent: payment.id,
      metadata,
      status: 'pending',
    };
    const made = add('refund', facts);
    const magic = magicOf(made);
    of['amount_refunded'] = of.amount - left + amount;
    book('refund', made, -amount);
    tell('charge.refunded', of);
    if (magic === '01') later(2000, () => end(made, 'succeeded'));
    else end(made, magic === '02' ? 'failed' : 'succeeded');
    if (magic === '07') later(DAY, () => end(made, 'failed'));
    return made;
  };
  /** Of a refund or a payout. A failure books the money back. */
  const end = (made: Thing, status: string): void => {
    made.status = status;
    const isRefund = made.object === 'refund';
    const of = isRefund ? known(made['charge']) : made;
    if (status === 'failed') {
      made['failure_balance_transaction'] = book(`${made.object}_failure`, made, made.amount);
      made[isRefund ? 'failure_reason' : 'failure_code'] = 'account_closed';
      if (isRefund) of['amount_refunded'] = (of['amount_refunded'] as bigint) - made.amount;
    }
    tell(isRefund && status === 'succeeded' ? 'refund.updated' : `${made.object}.${status}`, made, of);
  };
  const reverse = (transfer: Thing): void => {
    if (transfer['reversed']) throw new Error('it is reversed');
    const { id, amount, currency } = transfer;
    Object.assign(transfer, { amount_reversed: amount, reversed: true });
    book('transfer_refund', add('transfer_reversal', { amount, currency, transfer: id }), amount);
    tell('transfer.reversed', transfer);
  };
  /** The magic of an order that can be sent. */
  const sendable = (order: { amount: bigint; currency: string; destination: string }, prefix: string): string => {
    const { destination } = order;
    if (!ACCOUNTS.includes(destination) || !destination.startsWith(prefix))
      throw missing('destination', destination, 'destination', 400);
    const magic = magicOf(order);
    if (magic === '02') throw stripeError(400, 'transfers_not_allowed', 'The destination may not receive this.');
    if (magic === '03') throw insufficient();
    return magic;
  };
  const payable = (amount: bigint): void => {
    if (amount < 50n) throw stripeError(400, 'amount_too_small', 'The amount is below the smallest charge, 50.');
    if (amount > 99_999_999n) throw stripeError(400, 'amount_too_large', 'Amount must be no more than 99999999.');
  };

  const creating: Account['creating'] = {
    '/checkout/sessions': (given, page) => {
      const {
        line_items: items,
        payment_intent_data: payment,
        expand: _expand,
        ...rest
      } = checked(SHAPES.session, given);
      const { unit_amount: amount, currency, product_data: product } = items[0].price_data;
      payable(amount);
      const state = { status: 'open', payment_status: 'unpaid', payment_intent: null, _payment: payment.metadata };
      const ours = {
        amount_total: amount,
        currency,
        expires_at: Math.floor((now() + DAY) / 1000),
        _name: product.name,
      };
      const session = add('checkout.session', { ...rest, ...state, ...ours });
      session['url'] = `${page}/${session.id}`;
      later(DAY, () => expire(session));
      return session;
    },
    '/payment_intents': (given) => {
      const { amount, currency, metadata } = checked(SHAPES.payment, given);
      payable(amount);
      const made = newPayment({ amount, currency, metadata });
      return Object.assign(made, { client_secret: `${made.id}_secret_sandbox` });
    },
    '/refunds': (given) => {
      const { payment_intent: id, amount, metadata } = checked(SHAPES.refund, given);
      const payment = things.get(id);
      if (payment?.object !== 'payment_intent') throw missing('payment_intent', id, 'payment_intent', 404);
      if (amount !== undefined && magicOf({ ...payment, amount }) === '03') throw insufficient();
      return refund(payment, amount, metadata);
    },
    '/transfers': (given) => {
      const { expand: _expand, ...order } = checked(SHAPES.transfer, given);
      const magic = sendable(order, 'acct_');
      const made = add('transfer', { transfer_group: null, ...order, amount_reversed: 0n, reversed: false });
      book('transfer', made, -order.amount);
      tell('transfer.created', made);
      if (magic === '07') later(DAY, () => reverse(made));
      return made;
    },
    '/payouts': (given) => {
      const { expand: _expand, ...order } = checked(SHAPES.payout, given);
      const magic = sendable(order, 'ba_');
      const made = add('payout', {
        ...order,
        status: 'pending',
        arrival_date: Math.floor(now() / 1000),
        method: 'standard',
      });
      book('payout', made, -order.amount);
      tell('payout.created', made);
      if (magic !== '10') later(magic === '01' ? 2000 : 20, () => end(made, 'paid'));
      if (magic === '07') later(DAY, () => end(made, 'failed'));
      return made;
    },
    '/webhook_endpoints': (given) =>
      add('webhook_endpoint', { ...checked(SHAPES.endpoint, given), secret: signedWith[0] }),
  };
  const account: Account = { secretKey: KEY, now, things, keys: new Map(), all, creating };

  // What people and tests do ------------------------------------------------------------------------------------------

  /** By their id or our reference. */
  const thingOf = (id: string): Thing => {
    const ours = ({ metadata }: Thing) => metadata['hub_reference'] === id;
    const thing = things.get(id) ?? [...things.values()].find((one) => one['client_reference_id'] === id || ours(one));
    if (!thing) throw new Error(`Stripe has no '${id.slice(0, 40)}'`);
    return thing;
  };
  const unknownWord = (one: Thing) => void (one.status = 'sandbox_word');
  const ADVANCE: Record<string, (thing: Thing) => void> = {
    'checkout.session expire': expire,
    'checkout.session fail': (one) => payLater(one, false),
    'checkout.session decline': (one) => decline(paymentOf(one), 'generic_decline'),
    'checkout.session refund': (one) => void refund(paymentOf(one)),
    'checkout.session dispute': (one) => dispute(chargeOf(paymentOf(one)), 'needs_response'),
    'checkout.session dispute_won': (one) => endDispute(chargeOf(paymentOf(one)), 'won'),
    'checkout.session dispute_lost': (one) => endDispute(chargeOf(paymentOf(one)), 'lost'),
    'checkout.session unknown_word': unknownWord,
    'checkout.session other_amount': (one) => void (one.amount_total! += 1n),
    'transfer return': reverse,
    'transfer other_amount': (one) => void (one.amount += 1n),
    'payout approve': (one) => end(one, 'paid'),
    'payout fail': (one) => end(one, 'failed'),
    'payout return': (one) => end(one, 'failed'),
    'payout unknown_word': unknownWord,
    'refund return': (one) => end(one, 'failed'),
    'refund unknown_word': unknownWord,
  };
  const otherCurrency = (one: Thing): void => {
    if (one.payment_intent) otherCurrency(known(one.payment_intent));
    one.currency = one.currency === 'eur' ? 'usd' : 'eur';
  };
  const shown = (thing: Thing): unknown => JSON.parse(written(thing));
  const advance = (id: string, to: string): unknown => {
    if (id === 'settings' && to === 'rotate') {
      signedWith = SECRETS.toReversed();
      later(DAY, () => (signedWith = SECRETS.slice(1)));
      return { signedWith: 'both secrets, for a day' };
    }
    const thing = thingOf(id);
    const act = to === 'other_currency' ? otherCurrency : ADVANCE[`${thing.object} ${to}`];
    if (!act) throw new Error(`a ${thing.object} cannot become '${to.slice(0, 40)}'`);
    act(thing);
    return shown(thing);
  };

  const show = (session: Thing, note: string, fields: Html): string => {
    const content = html`<p>${String(session['_name'])}</p>
      <h1>${major(session)} ${session.currency.toUpperCase()}</h1>
      <p role="status"><b>${note}</b></p>
      ${session.status === 'open' && html`<form method="post">${fields}</form>`}`;
    const back = { url: String(session['cancel_url'] ?? session['success_url']), caption: 'Back' };
    return hostedPage('Checkout', content, { note: `no money moves. Test cards: ${CARD_NUMBERS}.`, back });
  };

  /** The hosted page: a card is tried, some after a second page as the bank's own. A declined one leaves it open. */
  const payPage = (req: Request, res: Response, otherwise: NextFunction): void => {
    const session = things.get(String(req.params['id']));
    if (session?.object !== 'checkout.session') return otherwise();
    const form = new URLSearchParams((req.body as Buffer).toString('utf8'));
    const number = (form.get('card') ?? '').replace(/\D/g, '');
    const card = CARDS[number];
    const answer = (note: string, fields = CARD) => void res.type('html').send(show(session, note, fields));
    if (session.status !== 'open') return answer(`This page is ${session.status}.`);
    if (req.method === 'GET') return answer('');
    if (!card) return answer('Your card number is invalid.');
    const bank = form.get('bank');
    if (card.bank && bank === null)
      return answer('Your bank asks: is it you?', html`<input type="hidden" name="card" value="${number}" />${BANK}`);
    const refusal = bank === 'no' ? 'authentication_required' : card.decline;
    if (refusal === undefined) pay(session);
    else decline(paymentOf(session), refusal);
    if (stateOf(session) === 'complete') return res.redirect(303, String(session['success_url']));
    const error = paymentOf(session)['last_payment_error'] as { message: string } | undefined;
    answer(error?.message ?? `This page is ${session.status}.`);
  };

  const listed = (): SandboxThing[] =>
    ['checkout.session', 'transfer', 'payout', 'refund'].flatMap(all).map((one) => ({
      id: one.id,
      kind: one.object === 'checkout.session' ? 'deposit' : one.object,
      title: `${major(one)} ${one.currency.toUpperCase()} for ${one.metadata['hub_reference'] ?? 'nobody'}`,
      state: stateOf(one),
      buttons: BUTTONS[`${one.object} ${stateOf(one)}`] ?? [],
    }));
  const KINDS = { charge: 'deposit', transfer: 'payout', payout: 'payout', refund: 'refund' } as const;
  const bookEntry = (one: Thing): SandboxBookEntry => {
    const lost = all('dispute').some((it) => it['charge'] === one.id && it.status === 'lost');
    const state =
      lost || ['failed', 'reversed'].includes(stateOf(one))
        ? 'returned'
        : stateOf(one) === 'pending'
          ? 'processing'
          : 'succeeded';
    const page = all('checkout.session').find(
      (it) => one.object === 'charge' && it.payment_intent === one.payment_intent,
    );
    const kind = KINDS[one.object as keyof typeof KINDS];
    return {
      kind,
      reference: one.metadata['hub_reference'] ?? '',
      amount: major(one),
      currency: one.currency.toUpperCase(),
      state,
      id: (page ?? one).id,
    };
  };

  return {
    id: 'stripe',
    root: '/v1',
    defaultConfig: (origin) => ({
      secretKey: KEY,
      webhookSecret: SECRETS[0],
      oldWebhookSecret: SECRETS[1],
      returnUrl: 'https://broker.example/paid',
      payoutTo: ['connected_account', 'own_bank', 'card_refund'],
      baseUrl: `${origin}/stripe`,
    }),
    mount: (lent) => {
      desk = lent;
      const router = Router().use('/v1', wire(account));
      router.route('/c/pay/:id').get(payPage).post(payPage);
      return router;
    },
    reset: () => {
      things.clear();
      account.keys.clear();
      signedWith = SECRETS.slice(0, 1);
    },
    numberFrom: (since) => void (next += since * 100),
    pay: (id, how) => {
      pay(thingOf(id), how);
      return shown(thingOf(id));
    },
    advance,
    books: () => Object.keys(KINDS).flatMap(all).map(bookEntry),
    things: listed,
    conformance: {
      calls: {
        createDeposit: { method: 'POST', path: '/v1/checkout/sessions' },
        findDeposit: { method: 'GET', path: '/v1/checkout/sessions' },
        createPayout: { method: 'POST', path: '/v1/transfers' },
        findPayout: { method: 'GET', path: '/v1/transfers' },
        createRefund: { method: 'POST', path: '/v1/refunds' },
        findRefund: { method: 'GET', path: '/v1/refunds' },
        testConnection: { method: 'GET', path: '/v1/balance' },
      },
      wrongCredentials: { secretKey: 'sk_test_wrong' },
      payments: {
        currency: { numericCode: 840, alphabeticCode: 'USD', minorUnit: 2 },
        flow: 'invoice',
        exact: '987654.32',
        destination: { address: ACCOUNTS[0]! },
      },
    },
  };
};
