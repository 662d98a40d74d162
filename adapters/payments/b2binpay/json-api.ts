import { HubFailure } from '../../../domain/failures.ts';
import { type Asked, failureOf, garbage, lookFailure } from '../../kit/answers.ts';
import type { AdapterContext, HttpAnswer, HttpRequest } from '../../kit/context.ts';
import { type Json, isObject, readJson, word } from '../../kit/json.ts';

/** JSON:API as B2BINPAY speaks it: an object of theirs. */
export interface Resource {
  type: string;
  /** '' for answers that are no stored object (token, quote). */
  id: string;
  attributes: Record<string, Json>;
  relationships: Record<string, Json>;
}

export interface Document {
  data: Resource | Resource[] | null;
  included: Resource[];
  meta: Record<string, Json>;
}

const resource = (value: Json | undefined): Resource | null => {
  if (!isObject(value) || typeof value.type !== 'string') return null;
  return {
    type: value.type,
    id: word(value.id),
    attributes: isObject(value.attributes) ? value.attributes : {},
    relationships: isObject(value.relationships) ? value.relationships : {},
  };
};

/** Null when `text` is not a JSON:API document with well-formed `data`. */
export const readDocument = (text: string): Document | null => {
  const body = readJson(text);
  if (!isObject(body) || body.data === undefined) return null;
  const list = Array.isArray(body.data) ? body.data.map(resource) : null;
  if (list?.includes(null)) return null;
  const data = list ? (list as Resource[]) : resource(body.data);
  if (data === null && body.data !== null) return null;
  return {
    data,
    included: (Array.isArray(body.included) ? body.included : []).map(resource).filter((r) => r !== null),
    meta: isObject(body.meta) ? body.meta : {},
  };
};

/** Id of a to-one relationship, or ''. */
export const relatedId = (from: Resource, name: string): string => {
  const link = from.relationships[name];
  return isObject(link) && isObject(link.data) ? word(link.data.id) : '';
};

/** `1004`: this Idempotency-Key was used before. Their answer is no replay, so the payout has to be looked up. */
export const KEY_WAS_USED = '1004';

/** Wrong credentials (2006 on sign-in, 2007 on refresh), or our address is not on their list (2016). */
const CONFIG_CODES = new Set(['2006', '2007', '2016']);

/** The first error of an error document; only `code` and `detail` can be relied upon. Null when the body is something else. */
const readError = (text: string): { code: string; text: string } | null => {
  const body = readJson(text);
  const first = isObject(body) && Array.isArray(body.errors) ? body.errors[0] : undefined;
  if (!isObject(first)) return null;
  const field = isObject(first.source) ? word(first.source.pointer).split('/').at(-1) : '';
  const detail = word(first.detail) || word(first.title);
  return { code: word(first.code), text: [detail, field && `(${field})`].filter(Boolean).join(' ') };
};

const asked = (what: string, effect: HttpRequest['effect']): Asked => ({ provider: 'B2BINPAY', what, effect });

/** What an answer that is no success means. `what`: verb and path, without secrets. */
export const refusal = (
  ctx: Pick<AdapterContext, 'now' | 'scrub'>,
  answer: HttpAnswer,
  effect: HttpRequest['effect'],
  what: string,
): HubFailure => {
  const error = readError(answer.body);
  if (error === null && answer.status === 404) {
    const facts = { providerCode: '404' };
    return new HubFailure('Config', 'provider_misconfigured', `B2BINPAY has no ${what}: 404`, facts);
  }
  // Their word for it counts, whatever the status is.
  const status = error?.code === 'throttled' ? 429 : answer.status;
  const failure = failureOf(ctx, { ...answer, status }, asked(what, effect), error);
  return CONFIG_CODES.has(error?.code ?? '')
    ? new HubFailure('Config', 'provider_misconfigured', failure.message, failure.facts)
    : failure;
};

/** A look, or a sign-in, that was refused. */
export const refusedLook = (ctx: Pick<AdapterContext, 'now' | 'scrub'>, answer: HttpAnswer, what: string): HubFailure =>
  lookFailure(refusal(ctx, answer, 'read', what));

export const unreadable = (effect: HttpRequest['effect'], what: string): HubFailure => garbage(asked(what, effect));
