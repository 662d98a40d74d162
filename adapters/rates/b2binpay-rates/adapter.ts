import { compare, isAmount, isPositive, normal } from '../../../domain/money.ts';
import { garbage } from '../../kit/answers.ts';
import type { AdapterContext } from '../../kit/context.ts';
import type { Resource } from '../../kit/json-api.ts';
import { word } from '../../kit/json.ts';
import type { CurrencyPair, Quote, RatesAdapter } from '../../kit/rates.ts';
import { getAll, type B2binpayRatesConfig } from './client.ts';

const PATH = '/rates/';

export const adapter: RatesAdapter<B2binpayRatesConfig> = {
  quotes: (ctx, pairs) => (pairs.length === 0 ? Promise.resolve([]) : ask(ctx, pairs)),

  async testConnection(ctx) {
    await ask(ctx, [{ from: 'BTC', to: 'USD' }]);
  },
};

/** They answer every left with every right that was asked for, so mostly more than the pairs. */
const ask = async (ctx: AdapterContext<B2binpayRatesConfig>, pairs: readonly CurrencyPair[]): Promise<Quote[]> => {
  const { names } = ctx.config;
  const theirs = (codes: string[]) => [...new Set(codes.map((code) => names[code] ?? code))].toSorted();
  const left = theirs(pairs.map(({ from }) => from));
  const right = theirs(pairs.map(({ to }) => to));
  const rates = await getAll(ctx, PATH, { left: left.join(','), right: right.join(',') });
  const codes = new Map(Object.entries(names).map(([ours, name]) => [name, ours]));
  return rates.map((rate) => quoteOf(rate, codes, ctx.now()));
};

const quoteOf = ({ attributes: told }: Resource, codes: ReadonlyMap<string, string>, now: number): Quote => {
  const [left, right, bid, ask] = ['left', 'right', 'bid', 'ask'].map((name) => word(told[name])) as [
    string,
    string,
    string,
    string,
  ];
  const [created, expired] = [Date.parse(word(told['created_at'])), Date.parse(word(told['expired_at']))];
  const prices = [bid, ask].every((price) => isAmount(price) && isPositive(price)) && compare(bid, ask) <= 0;
  if (left === '' || right === '' || !prices || !(expired > created))
    throw garbage({ provider: 'B2BINPAY', what: `GET ${PATH}`, effect: 'read' });
  return {
    from: codes.get(left) ?? left,
    to: codes.get(right) ?? right,
    bid: normal(bid),
    ask: normal(ask),
    // Their clock may be ahead of ours: nothing was made later than now, nor lives longer from now than it was given.
    sourceTime: Math.min(created, now),
    expiresAt: Math.min(expired, now + (expired - created)),
  };
};
