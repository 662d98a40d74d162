import type { AdapterContext } from '../../kit/context.ts';
import { allPages, askJson, type JsonCall, type Meaning } from '../../kit/ask-json.ts';
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
export const list = (ctx: Context, login: string, what: string, query: Record<string, string> = {}): Promise<Row[]> =>
  allPages({ provider: 'Paper platform', what: `list ${what}`, effect: 'read' }, async (after) => {
    const part = { query: { ...query, ...(after && { after }) } };
    const page = await ask(ctx, 'GET', ['accounts', { id: login }, what], part);
    return [rows(page['items']), word(page['next'])];
  });
