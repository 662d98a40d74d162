import { inTransaction, type Queryable } from '../../db/pool.ts';
import {
  linkMovements,
  loadPairs,
  type Horizon,
  type Subject,
  subjectKey,
  subjectOf,
} from '../../db/repositories/book-pairs.ts';
import {
  loadReconciliation,
  noteReconciliation,
  type ReconciliationRow,
} from '../../db/repositories/reconciliations.ts';
import type { Activity } from '../kit/activity.ts';
import { judged, tellRuns, writeFindings } from './write-findings.ts';

/**
 * What is gone through, one after the other: `known`, differences that are open, or settled and still there (books of longer ago than a year are not kept for ever,
 * so what is settled for so long stays as it is); `theirs`, the provider's movements that agree with nothing yet, of
 * whatever time; `ours` and `reversals`, what ended in the window and of which the provider has nothing.
 */
export type Part = 'known' | 'theirs' | 'ours' | 'reversals';

export interface BooksToCompare {
  reconciliationId: number;
  part: Part;
  /** The last one of the page before; '0': from the first. */
  after: string;
  /** Milliseconds: what moved after it may still be on its way. */
  settledBefore: number;
  /** Milliseconds: runs of what moved before it should be over. */
  lateBefore: number;
}

const AT_ONCE = 500;

/** Compares one page. Answers where the next one begins; null: this one was empty. Harmless to repeat. */
export const compareBooks: Activity<BooksToCompare, { after: string | null }> = async (input, { pool, run, steer }) => {
  const { reconciliationId, lateBefore } = input;
  const { after, compared } = await inTransaction(pool, async (db) => {
    const of = await loadReconciliation(db, reconciliationId);
    const { connectionId, provider } = of;
    const horizon: Horizon = { connectionId, coveredFrom: of.coveredFrom ?? of.from, lateBefore: new Date(lateBefore) };
    const page = await PAGE[input.part](db, of, input);
    const subjects = new Map(page.map(({ subject }) => [subjectKey(subject), subject]));
    const pairs = await loadPairs(db, horizon, [...subjects.values()]);
    const compared = await writeFindings(db, { reconciliationId, connectionId, provider }, judged(pairs), run);
    await noteReconciliation(db, reconciliationId, compared);
    return { after: page.at(-1)?.id ?? null, compared };
  });
  await tellRuns(steer, compared);
  return { after };
};

type Page = { id: string; subject: Subject }[];

const PAGE: Record<Part, (db: Queryable, of: ReconciliationRow, input: BooksToCompare) => Promise<Page>> = {
  async known(db, { connectionId }, { after }) {
    const { rows } = await db.query<{ id: number; subject: string }>(
      `select id, subject from reconciliation_difference where connection_id = $1 and id > $2 and subject not like 'account:%'
          and (state = 'open' or state = 'settled' and gone_time is null and at > now() - interval '1 year')
        order by id limit $3`,
      [connectionId, after, AT_ONCE],
    );
    return rows.map(({ id, subject }) => ({ id: String(id), subject: subjectOf(subject) }));
  },

  async theirs(db, { connectionId }, { after, settledBefore }) {
    const { rows: unmatched } = await db.query<{ id: string }>(
      `select id from provider_movement where connection_id = $1 and not matched and id > $2 and at < $3 order by id limit $4`,
      [connectionId, after, new Date(settledBefore), AT_ONCE],
    );
    const ids = unmatched.map(({ id }) => id);
    await linkMovements(db, connectionId, ids);
    return subjectsOf(db, ids);
  },

  async ours(db, { connectionId, from, to }, { after }) {
    const { rows } = await db.query<{ id: number; accountId: number | null }>(
      `with ended as (
         select transaction_id, connection_id, debit_account_id, credit_account_id from money_transaction
          where process_time >= $2 and process_time < $3 and stage in ('done', 'returned') and transaction_id > $4)
       select e.transaction_id as id, s.account_id as "accountId"
         from ended e
         cross join lateral (
           select null::integer as account_id where e.connection_id = $1
           union all
           select a.account_id from account a join platform p on p.id = a.platform_id
            where a.account_id in (e.debit_account_id, e.credit_account_id) and p.connection_id = $1) s
        where not exists (select from provider_movement m where m.transaction_id = e.transaction_id and m.account_id is not distinct from s.account_id)
        order by 1, 2 limit $5`,
      [connectionId, from, to, after, AT_ONCE],
    );
    return wholeTransactions(rows).map(({ id, accountId }) => ({
      id: String(id),
      subject: { of: 'transaction', transactionId: id, accountId },
    }));
  },

  async reversals(db, { connectionId, from, to }, { after }) {
    const { rows } = await db.query<{ id: number }>(
      `select id from deposit_reversal r where connection_id = $1 and booked and coalesce(update_time, create_time) >= $2
          and coalesce(update_time, create_time) < $3 and id > $4 and not exists (select from provider_movement m where m.reversal_id = r.id)
        order by id limit $5`,
      [connectionId, from, to, after, AT_ONCE],
    );
    return rows.map(({ id }) => ({ id: String(id), subject: { of: 'reversal', reversalId: id } }));
  },
};

/** A page that was cut between the two accounts of one transfer ends before it. */
const wholeTransactions = <T extends { id: number }>(rows: T[]): T[] => {
  const last = rows.at(-1)?.id;
  const before = rows.filter(({ id }) => id !== last);
  return rows.length < AT_ONCE || before.length === 0 ? rows : before;
};

const subjectsOf = async (db: Queryable, ids: readonly string[]): Promise<Page> => {
  const { rows } = await db.query<{
    id: string;
    transactionId: number | null;
    reversalId: number | null;
    accountId: number | null;
    kind: string;
    providerId: string;
  }>(
    `select id, transaction_id as "transactionId", reversal_id as "reversalId", account_id as "accountId", kind, provider_id as "providerId"
       from provider_movement where id = any($1::bigint[]) order by id`,
    [ids],
  );
  return rows.map(({ id, transactionId, reversalId, accountId, kind, providerId }) => ({
    id,
    subject:
      reversalId !== null
        ? { of: 'reversal', reversalId }
        : transactionId !== null
          ? { of: 'transaction', transactionId, accountId }
          : { of: 'movement', kind, providerId, accountId },
  }));
};
