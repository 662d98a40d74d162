import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { keepPhoto } from '../../api/photos/photos.ts';
import type { FileStorage } from '../../storage/file-storage.ts';
import { localFolder } from '../../storage/local-folder.ts';
import { type Caller, type TestApi, startTestApi } from '../kit/api-client.ts';
import { commitsUnanswered } from '../kit/commits-unanswered.ts';
import { GIF, JPEG, PDF, PNG } from '../kit/files.ts';

let api: TestApi;
let ann: Caller & { id: number };
const stateDir = mkdtempSync(join(tmpdir(), 'hub-photos-'));

beforeAll(async () => {
  api = await startTestApi({ env: { HUB_STATE_DIR: stateDir } });
  ann = await api.client();
});
afterAll(() => api.stop());

const send = async (who: Caller, bytes: Buffer, path = '/my/photo', name = 'photo') => {
  const form = new FormData();
  form.set(name, new Blob([new Uint8Array(bytes)]), '../me.png');
  const response = await fetch(`${api.url}/api/v2${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${who.token}` },
    body: form,
  });
  const text = await response.text();
  return { status: response.status, detail: text === '' ? undefined : JSON.parse(text).error.details[0] };
};
const look = async (who: Caller, path = '/my/photo') => {
  const response = await fetch(`${api.url}/api/v2${path}`, { headers: { authorization: `Bearer ${who.token}` } });
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    bytes: Buffer.from(await response.arrayBuffer()),
  };
};
const storedFiles = () => readdirSync(stateDir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());

describe('the photo of a client', () => {
  it('is a picture of one of three kinds; a new one takes the place of the one before', async () => {
    expect((await look(ann)).status).toBe(404);
    for (const [bytes, type] of [
      [GIF, 'image/gif'],
      [JPEG, 'image/jpeg'],
      [PNG, 'image/png'],
    ] as const) {
      expect(await send(ann, bytes)).toEqual({ status: 204, detail: undefined });
      const shown = await look(ann, '/my/photo?size=200');
      expect([shown.status, shown.type, shown.bytes.equals(bytes)]).toEqual([200, type, true]);
      expect(storedFiles()).toHaveLength(1);
    }
    expect((await ann.call('DELETE /api/v2/my/photo')).status).toBe(204);
    expect(storedFiles()).toHaveLength(0);
    expect((await ann.call('DELETE /api/v2/my/photo')).status).toBe(404);
    expect((await ann.call('GET /api/v2/my/photo?size=big')).status).toBe(400);
  });

  it('is set, seen and taken away by operators who see the client, and noted', async () => {
    const path = `/clients/${ann.id}/photo`;
    const olga = await api.operator(['clients.read', 'clients.update']);
    expect((await send(olga, PNG, path)).status).toBe(204);
    expect((await look(olga, path)).bytes.equals(PNG)).toBe(true);
    expect((await look(ann)).bytes.equals(PNG)).toBe(true);
    const [{ id: tag }] = await api.sql(`insert into tag (name) values ('elsewhere') returning id`);
    const elsewhere = await api.operator(['*'], { tagIds: [tag] });
    expect([(await look(elsewhere, path)).status, (await send(elsewhere, PNG, path)).status]).toEqual([404, 404]);
    expect((await elsewhere.call(`DELETE /api/v2${path}`)).status).toBe(404);
    expect((await look(await api.operator(['*'], { maskData: true }), path)).status).toBe(403);
    const reader = await api.operator(['clients.read']);
    expect([(await send(reader, PNG, path)).status, (await look(await api.client(), path)).status]).toEqual([403, 403]);
    expect((await olga.call(`DELETE /api/v2${path}`)).status).toBe(204);
    const noted = await api.sql(`select action from audit where actor = $1 order by id`, [`user:${olga.id}`]);
    expect(noted.map(({ action }) => action)).toEqual(['photos.update', 'photos.delete']);
  });

  it('is refused when it is something else, and nothing is kept', async () => {
    const zip = Buffer.concat([Buffer.from('PK\u0003\u0004'), randomBytes(200)]);
    const noPicture = Buffer.concat([GIF.subarray(0, 19), Buffer.from([0x3b])]);
    const huge = Buffer.from(GIF);
    huge.writeUInt16LE(60_000, 6);
    huge.writeUInt16LE(60_000, 8);
    for (const [what, bytes] of Object.entries({
      'a document': PDF,
      'a vector image': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      nothing: Buffer.alloc(0),
      'half a picture': GIF.subarray(0, GIF.length - 1),
      'the head of a picture': GIF.subarray(0, 6),
      'a frame without a picture': noPicture,
      'a picture with an archive behind it': Buffer.concat([GIF, zip]),
      'a bomb of pixels': huge,
    })) {
      const { status, detail } = await send(ann, bytes);
      expect([what, status, detail.field, detail.reason]).toEqual([what, 400, 'photo', 'validation']);
    }
    expect(storedFiles()).toHaveLength(0);
    expect((await send(ann, PNG, '/my/photo', 'picture')).status).toBe(400);
  });

  it('stays when only the answer to its row was lost, or the one before cannot be removed', async () => {
    const dora = await api.client();
    const folder = localFolder(join(stateDir, 'files'));
    const left: string[] = [];
    const stuck: FileStorage = {
      ...folder,
      remove: (key) => (left.push(key) === 1 ? Promise.reject(new Error('it is read-only')) : folder.remove(key)),
    };
    const keep = (pool: typeof api.deps.pool, storage: FileStorage, bytes: Buffer) =>
      keepPhoto(pool, storage, {
        ...{ actor: { kind: 'client', id: dora.id, family: '' }, clientId: dora.id, requestId: 'lost' },
        photo: { name: 'me', bytes },
      });
    await expect(keep(commitsUnanswered(api.deps.pool), folder, PNG)).rejects.toThrow('Connection terminated');
    expect((await look(dora)).bytes.equals(PNG)).toBe(true);
    await keep(api.deps.pool, stuck, GIF);
    expect((await look(dora)).bytes.equals(GIF)).toBe(true);
    expect([left.length, storedFiles().length]).toEqual([1, 2]);
    // Whoever removes a file later removes what could not be removed then.
    await api.sql(`update loose_file set since = now() - interval '1 hour'`);
    await dora.call('DELETE /api/v2/my/photo');
    expect(storedFiles()).toHaveLength(0);
    expect(await api.sql(`select from loose_file`)).toEqual([]);
  });

  it('is one, when several come at once', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => send(ann, PNG)));
    expect(all.every(({ status }) => status === 204)).toBe(true);
    expect(storedFiles()).toHaveLength(1);
  });

  it('is not the client’s to change where the broker does not want it', async () => {
    await api.sql(`insert into broker_setting (name, value) values ('profile.changePhoto', 'false')`);
    const { status, detail } = await send(ann, PNG);
    expect([status, detail.reason]).toEqual([403, 'restricted']);
    expect((await ann.call('DELETE /api/v2/my/photo')).status).toBe(403);
    expect((await look(ann)).status).toBe(200);
    expect((await send(await api.operator(), GIF, `/clients/${ann.id}/photo`)).status).toBe(204);
    await api.sql(`delete from broker_setting`);
  });
});
