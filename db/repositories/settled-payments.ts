import type { Queryable } from '../pool.ts';

export const paymentNamed = (id: string): string => `payment:${id}`;

/** A payment that is credited, and not confirmed any more. */
const DOUBT = 'unconfirmed:';
export const doubtNamed = (id: string): string => `${DOUBT}${id}`;

/** What is asked about a deposit as it stands: settled, it is asked about no more until something else comes of it. */
export const depositNamed = (transactionId: number): string => `deposit:${transactionId}`;
export const depositIn = (named: string): number | null => {
  const [, id] = /^deposit:(\d+)$/.exec(named) ?? [];
  return id === undefined ? null : Number(id);
};

/** How it was settled. By hand: outside of the deposits that payments become by themselves, so the client may have got it. */
export type Settled = 'rejected' | 'by hand';

/** What people have settled of what a provider tells under a reference: nobody is asked about it again, and it is never credited. */
export const settledOf = async (db: Queryable, reference: string): Promise<Map<string, Settled>> => {
  const { rows } = await db.query<{ what: string; how: Settled }>(
    `select what, case when rejected then 'rejected' else 'by hand' end as how from settled_payment where reference = $1`,
    [reference],
  );
  return new Map(rows.map(({ what, how }) => [what, how]));
};

/** Of these deposits: which doubts a person is asked about now, and which he has settled, under any of the references that they are known by. */
export const doubtsOf = async (
  db: Queryable,
  transactionIds: readonly number[],
  references: readonly string[],
): Promise<{ asked: Set<string>; settled: Set<string> }> => {
  const { rows } = await db.query<{ what: string; settled: boolean }>(
    `select t.asked as what, false as settled from money_transaction t where t.transaction_id = any ($1) and t.asked like '${DOUBT}%'
      union all select what, true from settled_payment where reference = any ($2) and what like '${DOUBT}%'`,
    [transactionIds, references],
  );
  const whatIs = (settled: boolean) => new Set(rows.filter((row) => row.settled === settled).map(({ what }) => what));
  return { asked: whatIs(false), settled: whatIs(true) };
};

/** It is otherwise now: should it come once more, that is new. */
export const forgetSettled = async (db: Queryable, references: readonly string[], what: string): Promise<void> =>
  void (await db.query(`delete from settled_payment where reference = any ($1) and what = $2`, [references, what]));

/** Answers which of them were not settled before. */
export const settle = async (
  db: Queryable,
  reference: string,
  what: readonly string[],
  how: Settled,
): Promise<string[]> => {
  const { rows } = await db.query<{ what: string }>(
    `insert into settled_payment (reference, what, rejected) select $1, unnest($2::text[]), $3 on conflict do nothing returning what`,
    [reference, what, how === 'rejected'],
  );
  return rows.map((row) => row.what);
};
