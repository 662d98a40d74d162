import { type Request, Router } from 'express';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { fromMinor } from '../../../domain/money.ts';
import { jsonNumber } from '../../kit/json.ts';
import { magicOf as minorPartOf } from '../../kit/sandbox-psp.ts';
import { Refusal, refusals } from '../../kit/sandbox-wire.ts';
import { API_VERSION } from './client.ts';
import { exponentOf } from './map.ts';

/** Any of their objects; amounts are minor units. */
export interface Thing {
  id: string;
  object: string;
  created: number;
  amount: bigint;
  /** Of a page, which has no `amount`. */
  amount_total?: bigint;
  currency: string;
  status?: string;
  metadata: Record<string, string>;
  payment_intent?: string | null;
  [more: string]: unknown;
}

/** What the wire needs of the account behind it. */
export interface Account {
  secretKey: string;
  now(): number;
  things: Map<string, Thing>;
  keys: Map<string, { print: string; until: number; outcome: Outcome }>;
  all(object: string): Thing[];
  /** What a POST to a path makes. `page`: where hosted pages are. */
  creating: Record<string, (given: unknown, page: string) => Thing>;
}

interface Outcome {
  status: number;
  body: string;
  /** Minor part of the amount, which may ask for trouble. */
  magic: string;
}

export const DAY = 86_400_000;

export const stripeError = (
  status: number,
  code: string,
  message: string,
  param?: string,
  type = 'invalid_request_error',
): Refusal => new Refusal(status, code, message, { param, type });

export const missing = (what: string, id: string, param = 'id', status = 404): Refusal =>
  stripeError(status, 'resource_missing', `No such ${what}: '${id.slice(0, 40)}'`, param);

/** Not every refusal has a code. */
const errorOf = ({ code, message, more: { type, param } }: Refusal) => ({
  error: { type, code: code || undefined, message, param },
});

type Money = Pick<Thing, 'amount' | 'amount_total' | 'currency'>;
export const major = ({ amount, amount_total: total = 0n, currency }: Money): string =>
  fromMinor(String(amount ?? total), exponentOf(currency));
/** The two digits after the point: '01'. What is no money, or has no such digits, has no magic. */
export const magicOf = (money: Money): string =>
  !money.currency || exponentOf(money.currency) === 0 ? '' : minorPartOf(major(money));

/** Members that begin with `_` are ours. */
export const written = (value: unknown): string =>
  JSON.stringify(value, (name, member: unknown) =>
    name.startsWith('_') ? undefined : typeof member === 'bigint' ? jsonNumber(String(member)) : member,
  );

// Parameters: what is unknown, missing or malformed is refused --------------------------------------------------------

const text = z.string().max(5000);
const expand = z.array(text).optional();
const metadata = z.record(z.string().max(40), z.string().max(500)).default({});
const currency = z.string().length(3).toLowerCase();
const amount = z
  .string()
  .regex(/^[1-9]\d{0,11}$/, 'Invalid integer')
  .transform(BigInt);
