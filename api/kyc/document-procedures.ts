import { join } from 'node:path';
import { z } from 'zod';
import { ClientDocument, type ClientDocumentRow } from '../../db/entities/verification.ts';
import { localFolder } from '../../storage/local-folder.ts';
import type { ApiDeps } from '../deps.ts';
import { type Actor, assertSees, reachSql, type UserActor } from '../kit/access.ts';
import { problem } from '../kit/errors.ts';
import { FileAnswer } from '../kit/file-answer.ts';
import { byId, byWord } from '../kit/filters.ts';
import { upload } from '../kit/multipart.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { type PresentContext, resource } from '../kit/resource.ts';
import { atLeastOneField, day, idText, text } from '../kit/shapes.ts';
import { Document, documentViews, maskDocument, MyDocument } from '../presenters/document.ts';
import { describeDocument, documentFile, keepDocument, removeDocument, type Whose } from './documents.ts';

const present =
  (side: 'user' | 'client') =>
  async (rows: ClientDocumentRow[], { pool }: PresentContext) => {
    const views = await documentViews(
      pool,
      rows.map((row) => row.documentId),
      side,
    );
    return rows.flatMap((row) => views.get(row.documentId) ?? []);
  };

const common = {
  idParam: 'documentId',
  noun: 'document',
  entity: ClientDocument,
  id: 'documentId' as const,
  clientProperty: 'clientId' as const,
};

const documents = resource({
  ...common,
  path: '/documents',
  tag: 'Documents',
  permission: 'documents',
  filters: { clientId: byId('clientId'), typeId: byId('typeId'), status: byWord('status') },
  read: Document,
  present: present('user'),
  mask: maskDocument,
});

const myDocuments = resource({
  ...common,
  path: '/my/documents',
  tag: 'My verification',
  access: 'client',
  filters: { typeId: byId('typeId'), status: byWord('status') },
  read: MyDocument,
  present: present('client'),
});

/** The documentation spells it `typeID` for clients; both are taken. */
const typed = {
  typeId: idText().optional().meta({ description: 'Required; `typeID` is taken as well.' }),
  typeID: idText().optional(),
};
const typeOf = (
  { typeId, typeID }: { typeId?: number | undefined; typeID?: number | undefined },
  spelling: keyof typeof typed,
): { typeId: number; typeField: keyof typeof typed } => {
  const found = typeId ?? typeID;
  if (found === undefined) throw problem(400, 'validation', `${spelling} is required.`, spelling);
  return { typeId: found, typeField: typeId === undefined ? 'typeID' : 'typeId' };
};
const validUntil = () => day().meta({ description: 'The last day of the document, YYYY-MM-DD.' });
const UploadFor = z.strictObject({
  ...{ file: upload(), ...typed, validUntil: validUntil().optional() },
  ...{ clientId: idText(), comment: text(2000).optional() },
});
/** What has ended proves nothing any more; operators may keep it nevertheless. */
const UploadMine = UploadFor.omit({ clientId: true, comment: true }).extend({
  validUntil: validUntil()
    .refine((last) => last >= new Date().toISOString().slice(0, 10), 'must not be over')
    .optional(),
});

const Description = z.strictObject({
  validUntil: validUntil().nullable().optional(),
  comment: text(2000).nullable().optional(),
});

const params = z.object({ documentId: idText() });
const RULES = 'JPEG, PNG or PDF by content, at most 10 MiB, a plain name.';

const whoseOf =
  (actor: Actor): Whose =>
  (column) =>
    reachSql(actor, column);

/** Documents of clients: lists, files in and out. What an operator decides about them is a request (api/money/back-office). */
export const documentProcedures = (deps: ApiDeps): Procedure[] => {
  const { pool, settings } = deps;
  const storage = localFolder(join(settings.hubStateDir, 'files'));
  const show = async (actor: UserActor, documentId: number) => {
    const view = (await documentViews(pool, [documentId], 'user')).get(documentId)!;
    return actor.maskData ? maskDocument(view) : view;
  };
  const file = (path: '/documents' | '/my/documents', access: 'user' | 'client') => [
    procedure(`GET ${path}/{documentId}/file`, {
      summary: 'The file of a document',
      description: 'To be saved, under the ending of what it is; never shown in the browser.',
      tags: [access === 'user' ? 'Documents' : 'My verification'],
      access,
      ...(access === 'user' && { permission: 'documents.read' }),
      params,
      answer: FileAnswer,
      handle: ({ actor, params: { documentId }, requestId }) => {
        if (actor.kind === 'user' && actor.maskData)
          throw problem(403, 'forbidden', 'Files show who the client is; you do not see that.');
        return documentFile(pool, storage, { documentId, actor, whose: whoseOf(actor), requestId });
      },
    }),
    procedure(`DELETE ${path}/{documentId}`, {
      summary: 'Delete a document and its file',
      tags: [access === 'user' ? 'Documents' : 'My verification'],
      access,
      ...(access === 'user' && { permission: 'documents.delete' }),
      params,
      answer: null,
      errors: [409],
      handle: ({ actor, params: { documentId }, requestId }) =>
        removeDocument(pool, storage, { documentId, actor, whose: whoseOf(actor), requestId }),
    }),
  ];
  return [
    ...documents(deps),
    ...myDocuments(deps),
    ...file('/documents', 'user'),
    ...file('/my/documents', 'client'),
    procedure('POST /documents', {
      summary: 'Put in a document for a client',
      description: RULES,
      tags: ['Documents'],
      access: 'user',
      permission: 'documents.create',
      multipart: true,
      body: UploadFor,
      answer: Document,
      status: 201,
      errors: [404],
      handle: async ({ actor, body, requestId }) => {
        await assertSees(pool, actor, body.clientId, 'client', 'clientId');
        const id = await keepDocument(pool, storage, { ...body, ...typeOf(body, 'typeId'), actor, requestId });
        return show(actor, id);
      },
    }),
    procedure('PATCH /documents/{documentId}', {
      summary: 'Note what was read on a document',
      description: 'Its last day and an internal comment. A verification that rests on it ends with it.',
      tags: ['Documents'],
      access: 'user',
      permission: 'documents.update',
      params,
      body: atLeastOneField(Description),
      answer: Document,
      handle: async ({ actor, params: { documentId }, body: change, requestId }) => {
        await describeDocument(pool, { documentId, actor, whose: whoseOf(actor), change, requestId });
        return show(actor, documentId);
      },
    }),
    procedure('POST /my/documents', {
      summary: 'Upload a document',
      description: RULES,
      tags: ['My verification'],
      access: 'client',
      multipart: true,
      body: UploadMine,
      answer: MyDocument,
      status: 201,
      limit: perActor('60/m'),
      handle: async ({ actor, body, requestId }) => {
        const { file, validUntil } = body;
        const given = { file, validUntil, ...typeOf(body, 'typeID'), clientId: actor.id, actor, requestId };
        const id = await keepDocument(pool, storage, given);
        return (await documentViews(pool, [id], 'client')).get(id)!;
      },
    }),
  ];
};
