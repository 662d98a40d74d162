import type { Queryable } from '../pool.ts';

export const paymentNamed = (id: string): string => `payment:${id}`;

/** What people have settled of what a provider tells under a reference: nobody is asked about it again, and it is never credited. */
export const settledOf = async (db: Queryable, reference: string): Promise<Set<string>> => {
  const { rows } = await db.query<{ what: string }>(`select what from settled_payment where reference = $1`, [
    reference,
  ]);
  return new Set(rows.map(({ what }) => what));
};

/** Answers which of them were not settled before. */
export const settle = async (db: Queryable, reference: string, what: readonly string[]): Promise<string[]> => {
  const { rows } = await db.query<{ what: string }>(
    `insert into settled_payment (reference, what) select $1, unnest($2::text[]) on conflict do nothing returning what`,
    [reference, what],
  );
  return rows.map((row) => row.what);
};
