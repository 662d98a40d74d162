import type { AdapterContext } from '../../kit/context.ts';
import { allPages, askJson, type JsonCall, type Meaning } from '../../kit/ask-json.ts';
import { word } from '../../kit/json.ts';
import type { Row } from '../../kit/rows.ts';
import type { GenericHubConfig } from './config.ts';
import { rows } from './map.ts';

export type Context = AdapterContext<GenericHubConfig>;

const MEANINGS: Record<string, Meaning> = {
  ACCOUNT_NOT_FOUND: ['NotFound', 'not_found'],
  CURRENCY_MISMATCH: ['Rejected', 'currency_mismatch'],
  // Under our reference stands another order: a person has to look.
  DUPLICATE_REFERENCE: ['OutcomeUnknown', 'provider_garbage'],
  GROUP_INVALID: ['Rejected', 'provider_refused'],
  INSUFFICIENT_FUNDS: ['Rejected', 'insufficient_funds'],
  INVALID: ['Rejected', 'provider_refused'],
  REJECTED: ['Rejected', 'provider_refused'],
};

/** `path` below the margin accounts. `key`: the reference, as header too. */
export const ask = (ctx: Context, { path, key, ...call }: JsonCall & { key?: string }): Promise<Row> => {
  const { url, authHeader, authValue, accountsPath } = ctx.config;
  const headers = { [authHeader.toLowerCase()]: authValue, ...(key && { 'idempotency-key': key }) };
  const api = { provider: 'Generic hub', url, meanings: MEANINGS };
  return askJson(ctx, api, { ...call, path: [accountsPath, ...path], headers });
};

/** All pages of a list. */
export const list = (ctx: Context, path: JsonCall['path'], query: Record<string, string>): Promise<Row[]> =>
  allPages({ provider: 'Generic hub', what: 'list', effect: 'read' }, async (cursor) => {
    const page = await ask(ctx, { method: 'GET', path, query: { ...query, ...(cursor && { cursor }) } });
    return [rows(page['items']), word(page['nextCursor'])];
  });
