import { createHash, randomUUID } from 'node:crypto';
import type pg from 'pg';
import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { endOfApproval, planDates } from '../../db/repositories/kyc.ts';
import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import { hasUnseen, UNSEEN_ISSUE } from '../../domain/unseen.ts';
import { contentOf } from '../../storage/document-content.ts';
import type { FileStorage } from '../../storage/file-storage.ts';
import { type Actor, actorName } from '../kit/access.ts';
import { notFound, problem } from '../kit/errors.ts';
import type { SentFile } from '../kit/file-answer.ts';
import { loosen, nameFile, putLoose, removeLoose } from '../kit/loose-files.ts';
import type { Upload } from '../kit/multipart.ts';

export interface NewDocument {
  actor: Actor;
  clientId: number;
  typeId: number;
  /** As its sender spells it. */
  typeField: string;
  file: Upload;
  comment?: string | undefined;
  /** Its last day, as its sender reads it. */
  validUntil?: string | undefined;
  requestId: string;
}

/** Keeps a file as a document of a client. The file is there before its row: a row without its file would be a promise nobody can keep. */
export const keepDocument = async (pool: pg.Pool, storage: FileStorage, given: NewDocument): Promise<number> => {
  const { actor, clientId, typeId, file, comment = null, validUntil = null, requestId } = given;
  const name = plainName(file.name);
  const content = contentOf(file.bytes);
  if ('wrong' in content) throw problem(400, 'validation', content.wrong, 'file');
  await assertTaken(pool, given);
  const key = `documents/${new Date().toISOString().slice(0, 7).replace('-', '/')}/${randomUUID()}`;
  await putLoose(pool, storage, key, content.bytes);
  const id = await inTransaction(pool, async (db) => {
    // Of two at once only as many as fit get in.
    await db.query('select from client where client_id = $1 for no key update', [clientId]);
    await assertTaken(db, given);
    const { rows } = await db.query<{ id: number }>(
      `insert into client_document (client_id, type_id, file_name, mime_type, size, sha256, storage_key, comment, user_id, valid_until)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning document_id as id`,
      [
        clientId,
        typeId,
        name,
        content.type,
        content.bytes.length,
        createHash('sha256').update(content.bytes).digest(),
        key,
        comment,
        actor.kind === 'user' ? actor.id : null,
        validUntil,
      ],
    );
    const { id } = rows[0]!;
    await nameFile(db, key);
    await recordAudit(db, {
      actor: actorName(actor),
      action: 'documents.create',
      object: `document:${id}`,
      after: { clientId, typeId, mimeType: content.type, size: content.bytes.length },
      requestId,
    });
    return id;
  }).catch(async (error: unknown) => {
    // After anything else its row may be there, or come yet.
    if (isHubFailure(error)) await removeLoose(pool, storage, key);
    throw error;
  });
  await removeLoose(pool, storage, key);
  return id;
};

/** What the sender calls the file. A path in it is no name; nobody needs to guess which part was meant. */
const plainName = (given: string): string => {
  // oxlint-disable-next-line no-control-regex -- these are what is refused
  const wrong = given.trim() === '' || given.length > 200 || /[/\\\u0000-\u001f\u007f]|^\.+$/.test(given);
  if (wrong) throw problem(400, 'validation', 'The name of the file must be plain, without a path.', 'file');
  if (hasUnseen(given)) throw problem(400, 'validation', `The name of the file ${UNSEEN_ISSUE}.`, 'file');
  return given.trim();
};

const assertTaken = async (
  db: Queryable,
  { clientId, typeId, typeField: field }: Pick<NewDocument, 'clientId' | 'typeId' | 'typeField'>,
): Promise<void> => {
  const { rows } = await db.query<{ maxFiles: number; there: number }>(
    `select t.max_files as "maxFiles", (select count(*)::int from client_document d where d.client_id = $1 and d.type_id = t.id and d.status <> 'rejected') as there
       from document_type t join document_group g on g.id = t.group_id where t.id = $2 and t.enabled and g.enabled`,
    [clientId, typeId],
  );
  if (!rows[0]) throw new HubFailure('InvalidInput', 'not_found', 'There is no such document type.', { field });
  if (rows[0].there >= rows[0].maxFiles) {
    throw new HubFailure('Rejected', 'limit_exceeded', `At most ${rows[0].maxFiles} files of this type are kept.`, {
      field,
    });
  }
};

/** A condition on `client_document d`: whose documents the caller reaches. */
export type Whose = (clientId: string) => string;

