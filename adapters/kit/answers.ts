import { HubFailure, type FailureFacts } from '../../domain/failures.ts';
import type { AdapterContext, HttpAnswer, HttpRequest } from './context.ts';

type Effect = HttpRequest['effect'];

/** One call, for messages: who was asked what, without ids, queries and secrets. */
export interface Asked {
  /** Caption of the provider: 'Stripe'. */
  provider: string;
  /** 'POST /refunds' */
  what: string;
  effect: Effect;
}

/** What the provider itself said about a call that did not succeed. */
export interface Said {
  code?: string;
  /** Its own text; secrets and long tokens are taken out of it here. */
  text?: string;
}

/** Statuses that say that the request never reached the business: we speak wrongly, to the wrong host, or as nobody they know. */
const CONFIG_STATUSES: ReadonlySet<number> = new Set([401, 403, 405, 406, 415]);

/**
 * What an HTTP answer that is no success means when the provider has no special word for it. `said`: its error in its own words;
 * null when the body is not one of its errors. A refusal must be in its words: an error page of something in between proves nothing about a write, nor does a
 * status below 400.
 */
export const failureOf = (
  ctx: Pick<AdapterContext, 'now' | 'scrub'>,
  answer: HttpAnswer,
  asked: Asked,
  said: Said | null,
): HubFailure => {
  const { provider, what, effect } = asked;
  const facts: FailureFacts = { providerCode: said?.code || String(answer.status) };
  const text = ctx.scrub(said?.text ?? '');
  const say = (verb: string) =>
    [`${provider} ${verb} ${what}:`, answer.status, said?.code, text].filter(Boolean).join(' ');
  if (answer.status === 429) {
    return new HubFailure('RateLimited', 'provider_rate_limited', say('asks to slow down at'), {
      ...facts,
      ...retryAfter(answer, ctx.now()),
    });
  }
  if (answer.status >= 500 || answer.status === 408) {
    return effect === 'write'
      ? new HubFailure('OutcomeUnknown', 'provider_outcome_unknown', say('failed during'), facts)
      : new HubFailure('Unavailable', 'provider_unavailable', say('failed during'), facts);
  }
  // A success nobody here expected is one, and so may be what a redirect leads away from.
  if (answer.status < 300 || (answer.status < 400 && effect === 'write')) return garbage(asked);
  if (CONFIG_STATUSES.has(answer.status) || answer.status < 400)
    return new HubFailure('Config', 'provider_misconfigured', say('does not accept'), facts);
  if (said === null) return garbage(asked);
  return new HubFailure('Rejected', 'provider_refused', say('refused'), facts);
};

/**
 * Their words without any text we sent them, whole words only, and without any address: a refusal likes to quote what it refuses, and that may be somebody's
 * name. Nor is it always spelled as we wrote it: many mail servers write addresses in small letters.
 */
export const withoutSent = (text: string, sent: unknown): string =>
  withoutAddresses(
    textsIn(sent)
      .filter(Boolean)
      .toSorted((a, b) => b.length - a.length)
      .reduce((said, one) => said.replaceAll(wholeWord(one), '…'), text),
  );

/** For words about a message that is not at hand. */
export const withoutAddresses = (text: string): string =>
  text.replace(/[^\s<>(),;:]+/g, (word) => (/.(@|%40)./i.test(word) ? '…' : word));

const wholeWord = (text: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}])${text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}(?![\\p{L}\\p{N}])`, 'giu');

const textsIn = (value: unknown): string[] =>
  typeof value === 'string' ? [value] : value && typeof value === 'object' ? Object.values(value).flatMap(textsIn) : [];

/** `Rejected` is a no to an order. When signing in or looking is refused, something is wrong with us, not with the order. */
export const lookFailure = (failure: HubFailure): HubFailure =>
  failure.type === 'Rejected'
    ? new HubFailure('Config', 'provider_misconfigured', failure.message, failure.facts)
    : failure;

/** An answer nobody can read: after a write it may have happened. */
export const garbage = ({ provider, what, effect }: Asked): HubFailure =>
  new HubFailure(
    effect === 'write' ? 'OutcomeUnknown' : 'Unavailable',
    'provider_garbage',
    `${provider}'s answer to ${what} cannot be read`,
  );

/**
 * Their object is not what we asked for (other amount, other reference, two of one). Nothing may be booked, released or repeated: a person has
 * to look, which is what `OutcomeUnknown` leads to.
 */
export const notOurs = (
  provider: string,
  what: string,
  reason: 'provider_garbage' | 'currency_mismatch' = 'provider_garbage',
): HubFailure => new HubFailure('OutcomeUnknown', reason, `${provider}: ${what}`);

/** Delta seconds or an HTTP date, as RFC 9110 allows. */
export const retryAfter = (answer: HttpAnswer, now: number): { retryAfter?: number } => {
  const value = answer.headers['retry-after'];
  if (value === undefined) return {};
  if (/^\d{1,6}$/.test(value)) return { retryAfter: Number(value) };
  const date = Date.parse(value);
  return Number.isNaN(date) ? {} : { retryAfter: Math.max(1, Math.ceil((date - now) / 1000)) };
};
