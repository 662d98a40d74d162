import type pg from 'pg';
import { z } from 'zod';
import { quoteExchange } from '../../activities/rates/quote-exchange.ts';
import { exchangeableInto, type Exchangeable, keepClientQuote } from '../../db/repositories/client-quotes.ts';
import { loadCurrency } from '../../db/repositories/orders.ts';
import { isHubFailure } from '../../domain/failures.ts';
import { wire, wireOrNull } from '../../domain/money.ts';
import type { Currency } from '../../domain/money-order.ts';
import type { ApiDeps } from '../deps.ts';
import type { ClientActor } from '../kit/access.ts';
import { notFound, problem } from '../kit/errors.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { isoTime, money, text, time } from '../kit/shapes.ts';
import { currencyCalled } from '../presenters/currency-called.ts';
import { MyCurrency, currencyJson } from '../presenters/currency.ts';

/** Seconds a client may think. */
const LIFETIME = 60;

const quote = {
  quoteId: z.uuid(),
  currency: MyCurrency.meta({ description: 'What the client gets.' }),
  expiredAt: time(),
  lifetime: z.int().meta({ description: 'Seconds.' }),
  rate: money().meta({ description: "For one of the base currency, the broker's markup inside." }),
  maxAmount: money().nullable().meta({ description: 'Of the base currency; null: no limit.' }),
};
/** objects-front-office 3.12 */
const Quote = z.object(quote).meta({ id: 'Quote' });
const PairQuote = z.object({ ...quote, baseCurrency: z.string() }).meta({ id: 'PairQuote' });

const common = { tags: ['My money'] as [string], access: 'client' as const, errors: [404], limit: perActor('120/m') };
const code = () => text(16);
const pairOf = { baseCurrency: code(), quoteCurrency: code() };

/** What clients can change a currency into, and at which rate for the next minute. */
export const myRateProcedures = ({ pool }: ApiDeps): Procedure[] => [
  procedure('GET /my/rates/{baseCurrency}', {
    ...common,
    summary: 'What a currency can be changed into now',
    description: 'Pairs without a usable rate are left out.',
    params: z.object({ baseCurrency: code() }),
    answer: z.array(Quote),
    handle: async ({ actor, params }) => {
      const base = await currencyCalled(pool, params.baseCurrency, 'baseCurrency');
      const quotes = [];
      for (const into of await exchangeableInto(pool, base.numericCode)) {
        try {
          quotes.push(await quoted(pool, actor, base, into));
        } catch (error) {
          if (!isHubFailure(error) || !['rate_unavailable', 'unsupported'].includes(error.reason)) throw error;
        }
      }
      return quotes;
    },
  }),

  procedure('GET /my/rates/{baseCurrency}/{quoteCurrency}', {
    ...common,
    summary: 'At which rate a currency can be changed into another now',
    params: z.object(pairOf),
    answer: Quote,
    errors: [404, 503],
    handle: ({ actor, params }) => quoteOf(pool, actor, params),
  }),

  procedure('POST /my/rates/pairs', {
    ...common,
    summary: 'Rates of several currency pairs',
    body: z.strictObject({ pairs: z.array(z.strictObject(pairOf)).min(1).max(20) }),
    answer: z.array(PairQuote),
    errors: [404, 503],
    handle: async ({ actor, body }) => {
      const quotes = [];
      for (const [n, pair] of body.pairs.entries())
        quotes.push({
          ...(await quoteOf(pool, actor, pair, `pairs.${n}.`)),
          baseCurrency: pair.baseCurrency.toUpperCase(),
        });
      return quotes;
    },
  }),

  procedure('GET /my/currencies/{alphabeticCode}/paired', {
    ...common,
    summary: 'Currencies a currency can be changed into',
    params: z.object({ alphabeticCode: code() }),
    answer: z.array(MyCurrency),
    handle: async ({ params }) => {
      const { numericCode } = await currencyCalled(pool, params.alphabeticCode, 'alphabeticCode');
      const into = await exchangeableInto(pool, numericCode);
      return Promise.all(into.map(({ currency }) => shown(pool, currency)));
    },
  }),
];

const quoteOf = async (
  pool: pg.Pool,
  actor: ClientActor,
  pair: { baseCurrency: string; quoteCurrency: string },
  at = '',
): Promise<z.input<typeof Quote>> => {
  const base = await currencyCalled(pool, pair.baseCurrency, `${at}baseCurrency`);
  const other = await currencyCalled(pool, pair.quoteCurrency, `${at}quoteCurrency`);
  if (base.numericCode === other.numericCode)
    throw problem(400, 'validation', 'The two currencies are the same.', `${at}quoteCurrency`);
  const into = (await exchangeableInto(pool, base.numericCode)).find(({ currency }) => currency === other.numericCode);
  if (!into) throw notFound('currency pair', `${at}quoteCurrency`);
  return quoted(pool, actor, base, into, `${at}quoteCurrency`);
};

const quoted = async (
  pool: pg.Pool,
  { id: clientId }: ClientActor,
  base: Currency,
  { currency, maxAmount }: Exchangeable,
  field?: string,
): Promise<z.input<typeof Quote>> => {
  const into = (await loadCurrency(pool, currency))!;
  const offer = await quoteExchange(pool, '1', base, into, field);
  const expiresAt = Date.now() + LIFETIME * 1000;
  const asked = { clientId, from: base.numericCode, to: currency, maxAmount };
  const quoteId = await keepClientQuote(pool, asked, { ...offer, expiresAt });
  return {
    quoteId,
    currency: await shown(pool, currency),
    expiredAt: isoTime(new Date(expiresAt)),
    lifetime: LIFETIME,
    rate: wire(offer.rate),
    maxAmount: wireOrNull(maxAmount),
  };
};

const shown = async (pool: pg.Pool, code: number): Promise<z.input<typeof MyCurrency>> => {
  const { rows } = await pool.query<{ currency: z.input<typeof MyCurrency> }>(
    `select ${currencyJson('c')} as currency from currency c where numeric_code = $1`,
    [code],
  );
  return rows[0]!.currency;
};
