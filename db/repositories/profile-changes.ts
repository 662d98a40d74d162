import type { Queryable } from '../pool.ts';

/** What the history of a client tells apart. */
export const PROFILE_CHANGES = ['email', 'phone', 'birthday', 'name', 'address', 'clientType'] as const;

export interface ProfileChangeLine {
  type: (typeof PROFILE_CHANGES)[number];
  from: string | null;
  to: string | null;
}

/** Adds to a client's history, within the transaction that changes him. `userId`: who changed or allowed it; null: the client alone. */
export const noteProfileChanges = async (
  db: Queryable,
  clientId: number,
  lines: readonly ProfileChangeLine[],
  userId: number | null,
): Promise<void> => {
  for (const { type, from, to } of lines)
    await db.query(
      `insert into profile_change (client_id, type, old_value, new_value, user_id) values ($1, $2, $3, $4, $5)`,
      [clientId, type, from, to, userId],
    );
};
