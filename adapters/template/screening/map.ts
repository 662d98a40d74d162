import { garbage } from '../../kit/answers.ts';
import { fillInTable } from '../../kit/fill-in.ts';
import { listOf, word } from '../../kit/json.ts';
import type { ScreeningOrder, ScreeningReport, ScreeningState } from '../../kit/screening.ts';
import type { Thing } from '../any/client.ts';

/** What is not in it is `pending`, with `unknownWord`. */
const WORDS: Record<string, ScreeningState> = fillInTable(
  "map.ts, WORDS: their verdicts, e.g. { NEW: 'pending', CLEAR: 'clear', HOLD: 'hold', REJECT: 'reject' }",
);

export const theirCheck = ({ reference, direction, amount, currency, at, client, counterparty }: ScreeningOrder) => ({
  reference,
  direction,
  amount,
  currency: currency.alphabeticCode,
  time: new Date(at).toISOString(),
  client,
  counterparty,
});

export const reportOf = (thing: Thing): ScreeningReport => {
  if (!word(thing['id'])) throw garbage({ provider: 'Acme', what: 'read id', effect: 'read' });
  const known = WORDS[word(thing['verdict'])];
  return {
    providerId: word(thing['id']),
    state: known ?? 'pending',
    providerStatus: word(thing['verdict']),
    ...(known === undefined && { unknownWord: true }),
    signals: listOf(thing['signals']).map(word),
  };
};
