import { createHash } from 'node:crypto';
import { HubFailure } from '../../../domain/failures.ts';
import type { AdapterContext } from '../../kit/context.ts';
import { jsonApi, type Resource } from '../../kit/json-api.ts';
import { type Json, word } from '../../kit/json.ts';
import type { Token } from '../../kit/shared-token.ts';
import { hmac, sameText } from '../../kit/signing.ts';
import { type B2binpayConfig, baseUrlOf } from './config.ts';

export type Context = AdapterContext<B2binpayConfig>;

interface VendorToken extends Token {
  /** v2 only. Rotating: it dies when used. */
  refresh?: { token: string; expiresAt: number };
  /** Their clock minus ours, as seen at sign-in (v2 gives points in time, not lifetimes). */
  skew: number;
}

/** `1004`: this Idempotency-Key was used before. Their answer is no replay, so the payout has to be looked up. */
export const KEY_WAS_USED = '1004';

/** v2's key: the 32 raw bytes, not their hex text. */
export const passwordKey = (login: string, password: string): Buffer =>
  createHash('sha256')
    .update(login + password)
    .digest();

/** How v2 signs its token answers: lower-case hex over `meta.time` and the refresh token. */
export const tokenSign = (key: Buffer, time: string, refresh: string): string => hmac('sha256', key, time + refresh);

/** How long to trust a token that does not say; a 401 corrects us. */
const UNTOLD_MS = 120_000;

/** By client id and secret in v3. In v2 by the refresh token, or by login and password when that is used, old or unknown (401, code 2007). */
const signIn = async (ctx: Context, old?: VendorToken): Promise<VendorToken> => {
  const { config } = ctx;
  if (old?.refresh && old.refresh.expiresAt > ctx.now()) {
    const renewed = await api.tokenFrom(ctx, '/token/refresh/', { refresh: old.refresh.token }, [400, 401]);
    if (renewed) return v2Token(ctx, renewed.attributes, old.skew);
  }
  const v3 = config.version === 'v3';
  const credentials = v3
    ? { client_id: config.clientId!, client_secret: config.clientSecret! }
    : { login: config.login!, password: config.password! };
  const { attributes, meta } = (await api.tokenFrom(ctx, '/token/', credentials))!;
  if (v3) return v3Token(ctx, attributes);
  const time = word(meta.time);
  const expected = tokenSign(passwordKey(config.login!, config.password!), time, word(attributes.refresh));
  if (!sameText(expected, word(meta.sign))) {
    const message = 'B2BINPAY: the token answer is not signed with our login and password';
    throw new HubFailure('Config', 'bad_signature', message);
  }
  return v2Token(ctx, attributes, Date.parse(time) - ctx.now() || 0);
};

const v3Token = (ctx: Context, attributes: Resource['attributes']): VendorToken => {
  const seconds = word(attributes.expires_in);
  const lifetime = /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1000 : UNTOLD_MS;
  return { access: word(attributes.access), expiresAt: ctx.now() + lifetime, skew: 0 };
};

const v2Token = (ctx: Context, attributes: Resource['attributes'], skew: number): VendorToken => {
  const refresh = word(attributes.refresh);
  const until = (stamp: Json | undefined) => Date.parse(word(stamp)) - skew || ctx.now() + UNTOLD_MS;
  return {
    access: word(attributes.access),
    expiresAt: until(attributes.access_expired_at),
    ...(refresh && { refresh: { token: refresh, expiresAt: until(attributes.refresh_expired_at) } }),
    skew,
  };
};

/** They admit 15 unauthenticated calls a minute. Paths of POST end with a slash: without it they answer 404. */
const api = jsonApi<B2binpayConfig, VendorToken>({
  provider: 'B2BINPAY',
  url: baseUrlOf,
  signIn,
  // Wrong credentials on sign-in and on refresh; our address is not on their list.
  aboutUs: new Set(['2006', '2007', '2016']),
});

export const { getOne, ask, create } = api;

/** Each object once. */
export const getAll = async (...look: Parameters<typeof api.getAll>): Promise<Resource[]> => [
  ...new Map((await api.getAll(...look)).map((one) => [one.id, one])).values(),
];
