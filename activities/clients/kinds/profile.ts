import type { Queryable } from '../../../db/pool.ts';
import type { ProfileChangeLine } from '../../../db/repositories/profile-changes.ts';
import type { WantedChanges } from '../../../domain/client-changes.ts';
import type { KindOfChange } from './kind.ts';

export type Person = Required<Omit<WantedChanges['profile'], 'birthday'>> & { birthday: string | null };

/** `birthday`: YYYY-MM-DD. */
export const personOf = async (db: Queryable, clientId: number): Promise<Person> =>
  (
    await db.query<Person>(
      `select first_name as "firstName", middle_name as "middleName", last_name as "lastName", to_char(birthday, 'YYYY-MM-DD') as birthday
         from client where client_id = $1`,
      [clientId],
    )
  ).rows[0]!;

const nameOf = ({ firstName, middleName, lastName }: Person): string =>
  [firstName, middleName, lastName].filter(Boolean).join(' ');

/** Names and birthday. */
export const profileChange: KindOfChange<'profile'> = {
  before: async (db, clientId, wanted) => {
    const now = await personOf(db, clientId);
    return Object.fromEntries(Object.entries(now).filter(([name]) => name in wanted));
  },
  obstacle: () => Promise.resolve(null),
  make: async (db, clientId, { firstName, middleName, lastName, birthday }) => {
    const before = await personOf(db, clientId);
    await db.query(
      `update client set first_name = coalesce($2, first_name), middle_name = coalesce($3, middle_name), last_name = coalesce($4, last_name),
              birthday = coalesce($5::date, birthday), update_time = now() where client_id = $1`,
      [clientId, firstName ?? null, middleName ?? null, lastName ?? null, birthday ?? null],
    );
    const after = await personOf(db, clientId);
    const lines: ProfileChangeLine[] = [
      { type: 'name', from: nameOf(before), to: nameOf(after) },
      { type: 'birthday', from: before.birthday, to: after.birthday },
    ];
    return { history: lines.filter(({ from, to }) => from !== to) };
  },
};
