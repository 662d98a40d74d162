import { z } from 'zod';
import { HubFailure } from '../../../domain/failures.ts';
import { failureOf, garbage, lookFailure, withoutSent, type Asked, type Said } from '../../kit/answers.ts';
import { address, secret } from '../../kit/config.ts';
import type { AdapterContext, HttpAnswer, HttpRequest } from '../../kit/context.ts';
import { isObject, type Json, objectOf, readJson, word } from '../../kit/json.ts';
import { hash, sameText } from '../../kit/signing.ts';

export const ShuftiproConfig = z.object({
  baseUrl: address().default('https://api.shuftipro.com'),
  clientId: z
    .string()
    .regex(/^[^:\s]+$/)
    .describe('Client id'),
  secretKey: secret().describe('Secret key'),
  signatureMode: z
    .enum(['hashed', 'plain'])
    .default('hashed')
    .describe('How they sign: hashed, or plain for accounts made before about March 2023'),
  linkMinutes: z.int().min(5).max(43_200).default(60).describe('How long a verification page lives'),
  finalCodes: z
    .array(z.string())
    .default(['SPDR03', 'SPDR04', 'SPDR06', 'SPDR14', 'SPDR287'])
    .describe('Decline codes after which better documents will not help'),
});
export type ShuftiproConfig = z.output<typeof ShuftiproConfig>;
export type Context = AdapterContext<ShuftiproConfig>;
export type Fields = { [key: string]: Json };

type Signing = Pick<ShuftiproConfig, 'secretKey' | 'signatureMode'>;

/** A hash with the secret behind the raw bytes, not an HMAC; no time in it. */
export const signature = ({ secretKey, signatureMode }: Signing, body: string | Buffer): string =>
  hash(
    'sha256',
    Buffer.concat([Buffer.from(body), Buffer.from(signatureMode === 'plain' ? secretKey : hash('sha256', secretKey))]),
  );

/** Only in the configured mode; hex in either case. */
export const isSigned = (signing: Signing, body: string | Buffer, header: string | undefined): boolean =>
  sameText(signature(signing, body), (header ?? '').toLowerCase());

export interface Call {
  path: string;
  /** Absent: GET. */
  body?: object;
  effect: HttpRequest['effect'];
  accept?: readonly number[];
}

/** Throws HubFailure; answers a signed success, or a signed refusal whose status is accepted. */
export const call = async (ctx: Context, order: Call): Promise<{ status: number; body: Fields }> => {
  const { path, body, effect } = order;
  const { baseUrl, clientId, secretKey } = ctx.config;
  const method = body ? 'POST' : 'GET';
  const asked = { provider: 'ShuftiPro', what: `${method} ${path}`, effect };
  const answer = await ctx.http({
    method,
    url: baseUrl + path,
    effect,
    headers: {
      Accept: 'application/json',
      Authorization: `Basic ${Buffer.from(`${clientId}:${secretKey}`).toString('base64')}`,
      ...(body && { 'Content-Type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  // 401, 429 and 5xx lead to no verdict, and gateways in between (their 524) cannot sign.
  if (answer.status >= 500 || [401, 403, 408, 429].includes(answer.status)) {
    throw failureOf(ctx, answer, asked, saidOf(readJson(answer.body), body));
  }
  assertSigned(ctx, answer, asked);
  const said = readJson(answer.body);
  if (!isObject(said)) throw garbage(asked);
  if (answer.status === 200 || order.accept?.includes(answer.status)) return { status: answer.status, body: said };
  const failure = failureOf(ctx, answer, asked, saidOf(said, body));
  throw effect === 'read' ? lookFailure(failure) : failure;
};

/** Whose signature is right in the other mode, comes from them: the setting is wrong. It is not taken all the same. */
const assertSigned = (ctx: Context, { body, headers }: HttpAnswer, asked: Asked): void => {
  const { secretKey, signatureMode } = ctx.config;
  if (isSigned(ctx.config, body, headers['signature'])) return;
  const other = signatureMode === 'hashed' ? 'plain' : 'hashed';
  if (isSigned({ secretKey, signatureMode: other }, body, headers['signature']) && asked.effect === 'read') {
    throw new HubFailure('Config', 'bad_signature', `ShuftiPro signs this account '${other}': change signatureMode`);
  }
  const type = asked.effect === 'write' ? 'OutcomeUnknown' : 'Unavailable';
  throw new HubFailure(type, 'bad_signature', `the answer to ${asked.what} is not signed by ShuftiPro`);
};

/** `error` is '' or an object. */
const saidOf = (body: Json | undefined, sent: object | undefined): Said | null => {
  if (!isObject(body) || word(body['event']) === '') return null;
  const error = objectOf(body['error']);
  const text = ['service', 'key', 'message'].map((name) => word(error[name])).filter(Boolean);
  return { code: word(body['event']), text: withoutSent(text.join(' '), sent) };
};