const url = z.url({ protocol: /^https?$/ });
const money = { amount, currency, metadata, expand };
export const SHAPES = {
  session: z.strictObject({
    mode: z.literal('payment'),
    line_items: z.tuple([
      z.strictObject({
        quantity: z.literal('1'),
        price_data: z.strictObject({
          currency,
          unit_amount: amount,
          product_data: z.strictObject({ name: text.min(1) }),
        }),
      }),
    ]),
    success_url: url,
    cancel_url: url.optional(),
    client_reference_id: z.string().max(200).optional(),
    payment_intent_data: z.strictObject({ metadata }).default({ metadata: {} }),
    metadata,
    expand,
  }),
  payment: z.strictObject({
    ...money,
    automatic_payment_methods: z.strictObject({ enabled: z.literal('true') }).optional(),
  }),
  refund: z.strictObject({
    payment_intent: text,
    amount: amount.optional(),
    reason: text.optional(),
    metadata,
    expand,
  }),
  transfer: z.strictObject({ ...money, destination: text, transfer_group: text.optional() }),
  payout: z.strictObject({ ...money, destination: text.default('ba_1SandboxBank') }),
  endpoint: z.strictObject({ url, enabled_events: z.array(text).min(1), metadata, expand }),
};
const SEARCH = z.strictObject({ query: z.string().regex(/^metadata\['\w+'\]:'[^']*'$/) });
const ONE = z.strictObject({ expand });
const PAGE = z.strictObject({
  limit: z
    .string()
    .regex(/^([1-9]\d?|100)$/)
    .default('10'),
  starting_after: text.optional(),
  created: z.partialRecord(z.enum(['gt', 'gte', 'lt', 'lte']), z.string().regex(/^\d+$/)).default({}),
  expand,
});
/** Their collections: what is in them and by what they are filtered. */
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

export const checked = <T>(shape: z.ZodType<T>, given: unknown): T => {
  const params = shape.safeParse(given);
  if (params.success) return params.data;
  const issue = params.error.issues[0]!;
  const unknown = issue.code === 'unrecognized_keys';
  const path = [...issue.path, ...(unknown ? issue.keys.slice(0, 1) : [])].map(String);
  const param = path.map((one, n) => (n ? `[${one}]` : one)).join('');
  if (unknown) throw stripeError(400, 'parameter_unknown', `Received unknown parameter: ${param}`, param);
  const value = path.reduce((at: unknown, one) => (at as Record<string, unknown> | undefined)?.[one], given);
  if (value !== undefined) throw stripeError(400, 'parameter_invalid', issue.message, param);
  throw stripeError(400, 'parameter_missing', `Missing required param: ${param}.`, param);
};

/** `a[b]=1&c[0]=2&c[]=3` as nested objects; those whose names are all numbers are lists. */
const bracketed = (form: string): unknown => {
  // Without prototypes: names such as `constructor` come from outside.
  const fresh = () => Object.create(null) as Record<string, unknown>;
  const root = fresh();
  for (const [name, value] of new URLSearchParams(form)) {
    const path = name.replaceAll(']', '').split('[');
    const last = path.pop()!;
    let at = root;
    for (const step of path) {
      at = (at[step] ??= fresh()) as Record<string, unknown>;
      if (typeof at !== 'object') throw stripeError(400, 'parameter_invalid', 'Invalid object', step);
    }
    at[last === '' ? String(Object.keys(at).length) : last] = value;
  }
  const lists = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([name, member]) => [name, lists(member)] as const);
    const isList = entries.length > 0 && entries.every(([name]) => /^\d+$/.test(name));
    return isList ? entries.map(([, member]) => member) : Object.fromEntries(entries);
  };
  return lists(root);
};

// Answers -------------------------------------------------------------------------------------------------------------

/** `payment_intent.latest_charge`, `data.source`: ids give way to what they name. */
const expanded = (account: Account, thing: unknown, paths: readonly string[] = []): unknown => {
  const put = (at: Record<string, unknown>, [name, ...rest]: string[]): void => {
    const member = name === undefined ? null : at[name];
    if (name === undefined || member === null) return;
    if (Array.isArray(member)) return member.forEach((one) => put(one as Record<string, unknown>, rest));
    const whole = typeof member === 'string' ? structuredClone(account.things.get(member)) : member;
    if (typeof whole !== 'object') throw stripeError(400, '', `This property cannot be expanded (${name}).`);
    at[name] = whole;
    put(whole as Record<string, unknown>, rest);
  };
  const copy = structuredClone(thing) as Record<string, unknown>;
  for (const path of paths) put(copy, path.split('.'));
  return copy;
};

const list = (account: Account, path: string, given: unknown): unknown => {
  const [object, ...filters] = LISTS[path]!;
  const by = Object.entries(given as object).filter(([name]) => filters.includes(name));
  const rest = Object.entries(given as object).filter(([name]) => !filters.includes(name));
  const { limit, starting_after: after, created, expand: paths } = checked(PAGE, Object.fromEntries(rest));
  const inTime = ({ created: at }: Thing) =>
    at > Number(created.gt ?? -1) &&
    at >= Number(created.gte ?? 0) &&
    at < Number(created.lt ?? Infinity) &&
    at <= Number(created.lte ?? Infinity);
  const found = account.all(object).filter((one) => inTime(one) && by.every(([name, value]) => one[name] === value));
  const start = after === undefined ? 0 : found.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && start === 0) throw missing(object, after, 'starting_after');
  const data = found.slice(start, start + Number(limit));
  return expanded(
    account,
    { object: 'list', url: `/v1${path}`, has_more: found.length > start + data.length, data },
    paths,
  );
};

