import type { Queryable } from '../pool.ts';

export const paymentNamed = (id: string): string => `payment:${id}`;

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
