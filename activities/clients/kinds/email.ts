import type { Queryable } from '../../../db/pool.ts';
import type { KindOfChange } from './kind.ts';

export const emailOf = async (db: Queryable, clientId: number): Promise<string> =>
  (await db.query<{ email: string }>(`select email from client where client_id = $1`, [clientId])).rows[0]!.email;

/** Where he is written to and what he signs in with. */
export const emailChange: KindOfChange<'email'> = {
  before: async (db, clientId) => ({ email: await emailOf(db, clientId) }),
  obstacle: async (db, clientId, { email }) => {
    const { rowCount } = await db.query(
      `select 1 from client where lower(email) = lower($1) and status <> 'deleted' and client_id <> $2`,
      [email, clientId],
    );
    return rowCount === 0
      ? null
      : { reason: 'already_exists', issue: 'The email has already been taken.', field: 'email' };
  },
  make: async (db, clientId, { email }) => {
    const from = await emailOf(db, clientId);
    await db.query(`update client set email = $2, update_time = now() where client_id = $1`, [clientId, email]);
    return { history: [{ type: 'email', from, to: email }] };
  },
};
