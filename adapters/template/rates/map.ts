import { word } from '../../kit/json.ts';
import type { Quote } from '../../kit/rates.ts';
import { readerOf, type Row } from '../../kit/rows.ts';

export const { decimal, time, rows } = readerOf('Acme');

/** What one unit of `from` costs in `to`, with all their digits: turning round and crossing are the hub's. */
export const quoteOf = (row: Row): Quote => {
  const price = decimal(row, 'rate');
  return { from: word(row['from']), to: word(row['to']), bid: price, ask: price, sourceTime: time(row, 'time') };
};
