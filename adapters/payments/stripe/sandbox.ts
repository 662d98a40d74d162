import { type NextFunction, type Request, type Response, Router } from 'express';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { fromMinor, toMinor } from '../../../domain/money.ts';
import { jsonNumber } from '../../kit/json.ts';
import type { SandboxBookEntry, SandboxDesk, SandboxMessage, SandboxModule, SandboxThing } from '../../kit/sandbox.ts';
import { API_VERSION } from './client.ts';
import { exponentOf } from './map.ts';
import { signature } from './webhook.ts';

type Metadata = Record<string, string>;
/** Any of their objects; amounts are minor units. */
interface Thing {
  id: string;
  object: string;
  created: number;
  amount?: bigint;
  currency?: string;
  status?: string;
  metadata?: Metadata;
  payment_intent?: string | null;
  [more: string]: unknown;
}

const KEY = 'sk_test_sandbox';
const SECRET = 'whsec_sandbox';
const NEXT_SECRET = 'whsec_sandbox_next';
const DAY = 86_400_000;
const WEEK = 7 * DAY;
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
/** Test cards of docs.stripe.com/testing: what they are declined with, after the bank's own page for those that ask for it. */
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
const ACCOUNTS = ['acct_1SandboxAnna', 'acct_1SandboxBen', 'ba_1SandboxBank'];

class StripeError extends Error {
  readonly status: number;
  readonly body: Record<string, unknown>;
  constructor(status: number, code: string | undefined, message: string, more: Record<string, unknown> = {}) {
    super(message);
    this.status = status;
    this.body = { type: 'invalid_request_error', ...(code !== undefined && { code }), message, ...more };
  }
}
const insufficient = () =>
  new StripeError(400, 'balance_insufficient', 'You have insufficient available funds in your Stripe account.');
const missing = (what: string, id: string, param = 'id') =>
  new StripeError(404, 'resource_missing', `No such ${what}: '${id.slice(0, 80)}'`, { param });

// What they take: anything else is refused, as they do ---------------------------------------------------------------

const text = z.string().max(5000);
const expand = z.array(text).optional();
const metadata = z.record(z.string().max(40), z.string().max(500)).default({});
const minor = z
  .string()
  .regex(/^[1-9]\d{0,11}$/, 'Invalid integer')
  .transform(BigInt);
const currency = z.string().length(3).toLowerCase();
const url = z.url({ protocol: /^https?$/ });
const SHAPES = {
  session: z.strictObject({
    mode: z.literal('payment'),
    line_items: z.tuple([
      z.strictObject({
        quantity: z.literal('1'),
        price_data: z.strictObject({
          currency,
          unit_amount: minor,
          product_data: z.strictObject({ name: text.min(1) }),
        }),
      }),
    ]),
    success_url: url,
    cancel_url: url.optional(),
    client_reference_id: z.string().max(200).optional(),
    payment_intent_data: z.strictObject({ metadata }).optional(),
    metadata,
    expand,
  }),
  payment: z.strictObject({
    amount: minor,
    currency,
    automatic_payment_methods: z.strictObject({ enabled: z.enum(['true', 'false']) }).optional(),
    metadata,
    expand,
  }),
  refund: z.strictObject({ payment_intent: text, amount: minor.optional(), reason: text.optional(), metadata, expand }),
  transfer: z.strictObject({
    amount: minor,
    currency,
    destination: text,
    transfer_group: text.optional(),
    metadata,
    expand,
  }),
  payout: z.strictObject({ amount: minor, currency, destination: text.optional(), metadata, expand }),
  endpoint: z.strictObject({
    url,
    enabled_events: z.array(text).min(1),
    description: text.optional(),
    metadata,
    expand,
  }),
  search: z.strictObject({ query: text, limit: text.optional(), expand }),
  one: z.strictObject({ expand }),
};
const range = z.partialRecord(z.enum(['gt', 'gte', 'lt', 'lte']), z.string().regex(/^\d+$/));
const listShape = (filters: readonly string[]) =>
  z.strictObject({
    limit: z
      .string()
      .regex(/^([1-9]\d?|100)$/, 'Must be between 1 and 100')
      .default('10'),
    starting_after: text.optional(),
    ending_before: text.optional(),
    created: range.optional(),
    expand,
    ...Object.fromEntries(filters.map((name) => [name, text.optional()])),
  });
