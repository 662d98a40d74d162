import { createHash } from 'node:crypto';
import { HubFailure } from '../../../domain/failures.ts';
import type { AdapterContext, HttpAnswer } from '../../kit/context.ts';
import { type B2binpayConfig, baseUrlOf } from './config.ts';
import { type Json, word } from '../../kit/json.ts';
import { readDocument, refusedLook, unreadable } from './json-api.ts';
import { sameText } from '../../kit/signing.ts';
import { passwordKey, tokenSign } from './signature.ts';

type Context = AdapterContext<B2binpayConfig>;

interface Token {
  access: string;
  /** On our clock. */
  expiresAt: number;
  /** v2 only. Rotating: it dies when used. */
  refresh?: { token: string; expiresAt: number };
  /** Their clock minus ours, as seen at sign-in (v2 gives points in time, not lifetimes). */
  skew: number;
}

/** A token is renewed this long before its end, so that it does not die on the way. */
const EARLY_MS = 30_000;
/** How long to trust a token that does not say; a 401 corrects us. */
const UNTOLD_MS = 120_000;
export const MEDIA_TYPE = 'application/vnd.api+json';

/**
 * The bearer token of this connection, cached in `ctx.session`. Many calls at once share one sign-in, because B2BINPAY
 * admits 15 unauthenticated calls per minute. Throws `Config`, `RateLimited`, `Unavailable`.
 */
export const bearer = async (ctx: Context): Promise<string> => {
  const key = sessionKey(ctx.config);
  const kept = ctx.session.get(key) as Promise<Token> | undefined;
  if (kept) {
    const token = await kept;
    if (token.expiresAt - EARLY_MS > ctx.now()) return token.access;
    if (ctx.session.get(key) !== kept) return bearer(ctx);
    return (await remember(ctx, key, renew(ctx, token))).access;
  }
  return (await remember(ctx, key, signIn(ctx))).access;
};

/** After a 401: `access` is dead although its time was not over. Another call may have replaced it already. */
export const forget = async (ctx: Context, access: string): Promise<void> => {
  const key = sessionKey(ctx.config);
  const kept = ctx.session.get(key) as Promise<Token> | undefined;
  const token = await kept?.catch(() => undefined);
  if (token?.access !== access || ctx.session.get(key) !== kept) return;
  if (token.refresh) ctx.session.set(key, Promise.resolve({ ...token, expiresAt: 0 }));
  else ctx.session.delete(key);
};

const remember = (ctx: Context, key: string, token: Promise<Token>): Promise<Token> => {
  ctx.session.set(key, token);
  token.catch(() => {
    if (ctx.session.get(key) === token) ctx.session.delete(key);
  });
  return token;
};

/** Other credentials or another host must not inherit the token when someone edits the connection. */
const sessionKey = (config: B2binpayConfig): string => {
  const identity = [
    baseUrlOf(config),
    config.version,
    config.clientId,
    config.clientSecret,
    config.login,
    config.password,
  ];
  return `b2binpay.token.${createHash('sha256').update(JSON.stringify(identity)).digest('base64url')}`;
};

const signIn = async (ctx: Context): Promise<Token> => {
  const { config } = ctx;
  const credentials =
    config.version === 'v3'
      ? { client_id: config.clientId!, client_secret: config.clientSecret! }
      : { login: config.login!, password: config.password! };
  const answer = await post(ctx, '/token/', credentials);
  if (answer.status !== 200 && answer.status !== 201) throw refusedLook(ctx, answer, 'POST /token/');
  return config.version === 'v3' ? v3Token(ctx, answer) : v2Token(ctx, answer);
};

const renew = async (ctx: Context, old: Token): Promise<Token> => {
  if (!old.refresh || old.refresh.expiresAt <= ctx.now()) return signIn(ctx);
  const answer = await post(ctx, '/token/refresh/', { refresh: old.refresh.token });
  // A refresh token that is used, old or unknown costs a new sign-in and no more (401, code 2007).
  if (answer.status === 400 || answer.status === 401) return signIn(ctx);
  if (answer.status !== 200 && answer.status !== 201) {
    throw refusedLook(ctx, answer, 'POST /token/refresh/');
  }
  return v2Token(ctx, answer, old.skew);
};

const post = (ctx: Context, path: string, attributes: Record<string, string>): Promise<HttpAnswer> =>
  ctx.http({
    method: 'POST',
    url: baseUrlOf(ctx.config) + path,
    headers: { 'content-type': MEDIA_TYPE, accept: MEDIA_TYPE },
    body: JSON.stringify({ data: { type: 'auth-token', attributes } }),
    effect: 'read',
  });

const attributesOf = (answer: HttpAnswer): { attributes: Record<string, Json>; meta: Record<string, Json> } => {
  const document = readDocument(answer.body);
  if (!document?.data || Array.isArray(document.data) || !word(document.data.attributes.access)) {
    throw unreadable('read', 'POST /token/');
  }
  return { attributes: document.data.attributes, meta: document.meta };
};

const v3Token = (ctx: Context, answer: HttpAnswer): Token => {
  const { attributes } = attributesOf(answer);
  const seconds = word(attributes.expires_in);
  const lifetime = /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1000 : UNTOLD_MS;
  return { access: word(attributes.access), expiresAt: ctx.now() + lifetime, skew: 0 };
};

const v2Token = (ctx: Context, answer: HttpAnswer, knownSkew?: number): Token => {
  const { attributes, meta } = attributesOf(answer);
  const refresh = word(attributes.refresh);
  const time = word(meta.time);
  if (knownSkew === undefined) {
    const expected = tokenSign(passwordKey(ctx.config.login!, ctx.config.password!), time, refresh);
    if (!sameText(expected, word(meta.sign))) {
      throw new HubFailure(
        'Config',
        'bad_signature',
        'B2BINPAY: the token answer is not signed with our login and password',
      );
    }
  }
  const skew = knownSkew ?? (Date.parse(time) - ctx.now() || 0);
  const until = (stamp: Json | undefined) => Date.parse(word(stamp)) - skew || ctx.now() + UNTOLD_MS;
  return {
    access: word(attributes.access),
    expiresAt: until(attributes.access_expired_at),
    ...(refresh ? { refresh: { token: refresh, expiresAt: until(attributes.refresh_expired_at) } } : {}),
    skew,
  };
};
