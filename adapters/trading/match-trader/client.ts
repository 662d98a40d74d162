import { HubFailure } from '../../../domain/failures.ts';
import { failureOf, garbage, lookFailure, type Asked } from '../../kit/answers.ts';
import type { AdapterContext } from '../../kit/context.ts';
import { isObject, readJson, word, type Json } from '../../kit/json.ts';
import type { MatchTraderConfig } from './config.ts';

export type Context = AdapterContext<MatchTraderConfig>;

interface Call {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Parts are encoded; what names somebody (login, uuid, address) is wrapped in `id`. */
  path: readonly (string | { id: string })[];
  query?: Record<string, string>;
  body?: unknown;
  /** `write`: must not happen twice. */
  effect?: 'read' | 'write';
}

/** Statuses the vendor refuses an order with. Any other tells nothing about a write. */
const REFUSALS: ReadonlySet<number> = new Set([400, 404, 409, 412, 422]);

/** The answer's JSON; null for 204. Refusals carry the status as `providerCode`. */
export const ask = async (ctx: Context, { method, path, query, body, effect = 'read' }: Call): Promise<Json> => {
  const { url, token, tokenPrefix } = ctx.config;
  const encoded = path.map((part) => encodeURIComponent(typeof part === 'string' ? part : part.id)).join('/');
  const answer = await ctx.http({
    method,
    url: `${url}/v1/${encoded}${query ? `?${new URLSearchParams(query).toString()}` : ''}`,
    headers: {
      accept: 'application/json',
      authorization: `${tokenPrefix} ${token}`.trim(),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    effect,
  });
  if (answer.status === 204) return null;
  const said = readJson(answer.body);
  const what = `${method} ${path.map((part) => (typeof part === 'string' ? part : '…')).join('/')}`;
  const asked: Asked = { provider: 'Match-Trader', what, effect };
  if (answer.status === 200 || answer.status === 201) {
    if (said === undefined) throw garbage(asked);
    return said;
  }
  const problem = REFUSALS.has(answer.status) && isObject(said) && word(said['title']) ? said : null;
  const text = problem && [word(problem['title']), word(problem['detail'])].filter(Boolean).join(', ');
  const failure = failureOf(ctx, answer, asked, text === null ? null : { text });
  if (failure.type !== 'Rejected') throw failure;
  const as = (type: 'NotFound' | 'Rejected', reason: 'not_found' | 'insufficient_funds') =>
    new HubFailure(type, reason, failure.message, failure.facts);
  if (answer.status === 404) throw as('NotFound', 'not_found');
  // There is no code for it, only words.
  if (/insufficient|not enough/i.test(text!)) throw as('Rejected', 'insufficient_funds');
  throw method === 'GET' ? lookFailure(failure) : failure;
};
