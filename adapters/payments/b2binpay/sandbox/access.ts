import { randomBytes } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { answer, readDraft } from '../../../kit/sandbox-json-api.ts';
import { assure, Refusal } from '../../../kit/sandbox-wire.ts';
import { passwordKey, tokenSign } from '../client.ts';
import { stamp } from './render.ts';
import { CREDENTIALS, MINUTE, type State, type Version } from './state.ts';

const V3_SECONDS = 3599;
const V2_ACCESS = 15 * MINUTE;
const V2_REFRESH = 360 * MINUTE;
const NO_ACCOUNT = 'No active account found with the given credentials';

/** Only addresses on the merchant's list are served. */
export const allowedAddress =
  (state: () => State): RequestHandler =>
  (req, _res, next) => {
    const { allowedIps } = state().settings;
    const from = (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    assure(!allowedIps || allowedIps.includes(from), 403, '2016', 'IP address is not allowed');
    next();
  };

/** Counts a call that comes without a good token. */
const throttle = ({ settings, strangers }: State, now: number): void => {
  const wait = strangers.take(now, settings.unauthenticatedPerMinute ?? Infinity);
  const retryAfter = Math.ceil(wait / 1000);
  const text = `Request was throttled. Expected available in ${retryAfter} seconds.`;
  assure(wait === 0, 429, 'throttled', text, { retryAfter });
};

/** The version whose token the call carries; 401 without a living one. */
export const authenticate = (req: Request, state: State, now: number): Version => {
  const access = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1];
  const token = access === undefined ? undefined : state.tokens.get(access);
  if (token && token.expiresAt > now) return token.version;
  throttle(state, now);
  assure(access !== undefined, 401, 'not_authenticated', 'Authentication credentials were not provided.');
  throw new Refusal(401, 'token_not_valid', 'Given token not valid for any token type');
};

const fresh = () => `sandbox.${randomBytes(24).toString('base64url')}`;

const issue = (state: State, version: Version, expiresAt: number): string => {
  const access = fresh();
  state.tokens.set(access, { version, expiresAt });
  return access;
};

/** `POST /token/`: by client id and secret in v3, by login and password in v2. */
export const obtain =
  (state: () => State, now: () => number): RequestHandler =>
  (req, res) => {
    throttle(state(), now());
    const { attributes } = readDraft(req, 'auth-token');
    const { clientId, clientSecret, login, password } = CREDENTIALS;
    if (attributes['client_id'] === clientId && attributes['client_secret'] === clientSecret) {
      const access = issue(state(), 'v3', now() + V3_SECONDS * 1000);
      answer(res, 200, { data: token({ access, expires_in: V3_SECONDS, token_type: 'Bearer' }) });
    } else if (attributes['login'] === login && attributes['password'] === password) {
      const pair = v2Pair(state(), now());
      const time = stamp(now());
      const sign = tokenSign(passwordKey(login, password), time, pair.refresh);
      answer(res, 200, { data: token({ ...pair, is_2fa_confirmed: true }), meta: { time, sign } });
    } else {
      throw new Refusal(400, '2006', NO_ACCOUNT);
    }
  };

/** `POST /token/refresh/` (v2): the old refresh token dies. */
export const refresh =
  (state: () => State, now: () => number): RequestHandler =>
  (req, res) => {
    throttle(state(), now());
    const old = String(readDraft(req, 'auth-token').attributes['refresh']);
    const known = state().refreshTokens.get(old);
    state().refreshTokens.delete(old);
    assure(known && known.expiresAt > now(), 401, '2007', NO_ACCOUNT);
    answer(res, 200, { data: token(v2Pair(state(), now())) });
  };

const token = (attributes: Record<string, unknown>) => ({ type: 'auth-token', id: '0', attributes });

const v2Pair = (state: State, now: number) => {
  const access = issue(state, 'v2', now + V2_ACCESS);
  const refreshToken = fresh();
  state.refreshTokens.set(refreshToken, { expiresAt: now + V2_REFRESH });
  return {
    access,
    refresh: refreshToken,
    access_expired_at: stamp(now + V2_ACCESS),
    refresh_expired_at: stamp(now + V2_REFRESH),
  };
};
