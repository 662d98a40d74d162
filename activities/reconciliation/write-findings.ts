import { type BookPair, type Subject, subjectKey } from '../../db/repositories/book-pairs.ts';
import { type Found, recordDifference, resolveDifference } from '../../db/repositories/differences.ts';
import type { Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { inWords } from '../../domain/difference-words.ts';
import { type DifferenceKind, judge, offBy } from '../../domain/reconciliation.ts';
import type { Tools } from '../kit/activity.ts';

/** What came of comparing some subjects. */
export interface Compared {
  found: number;
  resolved: number;
  /** Differences whose runs are to hear of it. */
  news: { differenceId: number; said: string }[];
}

/** What was compared, and the verdict. */
export interface Finding {
  pair: BookPair;
  kind: DifferenceKind | 'not_yet' | null;
}

export const judged = (pairs: readonly BookPair[]): Finding[] => pairs.map((pair) => ({ pair, kind: judge(pair) }));

/** Where differences belong to that are found. */
export interface Comparison {
  reconciliationId: number;
  connectionId: number;
  provider: string;
}

/** Writes verdicts down: differences open, change or end; movements that agree are not looked at again. In one transaction with what was read. */
export const writeFindings = async (
  db: Queryable,
  comparison: Comparison,
  findings: readonly Finding[],
  run: Tools['run'],
): Promise<Compared> => {
  const { connectionId } = comparison;
  // Two comparisons may look at the same movement at the same time.
  await db.query(`select pg_advisory_xact_lock(hashtext('hub-reconciliation'), $1)`, [connectionId]);
  const codes = await currencyCodes(db);
  const done: Subject[] = [];
  const compared: Compared = { found: 0, resolved: 0, news: [] };
  for (const { pair, kind } of findings) {
    if (kind === 'not_yet') continue;
    if (kind === null) {
      done.push(pair.subject);
      const ended = await resolveDifference(db, connectionId, subjectKey(pair.subject), 'The books agree by now.');
      for (const differenceId of ended) compared.news.push({ differenceId, said: 'the books agree by now' });
      compared.resolved += ended.length;
      continue;
    }
    const recorded = await recordDifference(db, foundOf(comparison, pair, kind, codes));
    if (recorded.outcome === 'settled') done.push(pair.subject);
    if (recorded.outcome === 'new') compared.found += 1;
    if (recorded.outcome !== 'new' && recorded.outcome !== 'changed') continue;
    compared.news.push({ differenceId: recorded.id, said: recorded.outcome === 'new' ? 'found' : 'it has changed' });
    await recordAudit(db, {
      actor: 'workflow',
      action: `reconciliation.${recorded.outcome === 'new' ? 'found' : 'changed'}`,
      object: `difference:${recorded.id}`,
      after: { kind, subject: subjectKey(pair.subject) },
      ...run,
    });
  }
  await markMatched(db, connectionId, done);
  return compared;
};

/** Told after the transaction. What is lost here is found by the sweep, or by the difference's own look. */
export const tellRuns = async (steer: Tools['steer'], { news }: Compared): Promise<void> => {
  for (const one of news) await steer.difference(one);
};

const currencyCodes = async (db: Queryable): Promise<Map<number, string>> => {
  const { rows } = await db.query<{ code: number; name: string }>(
    `select numeric_code as code, alphabetic_code as name from currency`,
  );
  return new Map(rows.map(({ code, name }) => [code, name]));
};

const foundOf = (
  { provider, ...comparison }: Comparison,
  pair: BookPair,
  kind: DifferenceKind,
  codes: Map<number, string>,
): Found => {
  const { theirs, ours, transactionId, stage, reference, providerId } = pair;
  const shown = (amount: string, currency: number) => `${amount} ${codes.get(currency) ?? `of currency ${currency}`}`;
  const off = offBy(pair);
  return {
    ...comparison,
    subject: subjectKey(pair.subject),
    kind,
    why: inWords({
      kind,
      provider,
      transactionId,
      stage,
      reference,
      providerId,
      ours: ours && shown(ours.booked, ours.currency),
      theirs: theirs && shown(theirs.amount, theirs.currency),
      offBy: off,
    }),
    clientId: pair.clientId,
    accountId: pair.accountId,
    transactionId,
    reference,
    providerId,
    ours: ours?.booked ?? null,
    oursCurrency: ours?.currency ?? null,
    theirs: theirs?.amount ?? null,
    theirsCurrency: theirs?.currency ?? null,
    offBy: off,
    at: pair.at,
  };
};

const markMatched = async (db: Queryable, connectionId: number, subjects: readonly Subject[]): Promise<void> => {
  const transactions = subjects.filter((one) => one.of === 'transaction');
  const reversals = subjects.filter((one) => one.of === 'reversal');
  await db.query(
    `update provider_movement m set matched = true from unnest($2::integer[], $3::integer[]) as s(transaction_id, account_id)
      where m.connection_id = $1 and m.transaction_id = s.transaction_id and m.account_id is not distinct from s.account_id and m.reversal_id is null`,
    [connectionId, transactions.map((one) => one.transactionId), transactions.map((one) => one.accountId)],
  );
  await db.query(`update provider_movement set matched = true where connection_id = $1 and reversal_id = any($2)`, [
    connectionId,
    reversals.map(({ reversalId }) => reversalId),
  ]);
  for (const one of subjects) {
    if (one.of !== 'movement') continue;
    await db.query(
      `update provider_movement set matched = true where connection_id = $1 and kind = $2 and provider_id = $3 and account_id is not distinct from $4
          and transaction_id is null and reversal_id is null`,
      [connectionId, one.kind, one.providerId, one.accountId],
    );
  }
};
