import type { AdapterContext } from '../../kit/context.ts';
import { askJson, type JsonCall, type Meaning } from '../../kit/json-api.ts';
import { word } from '../../kit/json.ts';
import { readerOf, type Row } from '../../kit/rows.ts';
import type { PaperConfig } from './config.ts';

export type Context = AdapterContext<PaperConfig>;

export const { decimal, time, rows } = readerOf('Paper platform');

const MEANINGS: Record<string, Meaning> = {
  ACCOUNT_NOT_FOUND: ['NotFound', 'not_found'],
  OPERATION_NOT_FOUND: ['NotFound', 'not_found'],
  GROUP_NOT_FOUND: ['NotFound', 'not_found'],
  OTHER_CURRENCY: ['Rejected', 'currency_mismatch'],
  // Under our reference or key stands another order: a person has to look.
  KEY_TAKEN: ['OutcomeUnknown', 'provider_garbage'],
  NO_MONEY: ['Rejected', 'insufficient_funds'],
  OPEN_POSITIONS: ['Rejected', 'in_use'],
  DECLINED: ['Rejected', 'provider_refused'],
  INVALID: ['Rejected', 'provider_refused'],
  WEAK_PASSWORD: ['InvalidInput', 'validation'],
};

export const ask = (ctx: Context, method: JsonCall['method'], path: JsonCall['path'], more: Partial<JsonCall> = {}) => {
  const { url, apiKey } = ctx.config;
  const api = { provider: 'Paper platform', url, meanings: MEANINGS };
  return askJson(ctx, api, { method, path, ...more, headers: { authorization: `Bearer ${apiKey}` } });
};

/** All pages of a list below an account. */
export const list = async (ctx: Context, login: string, what: string, query: Record<string, string> = {}) => {
  const all: Row[] = [];
  for (let after: string | null = ''; after !== null;) {
    const part: Partial<JsonCall> = { query: { ...query, ...(after && { after }) } };
    const page: Row = await ask(ctx, 'GET', ['accounts', { id: login }, what], part);
    all.push(...rows(page['items']));
    after = word(page['next']) || null;
  }
  return all;
};
