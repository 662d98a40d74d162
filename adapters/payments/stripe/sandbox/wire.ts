import { type Request, Router } from 'express';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal, refusals } from '../../../kit/sandbox-wire.ts';
import { API_VERSION } from '../client.ts';
import { type Account, DAY, KEY, type Outcome } from './account.ts';
import { CREATING } from './creating.ts';
import { errorOf, missing, stripeError } from './errors.ts';
import { bracketed, checked, ONE, PAGE, SEARCH } from './parameters.ts';
import { magicOf, type Thing, written } from './thing.ts';

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
  const make = method === 'POST' ? CREATING[path] : undefined;
  if (make) return expanded(account, make(account, given, page), (given as { expand?: string[] }).expand);
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

const authenticate = (req: Request): void => {
  const [scheme, given = ''] = (req.headers.authorization ?? '').split(' ');
  const key = scheme === 'Basic' ? Buffer.from(given, 'base64').toString().split(':')[0] : given;
  if (!key) throw stripeError(401, '', 'You did not provide an API key.');
  if (key !== KEY) throw stripeError(401, '', `Invalid API Key provided: ${key.slice(0, 8)}****`);
  if (!/^\d{4}-\d\d-\d\d(\.\w+)?$/.test(String(req.headers['stripe-version'] ?? API_VERSION)))
    throw stripeError(400, '', 'Invalid Stripe API version.');
};

/** Carries out a request, or says again what was said under its key. */
const outcomeOf = (account: Account, req: Request): { outcome: Outcome; isRepeat: boolean } => {
  authenticate(req);
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