const LISTS: Record<string, [object: string, ...filters: string[]]> = {
  '/checkout/sessions': ['checkout.session', 'payment_intent', 'status'],
  '/payment_intents': ['payment_intent'],
  '/charges': ['charge', 'payment_intent'],
  '/refunds': ['refund', 'payment_intent', 'charge'],
  '/disputes': ['dispute', 'payment_intent', 'charge'],
  '/transfers': ['transfer', 'destination', 'transfer_group'],
  '/payouts': ['payout', 'destination', 'status'],
  '/balance_transactions': ['balance_transaction', 'type', 'source'],
  '/events': ['event', 'type'],
  '/webhook_endpoints': ['webhook_endpoint'],
};

/** `a[b]=1&c[0]=2&c[]=3` as nested objects; those whose names are all numbers or empty are lists. */
const bracketed = (form: string): unknown => {
  const root: Record<string, unknown> = {};
  for (const [name, value] of new URLSearchParams(form)) {
    const path = name.replaceAll(']', '').split('[');
    if (path.includes('__proto__')) throw new StripeError(400, 'parameter_unknown', 'Received unknown parameter');
    const last = path.pop()!;
    let at = root;
    for (const step of path) at = (at[step] ??= {}) as Record<string, unknown>;
    at[last === '' ? String(Object.keys(at).length) : last] = value;
  }
  const lists = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([name, member]) => [name, lists(member)] as const);
    return entries.length > 0 && entries.every(([name]) => /^\d+$/.test(name))
      ? entries.map(([, member]) => member)
      : Object.fromEntries(entries);
  };
  return lists(root);
};

const checked = <T>(shape: z.ZodType<T>, given: unknown): T => {
  const params = shape.safeParse(given);
  if (params.success) return params.data;
  const { code, path, message, ...issue } = params.error.issues[0]!;
  const param = [...path, ...('keys' in issue ? [issue.keys[0]!] : [])]
    .map((p, i) => (i ? `[${String(p)}]` : String(p)))
    .join('');
  if (code === 'unrecognized_keys')
    throw new StripeError(400, 'parameter_unknown', `Received unknown parameter: ${param}`, { param });
  const absent = message.includes('received undefined');
  throw new StripeError(
    400,
    absent ? 'parameter_missing' : 'parameter_invalid',
    absent ? `Missing required param: ${param}.` : message,
    { param },
  );
};

const written = (value: unknown): string =>
  JSON.stringify(value, (_name, member: unknown) => (typeof member === 'bigint' ? jsonNumber(String(member)) : member));
const magicOf = ({ amount, currency: code }: Thing): string =>
  amount === undefined || exponentOf(code ?? '') === 0
    ? ''
    : (fromMinor(String(amount), exponentOf(code!)).split('.')[1]?.padEnd(2, '0') ?? '00');
const major = (thing: Thing): string => fromMinor(String(thing.amount ?? 0n), exponentOf(thing.currency ?? ''));
const html = (value: string) => value.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

