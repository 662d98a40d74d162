import type { AdapterContext, HttpAnswer } from '../../kit/context.ts';
import { type B2binpayConfig, baseUrlOf } from './config.ts';
import { isObject, word } from '../../kit/json.ts';
import { type Resource, readDocument, refusal, refusedLook, unreadable } from './json-api.ts';
import { MEDIA_TYPE, bearer, forget } from './token.ts';

export type Context = AdapterContext<B2binpayConfig>;

/** One call as the wire sees it. Paths of POST end with a slash: without it they answer 404. */
interface Call {
  method: 'GET' | 'POST';
  path: string;
  effect: 'read' | 'write';
  data?: unknown;
  headers?: Record<string, string>;
}

/** An object we are about to create: JSON:API without id. */
export interface Draft {
  type: string;
  attributes: Record<string, unknown>;
  relationships: Record<string, { data: { type: string; id: string } }>;
}

/**
 * Sends `call` with a token. A 401 means that it was not processed, so one new sign-in and one repeat are right even for
 * a write; nothing else is ever sent twice.
 */
const send = async (ctx: Context, call: Call): Promise<HttpAnswer> => {
  const access = await bearer(ctx);
  const answer = await once(ctx, call, access);
  if (answer.status !== 401) return answer;
  await forget(ctx, access);
  return once(ctx, call, await bearer(ctx));
};

const once = (ctx: Context, call: Call, access: string): Promise<HttpAnswer> =>
  ctx.http({
    method: call.method,
    url: baseUrlOf(ctx.config) + call.path,
    headers: { authorization: `Bearer ${access}`, accept: MEDIA_TYPE, 'content-type': MEDIA_TYPE, ...call.headers },
    ...(call.data === undefined ? {} : { body: JSON.stringify({ data: call.data }) }),
    effect: call.effect,
  });

/** Ids and query strings stay out of messages: one line per kind of trouble. */
const nameOf = (call: Call): string => `${call.method} ${call.path.replace(/\?.*/, '').replace(/\d+/g, '{id}')}`;

/** GET one object. Null when they do not know it. */
export const getOne = async (ctx: Context, path: string): Promise<Resource | null> => {
  const call: Call = { method: 'GET', path, effect: 'read' };
  const answer = await send(ctx, call);
  if (answer.status === 404) return null;
  if (answer.status !== 200) throw refusedLook(ctx, answer, nameOf(call));
  const data = readDocument(answer.body)?.data;
  if (!data || Array.isArray(data) || data.id === '') throw unreadable('read', nameOf(call));
  return data;
};

const PAGE_SIZE = 100;

/** GET every page of a filtered list. An object that moves between pages while we read is returned once. */
export const getAll = async (ctx: Context, path: string, filters: Record<string, string>): Promise<Resource[]> => {
  const found = new Map<string, Resource>();
  for (let page = 1, pages = 1; page <= pages; page++) {
    const query = [
      ...Object.entries(filters).map(([field, value]) => `filter[${field}]=${encodeURIComponent(value)}`),
      `page[number]=${page}`,
      `page[size]=${PAGE_SIZE}`,
    ].join('&');
    const call: Call = { method: 'GET', path: `${path}?${query}`, effect: 'read' };
    const answer = await send(ctx, call);
    // The list became shorter while we read it.
    if (answer.status === 404 && page > 1) break;
    if (answer.status !== 200) throw refusedLook(ctx, answer, nameOf(call));
    const document = readDocument(answer.body);
    if (!document || !Array.isArray(document.data)) throw unreadable('read', nameOf(call));
    for (const item of document.data) found.set(item.id, item);
    const { pagination } = document.meta;
    pages = isObject(pagination) && /^\d{1,6}$/.test(word(pagination.pages)) ? Number(word(pagination.pages)) : 1;
  }
  return [...found.values()];
};

/** A question that is asked by POST and changes nothing (payout quote). */
export const ask = (ctx: Context, path: string, data: Draft): Promise<Resource> => post(ctx, path, data, 'read');

/** Creates an object: `OutcomeUnknown` when it may exist although we cannot say so. */
export const create = (ctx: Context, path: string, data: Draft, headers?: Record<string, string>): Promise<Resource> =>
  post(ctx, path, data, 'write', headers);

const post = async (
  ctx: Context,
  path: string,
  data: Draft,
  effect: 'read' | 'write',
  headers: Record<string, string> = {},
): Promise<Resource> => {
  const call: Call = { method: 'POST', path, effect, data, headers };
  const answer = await send(ctx, call);
  if (answer.status < 200 || answer.status > 299) throw refusal(ctx, answer, effect, nameOf(call));
  const made = readDocument(answer.body)?.data;
  if (!made || Array.isArray(made) || (effect === 'write' && made.id === '')) throw unreadable(effect, nameOf(call));
  return made;
};
