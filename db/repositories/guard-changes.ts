import type { Queryable } from '../pool.ts';

/** What a client shows who he is by. */
export type Guard = 'password' | 'factor' | 'email' | 'phone';

/** SQL: every change of it, as rows of `guard` and `create_time`; what a client begins with is no change. `clientId`: an expression for the client's id. */
export const guardChangesOf = (clientId: string): string => `
  select 'password' as guard, create_time from password_change where client_id = ${clientId}
  union all select 'factor', create_time from factor_change where client_id = ${clientId}
  union all select type, create_time from profile_change
             where client_id = ${clientId} and type in ('email', 'phone') and old_value is not null and new_value is distinct from old_value`;

/** The last change of it within these hours, by whomever, and until when they last. */
export const lastGuardChange = async (
  db: Queryable,
  clientId: number,
  hours: number,
): Promise<{ guard: Guard; until: Date } | undefined> =>
  (
    await db.query<{ guard: Guard; until: Date }>(
      `select guard, create_time + make_interval(hours => $2) as until
         from (${guardChangesOf('$1')}) changes
        where create_time > now() - make_interval(hours => $2) order by create_time desc limit 1`,
      [clientId, hours],
    )
  ).rows[0];
