import { join } from 'node:path';
import { z } from 'zod';
import type { Queryable } from '../../db/pool.ts';
import { brokerSetting } from '../../db/repositories/broker-settings.ts';
import { localFolder } from '../../storage/local-folder.ts';
import type { ApiDeps } from '../deps.ts';
import { assertSees } from '../kit/access.ts';
import { problem } from '../kit/errors.ts';
import { FileAnswer } from '../kit/file-answer.ts';
import { upload } from '../kit/multipart.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { idText, wholeText } from '../kit/shapes.ts';
import { keepPhoto, photoFile, removePhoto } from './photos.ts';

const params = z.object({ clientId: idText() });
const query = z.object({
  size: wholeText(1, 10_000).optional().meta({ description: 'Taken for older client apps; photos come as they are.' }),
});
const body = z.strictObject({ photo: upload() });
const RULES = 'GIF, JPEG or PNG by content, at most 10 MiB.';

const mine = { tags: ['My profile'] as [string], access: 'client' as const };
const theirs = { tags: ['Clients'] as [string], access: 'user' as const, params };

/** The pictures clients show of themselves. */
export const photoProcedures = ({ pool, settings }: ApiDeps): Procedure[] => {
  const storage = localFolder(join(settings.hubStateDir, 'files'));
  return [
    procedure('GET /my/photo', {
      ...mine,
      summary: 'The photo of the client',
      query,
      answer: FileAnswer,
      errors: [404],
      handle: ({ actor }) => photoFile(pool, storage, actor.id),
    }),
    procedure('POST /my/photo', {
      ...mine,
      summary: 'Set the photo',
      description: RULES,
      multipart: true,
      body,
      answer: null,
      limit: perActor('20/m'),
      handle: async ({ actor, body: { photo }, requestId }) => {
        await assertMayChange(pool);
        await keepPhoto(pool, storage, { clientId: actor.id, actor, photo, requestId });
      },
    }),
    procedure('DELETE /my/photo', {
      ...mine,
      summary: 'Take the photo away',
      answer: null,
      errors: [404],
      handle: async ({ actor, requestId }) => {
        await assertMayChange(pool);
        await removePhoto(pool, storage, { clientId: actor.id, actor, requestId });
      },
    }),

    procedure('GET /clients/{clientId}/photo', {
      ...theirs,
      summary: 'The photo of a client',
      permission: 'clients.read',
      query,
      answer: FileAnswer,
      handle: async ({ actor, params: { clientId } }) => {
        await assertSees(pool, actor, clientId);
        if (actor.maskData) throw problem(403, 'forbidden', 'Photos show who the client is; you do not see that.');
        return photoFile(pool, storage, clientId);
      },
    }),
    procedure('POST /clients/{clientId}/photo', {
      ...theirs,
      summary: 'Set the photo of a client',
      description: RULES,
      permission: 'clients.update',
      multipart: true,
      body,
      answer: null,
      handle: async ({ actor, params: { clientId }, body: { photo }, requestId }) => {
        await assertSees(pool, actor, clientId);
        await keepPhoto(pool, storage, { clientId, actor, photo, requestId });
      },
    }),
    procedure('DELETE /clients/{clientId}/photo', {
      ...theirs,
      summary: 'Take the photo of a client away',
      permission: 'clients.update',
      answer: null,
      handle: async ({ actor, params: { clientId }, requestId }) => {
        await assertSees(pool, actor, clientId);
        await removePhoto(pool, storage, { clientId, actor, requestId });
      },
    }),
  ];
};

const assertMayChange = async (db: Queryable): Promise<void> => {
  if (!(await brokerSetting(db, 'profile.changePhoto')))
    throw problem(403, 'restricted', 'Photos cannot be changed here.');
};
