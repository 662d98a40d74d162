import { z } from 'zod';
import { failureOf, garbage, lookFailure, type Said, withoutSent } from '../../kit/answers.ts';
import { address, secret } from '../../kit/config.ts';
import type { AdapterContext, HttpRequest } from '../../kit/context.ts';
import { isObject, type Json, objectOf, readJson, word } from '../../kit/json.ts';
import { hmac } from '../../kit/signing.ts';
import { HubFailure } from '../../../domain/failures.ts';

/** Their names of the digests, as the header of a webhook says them. */
export const DIGESTS = { HMAC_SHA1_HEX: 'sha1', HMAC_SHA256_HEX: 'sha256', HMAC_SHA512_HEX: 'sha512' } as const;

/** One SumSub account in one environment: what applicants and transaction monitoring have in common. */
export const account = {
  baseUrl: address().default('https://api.sumsub.com'),
  appToken: z
    .string()
    .regex(/^(sbx|prd):[^.\s]+\.\S+$/)
    .meta({ secret: true })
    .describe('App token. sbx:… is their sandbox, prd:… production'),
  secretKey: secret().describe('Secret key, shown once with the token'),
  webhookSecret: secret().describe('Secret of the webhook you defined for this connection; not the secret key'),
  webhookDigest: z
    .enum(Object.keys(DIGESTS) as [keyof typeof DIGESTS])
    .default('HMAC_SHA256_HEX')
    .describe('Signature algorithm of that webhook. Messages signed otherwise are refused'),
};
const Account = z.object(account);
export type Account = z.output<typeof Account>;
export type Fields = { [key: string]: Json };

/** The token decides the environment; a webhook of the other one is not for us. */
export const isSandbox = ({ appToken }: Account): boolean => appToken.startsWith('sbx:');

/** Over timestamp (Unix seconds), METHOD, path with query exactly as on the wire, and the raw body; no separators. */
export const signature = (secretKey: string, ts: string, method: string, target: string, body: string | Buffer = '') =>
  hmac('sha256', secretKey, Buffer.concat([Buffer.from(ts + method + target), Buffer.from(body)]));

interface Call {
  method: 'GET' | 'POST' | 'PATCH';
  /** Path with query, already percent-encoded: these very characters are signed. */
  target: string;
  body?: object;
  /** What is harmless to repeat (looks, tokens) is a `read`. */
  effect: HttpRequest['effect'];
  /** Statuses of a refusal in their words that the caller understands itself. */
  accept?: readonly number[];
}

interface Reply {
  status: number;
  body: Fields;
}

/** One signed request. Throws HubFailure; answers a success, or a refusal in their words whose status is accepted. */
export const call = async (ctx: AdapterContext<Account>, order: Call): Promise<Reply> => {
  const { method, target, effect } = order;
  const { baseUrl, appToken, secretKey } = ctx.config;
  const ts = String(Math.floor(ctx.now() / 1000));
  const text = order.body && JSON.stringify(order.body);
  const answer = await ctx.http({
    method,
    url: baseUrl + target,
    effect,
    headers: {
      Accept: 'application/json',
      'X-App-Token': appToken,
      'X-App-Access-Ts': ts,
      'X-App-Access-Sig': signature(secretKey, ts, method, target, text),
      // They want it on every write, with or without a body.
      ...(method !== 'GET' && { 'Content-Type': 'application/json' }),
    },
    ...(text !== undefined && { body: text }),
  });
  const asked = { provider: 'SumSub', what: `${method} ${withoutIds(target)}`, effect };
  const body = readJson(answer.body);
  if (answer.status === 200 || answer.status === 201) {
    if (!isObject(body)) throw garbage(asked);
    return { status: answer.status, body };
  }
  const said = saidOf(body, order.body);
  if (said && isObject(body) && order.accept?.includes(answer.status)) return { status: answer.status, body };
  const failure = failureOf(ctx, answer, asked, said);
  throw effect === 'read' ? lookFailure(slowed(failure)) : slowed(failure);
};

const asRead = (target: string) => ({ provider: 'SumSub', what: `GET ${withoutIds(target)}`, effect: 'read' as const });

/** One of their objects; null when they know none there. */
export const look = async (ctx: AdapterContext<Account>, target: string): Promise<Fields | null> => {
  const { status, body } = await call(ctx, { method: 'GET', target, effect: 'read', accept: [404] });
  if (status === 404) return null;
  if (word(body['id']) === '') throw garbage(asRead(target));
  return body;
};

/** Throws unless they answer with a list. */
export const mustList = async (ctx: AdapterContext<Account>, target: string): Promise<void> => {
  const { body } = await call(ctx, { method: 'GET', target, effect: 'read' });
  if (!Array.isArray(objectOf(body['list'])['items'])) throw garbage(asRead(target));
};

/** They document no Retry-After; their windows are five seconds long. */
const slowed = (failure: HubFailure): HubFailure =>
  failure.type === 'RateLimited' && failure.facts.retryAfter === undefined
    ? new HubFailure(failure.type, failure.reason, failure.message, { ...failure.facts, retryAfter: 5 })
    : failure;

/** `errorCode` and `errorName` are often absent; `description` and `code` are always there. */
const saidOf = (body: Json | undefined, sent: object | undefined): Said | null => {
  if (!isObject(body)) return null;
  const [code, text] = [word(body['errorCode']), [word(body['errorName']), word(body['description'])].join(' ').trim()];
  return text === '' ? null : { ...(code && { code }), text: withoutSent(text, sent) };
};

const withoutIds = (target: string): string =>
  target
    .replace(/\?.*/s, '')
    .replace(/=[^/]+/g, '=…')
    .replace(/\/[0-9a-f]{24}(?=\/|$)/g, '/…');
