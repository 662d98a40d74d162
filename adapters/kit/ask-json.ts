import { HubFailure, type FailureType } from '../../domain/failures.ts';
import type { Reason } from '../../domain/reasons.ts';
import { failureOf, garbage, withoutSent, type Asked } from './answers.ts';
import type { AdapterContext, HttpRequest } from './context.ts';
import { isObject, readJson, word } from './json.ts';
import type { Row } from './rows.ts';

export interface JsonCall {
  method: HttpRequest['method'];
  /** Parts are encoded; what names somebody (login, reference) is wrapped in `id` and stays out of messages. */
  path: readonly (string | { id: string })[];
  query?: Record<string, string>;
  body?: unknown;
  headers?: Record<string, string>;
  /** `write`: must not happen twice. */
  effect?: HttpRequest['effect'];
}

export type Meaning = readonly [type: FailureType, reason: Reason];

/**
 * Asks an API of our own design: JSON objects both ways, 204 for "done" (read as {}), and refusals of status 4xx as `{code, message}`. `meanings`: what
 * each code says of the order; any other code tells nothing, so a write is in doubt then.
 */
export const askJson = async (
  ctx: Pick<AdapterContext, 'http' | 'now' | 'scrub'>,
  { provider, url, meanings }: { provider: string; url: string; meanings: Record<string, Meaning> },
  { method, path, query, body, headers, effect = 'read' }: JsonCall,
): Promise<Row> => {
  const encoded = path.map((part) => encodeURIComponent(typeof part === 'string' ? part : part.id)).join('/');
  const answer = await ctx.http({
    method,
    url: `${url}/${encoded}${query ? `?${new URLSearchParams(query).toString()}` : ''}`,
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    effect,
  });
  const what = `${method} ${path.map((part) => (typeof part === 'string' ? part : '…')).join('/')}`;
  const asked: Asked = { provider, what, effect };
  if (answer.status === 204) return {};
  const said = readJson(answer.body);
  if (answer.status === 200 || answer.status === 201) {
    if (!isObject(said)) throw garbage(asked);
    return said;
  }
  const code = isObject(said) ? word(said['code']) : '';
  const text = withoutSent(word(isObject(said) ? said['message'] : undefined), body);
  const failure = failureOf(ctx, answer, asked, code ? { code, text } : null);
  if (failure.type !== 'Rejected') throw failure;
  const doubt: Meaning =
    effect === 'write' ? ['OutcomeUnknown', 'provider_outcome_unknown'] : ['Unavailable', 'provider_unavailable'];
  const [type, reason] = meanings[code] ?? doubt;
  throw new HubFailure(type, reason, failure.message, failure.facts);
};

/** A list to its end. `read` answers one page and where the next begins, '' after the last. Half a list proves nothing, so a circle is garbage. */
export const allPages = async (
  asked: Asked,
  read: (cursor: string) => Promise<readonly [items: Row[], next: string]>,
): Promise<Row[]> => {
  const all: Row[] = [];
  const seen = new Set<string>();
  for (let cursor = ''; !seen.has(cursor);) {
    seen.add(cursor);
    const [items, next] = await read(cursor);
    all.push(...items);
    if (next === '') return all;
    cursor = next;
  }
  throw garbage(asked);
};
