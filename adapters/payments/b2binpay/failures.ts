import { HubFailure } from '../../../domain/failures.ts';
import type { AdapterContext, HttpAnswer, HttpRequest } from '../../kit/context.ts';
import type { B2binpayConfig } from './config.ts';
import { type WireError, readError } from './json-api.ts';

type Context = Pick<AdapterContext<B2binpayConfig>, 'config' | 'now'>;
type Effect = HttpRequest['effect'];

/** `1004`: this Idempotency-Key was used before. Their answer is no replay, so the payout has to be looked up. */
export const KEY_WAS_USED = '1004';

/** Wrong credentials (2006 on sign-in, 2007 on refresh), or our address is not on their list (2016). */
const CONFIG_CODES = new Set(['2006', '2007', '2016']);
/** Answers that say the request never reached the business: we speak wrongly or to the wrong host. */
const CONFIG_STATUSES = new Set([401, 403, 405, 406, 415]);

/** Their text for an operator: without our secrets, and without anything long enough to be a key, a token or an address. */
const readable = (error: WireError | null, config: B2binpayConfig): string => {
  const { clientId, clientSecret, callbackSecret, login, password } = config;
  const secrets = [clientSecret, callbackSecret, password, clientId, login].filter((secret) => secret !== undefined);
  const text = secrets
    .reduce((said, secret) => said.replaceAll(secret, '…'), error?.detail ?? '')
    .replace(/[A-Za-z0-9._~+/=-]{20,}/g, '…')
    .slice(0, 160);
  const field = error?.pointer.split('/').at(-1) ?? '';
  return [text, field && `(${field})`].filter(Boolean).join(' ');
};

/** Delta seconds or an HTTP date, as RFC 9110 allows. */
const retryAfter = (answer: HttpAnswer, now: number): { retryAfter?: number } => {
  const value = answer.headers['retry-after'];
  if (value === undefined) return {};
  if (/^\d{1,6}$/.test(value)) return { retryAfter: Number(value) };
  const date = Date.parse(value);
  return Number.isNaN(date) ? {} : { retryAfter: Math.max(1, Math.ceil((date - now) / 1000)) };
};

/** Turns an answer that is not a success into what the engine understands. `what`: verb and path, without secrets. */
export const failureOf = (ctx: Context, answer: HttpAnswer, effect: Effect, what: string): HubFailure => {
  const error = readError(answer.body);
  const code = error?.code ?? '';
  const facts = { providerCode: code || String(answer.status) };
  const say = (verb: string) =>
    `B2BINPAY ${verb} ${what}: ${answer.status} ${code} ${readable(error, ctx.config)}`.trimEnd();

  if (CONFIG_CODES.has(code))
    return new HubFailure('Config', 'provider_misconfigured', say('does not admit us to'), facts);
  if (answer.status === 429 || code === 'throttled') {
    const wait = retryAfter(answer, ctx.now());
    return new HubFailure('RateLimited', 'provider_rate_limited', say('asks to slow down at'), { ...facts, ...wait });
  }
  if (answer.status >= 500 || answer.status === 408) {
    return effect === 'write'
      ? new HubFailure('OutcomeUnknown', 'provider_outcome_unknown', say('failed during'), facts)
      : new HubFailure('Unavailable', 'provider_unavailable', say('failed during'), facts);
  }
  if (CONFIG_STATUSES.has(answer.status) || answer.status < 400) {
    return new HubFailure('Config', 'provider_misconfigured', say('does not accept'), facts);
  }
  if (error === null) {
    // A refusal must be in their words: an error page of something in between proves nothing about a write.
    if (answer.status !== 404) return garbage(effect, what);
    return new HubFailure('Config', 'provider_misconfigured', say('has no'), facts);
  }
  return new HubFailure('Rejected', 'provider_refused', say('refused'), facts);
};

/** `Rejected` is a no to an order. When signing in or looking is refused, something is wrong with us, not with the order. */
export const lookFailure = (ctx: Context, answer: HttpAnswer, what: string): HubFailure => {
  const failure = failureOf(ctx, answer, 'read', what);
  if (failure.type !== 'Rejected') return failure;
  return new HubFailure('Config', 'provider_misconfigured', failure.message, failure.facts);
};

/** An answer nobody can read: after a write it may have happened. */
export const garbage = (effect: Effect, what: string): HubFailure =>
  effect === 'write'
    ? new HubFailure('OutcomeUnknown', 'provider_garbage', `B2BINPAY's answer to ${what} cannot be read`)
    : new HubFailure('Unavailable', 'provider_garbage', `B2BINPAY's answer to ${what} cannot be read`);

/**
 * Their object is not what we asked for. Nothing may be booked, released or repeated: a person has to look,
 * which is what `OutcomeUnknown` leads to.
 */
export const notOurs = (
  what: string,
  reason: 'provider_garbage' | 'currency_mismatch' = 'provider_garbage',
): HubFailure => new HubFailure('OutcomeUnknown', reason, `B2BINPAY: ${what}`);
