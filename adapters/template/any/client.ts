import { HubFailure } from '../../../domain/failures.ts';
import { failureOf, garbage, lookFailure, withoutSent, type Asked, type Said } from '../../kit/answers.ts';
import type { AdapterContext, HttpRequest } from '../../kit/context.ts';
import { fillIn } from '../../kit/fill-in.ts';
import { isObject, readJson, type Json } from '../../kit/json.ts';
import type { AcmeConfig } from './config.ts';

export type Context = AdapterContext<Pick<AcmeConfig, 'baseUrl' | 'apiKey'>>;
/** One of their objects. Numbers in it are texts with all their digits. */
export type Thing = { [key: string]: Json };

interface Call {
  method: 'GET' | 'POST';
  /** '/payments/{id}': what is in braces comes from `ids`, so that no id stands in a message. */
  path: string;
  ids?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  /** `write`: when its answer is lost, nobody knows whether it happened. */
  effect: HttpRequest['effect'];
}

/** What proves who we are. `target`: path and query; `body`: as it is sent, for vendors that want them signed. */
const credentials = (_ctx: Context, _method: string, _target: string, _body: string): Record<string, string> =>
  fillIn(
    "client.ts, credentials: the headers that prove who we are, e.g. { authorization: 'Bearer ' + ctx.config.apiKey }",
  );

/** Their error, in their words; null when the body is none of their errors (a page of something in between proves nothing). */
const errorIn = (_body: Json | undefined): Said | null =>
  fillIn(
    'client.ts, errorIn: where their error code and text stand, e.g. { code: word(error.code), text: word(error.message) }',
  );

/** Only this is "not there"; any other 404 (a wrong path, a merchant they do not know) is trouble of ours. */
const isUnknown = ({ code }: Said): boolean =>
  code === fillIn("client.ts, isUnknown: their error code for an object they do not know, e.g. 'not_found'");

/** Null: they know no such object. */
export const call = async (
  ctx: Context,
  { method, path, ids = {}, query, body, effect }: Call,
): Promise<Thing | null> => {
  const place = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ids[name] ?? ''));
  const target = query ? `${place}?${new URLSearchParams(query).toString()}` : place;
  const sent = body === undefined ? '' : JSON.stringify(body);
  const answer = await ctx.http({
    method,
    url: ctx.config.baseUrl + target,
    headers: { ...credentials(ctx, method, target, sent), ...(sent && { 'content-type': 'application/json' }) },
    ...(sent && { body: sent }),
    effect,
  });
  const asked: Asked = { provider: 'Acme', what: `${method} ${path}`, effect };
  const said = readJson(answer.body);
  if (answer.status >= 200 && answer.status < 300) {
    // What says nothing must not look like "none", nor like a yes.
    if (!isObject(said) || Object.keys(said).length === 0) throw garbage(asked);
    return said;
  }
  const error = errorIn(said);
  if (answer.status === 404 && effect === 'read' && error && isUnknown(error)) return null;
  // A refusal likes to quote what it refuses, and that may be somebody's name.
  const words = error && { ...error, text: withoutSent(error.text ?? '', body) };
  const failure = failureOf(ctx, answer, asked, words);
  throw effect === 'read' ? lookFailure(failure) : failure;
};

/** For writes, which always lead to an object. Whatever is wrong with it when it is read, the write has happened. */
export const change = async <T>(ctx: Context, request: Omit<Call, 'effect'>, read: (thing: Thing) => T): Promise<T> => {
  const unreadable = garbage({ provider: 'Acme', what: `${request.method} ${request.path}`, effect: 'write' });
  const thing = await call(ctx, { ...request, effect: 'write' });
  if (thing === null) throw unreadable;
  try {
    return read(thing);
  } catch (error) {
    throw error instanceof HubFailure && error.type === 'Unavailable' ? unreadable : error;
  }
};

/** For reads of what must be there: the account, a list. */
export const get = async (ctx: Context, path: string, query?: Record<string, string>): Promise<Thing> => {
  const thing = await call(ctx, { method: 'GET', path, ...(query && { query }), effect: 'read' });
  if (thing) return thing;
  throw new HubFailure('Config', 'provider_misconfigured', `Acme has nothing at ${path}`);
};