/** The file of a document; 404 when the caller's `whose` does not reach it. Every look by an operator is noted. */
export const documentFile = async (
  pool: pg.Pool,
  storage: FileStorage,
  { documentId, actor, whose, requestId }: { documentId: number; actor: Actor; whose: Whose; requestId: string },
): Promise<SentFile> => {
  const { rows } = await pool.query<{ name: string; mimeType: string; key: string }>(
    `select file_name as name, mime_type as "mimeType", storage_key as key from client_document d where document_id = $1 and ${whose('d.client_id')}`,
    [documentId],
  );
  const bytes = rows[0] ? await storage.get(rows[0].key) : null;
  if (!rows[0] || !bytes) throw notFound('document');
  if (actor.kind === 'user') {
    await recordAudit(pool, {
      actor: actorName(actor),
      action: 'documents.look',
      object: `document:${documentId}`,
      requestId,
    });
  }
  return { name: rows[0].name, mimeType: rows[0].mimeType, bytes };
};

/** Removes a document and its file. What somebody checks, or what a level was given for, stays. */
export const removeDocument = async (
  pool: pg.Pool,
  storage: FileStorage,
  { documentId, actor, whose, requestId }: { documentId: number; actor: Actor; whose: Whose; requestId: string },
): Promise<void> => {
  const key = await inTransaction(pool, async (db) => {
    const { rows } = await db.query<{ key: string; status: string; clientId: number }>(
      `select storage_key as key, status, client_id as "clientId" from client_document d where document_id = $1 and ${whose('d.client_id')} for update`,
      [documentId],
    );
    const found = rows[0];
    if (!found) throw notFound('document');
    // Only now: whoever hands documents in holds them meanwhile.
    const { rowCount: checks } = await db.query(
      `select from kyc_case where $1 = any(document_ids) and state in ('checking', 'on_hold', 'approved')`,
      [documentId],
    );
    if (checks !== 0 || (actor.kind === 'client' && found.status === 'approved')) {
      throw new HubFailure('Rejected', 'in_use', 'The document belongs to a verification and cannot be deleted.');
    }
    await db.query('delete from client_document where document_id = $1', [documentId]);
    await loosen(db, found.key);
    await recordAudit(db, {
      actor: actorName(actor),
      action: 'documents.delete',
      object: `document:${documentId}`,
      before: { clientId: found.clientId, status: found.status },
      requestId,
    });
    return found.key;
  });
  await removeLoose(pool, storage, key);
};

/** What an operator read on a document. The end of an approval that rests on it moves with it. */
export const describeDocument = async (
  pool: pg.Pool,
  given: {
    documentId: number;
    actor: Actor;
    whose: Whose;
    requestId: string;
    change: { validUntil?: string | null | undefined; comment?: string | null | undefined };
  },
): Promise<void> => {
  const { documentId, actor, whose, change, requestId } = given;
  await inTransaction(pool, async (db) => {
    // First its verifications, as everybody does who decides about them: they end with it.
    await db.query(`select from kyc_case where $1 = any(document_ids) order by id for update`, [documentId]);
    const { rows } = await db.query<{ validUntil: string | null; comment: string | null }>(
      `select to_char(valid_until, 'YYYY-MM-DD') as "validUntil", comment from client_document d where document_id = $1 and ${whose('d.client_id')} for update`,
      [documentId],
    );
    const before = rows[0];
    if (!before) throw notFound('document');
    const { validUntil = before.validUntil, comment = before.comment } = change;
    await db.query(
      `update client_document set valid_until = $2, comment = $3, update_time = now() where document_id = $1`,
      [documentId, validUntil, comment],
    );
    if (validUntil !== before.validUntil) await moveEnds(db, documentId);
    await recordAudit(db, {
      actor: actorName(actor),
      action: 'documents.update',
      object: `document:${documentId}`,
      before,
      after: { validUntil, comment },
      requestId,
    });
  });
};

const moveEnds = async (db: Queryable, documentId: number): Promise<void> => {
  const { rows } = await db.query<{ caseId: number }>(
    `select id as "caseId" from kyc_case where state = 'approved' and $1 = any(document_ids)`,
    [documentId],
  );
  for (const { caseId } of rows) {
    const until = await endOfApproval(db, caseId, null, true);
    await db.query(`update kyc_case set valid_until = $2::date, update_time = now() where id = $1`, [caseId, until]);
    await planDates(db, { caseId }, true);
  }
};
