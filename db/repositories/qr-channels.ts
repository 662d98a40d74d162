import { timingSafeEqual } from 'node:crypto';
import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../pool.ts';

export interface QrChannel {
  id: string;
  agentMark: Buffer;
  /** Whose phone said yes; null: nobody's yet. */
  clientId: number | null;
  expiresAt: Date;
}

const COLUMNS = `id, agent_mark as "agentMark", client_id as "clientId", expires_at as "expiresAt"`;

export const insertChannel = async (db: Queryable, id: string, agentMark: Buffer, minutes: number): Promise<Date> =>
  (
    await db.query<{ expiresAt: Date }>(
      `insert into qr_channel (id, agent_mark, expires_at) values ($1, $2, now() + make_interval(mins => $3)) returning expires_at as "expiresAt"`,
      [id, agentMark, minutes],
    )
  ).rows[0]!.expiresAt;

/** One that still waits; undefined: expired, used or never there. */
export const findChannel = async (
  db: Queryable,
  id: string,
  lock: 'for update' | '' = '',
): Promise<QrChannel | undefined> =>
  (
    await db.query<QrChannel>(
      `select ${COLUMNS} from qr_channel where id = $1 and expires_at > now() and used_at is null ${lock}`,
      [id],
    )
  ).rows[0];

/** A phone says yes. Undefined: the channel waits no more; with another `clientId`: somebody else's phone was quicker. */
export const authorizeChannel = async (
  db: Queryable,
  id: string,
  by: { clientId: number; family: string },
): Promise<QrChannel | undefined> => {
  await db.query(
    `update qr_channel set client_id = $2, family = $3 where id = $1 and client_id is null and used_at is null and expires_at > now()`,
    [id, by.clientId, by.family],
  );
  return findChannel(db, id);
};

/**
 * Uses a channel up. Since when the phone that said yes is signed in; undefined: it has been signed out since. Who signs it out at this moment is waited for,
 * or waits and then finds the sign-in that comes of it.
 */
export const useChannel = async (db: Queryable, id: string): Promise<{ beganAt: string } | undefined> => {
  const { rows } = await db.query<{ beganAt: string }>(
    `select r.began_at::text as "beganAt" from qr_channel q join refresh_token r on r.family = q.family
      where q.id = $1 and r.revoked_at is null order by r.used_at is null desc, r.create_time desc limit 1 for share of r`,
    [id],
  );
  if (rows[0]) await db.query(`update qr_channel set used_at = now() where id = $1`, [id]);
  return rows[0];
};

export const dropOldChannels = async (db: Queryable): Promise<void> => {
  await db.query(`delete from qr_channel where expires_at < now()`);
};

/** `secret`: what the browser asks with whether a phone said yes. `token`: what it signs in with then. Both are made from the id by a key, so that neither is kept. */
export type QrWord = 'secret' | 'token';

const wordsOf = (ring: KeyRing, id: string, word: QrWord): string[] => ring.marks(`${word}:${id}`, 'qr').map(asUuid);

export const qrWord = (ring: KeyRing, id: string, word: QrWord): string => wordsOf(ring, id, word)[0]!;

export const isQrWord = (ring: KeyRing, id: string, word: QrWord, given: string): boolean => {
  const said = Buffer.from(given.toLowerCase());
  return wordsOf(ring, id, word)
    .map((right) => said.length === right.length && timingSafeEqual(Buffer.from(right), said))
    .includes(true);
};

/** 122 bits of a mark, in the form of a random UUID. */
const asUuid = (mark: Buffer): string => {
  const hex = mark.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};
