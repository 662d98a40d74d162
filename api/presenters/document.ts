import type pg from 'pg';
import { z } from 'zod';
import { anyOf } from '../../db/unseen.ts';
import { idAndName, isoTime, isoTimeOrNull, time } from '../kit/shapes.ts';

type Db = Pick<pg.ClientBase, 'query'>;

/** What a client sees of his document (objects-front-office 2.11). */
export const MyDocument = z
  .object({
    documentId: z.int(),
    type: idAndName(),
    file: z.object({ name: z.string(), mimeType: z.string(), size: z.int(), url: z.string() }),
    status: z.enum(['pending', 'approved', 'rejected']),
    resolution: z.string().nullable(),
    validUntil: z.iso.date().nullable().meta({ description: 'Its last day.' }),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'MyDocument' });

/** What operators see of it (objects-back-office 9.3). */
export const Document = z
  .object({
    ...MyDocument.shape,
    clientId: z.int(),
    group: idAndName(),
    applicationId: z.int().nullable().meta({ description: 'The request that checks it.' }),
    comment: z.string().nullable(),
  })
  .meta({ id: 'Document' });
type DocumentView = z.infer<typeof Document>;

/** For those who must not see who a client is. */
export const maskDocument = (view: DocumentView): DocumentView => ({
  ...view,
  file: { ...view.file, name: '*' },
  comment: view.comment && '*',
});

interface Row extends Omit<DocumentView, 'createTime' | 'updateTime'> {
  createTime: Date;
  updateTime: Date | null;
}

const SELECT = `
  select d.document_id as "documentId", d.client_id as "clientId", jsonb_build_object('id', t.id, 'name', t.name) as type,
         jsonb_build_object('id', g.id, 'name', g.name) as "group", d.status, d.resolution, d.comment,
         to_char(d.valid_until, 'YYYY-MM-DD') as "validUntil",
         jsonb_build_object('name', d.file_name, 'mimeType', d.mime_type, 'size', d.size) as file,
         (select max(a.id) from kyc_case k join application a on a.kyc_case_id = k.id where d.document_id = any(k.document_ids)) as "applicationId",
         d.create_time as "createTime", d.update_time as "updateTime"
    from client_document d join document_type t on t.id = d.type_id join document_group g on g.id = t.group_id where d.document_id = ${anyOf(1)}`;

/** Document objects by id; `side` says where the caller fetches the file. */
export const documentViews = async (
  db: Db,
  ids: readonly number[],
  side: 'user' | 'client',
): Promise<Map<number, DocumentView>> => {
  const { rows } = await db.query<Row>(SELECT, [[...new Set(ids)]]);
  const base = side === 'client' ? '/api/v2/my/documents' : '/api/v2/documents';
  return new Map(
    rows.map((row) => [
      row.documentId,
      {
        ...row,
        file: { ...row.file, url: `${base}/${row.documentId}/file` },
        createTime: isoTime(row.createTime),
        updateTime: isoTimeOrNull(row.updateTime),
      },
    ]),
  );
};