/** Their index knows a payment a minute after it was made. */
const search = (account: Account, given: unknown): unknown => {
  const [, name, , value] = checked(SEARCH, given).query.split("'");
  const isIt = ({ created, metadata: names }: Thing) => created <= account.now() / 1000 - 60 && names[name!] === value;
  const data = account.all('payment_intent').filter(isIt);
  return expanded(account, { object: 'search_result', url: '/v1/payment_intents/search', has_more: false, data });
};

const answerTo = (account: Account, method: string, path: string, given: unknown, page: string): unknown => {
  const make = method === 'POST' ? account.creating[path] : undefined;
  if (make) return expanded(account, make(given, page), (given as { expand?: string[] }).expand);
  if (method === 'GET' && LISTS[path]) return list(account, path, given);
  if (method === 'GET' && path === '/payment_intents/search') return search(account, given);
  if (method === 'GET' && path === '/balance')
    return { object: 'balance', livemode: false, available: [], pending: [] };
  const [, collection = '', id = ''] = /^(\/.+)\/(\w+)$/.exec(path) ?? [];
  const object = LISTS[collection]?.[0];
  if (method !== 'GET' || !object) throw stripeError(404, '', `Unrecognized request URL (${method}: /v1${path}).`);
  const thing = account.things.get(id);
  if (thing?.object !== object) throw missing(object, id);
  return expanded(account, thing, checked(ONE, given).expand);
};

const authenticate = (req: Request, secretKey: string): void => {
  const [scheme, given = ''] = (req.headers.authorization ?? '').split(' ');
  const key = scheme === 'Basic' ? Buffer.from(given, 'base64').toString().split(':')[0] : given;
  if (!key) throw stripeError(401, '', 'You did not provide an API key.');
  if (key !== secretKey) throw stripeError(401, '', `Invalid API Key provided: ${key.slice(0, 8)}****`);
  if (!/^\d{4}-\d\d-\d\d(\.\w+)?$/.test(String(req.headers['stripe-version'] ?? API_VERSION)))
    throw stripeError(400, '', 'Invalid Stripe API version.');
};

/** Carries out a request, or says again what was said under its key. */
const outcomeOf = (account: Account, req: Request): { outcome: Outcome; isRepeat: boolean } => {
  authenticate(req, account.secretKey);
  const form = (req.body as Buffer).toString('utf8');
  if (form && !req.is('application/x-www-form-urlencoded'))
    throw stripeError(400, '', 'Send your request as application/x-www-form-urlencoded.');
  const given = bracketed(req.method === 'GET' ? req.url.replace(/^[^?]*\??/, '') : form);
  const page = `${req.protocol}://${req.headers.host}/stripe/c/pay`;
  const run = (): Outcome => {
    const made = answerTo(account, req.method, req.path, given, page);
    return { status: 200, body: written(made), magic: req.method === 'POST' ? magicOf(made as Thing) : '' };
  };
  const key = req.method === 'POST' ? req.headers['idempotency-key'] : undefined;
  if (typeof key !== 'string') return { outcome: run(), isRepeat: false };
  if (key.length > 255) throw stripeError(400, '', 'Idempotency keys are at most 255 characters.');
  const print = `${req.path}?${form}`;
  const before = account.keys.get(key);
  if (before && before.until > account.now()) {
    if (before.print === print) return { outcome: before.outcome, isRepeat: true };
    const message = 'Keys for idempotent requests can only be used with the same parameters they were first used with.';
    throw stripeError(400, '', message, undefined, 'idempotency_error');
  }
  const outcome = keepingErrors(run);
  account.keys.set(key, { print, until: account.now() + DAY, outcome });
  return { outcome, isRepeat: false };
};

/** A refusal is kept under the key like any answer; a request they could not even read is not. */
const keepingErrors = (run: () => Outcome): Outcome => {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Refusal) || error.code.startsWith('parameter_')) throw error;
    return { status: error.status, body: written(errorOf(error)), magic: '' };
  }
};

/** Everything below `/v1`. */
export const wire = (account: Account): Router => {
  let requests = 0;
  const router = Router();
  router.use(async (req, res) => {
    const { outcome, isRepeat } = outcomeOf(account, req);
    // .09: done, and the answer is lost. .12: the callback overtakes the answer.
    if (outcome.magic === '09' && !isRepeat) return;
    if (outcome.magic === '12') await sleep(300);
    if (isRepeat) res.set('idempotent-replayed', 'true');
    res.status(outcome.status).set({ 'content-type': 'application/json', 'request-id': `req_${++requests}` });
    res.send(Buffer.from(outcome.body));
  });
  return router.use(refusals(errorOf));
};
