import type { Queryable } from '../pool.ts';

/**
 * Ends sign-ins: one by its family, or all of these subjects ('client:7', 'user:7') but for one. A statement does not see the token that a refresh in flight writes
 * while it waits for the one before, so it is said again until nothing is left alive.
 */
export const revokeTokens = async (
  db: Queryable,
  which: { family: string } | { subjects: readonly string[]; except?: string | null },
): Promise<void> => {
  // One text, whatever it holds: a unit of work's `query` takes no arrays.
  const [where, value] =
    'family' in which
      ? [`family = $1 and $2 = ''`, which.family]
      : [`subject = any(string_to_array($1, ',')) and family::text <> $2`, which.subjects.join(',')];
  const except = 'family' in which ? '' : (which.except ?? '');
  for (;;) {
    const { rows } = await db.query(
      `update refresh_token set revoked_at = now() where ${where} and revoked_at is null returning family`,
      [value, except],
    );
    if (rows.length === 0) return;
  }
};

/** When a sign-in began, as PostgreSQL writes times; null: there is none such of this subject. */
export const beginningOf = async (
  db: Queryable,
  { kind, id }: { kind: 'client' | 'user'; id: number },
  family: string,
): Promise<string | null> =>
  (
    await db.query<{ beganAt: string }>(
      `select began_at::text as "beganAt" from refresh_token where family = $1 and subject = $2 limit 1`,
      [family, `${kind}:${id}`],
    )
  ).rows[0]?.beganAt ?? null;
