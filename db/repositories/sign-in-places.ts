import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../pool.ts';

/** As runs of wizards keep theirs (activities/wizards/device.ts): the place of a recovery's run is one of its client's. */
const PURPOSE = 'device';
const MOST = 20;
const KNOWN_DAYS = 90;

export const placeMarks = (ring: KeyRing, network: string): [Buffer, ...Buffer[]] => ring.marks(network, PURPOSE);

/** `subject`: 'client:7', 'user:7'. The latest places stay. */
export const notePlace = async (db: Queryable, subject: string, mark: Buffer): Promise<void> => {
  await db.query(
    `insert into sign_in_place (subject, mark) values ($1, $2) on conflict (subject, mark) do update set last_at = now()`,
    [subject, mark],
  );
  await db.query(
    `delete from sign_in_place where subject = $1 and mark not in (select mark from sign_in_place where subject = $1 order by last_at desc limit ${MOST})`,
    [subject],
  );
};

/** Whether somebody has signed in, registered or recovered from here before. */
export const isPlaceOf = async (db: Queryable, subject: string, mark: Buffer): Promise<boolean> =>
  (await db.query(`select from sign_in_place where subject = $1 and mark = $2`, [subject, mark])).rowCount === 1;

export const dropOldPlaces = async (db: Queryable): Promise<void> => {
  await db.query(`delete from sign_in_place where last_at < now() - interval '${KNOWN_DAYS} days'`);
};
