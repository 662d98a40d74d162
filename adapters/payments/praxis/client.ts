import { HubFailure, isHubFailure } from '../../../domain/failures.ts';
import { type Asked, failureOf, garbage, lookFailure } from '../../kit/answers.ts';
import type { AdapterContext, HttpRequest } from '../../kit/context.ts';
import { isObject, type Json, jsonNumber, objectOf, readJson, word } from '../../kit/json.ts';
import { hash } from '../../kit/signing.ts';
import type { PraxisConfig } from './config.ts';

export type Context = AdapterContext<PraxisConfig>;
export type Members = { [key: string]: Json };

/** A session and the one of its transactions they show. */
export interface Order {
  session: Members;
  transaction: Members | null;
}

export const VERSION = '1.3';
export const CONTENT_TYPE = 'application/json; charset=utf-8';
const HOSTS = { live: 'https://gw.praxisgate.com', sandbox: 'https://pci-gw-test.praxispay.com' };

/** Values as they are written on the wire, one after the other; null contributes nothing. */
export const sign = (secret: string, ...values: (Json | undefined)[]): string =>
  hash('sha384', values.map(word).join('') + secret);

export const seconds = (now: number): string => String(Math.floor(now / 1000));

// Their numbers of errors are not published, their texts only by example: what is not recognised here is a refusal, never "not found".
const NOT_FOUND =
  /\b(order|order_id|session)\b.*\b(not found|not exist|doesn't exist)|\b(no such|unknown) (order|session)\b/i;
const NOT_OUR_KEYS =
  /signature|authenticat|merchant_id|application_key|(unknown|invalid|wrong) (merchant|application)|ip address|whitelist/i;

/** One signed call: `signed` are the members that follow the three of every signature, in its order. Answers the body of status 0. */
export const call = async (
  ctx: Context,
  path: string,
  effect: HttpRequest['effect'],
  signed: Record<string, string>,
  rest: Record<string, unknown> = {},
): Promise<Members> => {
  const { environment, baseUrl, merchantId, applicationKey, merchantSecret } = ctx.config;
  const timestamp = seconds(ctx.now());
  const listed = { merchant_id: merchantId, application_key: applicationKey, timestamp, ...signed };
  const answer = await ctx.http({
    method: 'POST',
    url: (baseUrl ?? HOSTS[environment]) + path,
    headers: { 'content-type': CONTENT_TYPE, 'gt-authentication': sign(merchantSecret, ...Object.values(listed)) },
    body: JSON.stringify({ ...listed, ...rest, version: VERSION, timestamp: jsonNumber(timestamp) }),
    effect,
  });
  const asked: Asked = { provider: 'Praxis', what: `POST ${path}`, effect };
  const body = readJson(answer.body);
  const status = isObject(body) ? word(body.status) : '';
  if (!isObject(body) || !/^-?\d{1,9}$/.test(status))
    throw answer.status === 200 ? garbage(asked) : failureOf(ctx, answer, asked, null);
  if (answer.status === 200 && status === '0') return body;
  const text = word(body.description);
  if (answer.status === 200 && effect === 'read' && !status.startsWith('-') && NOT_FOUND.test(text))
    throw new HubFailure('NotFound', 'not_found', 'Praxis knows no such order', { providerCode: status });
  // Their errors come with HTTP 200: below 0 the system failed, above 0 the order is refused, or we are.
  const meant = status.startsWith('-') ? 500 : NOT_OUR_KEYS.test(text) ? 403 : 400;
  const plain = answer.status === 200 ? { ...answer, status: meant } : answer;
  throw failureOf(ctx, plain, asked, { code: status, text });
};

/** Null: they say that they know no session with this order_id. */
export const findOrder = async (ctx: Context, reference: string): Promise<Order | null> => {
  const asked: Asked = { provider: 'Praxis', what: 'POST /agent/find-order', effect: 'read' };
  const body = await call(ctx, '/agent/find-order', 'read', { order_id: reference }).catch((error: unknown) => {
    if (!isHubFailure(error)) throw error;
    if (error.type === 'NotFound') return null;
    throw lookFailure(error);
  });
  if (body === null) return null;
  const session = objectOf(body.session);
  if (word(session.order_id) !== reference || (body.transaction && !isObject(body.transaction))) throw garbage(asked);
  return { session, transaction: isObject(body.transaction) ? body.transaction : null };
};
