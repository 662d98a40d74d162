import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { CurrencyPair, Quote } from '../../adapters/kit/rates.ts';
import { compare, isAmount, isPositive } from '../../domain/money.ts';
import { brief, type Bench as AnyBench } from './bench.ts';
import { doesNotApply, must, type Case } from './case.ts';
import { connectionCases } from './connection.ts';
import { lookCases } from './looks.ts';

type Bench = AnyBench<'rates'>;

const pair = (bench: Bench): CurrencyPair =>
  bench.fact('rates', "name a pair the source quotes, e.g. { pair: { from: 'EUR', to: 'USD' } }").pair;

const asked = async (bench: Bench, ctx: AdapterContext): Promise<{ wanted: Quote; all: Quote[] }> => {
  const { from, to } = pair(bench);
  const all = await bench.adapter.quotes(ctx, [{ from, to }]);
  const wanted = all.find((quote) => quote.from === from && quote.to === to);
  must(wanted, `asked for ${from}/${to}, it answered ${brief(all)}`);
  return { wanted, all };
};

const YEAR_MS = 366 * 86_400_000;

export const ratesCases: Case<'rates'>[] = [
  ...connectionCases<'rates'>(),
  {
    name: 'quotes: answers the pair it was asked for, in exact decimals, bid not above ask',
    async run(bench) {
      const { all } = await asked(bench, bench.ctx());
      for (const quote of all) {
        for (const side of [quote.bid, quote.ask])
          must(
            typeof side === 'string' && isAmount(side) && isPositive(side),
            `a price is ${brief(side)}, and must be a positive decimal string: ${brief(quote)}`,
          );
        must(compare(quote.bid, quote.ask) <= 0, `bid is above ask: ${brief(quote)}`);
        if (!bench.can('two_sided'))
          must(
            quote.bid === quote.ask,
            `the source has one price (no 'two_sided' in the manifest), and the quote is ${brief(quote)}`,
          );
      }
    },
  },
  {
    name: 'quotes: say when the source made them, and until when it stands by them where it says so',
    async run(bench) {
      const { wanted } = await asked(bench, bench.ctx());
      const age = bench.now() - wanted.sourceTime;
      must(
        Number.isSafeInteger(wanted.sourceTime) && age > -86_400_000 && age < YEAR_MS,
        `sourceTime is ${wanted.sourceTime}, and must be milliseconds of now or some time ago`,
      );
      if (!bench.can('expiry'))
        return must(
          wanted.expiresAt === undefined,
          `expiresAt is ${wanted.expiresAt}, and the manifest has no 'expiry'`,
        );
      must(wanted.expiresAt !== undefined && wanted.expiresAt > wanted.sourceTime, `expiresAt is ${wanted.expiresAt}`);
    },
  },
  {
    name: 'quotes: a pair the source has not is left out, the others are answered',
    async run(bench) {
      const { from, to } = pair(bench);
      const nobody = { from: 'QQQ', to: 'ZZZ' };
      const all = await bench.adapter.quotes(bench.ctx(), [nobody, { from, to }]);
      must(!all.some((quote) => quote.from === 'QQQ' || quote.to === 'ZZZ'), `it invents ${brief(all)}`);
      must(
        all.some((quote) => quote.from === from && quote.to === to),
        `because of a pair nobody knows ${from}/${to} is missing: ${brief(all)}`,
      );
    },
  },
  {
    name: 'quotes: another session gives the same quotes',
    async run(bench) {
      if (!bench.hasSandbox) doesNotApply('no wire, so no session');
      const [one, other] = [await asked(bench, bench.ctx()), await asked(bench, bench.ctx())];
      must(isAmount(one.wanted.bid) && isAmount(other.wanted.bid), 'a session without a price');
    },
  },
  ...lookCases<'rates'>({
    verb: 'quotes',
    applies: (bench) => void bench.control,
    prepare: async (bench) => (ctx) => bench.adapter.quotes(ctx, [pair(bench)]),
  }),
];
