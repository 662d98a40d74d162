import { fillIn } from '../../kit/fill-in.ts';
import type { CurrencyPair, RatesAdapter } from '../../kit/rates.ts';
import { get, type Context } from '../any/client.ts';
import type { AcmeConfig } from './config.ts';
import { quoteOf, rows } from './map.ts';

const PATHS = {
  rates: () => fillIn("adapter.ts, PATHS.rates: where the rates are, e.g. '/rates'"),
};

const read = async (ctx: Context, pairs: readonly CurrencyPair[]) => {
  const query = { pairs: pairs.map(({ from, to }) => from + to).join(',') };
  const list = await get(ctx, PATHS.rates(), query);
  return rows(list['items']).map(quoteOf);
};

export const adapter: RatesAdapter<AcmeConfig> = {
  quotes: read,

  async testConnection(ctx) {
    await read(ctx, []);
  },
};
