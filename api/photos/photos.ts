import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { photoOf } from '../../storage/document-content.ts';
import type { FileStorage } from '../../storage/file-storage.ts';
import { type Actor, actorName } from '../kit/access.ts';
import { notFound, problem } from '../kit/errors.ts';
import type { SentFile } from '../kit/file-answer.ts';
import { loosen, nameFile, putLoose, removeLoose } from '../kit/loose-files.ts';
import type { Upload } from '../kit/multipart.ts';

interface Whose {
  clientId: number;
  actor: Actor;
  requestId: string;
}

/** Keeps a client's photo instead of the one before. The file is there before its row, and the old one goes after it. */
export const keepPhoto = async (
  pool: pg.Pool,
  storage: FileStorage,
  { clientId, actor, photo, requestId }: Whose & { photo: Upload },
): Promise<void> => {
  const content = photoOf(photo.bytes);
  if ('wrong' in content) throw problem(400, 'validation', content.wrong, 'photo');
  const key = `photos/${new Date().toISOString().slice(0, 7).replace('-', '/')}/${randomUUID()}`;
  await putLoose(pool, storage, key, content.bytes);
  const before = await inTransaction(pool, async (db) => {
    await db.query('select from client where client_id = $1 for no key update', [clientId]);
    const { rows } = await db.query<{ key: string }>(
      'select storage_key as key from client_photo where client_id = $1',
      [clientId],
    );
    await db.query(
      `insert into client_photo (client_id, mime_type, size, storage_key, user_id) values ($1, $2, $3, $4, $5)
       on conflict (client_id) do update set mime_type = excluded.mime_type, size = excluded.size, storage_key = excluded.storage_key,
         user_id = excluded.user_id, create_time = now()`,
      [clientId, content.type, content.bytes.length, key, actor.kind === 'user' ? actor.id : null],
    );
    await nameFile(db, key);
    if (rows[0]) await loosen(db, rows[0].key);
    await recordAudit(db, {
      actor: actorName(actor),
      action: 'photos.update',
      object: `client:${clientId}`,
      after: { mimeType: content.type, size: content.bytes.length },
      requestId,
    });
    return rows[0]?.key;
  });
  await removeLoose(pool, storage, before ?? key);
};

/** Throws 404 when the client shows none. */
export const photoFile = async (pool: pg.Pool, storage: FileStorage, clientId: number): Promise<SentFile> => {
  const { rows } = await pool.query<{ key: string; mimeType: string }>(
    'select storage_key as key, mime_type as "mimeType" from client_photo where client_id = $1',
    [clientId],
  );
  const bytes = rows[0] ? await storage.get(rows[0].key) : null;
  if (!rows[0] || !bytes) throw notFound('photo');
  return { name: 'photo', mimeType: rows[0].mimeType, bytes };
};

/** Throws 404 when there is none. */
export const removePhoto = async (
  pool: pg.Pool,
  storage: FileStorage,
  { clientId, actor, requestId }: Whose,
): Promise<void> => {
  const key = await inTransaction(pool, async (db) => {
    const { rows } = await db.query<{ key: string }>(
      'delete from client_photo where client_id = $1 returning storage_key as key',
      [clientId],
    );
    if (!rows[0]) throw notFound('photo');
    await loosen(db, rows[0].key);
    const object = `client:${clientId}`;
    await recordAudit(db, { actor: actorName(actor), action: 'photos.delete', object, requestId });
    return rows[0].key;
  });
  await removeLoose(pool, storage, key);
};
