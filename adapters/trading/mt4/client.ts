import { randomBytes } from 'node:crypto';
import { HubFailure } from '../../../domain/failures.ts';
import { failureOf, garbage, lookFailure, type Asked } from '../../kit/answers.ts';
import type { AdapterContext, HttpAnswer } from '../../kit/context.ts';
import { isObject, objectOf, readJson, word, type Json } from '../../kit/json.ts';
import { withToken, type Token } from '../../kit/shared-token.ts';
import type { Mt4Config } from './config.ts';
import { refusalOf } from './map.ts';

export type Context = AdapterContext<Mt4Config>;

interface Call {
  /** 'POST TradeTransaction': verb and operation; arguments follow in the path. */
  what: string;
  args?: readonly string[];
  query?: Record<string, string>;
  body?: unknown;
  /** Our reference, from which the `Idempotency-Key` comes: a repeated call gets the first answer. */
  key?: string;
  /** `write`: must not happen twice. What may (leverage, passwords) is a `read`. */
  effect?: 'read' | 'write';
}

interface Page {
  data: Json;
  nextCursor: string | null;
}

/** Ours, for the trade server; below our own deadline, so that the WebAPI itself says how it ended. */
const SERVER_TIMEOUT_SECONDS = '12';

/** `data` of the envelope. HTTP is 200 whatever happened; a refusal stands in `error`. */
export const ask = async (ctx: Context, call: Call): Promise<Json> => (await askPage(ctx, call)).data;

export const askPage = async (ctx: Context, call: Call): Promise<Page> => {
  const asked: Asked = { provider: 'MT4 WebAPI', what: call.what, effect: call.effect ?? 'read' };
  const answer = await withToken(
    ctx,
    () => signIn(ctx),
    (access) => send(ctx, call, access),
  );
  const body = readJson(answer.body);
  if (answer.status !== 200) throw refusedLook(call, failureOf(ctx, answer, asked, problemOf(body)));
  if (!isObject(body) || body['error'] === undefined || body['data'] === undefined) throw garbage(asked);
  if (body['error'] !== null) {
    const refusal = refusalOf(ctx, asked, objectOf(body['error']), answer.headers);
    if (call.key) keys.refused(ctx, call.key, refusal);
    throw refusedLook(call, refusal);
  }
  const paging = objectOf(objectOf(body['meta'])['paging']);
  if (paging['hasMore'] !== true) return { data: body['data'], nextCursor: null };
  if (!word(paging['nextCursor'])) throw garbage(asked);
  return { data: body['data'], nextCursor: word(paging['nextCursor']) };
};

interface OtherKey {
  key: string;
  usedAt: number;
}

/** Longer than any order is tried by itself: what may be sent again is for a day, what is in doubt is asked about for little more between two repeats. */
const FORGOTTEN_AFTER_MS = 7 * 24 * 3_600_000;

/**
 * The WebAPI keeps a no under its key as it keeps a yes. What may be tried again later (too many requests, a right that was missing) would hear the same for
 * ever, so it goes on under another key: nothing was done under the first. A process that was not told so, or has forgotten it, hears the kept no once, and
 * then does likewise. An order that is done keeps its other key too: repeated under the first it would hear no, and be done again under a third.
 */
const keys = {
  of({ session, now }: Context, reference: string): string {
    const other = session.get(`key.${reference}`) as OtherKey | undefined;
    if (!other) return reference;
    other.usedAt = now();
    return other.key;
  },
  refused({ session, now }: Context, reference: string, { type }: HubFailure): void {
    if (type !== 'RateLimited' && type !== 'Config') return;
    for (const [name, held] of session)
      if (name.startsWith('key.') && now() - (held as OtherKey).usedAt > FORGOTTEN_AFTER_MS) session.delete(name);
    session.set(`key.${reference}`, { key: `${reference}-${randomBytes(6).toString('hex')}`, usedAt: now() });
  },
};

const refusedLook = ({ what }: Call, failure: HubFailure) => (what.startsWith('GET') ? lookFailure(failure) : failure);

const send = (
  ctx: Context,
  { what, args = [], query, body, key, effect }: Call,
  token: string,
): Promise<HttpAnswer> => {
  const [method, operation] = what.split(' ') as ['GET' | 'POST' | 'PATCH', string];
  const path = ['api/v2/MT4', ctx.config.tradePlatform, operation, ...args.map(encodeURIComponent)].join('/');
  return ctx.http({
    method,
    url: `${ctx.config.url}/${path}${query ? `?${new URLSearchParams(query).toString()}` : ''}`,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${token}`,
      'x-request-timeout': SERVER_TIMEOUT_SECONDS,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key && { 'idempotency-key': keys.of(ctx, key) }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    effect: effect ?? 'read',
  });
};

/** ASP.NET's error body, when the WebAPI cannot even read the request. */
const problemOf = (body: Json | undefined) => (isObject(body) && body['title'] ? { text: word(body['title']) } : null);

// Tokens (OAuth 2, client credentials) --------------------------------------------------------------------------------------

const signIn = async (ctx: Context): Promise<Token> => {
  const { authority, clientId, clientSecret, scope } = ctx.config;
  const discovery = await tokenCall(ctx, 'GET', `${authority}/.well-known/openid-configuration`);
  const endpoint = word(discovery['token_endpoint']);
  // The secret goes to the authority and nowhere else, whatever its discovery says (so does the vendor's SDK).
  if (URL.parse(endpoint)?.origin !== new URL(authority).origin) {
    throw new HubFailure('Config', 'provider_misconfigured', 'MT4 WebAPI: the token endpoint is not at the authority');
  }
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
  const answer = await tokenCall(ctx, 'POST', endpoint, new URLSearchParams({ ...form, ...(scope && { scope }) }));
  const [access, seconds] = [word(answer['access_token']), word(answer['expires_in'])];
  if (!access || !/^\d{1,9}$/.test(seconds)) throw garbage(tokenAsked('POST'));
  return { access, expiresAt: ctx.now() + Number(seconds) * 1000 };
};

const tokenAsked = (method: string): Asked => ({
  provider: 'MT4 WebAPI',
  what: `${method} for a token`,
  effect: 'read',
});

const tokenCall = async (ctx: Context, method: 'GET' | 'POST', url: string, form?: URLSearchParams) => {
  const headers = { accept: 'application/json', ...(form && { 'content-type': 'application/x-www-form-urlencoded' }) };
  const answer = await ctx.http({ method, url, headers, effect: 'read', ...(form && { body: form.toString() }) });
  const body = readJson(answer.body);
  const code = word(objectOf(body)['error']);
  if (answer.status !== 200) throw lookFailure(failureOf(ctx, answer, tokenAsked(method), code ? { code } : null));
  if (!isObject(body)) throw garbage(tokenAsked(method));
  return body;
};
