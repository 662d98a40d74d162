import type { Queryable } from '../../db/pool.ts';
import type { ExchangeQuote } from '../../db/repositories/exchanges.ts';
import { loadMarkup, sourcesFor } from '../../db/repositories/rates.ts';
import { HubFailure } from '../../domain/failures.ts';
import { type Amount, isPositive } from '../../domain/money.ts';
import type { Currency } from '../../domain/money-order.ts';
import { chooseRate, clientRate, convert, type Missing, type Rate } from '../../domain/rates.ts';

const SAID: Record<Missing, string> = {
  unknown: 'no rate source quotes it',
  stale: 'what the rate sources said is too old',
  held: 'a rate jumped, and nobody has confirmed that yet',
};

const MENDED_IN_SECONDS = 60;

/** The field of an order that names the other currency. */
const OF_AN_ORDER = 'currencyCode';

/** The market's rate now. Throws `Unavailable` rate_unavailable about `field`: an old or doubtful one is never answered. */
export const marketRate = async (db: Queryable, from: Currency, to: Currency, field = OF_AN_ORDER): Promise<Rate> => {
  const found = chooseRate(
    await sourcesFor(db, from.numericCode, to.numericCode),
    from.numericCode,
    to.numericCode,
    Date.now(),
  );
  if (typeof found !== 'string') return found;
  const pair = `${from.alphabeticCode}/${to.alphabeticCode}`;
  throw new HubFailure('Unavailable', 'rate_unavailable', `There is no rate for ${pair}: ${SAID[found]}.`, {
    field,
    retryAfter: MENDED_IN_SECONDS,
  });
};

/** What a client gets in `to` for `amount` of `from`, the broker's markup taken off. Throws as `marketRate`. */
export const quoteExchange = async (
  db: Queryable,
  amount: Amount,
  from: Currency,
  to: Currency,
  field = OF_AN_ORDER,
): Promise<ExchangeQuote> => {
  const market = await marketRate(db, from, to, field);
  const pair = await loadMarkup(db, from.numericCode, to.numericCode);
  const rate = clientRate(market, pair?.markup ?? null);
  if (!isPositive(rate)) {
    const issue = `${from.alphabeticCode} is worth too little in ${to.alphabeticCode} for the digits of a rate.`;
    throw new HubFailure('Unsupported', 'unsupported', issue, { field });
  }
  const { source, sourceTime } = market;
  return {
    rate,
    marketRate: market.bid,
    source,
    sourceTime,
    amount: convert(amount, rate, to.minorUnit),
  };
};
