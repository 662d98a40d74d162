import { hashPassword } from '../passwords.ts';
import { createPool } from '../pool.ts';

/** Creates the first operator, in Administrators. An existing one is left as he is, password too. */
export const seedAdmin = async (
  databaseUrl: string,
  admin: { email: string; password: string },
): Promise<{ created: boolean }> => {
  const pool = createPool(databaseUrl, 1);
  try {
    const { rows } = await pool.query<{ id: number }>(
      `insert into hub_user (name, email, password_hash) select 'Administrator', $1, $2
        where not exists (select from hub_user where lower(email) = lower($1)) returning id`,
      [admin.email, await hashPassword(admin.password)],
    );
    if (!rows[0]) return { created: false };
    await pool.query(
      `insert into hub_user_group (user_id, group_id) select $1, id from user_group where name = 'Administrators'`,
      [rows[0].id],
    );
    return { created: true };
  } finally {
    await pool.end();
  }
};
