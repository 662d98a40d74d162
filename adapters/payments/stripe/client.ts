import { z } from 'zod';
import { HubFailure } from '../../../domain/failures.ts';
import { type Asked, failureOf, garbage, lookFailure } from '../../kit/answers.ts';
import { address, secret } from '../../kit/config.ts';
import type { AdapterContext, HttpAnswer } from '../../kit/context.ts';
import { type Json, isObject, listOf, objectOf, readJson, word } from '../../kit/json.ts';

/** Where a payout may go. Each way is switched on by itself: the destination is what a client typed. */
export const PAYOUT_WAYS = ['connected_account', 'own_bank', 'card_refund'] as const;

const signingSecret = () =>
  secret()
    .regex(/^whsec_\w+$/, 'must be a signing secret: whsec_…')
    .meta({ secret: true });

/** One Stripe account. */
export const configSchema = z.object({
  /** Whole or restricted; its prefix tells test from live. */
  secretKey: secret()
    .regex(/^[sr]k_(test|live)_\w+$/, 'must be a secret key: sk_… or rk_…')
    .meta({ secret: true }),
  /** Of the webhook endpoint that leads to this connection. */
  webhookSecret: signingSecret(),
  /** The one before, while Stripe signs with both (up to 24 hours after it was rolled). */
  oldWebhookSecret: signingSecret().optional(),
  /** Where the payer goes from the hosted page when the order names no place. Stripe insists on one. */
  returnUrl: z.url({ protocol: /^https?$/ }),
  payoutTo: z.array(z.enum(PAYOUT_WAYS)).default(['connected_account']),
  baseUrl: address().default('https://api.stripe.com'),
});

export type StripeConfig = z.output<typeof configSchema>;

export type Context = AdapterContext<StripeConfig>;
/** One of their objects, or an event. */
export type Thing = { [key: string]: Json };
/** Nested parameters as they go on the wire: `metadata[reference]`. */
export type Params = Record<string, string>;

/** What answers look like depends on it; the version of the official client this was written against. */
export const API_VERSION = '2026-10-28.endive';
/** They allow 100, but an answer may have 1 MiB, and expanded objects with their line breaks come near it. */
const PAGE_SIZE = 50;

const send = (ctx: Context, asked: Asked, method: 'GET' | 'POST', path: string, params: Params, key?: string) => {
  const form = new URLSearchParams(params).toString();
  return ctx.http({
    method,
    url: `${ctx.config.baseUrl}/v1${path}${method === 'GET' && form ? `?${form}` : ''}`,
    headers: {
      authorization: `Bearer ${ctx.config.secretKey}`,
      'stripe-version': API_VERSION,
      ...(method === 'POST' && { 'content-type': 'application/x-www-form-urlencoded' }),
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    ...(method === 'POST' && { body: form }),
    effect: asked.effect,
  });
};

/** Ids stay out of messages: one line per kind of trouble. */
const asking = (method: string, path: string, effect: Asked['effect']): Asked => ({
  provider: 'Stripe',
  what: `${method} ${path.replace(/\/[a-z]+_\w+/g, '/{id}')}`,
  effect,
});

const failed = (ctx: Context, answer: HttpAnswer, asked: Asked): HubFailure => {
  const error = objectOf(objectOf(readJson(answer.body)).error);
  const type = word(error.type);
  const code = word(error.decline_code) || word(error.code) || type;
  // Either way an order under this key is at Stripe already: under way (409), or with other parameters. It says nothing about how it ended.
  if (asked.effect === 'write' && (answer.status === 409 || type === 'idempotency_error')) {
    const message = `Stripe knows this order's key already at ${asked.what}`;
    return new HubFailure('OutcomeUnknown', 'provider_outcome_unknown', message, { providerCode: code });
  }
  const failure = failureOf(ctx, answer, asked, type === '' ? null : { code, text: word(error.message) });
  return asked.effect === 'read' ? lookFailure(failure) : failure;
};

const thingIn = (answer: HttpAnswer, asked: Asked): Thing => {
  const thing = readJson(answer.body);
  if (!isObject(thing) || word(thing.object) === '') throw garbage(asked);
  return thing;
};

/** Null when Stripe knows no such object. */
export const get = async (ctx: Context, path: string, params: Params = {}): Promise<Thing | null> => {
  const asked = asking('GET', path, 'read');
  const answer = await send(ctx, asked, 'GET', path, params);
  if (answer.status === 404 && word(objectOf(objectOf(readJson(answer.body)).error).code) === 'resource_missing')
    return null;
  if (answer.status !== 200) throw failed(ctx, answer, asked);
  return thingIn(answer, asked);
};

/** Every object of a list, newest first, page by page as long as the caller goes on. */
export async function* each(ctx: Context, path: string, params: Params): AsyncGenerator<Thing> {
  const asked = asking('GET', path, 'read');
  for (let after: Params = {}; ;) {
    const answer = await send(ctx, asked, 'GET', path, { ...params, ...after, limit: String(PAGE_SIZE) });
    if (answer.status !== 200) throw failed(ctx, answer, asked);
    const page = thingIn(answer, asked);
    const data = listOf(page.data).filter(isObject);
    const last = word(data.at(-1)?.id);
    // A list that cannot be read to its end proves nothing about what is missing in it.
    if (!Array.isArray(page.data) || typeof page.has_more !== 'boolean' || (page.has_more && last === ''))
      throw garbage(asked);
    yield* data;
    if (!page.has_more) return;
    after = { starting_after: last };
  }
}

export const all = async (ctx: Context, path: string, params: Params): Promise<Thing[]> => {
  const things: Thing[] = [];
  for await (const thing of each(ctx, path, params)) things.push(thing);
  return things;
};

/** The same `key` with the same parameters within 24 hours is the same object, and its first answer again. */
export const create = async (ctx: Context, path: string, params: Params, key: string): Promise<Thing> => {
  const asked = asking('POST', path, 'write');
  const answer = await send(ctx, asked, 'POST', path, params, key);
  if (answer.status !== 200) throw failed(ctx, answer, asked);
  const thing = thingIn(answer, asked);
  if (word(thing.id) === '') throw garbage(asked);
  return thing;
};