/** A Stripe account of one's own: what it does beyond the vendor's paths is in README.md. */
export const stripeSandbox = (): SandboxModule => {
  let desk: SandboxDesk | undefined;
  let next = 100_001;
  let secrets = [SECRET];
  const things = new Map<string, Thing>();
  const keys = new Map<string, { print: string; until: number; status: number; body: string }>();
  const now = () => desk!.now();

  const add = <T extends Record<string, unknown>>(object: string, facts: T): Thing & T => {
    const thing = {
      id: `${PREFIX[object]}_${next++}`,
      object,
      created: Math.floor(now() / 1000),
      livemode: false,
      ...facts,
    };
    things.set(thing.id, thing);
    return thing;
  };
  const all = (object: string): Thing[] => [...things.values()].filter((thing) => thing.object === object).toReversed();
  const known = (id: unknown): Thing => {
    const thing = things.get(String(id));
    if (!thing) throw missing('object', String(id));
    return thing;
  };

  /** To every endpoint, and to where the object itself says: a newcomer has no dashboard to set one up. Each attempt is signed anew. */
  const tell = (type: string, object: Thing, about: Thing = object): void => {
    const data = { object: structuredClone(object) };
    const event = add('event', {
      api_version: API_VERSION,
      type,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      data,
    });
    const body = written(event);
    const message = (by: () => string[], at: () => number): SandboxMessage => ({
      get headers() {
        const t = String(Math.floor(at() / 1000));
        const v1 = by().map((secret) => `,v1=${signature(secret, t, body)}`);
        return { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': `t=${t}${v1.join('')}` };
      },
      body,
    });
    const wanted = ({ enabled_events: events }: Thing) => ['*', type].some((one) => (events as string[]).includes(one));
    const urls = new Set([
      ...all('webhook_endpoint')
        .filter(wanted)
        .map((one) => String(one['url'])),
      about.metadata?.['notify'],
    ]);
    if (magicOf(about) === '11') return;
    for (const to of urls)
      if (to)
        desk!.callback({
          url: to,
          message: message(() => secrets, now),
          forge: () => message(() => ['whsec_forged'], now),
          stale: () =>
            message(
              () => secrets,
              () => now() - WEEK,
            ),
          retryDelaysMs: RETRIES,
          answerWithinMs: 20_000,
        });
  };

  /** What moves the balance; `amount` is signed. */
  const book = (type: string, source: Thing, amount: bigint, fee = 0n): string =>
    add('balance_transaction', {
      type,
      source: source.id,
      amount,
      fee,
      net: amount - fee,
      currency: source.currency!,
      status: 'available',
    }).id;

  // Money in ----------------------------------------------------------------------------------------------------------

  const charge = (payment: Thing, amount: bigint): void => {
    const { currency: code, metadata: names } = payment;
    const facts = {
      amount,
      amount_refunded: 0n,
      currency: code!,
      metadata: { ...names },
      payment_intent: payment.id,
      status: 'succeeded',
      disputed: false,
    };
    const made = add('charge', { ...facts, paid: true, balance_transaction: '' });
    made.balance_transaction = book('charge', made, amount, amount / 50n);
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
    const error = { type: 'card_error', code: 'card_declined', decline_code: code, message };
    Object.assign(payment, { status: 'requires_payment_method', last_payment_error: error });
    tell('payment_intent.payment_failed', payment);
  };
  const paymentOf = (session: Thing): Thing => {
    if (!session.payment_intent) {
      const facts = {
        amount: session.amount!,
        amount_received: 0n,
        currency: session.currency!,
        metadata: session['payment_metadata'] as Metadata,
      };
      session.payment_intent = add('payment_intent', {
        ...facts,
        status: 'requires_payment_method',
        latest_charge: null,
      }).id;
    }
    return known(session.payment_intent);
  };
  const close = (session: Thing, status: string, event: string, facts: Record<string, unknown> = {}): void => {
    Object.assign(session, { status, url: null, ...facts });
    tell(`checkout.session.${event}`, session);
  };
  const expire = (session: Thing) => session.status === 'open' && close(session, 'expired', 'expired');
  /** By a method that tells later how it went (bank debits): two seconds. */
  const payLater = (session: Thing, ends: boolean): void => {
    const payment = paymentOf(session);
    payment.status = 'processing';
    close(session, 'complete', 'completed');
    desk!.later(2000, () => settle(session, ends));
  };
  const settle = (session: Thing, paid: boolean): void => {
    const payment = paymentOf(session);
    if (paid) charge(payment, payment.amount!);
    else decline(payment, 'generic_decline');
    close(
      session,
      'complete',
      paid ? 'async_payment_succeeded' : 'async_payment_failed',
      paid ? { payment_status: 'paid' } : {},
    );
  };
  const pay = (session: Thing, how: { amount?: string; currency?: string } = {}): void => {
    if (session.status !== 'open') throw new Error(`the page is ${session.status}`);
    const magic = how.amount === undefined ? magicOf(session) : '';
    if (magic === '06') return void expire(session);
    if (magic === '03') return decline(paymentOf(session), 'insufficient_funds');
    if (magic === '01' || magic === '02') return payLater(session, magic === '01');
    const payment = paymentOf(session);
    if (how.currency !== undefined) payment.currency = how.currency.toLowerCase();
    const percent = magic === '04' ? 60n : magic === '05' ? 120n : 100n;
    charge(
      payment,
      how.amount === undefined
        ? (session.amount! * percent) / 100n
        : BigInt(toMinor(how.amount, exponentOf(session.currency!))),
    );
    close(session, 'complete', 'completed', { payment_status: 'paid' });
    if (magic === '07') desk!.later(DAY, () => dispute(chargeOf(session), 'lost'));
  };

  // Money back and out ------------------------------------------------------------------------------------------------

  const chargeOf = ({ payment_intent: payment }: Thing): Thing => {
    const found = all('charge').find((one) => one.payment_intent === payment);
    if (!found)
      throw new StripeError(
        400,
        'charge_not_captured',
        'This PaymentIntent does not have a successful charge to refund.',
      );
    return found;
  };
  const dispute = (of: Thing, status: string): void => {
    const facts = {
      charge: of.id,
      payment_intent: of.payment_intent!,
      amount: of.amount!,
      currency: of.currency!,
      reason: 'fraudulent',
      metadata: {},
    };
    const made = add('dispute', { ...facts, status });
    book('adjustment', made, -of.amount!);
    of['disputed'] = true;
    tell('charge.dispute.created', made, of);
  };
  const endDispute = (of: Thing, status: string): void => {
    const open = all('dispute').find((one) => one['charge'] === of.id && one.status === 'needs_response');
    if (!open) throw new Error('it has no open dispute');
    open.status = status;
    if (status === 'won') book('adjustment', open, open.amount!);
    tell('charge.dispute.closed', open, of);
  };
  const refund = (payment: string, asked?: bigint, names: Metadata = {}): Thing => {
    const of = chargeOf({ ...known(payment), payment_intent: payment });
    const left = of.amount! - (of['amount_refunded'] as bigint);
    const amount = asked ?? left;
    if (amount > left || left === 0n)
      throw new StripeError(
        400,
        left === 0n ? 'charge_already_refunded' : undefined,
        'Refund amount is greater than unrefunded amount on charge',
        { param: 'amount' },
      );
    const facts = {
      amount,
      currency: of.currency!,
      charge: of.id,
      payment_intent: payment,
      metadata: names,
      reason: null,
    };
    const made = add('refund', { ...facts, status: 'pending' });
    of['amount_refunded'] = (of['amount_refunded'] as bigint) + amount;
    book('refund', made, -amount);
    const about = names['notify'] ? made : of;
    tell('charge.refunded', of, about);
    const magic = magicOf(made);
    const end = (status: string) =>
      giveEnds(made, status, `refund.${status === 'failed' ? 'failed' : 'updated'}`, about);
    if (magic === '01') desk!.later(2000, () => end('succeeded'));
    else end(magic === '02' ? 'failed' : 'succeeded');
    if (magic === '07') desk!.later(DAY, () => end('failed'));
    return made;
  };
  /** Of a refund or a payout. A failure books the money back. */
  const giveEnds = (made: Thing, status: string, event: string, about = made): void => {
    made.status = status;
    if (status === 'failed') {
      made['failure_balance_transaction'] = book(`${made.object}_failure`, made, made.amount!);
      made[made.object === 'refund' ? 'failure_reason' : 'failure_code'] = 'account_closed';
      const of = made.object === 'refund' ? known(made['charge']) : null;
      if (of) of['amount_refunded'] = (of['amount_refunded'] as bigint) - made.amount!;
    }
    tell(event, made, about);
  };
  const giveable = (
    order: { amount: bigint; currency: string; destination?: string | undefined },
    param: string,
  ): string => {
    const magic = magicOf({ id: '', object: '', created: 0, ...order });
    if (
      order.destination !== undefined &&
      !(ACCOUNTS.includes(order.destination) && order.destination.startsWith(param))
    )
      throw new StripeError(400, 'resource_missing', `No such destination: '${order.destination.slice(0, 40)}'`, {
        param: 'destination',
      });
    if (magic === '02')
      throw new StripeError(400, 'transfers_not_allowed', 'Your destination account may not receive this.');
    if (magic === '03') throw insufficient();
    return magic;
  };
  const reverse = (transfer: Thing): void => {
    const rest = transfer.amount! - (transfer['amount_reversed'] as bigint);
    if (rest === 0n) throw new Error('it is reversed');
    const made = add('transfer_reversal', {
      amount: rest,
      currency: transfer.currency!,
      transfer: transfer.id,
      metadata: {},
    });
    Object.assign(transfer, { amount_reversed: transfer.amount, reversed: true });
    book('transfer_refund', made, rest);
    tell('transfer.reversed', transfer);
  };

  const creating: Record<string, (given: unknown, page: string) => Thing> = {
    '/checkout/sessions': (given, page) => {
      const {
        line_items: [{ price_data: price }],
        payment_intent_data: inner,
        ...rest
      } = checked(SHAPES.session, given);
      payable(price.unit_amount);
      const { success_url, cancel_url = null, client_reference_id = null, metadata: names, mode } = rest;
      const facts = {
        mode,
        success_url,
        cancel_url,
        client_reference_id,
        metadata: names,
        description: price.product_data.name,
      };
      const money = { amount: price.unit_amount, amount_total: price.unit_amount, currency: price.currency };
      const state = {
        status: 'open',
        payment_status: 'unpaid',
        payment_intent: null,
        payment_metadata: inner?.metadata ?? {},
      };
      const session = add('checkout.session', {
        ...facts,
        ...money,
        ...state,
        url: '',
        expires_at: Math.floor((now() + DAY) / 1000),
      });
      session.url = `${page}/${session.id}`;
      desk!.later(DAY, () => expire(session));
      return session;
    },
    '/payment_intents': (given) => {
      const { amount, currency: code, metadata: names } = checked(SHAPES.payment, given);
      payable(amount);
      const made = add('payment_intent', {
        amount,
        amount_received: 0n,
        currency: code,
        metadata: names,
        status: 'requires_payment_method',
        latest_charge: null,
      });
      return Object.assign(made, { client_secret: `${made.id}_secret_sandbox` });
    },
    '/refunds': (given) => {
      const { payment_intent: payment, amount, metadata: names } = checked(SHAPES.refund, given);
      if (!things.has(payment)) throw missing('payment_intent', payment, 'payment_intent');
      if (amount !== undefined && magicOf({ ...known(payment), amount }) === '03') throw insufficient();
      return refund(payment, amount, names);
    },
    '/transfers': (given) => {
      const { transfer_group = null, expand: _expand, ...order } = checked(SHAPES.transfer, given);
      const magic = giveable(order, 'acct_');
      const made = add('transfer', { ...order, transfer_group, amount_reversed: 0n, reversed: false });
      book('transfer', made, -order.amount);
      tell('transfer.created', made);
      if (magic === '07') desk!.later(DAY, () => reverse(made));
      return made;
    },
    '/payouts': (given) => {
      const { destination = 'ba_1SandboxBank', expand: _expand, ...order } = checked(SHAPES.payout, given);
      const magic = giveable({ ...order, destination }, 'ba_');
      const made = add('payout', {
        ...order,
        destination,
        status: 'pending',
        arrival_date: Math.floor(now() / 1000),
        method: 'standard',
      });
      book('payout', made, -order.amount);
      tell('payout.created', made);
      if (magic !== '10') desk!.later(magic === '01' ? 2000 : 20, () => giveEnds(made, 'paid', 'payout.paid'));
      if (magic === '07') desk!.later(DAY, () => giveEnds(made, 'failed', 'payout.failed'));
      return made;
    },
    '/webhook_endpoints': (given) =>
      Object.assign(add('webhook_endpoint', { ...checked(SHAPES.endpoint, given), status: 'enabled' }), {
        secret: secrets[0]!,
      }),
  };
  const payable = (amount: bigint): void => {
    if (amount < 50n) throw new StripeError(400, 'amount_too_small', 'The amount is below the smallest charge of 50.');
    if (amount > 99_999_999n) throw new StripeError(400, 'amount_too_large', 'Amount must be no more than 99999999.');
  };

  // The API -----------------------------------------------------------------------------------------------------------

  /** `payment_intent.latest_charge`, `data.source`: ids give way to what they name. */
  const expanded = (thing: unknown, paths: readonly string[] = []): unknown => {
    const copy = structuredClone(thing) as Record<string, unknown>;
    const put = (at: Record<string, unknown>, [name, ...rest]: string[]): void => {
      if (name === undefined) return;
      const member = at[name];
      if (member === null) return;
      if (Array.isArray(member)) return member.forEach((one) => put(one as Record<string, unknown>, rest));
      const whole = typeof member === 'string' ? structuredClone(things.get(member)) : member;
      if (typeof whole !== 'object')
        throw new StripeError(400, undefined, `This property cannot be expanded (${name}).`);
      at[name] = whole;
      put(whole as Record<string, unknown>, rest);
    };
    for (const path of paths) put(copy, path.split('.'));
    return copy;
  };
  const list = (path: string, given: unknown): unknown => {
    const [object, ...filters] = LISTS[path]!;
    const {
      limit,
      starting_after: after,
      ending_before: before,
      created = {},
      expand: paths,
      ...by
    } = checked(listShape(filters), given);
    const fits = (one: Thing) =>
      Object.entries(by).every(([name, value]) => value === undefined || one[name] === value) &&
      Object.entries(created).every(
        ([how, at]) =>
          ({ gt: one.created > +at, gte: one.created >= +at, lt: one.created < +at, lte: one.created <= +at })[how],
      );
    const found = all(object).filter(fits);
    const at = (id: string) => {
      const index = found.findIndex((one) => one.id === id);
      if (index < 0) throw missing(object, id, 'starting_after');
      return index;
    };
    const rest = found.slice(after === undefined ? 0 : at(after) + 1, before === undefined ? undefined : at(before));
    const data = before === undefined ? rest.slice(0, Number(limit)) : rest.slice(-Number(limit));
    return expanded({ object: 'list', url: `/v1${path}`, has_more: rest.length > data.length, data }, paths);
  };
  /** Their index knows a payment a minute after it was made. */
  const search = (given: unknown): unknown => {
    const { query } = checked(SHAPES.search, given);
    const [, name, value] = /^metadata\['(\w+)'\]:'([^']*)'$/.exec(query) ?? [];
    if (name === undefined) throw new StripeError(400, undefined, 'We were unable to parse your search query.');
    const data = all('payment_intent').filter(
      (one) => one.metadata?.[name] === value && one.created <= now() / 1000 - 60,
    );
    return {
      object: 'search_result',
      url: '/v1/payment_intents/search',
      has_more: false,
      next_page: null,
      data: structuredClone(data),
    };
  };
  const answerTo = (method: string, path: string, given: unknown, page: string): unknown => {
    if (method === 'POST' && creating[path])
      return expanded(creating[path](given, page), (given as { expand?: string[] }).expand);
    if (method === 'GET' && LISTS[path]) return list(path, given);
    if (method === 'GET' && path === '/payment_intents/search') return search(given);
    if (method === 'GET' && path === '/balance')
      return { object: 'balance', livemode: false, available: [], pending: [] };
    const [, collection, id = ''] = /^(\/.+)\/(\w+)$/.exec(path) ?? [];
    const object = LISTS[collection ?? '']?.[0];
    if (method !== 'GET' || object === undefined)
      throw new StripeError(404, undefined, `Unrecognized request URL (${method}: /v1${path}).`);
    const { expand: paths } = checked(SHAPES.one, given);
    if (things.get(id)?.object !== object) throw missing(object, id);
    return expanded(things.get(id), paths);
  };

  const authenticated = (req: Request): void => {
    const [scheme, given = ''] = (req.headers.authorization ?? '').split(' ');
    const key = scheme === 'Basic' ? Buffer.from(given, 'base64').toString().split(':')[0] : given;
    if (!key) throw new StripeError(401, undefined, 'You did not provide an API key.');
    if (key !== KEY) throw new StripeError(401, undefined, `Invalid API Key provided: ${key.slice(0, 8)}****`);
    if (!/^\d{4}-\d\d-\d\d(\.\w+)?$/.test(String(req.headers['stripe-version'] ?? API_VERSION)))
      throw new StripeError(400, undefined, 'Invalid Stripe API version.');
  };
  /** Carries out a request, or says again what was said under its key. Null: the answer is lost on the way (.09). */
  const outcomeOf = (req: Request): { status: number; body: string; replayed?: true } | null => {
    authenticated(req);
    const form = (req.body as Buffer).toString('utf8');
    if (form && !req.is('application/x-www-form-urlencoded'))
      throw new StripeError(400, undefined, 'Send your request as application/x-www-form-urlencoded.');
    const given = bracketed(req.method === 'GET' ? req.url.replace(/^[^?]*\??/, '') : form);
    const page = `${req.protocol}://${req.headers.host}${req.baseUrl.replace(/\/v1$/, '') || '/stripe'}/c/pay`;
    const run = () => ({ status: 200, body: written(answerTo(req.method, req.path, given, page)) });
    const key = req.method === 'POST' ? req.headers['idempotency-key'] : undefined;
    if (typeof key !== 'string') return run();
    if (key.length > 255) throw new StripeError(400, undefined, 'Idempotency keys are at most 255 characters.');
    const print = `${req.path}?${form}`;
    const before = keys.get(key);
    if (before && before.until > now()) {
      if (before.print === print) return { ...before, replayed: true };
      const message = `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key.slice(0, 40)}'.`;
      throw new StripeError(400, undefined, message, { type: 'idempotency_error' });
    }
    const outcome = answeredBy(run);
    // A request they could not even read is not kept.
    if (!outcome.body.includes('"code":"parameter_')) keys.set(key, { print, until: now() + DAY, ...outcome });
    const { amount, currency: code } = JSON.parse(outcome.body) as { amount?: number; currency?: string };
    return amount !== undefined &&
      magicOf({ id: '', object: '', created: 0, amount: BigInt(amount), currency: code ?? '' }) === '09'
      ? null
      : outcome;
  };
  const answeredBy = (run: () => { status: number; body: string }) => {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof StripeError)) throw error;
      return { status: error.status, body: written({ error: error.body }) };
    }
  };

  // What people and tests do ------------------------------------------------------------------------------------------

  /** Their id, or our reference. */
  const thingOf = (id: string): Thing => {
    const named = [...things.values()].find(
      (one) => one['client_reference_id'] === id || one.metadata?.['reference'] === id,
    );
    const thing = things.get(id) ?? named;
    if (!thing) throw new Error(`Stripe has no '${id.slice(0, 40)}'`);
    return thing;
  };
  const ADVANCE: Record<string, (thing: Thing) => unknown> = {
    'checkout.session expire': expire,
    'checkout.session fail': (one) => payLater(one, false),
    'checkout.session decline': (one) => decline(paymentOf(one), 'generic_decline'),
    'checkout.session refund': (one) => refund(paymentOf(one).id),
    'checkout.session dispute': (one) => dispute(chargeOf(one), 'needs_response'),
    'checkout.session dispute_won': (one) => endDispute(chargeOf(one), 'won'),
    'checkout.session dispute_lost': (one) => endDispute(chargeOf(one), 'lost'),
    'checkout.session unknown_word': (one) => void (one.status = 'sandbox_word'),
    'checkout.session other_amount': (one) => void (one['amount_total'] = (one['amount_total'] as bigint) + 1n),
    'transfer return': reverse,
    'payout approve': (one) => giveEnds(one, 'paid', 'payout.paid'),
    'payout fail': (one) => giveEnds(one, 'failed', 'payout.failed'),
    'payout return': (one) => giveEnds(one, 'failed', 'payout.failed'),
    'payout unknown_word': (one) => void (one.status = 'sandbox_word'),
    'refund fail': (one) => giveEnds(one, 'failed', 'refund.failed'),
    'refund unknown_word': (one) => void (one.status = 'sandbox_word'),
  };
  const otherCurrency = (one: Thing): void => {
    for (const thing of [one, ...(one.payment_intent ? [known(one.payment_intent)] : [])])
      thing.currency = thing.currency === 'eur' ? 'usd' : 'eur';
  };
  const advance = (id: string, to: string): unknown => {
    if (id === 'settings' && to === 'rotate') {
      secrets = [NEXT_SECRET, SECRET];
      desk!.later(DAY, () => void (secrets = [NEXT_SECRET]));
      return { signedWith: 'both' };
    }
    const thing = thingOf(id);
    const act = to === 'other_currency' ? otherCurrency : ADVANCE[`${thing.object} ${to}`];
    if (!act) throw new Error(`a ${thing.object} cannot become '${to.slice(0, 40)}'`);
    act(thing);
    return JSON.parse(written(thing)) as unknown;
  };

  const show = (
    session: Thing,
    note: string,
    form: string,
  ): string => `<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Checkout</title><body style="font:16px system-ui;max-width:26rem;margin:4rem auto;padding:0 1rem">
<p>${html(String(session['description']))}</p><h1>${major(session)} ${session.currency!.toUpperCase()}</h1><p role="status"><b>${html(note)}</b></p>
${form && `<form method="post">${form}</form>`}<p><a href="${html(String(session['cancel_url'] ?? session['success_url']))}">Back</a></p>
<p><small>Sandbox: no money moves. Test cards: ${Object.keys(CARDS).join(', ')}.</small></p></body></html>`;
  const CARD_FORM = `<p><label>Card number <input name="card" inputmode="numeric" autocomplete="off" value="4242 4242 4242 4242"></label></p><button>Pay</button>`;
  /** The hosted page: a card is tried, some after a second page as the bank's own. A declined one leaves it open. */
  const payPage = (req: Request, res: Response): void => {
    const session = known(req.params['id']);
    const form = new URLSearchParams((req.body as Buffer).toString('utf8'));
    const number = (form.get('card') ?? '').replace(/\D/g, '');
    const card = CARDS[number];
    const answer = (note: string, next = CARD_FORM) =>
      void res.type('html').send(show(session, note, session.status === 'open' ? next : ''));
    if (session.status !== 'open') return answer(`This page is ${session.status}.`);
    if (req.method === 'GET') return answer('');
    if (!card) return answer('Your card number is invalid.');
    const bank = form.get('bank');
    if (card.bank && bank === null) {
      const button = (word: string, caption: string) => `<button name="bank" value="${word}">${caption}</button> `;
      return answer(
        'Your bank asks: is it you?',
        `<input type="hidden" name="card" value="${number}">${button('yes', 'Complete')}${button('no', 'Fail')}`,
      );
    }
    const refusal = bank === 'no' ? 'authentication_required' : card.decline;
    if (refusal === undefined) pay(session);
    else decline(paymentOf(session), refusal);
    if (thingOf(session.id).status === 'complete') return res.redirect(303, String(session['success_url']));
    const error = known(session.payment_intent)['last_payment_error'] as { message: string } | null;
    answer(error?.message ?? `This page is ${session.status}.`);
  };

  const BUTTONS: Record<string, { caption: string; to?: string }[]> = {
    'checkout.session open': [
      { caption: 'Pay' },
      { caption: 'Decline', to: 'decline' },
      { caption: 'Expire', to: 'expire' },
    ],
    'checkout.session complete': [
      { caption: 'Refund', to: 'refund' },
      { caption: 'Dispute', to: 'dispute' },
    ],
    'payout pending': [
      { caption: 'Approve', to: 'approve' },
      { caption: 'Fail', to: 'fail' },
    ],
    'payout paid': [{ caption: 'Fail', to: 'fail' }],
    'transfer paid': [{ caption: 'Return', to: 'return' }],
    'refund succeeded': [{ caption: 'Fail', to: 'fail' }],
  };
  const stateOf = (one: Thing): string => one.status ?? (one['reversed'] ? 'reversed' : 'paid');
  const listed = (): SandboxThing[] =>
    ['checkout.session', 'transfer', 'payout', 'refund'].flatMap(all).map((one) => ({
      id: one.id,
      kind: one.object === 'checkout.session' ? 'deposit' : one.object,
      title: `${major(one)} ${one.currency!.toUpperCase()} for ${one.metadata?.['reference'] ?? 'nobody'}`,
      state: stateOf(one),
      buttons: BUTTONS[`${one.object} ${stateOf(one)}`] ?? [],
    }));
  const books = (): SandboxBookEntry[] =>
    ['charge', 'transfer', 'payout', 'refund'].flatMap(all).map((one) => {
      const lost = all('dispute').some((d) => d['charge'] === one.id && d.status === 'lost');
      const back = lost || stateOf(one) === 'failed' || stateOf(one) === 'reversed';
      return {
        kind: one.object === 'charge' ? 'deposit' : one.object === 'refund' ? 'refund' : 'payout',
        reference: one.metadata?.['reference'] ?? '',
        amount: major(one),
        currency: one.currency!.toUpperCase(),
        state: back ? 'returned' : stateOf(one) === 'pending' ? 'processing' : 'succeeded',
        id:
          one.object === 'charge'
            ? (all('checkout.session').find((s) => s.payment_intent === one.payment_intent)?.id ?? one.id)
            : one.id,
      };
    });

  return {
    id: 'stripe',
    root: '/v1',
    defaultConfig: (origin) => ({
      secretKey: KEY,
      webhookSecret: SECRET,
      oldWebhookSecret: NEXT_SECRET,
      returnUrl: 'https://broker.example/paid',
      payoutTo: ['connected_account', 'own_bank', 'card_refund'],
      baseUrl: `${origin}/stripe`,
    }),
    mount: (lent) => {
      desk = lent;
      const router = Router();
      router.route('/c/pay/:id').get(payPage).post(payPage);
      const v1 = Router();
      v1.use(async (req, res) => {
        const outcome = outcomeOf(req);
        if (!outcome) return;
        const { amount, currency: code } = JSON.parse(outcome.body) as { amount?: number; currency?: string };
        // .12: the callback overtakes the answer.
        if (
          amount !== undefined &&
          magicOf({ id: '', object: '', created: 0, amount: BigInt(amount), currency: code ?? '' }) === '12'
        )
          await sleep(300);
        if (outcome.replayed) res.set('idempotent-replayed', 'true');
        res
          .status(outcome.status)
          .set({ 'content-type': 'application/json', 'request-id': `req_${next++}` })
          .send(Buffer.from(outcome.body));
      });
      v1.use((error: unknown, _req: Request, res: Response, on: NextFunction) => {
        if (!(error instanceof StripeError)) return on(error);
        res.status(error.status).json({ error: error.body });
      });
      return router.use('/v1', v1);
    },
    reset: () => {
      things.clear();
      keys.clear();
      secrets = [SECRET];
    },
    numberFrom: (since) => void (next += since * 100),
    pay: (id, how) => {
      pay(thingOf(id), how);
      return JSON.parse(written(thingOf(id))) as unknown;
    },
    advance,
    books,
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
        destination: { address: 'acct_1SandboxAnna' },
      },
    },
  };
};
