import { inTransaction, type Queryable } from '../../db/pool.ts';
import {
  keepQuote,
  loadCodes,
  loadSource,
  lockRate,
  noteAnswered,
  noteAsked,
  type SourceFacts,
  sourcesFor,
  takeBack,
  wantedPairs,
} from '../../db/repositories/rates.ts';
import type { Quote } from '../../adapters/kit/rates.ts';
import { isHubFailure } from '../../domain/failures.ts';
import { chooseRate, isSound, judge } from '../../domain/rates.ts';
import type { Activity } from '../kit/activity.ts';

export interface SourceAnswer {
  accepted: number;
  /** Jumps that wait to be confirmed. */
  held: number;
}

/** Asks a source what it says now and keeps it, judged. Harmless to repeat. Throws when the source could not be asked; what it said before grows old then. */
export const askRateSource: Activity<{ sourceId: number }, SourceAnswer> = async (
  { sourceId },
  { pool, open, signal },
) => {
  const source = await loadSource(pool, sourceId);
  if (!source) return { accepted: 0, held: 0 };
  await noteAsked(pool, sourceId);
  try {
    const { adapter, ctx } = await open('rates', source.connectionId, signal);
    const quotes = await adapter.quotes(ctx, await wantedPairs(pool, source));
    const unsound = quotes.filter((quote) => !isReadable(quote)).length;
    const answer = await keep(pool, source, quotes.filter(isReadable), adapter.tellsAll === true && unsound === 0);
    await noteAnswered(pool, sourceId, unsound > 0 ? `${unsound} of its quotes cannot be read` : null);
    return answer;
  } catch (error) {
    await noteAnswered(pool, sourceId, isHubFailure(error) ? error.message : 'the adapter failed');
    throw error;
  }
};

/** Adapters are trusted to translate, not to be right. */
const isReadable = ({ bid, ask, sourceTime, expiresAt = sourceTime }: Quote): boolean =>
  isSound({ bid, ask }) && Number.isSafeInteger(sourceTime) && Number.isSafeInteger(expiresAt);

const keep = (
  pool: Parameters<typeof inTransaction>[0],
  source: SourceFacts,
  quotes: readonly Quote[],
  tellsAll: boolean,
): Promise<SourceAnswer> =>
  inTransaction(pool, async (db) => {
    // Sources one after the other: two that ask at once must see each other's word.
    await db.query(`select pg_advisory_xact_lock(hashtext('hub-rates'))`);
    const codes = await loadCodes(db);
    const known = quotes.flatMap((quote) => {
      const [from, to] = [codes.get(quote.from), codes.get(quote.to)];
      return from === undefined || to === undefined || from === to ? [] : [{ quote, from, to }];
    });
    const answer: SourceAnswer = { accepted: 0, held: 0 };
    const said: number[] = [];
    for (const { quote, from, to } of known) {
      const { id, verdict } = await keepOne(db, source, { quote, from, to });
      answer[verdict] += 1;
      said.push(id);
    }
    if (tellsAll) await takeBack(db, source.id, said);
    return answer;
  });

const keepOne = async (
  db: Queryable,
  source: SourceFacts,
  { quote, from, to }: { quote: Quote; from: number; to: number },
): Promise<{ id: number; verdict: 'accepted' | 'held' }> => {
  const now = Date.now();
  const { bid, ask, expiresAt = null } = quote;
  const said = { bid, ask, sourceTime: Math.min(quote.sourceTime, now), expiresAt };
  const beliefs = await lockRate(db, source.id, from, to);
  const others = (await sourcesFor(db, from, to, source.id)).map((other) => chooseRate([other], from, to, now));
  const verdict = judge(
    said,
    {
      last: beliefs.last,
      held: beliefs.held,
      others: others.filter((other) => typeof other !== 'string'),
      outlierPercent: source.outlierPercent,
      confirmAfter: source.confirmSeconds * 1000,
    },
    now,
  );
  await keepQuote(db, beliefs, said, verdict);
  return { id: beliefs.id, verdict: verdict.is };
};
