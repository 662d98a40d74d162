import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { existsSync, mkdtempSync, readdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { additions } from '../../api/additions.ts';
import { keepDocument } from '../../api/kyc/documents.ts';
import { putLoose } from '../../api/kit/loose-files.ts';
import { localFolder } from '../../storage/local-folder.ts';
import { type Caller, type TestApi, startTestApi } from '../kit/api-client.ts';
import { commitsUnanswered } from '../kit/commits-unanswered.ts';
import { JPEG, PDF, PNG } from '../kit/files.ts';

let api: TestApi;
let ann: Caller & { id: number };
let typeId: number;
const stateDir = mkdtempSync(join(tmpdir(), 'hub-files-'));

beforeAll(async () => {
  api = await startTestApi({ additions, env: { HUB_STATE_DIR: stateDir } });
  ann = await api.client();
  typeId = (await api.sql(`select id from document_type where name = 'Passport'`))[0].id;
});
afterAll(() => api.stop());

const send = async (
  who: Caller,
  bytes: Buffer,
  { name = 'passport.jpg', fields = { typeID: String(typeId) } as Record<string, string>, path = '/my/documents' } = {},
) => {
  const form = new FormData();
  for (const [key, value] of Object.entries(fields)) form.set(key, value);
  form.set('file', new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }), name);
  const response = await fetch(`${api.url}/api/v2${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${who.token}` },
    body: form,
  });
  return { status: response.status, body: (await response.json()) as any };
};

const catalogWith = (more: string) => Buffer.from(PDF.toString('latin1').replace('/Catalog', `/Catalog ${more}`));
const stream = (dictionary: string, data: Buffer) =>
  Buffer.concat([
    Buffer.from(`3 0 obj << ${dictionary} /Length ${data.length} >>\nstream\r\n`),
    ...[data, Buffer.from('\nendstream\nendobj\n')],
  ]);
const packed = (objects: string, { sum = true } = {}) => {
  const data = deflateSync(`3 0 ${objects}`);
  if (!sum) data[data.length - 1]! ^= 1;
  return stream('/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode', data);
};
const pdfWith = (...objects: Buffer[]) => {
  const at = PDF.indexOf('trailer');
  return Buffer.concat([PDF.subarray(0, at), ...objects, PDF.subarray(at)]);
};

const storedFiles = () => readdirSync(stateDir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());

describe('a document of a client', () => {
  it('is kept by what it is, listed, fetched to be saved, and deleted with its file', async () => {
    const { status, body } = await send(ann, PNG, { name: 'my passport.jpg' });
    expect(status).toBe(201);
    expect(body).toEqual({
      documentId: expect.any(Number),
      type: { id: typeId, name: 'Passport' },
      file: {
        name: 'my passport.jpg',
        mimeType: 'image/png',
        size: PNG.length,
        url: `/api/v2/my/documents/${body.documentId}/file`,
      },
      status: 'pending',
      resolution: null,
      validUntil: null,
      createTime: expect.any(String),
      updateTime: null,
    });
    expect((await ann.call('GET /api/v2/my/documents')).body).toEqual({ total: 1, data: [body] });
    const file = await fetch(`${api.url}${body.file.url}`, { headers: { authorization: `Bearer ${ann.token}` } });
    expect(Buffer.from(await file.arrayBuffer()).equals(PNG)).toBe(true);
    expect(Object.fromEntries(file.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-disposition': "attachment; filename*=UTF-8''my%20passport.png",
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    expect(storedFiles().filter(({ name }) => name.includes('passport'))).toEqual([]);
    const before = storedFiles().length;
    expect((await ann.call(`DELETE /api/v2/my/documents/${body.documentId}`)).status).toBe(204);
    expect(storedFiles().length).toBe(before - 1);
    expect((await ann.call(`GET /api/v2/my/documents/${body.documentId}/file`)).status).toBe(404);
  });

  it.each([
    ['passport.hta', JPEG, 'passport.jpg'],
    ['passport.jpg', PNG, 'passport.png'],
    ['Passport.JPEG', JPEG, 'Passport.JPEG'],
    ['bill of 12.03.2026', PDF, 'bill of 12.03.2026.pdf'],
    ['.hta', JPEG, 'file.jpg'],
    ['ann\u202Egpj.hta', JPEG, 'anngpj.jpg', 'as it was stored before'],
  ])('called %j is saved under the ending of what it is', async (name, bytes, saved, stored = '') => {
    const { body } = await send(await api.client(), bytes, { name: stored ? 'passport.jpg' : name });
    const { documentId } = body;
    await api.sql(`update client_document set file_name = $2 where document_id = $1`, [documentId, name]);
    const olga = await api.operator(['documents.read']);
    const file = await fetch(`${api.url}/api/v2/documents/${documentId}/file`, {
      headers: { authorization: `Bearer ${olga.token}` },
    });
    expect(file.headers.get('content-disposition')).toBe(`attachment; filename*=UTF-8''${encodeURIComponent(saved)}`);
  });

  it('of his that is over proves nothing, and one that lacks its type hears it in the word he uses', async () => {
    const fields = { typeID: String(typeId) };
    const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    const named = async (of: Record<string, string>, path = '/my/documents', who: Caller = ann) => {
      const { status, body } = await send(who, JPEG, { fields: of, path });
      return [status, body.error?.details[0].field];
    };
    expect(await named({ ...fields, validUntil: day(-1) })).toEqual([400, 'validUntil']);
    expect(await named({ ...fields, validUntil: day(1) })).toEqual([201, undefined]);
    expect(await named({})).toEqual([400, 'typeID']);
    const olga = await api.operator(['documents.create']);
    const clientId = String((await api.client()).id);
    expect(await named({ clientId }, '/documents', olga)).toEqual([400, 'typeId']);
    const kept = { clientId, typeId: String(typeId), validUntil: day(-1) };
    expect(await named(kept, '/documents', olga)).toEqual([201, undefined]);
  });

  it('does not exist for another client, nor for an operator of other clients', async () => {
    const { body } = await send(ann, JPEG);
    const bob = await api.client();
    const [{ id: tag }] = await api.sql(`insert into tag (name) values ('elsewhere') returning id`);
    const elsewhere = await api.operator(['*'], { tagIds: [tag] });
    for (const route of [
      'GET /api/v2/my/documents/ID',
      'GET /api/v2/my/documents/ID/file',
      'DELETE /api/v2/my/documents/ID',
    ])
      expect([route, (await bob.call(route.replace('ID', body.documentId))).status]).toEqual([route, 404]);
    for (const route of ['GET /api/v2/documents/ID', 'GET /api/v2/documents/ID/file', 'DELETE /api/v2/documents/ID'])
      expect([route, (await elsewhere.call(route.replace('ID', body.documentId))).status]).toEqual([route, 404]);
    expect(
      (await (await api.operator(['documents.create'])).call(`GET /api/v2/documents/${body.documentId}/file`)).status,
    ).toBe(403);
    expect((await api.call(`GET ${body.file.url}`)).status).toBe(401);
    expect((await bob.call('GET /api/v2/my/documents')).body.total).toBe(0);
  });

  it('is shown to operators who may, and every look is noted', async () => {
    const { body } = await send(ann, PDF, { name: 'bill.pdf' });
    const olga = await api.operator(['documents.read']);
    expect((await olga.call(`GET /api/v2/documents/${body.documentId}`)).body).toMatchObject({
      clientId: ann.id,
      group: { name: 'Proof of identity' },
      applicationId: null,
    });
    const file = await fetch(`${api.url}/api/v2/documents/${body.documentId}/file`, {
      headers: { authorization: `Bearer ${olga.token}` },
    });
    expect(file.status).toBe(200);
    expect(
      await api.sql(`select actor from audit where action = 'documents.look' and object = $1`, [
        `document:${body.documentId}`,
      ]),
    ).toEqual([{ actor: `user:${olga.id}` }]);
    const blind = await api.operator(['documents.read'], { maskData: true });
    expect((await blind.call(`GET /api/v2/documents/${body.documentId}/file`)).status).toBe(403);
    expect((await blind.call(`GET /api/v2/documents/${body.documentId}`)).body.file.name).toBe('*');
  });

  it('can be put in by an operator for a client he sees', async () => {
    const olga = await api.operator(['documents.create']);
    const fields = { typeId: String(typeId), clientId: String((await api.client()).id), comment: 'came by post' };
    expect(await send(olga, JPEG, { path: '/documents', fields })).toMatchObject({
      status: 201,
      body: { comment: 'came by post' },
    });
    expect(await send(olga, JPEG, { path: '/documents', fields: { ...fields, clientId: '999999' } })).toMatchObject({
      status: 404,
    });
  });

  it('stays with its file when only the answer to its row was lost', async () => {
    const dora = await api.client();
    const kept = keepDocument(commitsUnanswered(api.deps.pool), localFolder(stateDir), {
      ...{
        actor: { kind: 'client', id: dora.id, family: '' },
        clientId: dora.id,
        typeId,
        typeField: 'typeId',
        requestId: 'lost',
      },
      file: { name: 'passport.png', bytes: PNG },
    });
    await expect(kept).rejects.toThrow('Connection terminated');
    const [{ key }] = await api.sql(`select storage_key as key from client_document where client_id = $1`, [dora.id]);
    expect((await localFolder(stateDir).get(key))?.equals(PNG)).toBe(true);
  });

  it('that somebody put who died before its row was written is gone with the next one', async () => {
    const [folder, key] = [localFolder(join(stateDir, 'files')), 'documents/2026/01/left-behind'];
    await putLoose(api.deps.pool, folder, key, PNG);
    await putLoose(api.deps.pool, folder, `${key}-half`, PNG);
    // This one died before the file was whole.
    const half = join(stateDir, 'files', `${key}-half`);
    renameSync(half, `${half}.part`);
    await send(await api.client(), JPEG);
    expect(await folder.get(key)).not.toBeNull(); // its row may come yet
    await api.sql(`update loose_file set since = now() - interval '1 hour'`);
    await send(await api.client(), JPEG);
    expect(await folder.get(key)).toBeNull();
    expect(existsSync(`${half}.part`)).toBe(false);
    expect(await api.sql(`select from loose_file`)).toEqual([]);
  });

  it('of a type is taken as often as the type says, also when all come at once', async () => {
    const carl = await api.client();
    const all = await Promise.all(Array.from({ length: 6 }, () => send(carl, JPEG)));
    expect(all.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(all.find(({ status }) => status !== 201)!.body.error.details[0].reason).toBe('limit_exceeded');
  });
});

describe('what is no document', () => {
  const refused = async (bytes: Buffer, more: Parameters<typeof send>[2] = {}) => {
    const files = storedFiles().length;
    const { status, body } = await send(await api.client(), bytes, more);
    expect(storedFiles().length).toBe(files);
    return [status, body.error.details[0].field, body.error.details[0].reason];
  };

  it('is refused by its content, whatever it is called', async () => {
    const zip = Buffer.concat([Buffer.from('PK\u0003\u0004'), randomBytes(200)]);
    const huge = Buffer.from(PNG);
    huge.writeUInt32BE(60_000, 16);
    huge.writeUInt32BE(60_000, 20);
    for (const [what, bytes] of Object.entries({
      'an archive': zip,
      'a page': Buffer.from('<html><script>alert(1)</script></html>'),
      'a vector image': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      nothing: Buffer.alloc(0),
      'a picture with an archive behind it': Buffer.concat([PNG, zip]),
      'half a photo': JPEG.subarray(0, JPEG.length - 2),
      'half a picture': PNG.subarray(0, PNG.length - 6),
      'the head of a photo': Buffer.from([0xff, 0xd8, 0xff, 0xff, 0xd9]),
      'a bomb of pixels': huge,
      'a document that runs a program': catalogWith('/OpenAction << /S /JavaScript >>'),
      'one that spells it otherwise': catalogWith('/OpenAction << /S /J#61v#61Script /J#53 (app.alert(1)) >>'),
      'one that packs it with other objects': pdfWith(packed(`<< /S /JavaScript ${' '.repeat(99)} >>`)),
      'one that packs it behind others, with a wrong checksum': pdfWith(
        packed('<< /Type /Page >>'),
        packed('<< /S /Launch >>', { sum: false }),
      ),
      'one that sends what was filled in': catalogWith('/OpenAction << /S /SubmitForm /F (https://example.com) >>'),
      'one that fills itself in from elsewhere': catalogWith('/OpenAction << /S /ImportData /F (a.fdf) >>'),
      'one that opens a file of somebody else': catalogWith(
        '/AA << /O << /S /GoToR /F (\\\\\\\\198.51.100.7\\\\a) >> >>',
      ),
      'one that opens a file within another': catalogWith(
        '/AA << /O << /S /GoToE /F (\\\\\\\\198.51.100.7\\\\a) >> >>',
      ),
      'a form with programs': catalogWith('/AcroForm << /XFA [(template) 7 0 R] >>'),
      'one that is packed': pdfWith(packed('<< /Fields [] /X#46A 7 0 R >>')),
      'a document with a file in it': catalogWith('/Names << /EmbeddedFiles 5 0 R >>'),
      'a bomb of objects': pdfWith(packed(' '.repeat(40 * 1024 * 1024))),
    }))
      expect([what, ...(await refused(bytes))]).toEqual([what, 400, 'file', 'validation']);
  });

  it('is not what looks like it by chance, in a picture on a page or in objects that are encrypted', async () => {
    const scan = Buffer.concat([randomBytes(50), Buffer.from('/JS!/XFA!'), randomBytes(50)]);
    for (const bytes of [
      pdfWith(stream('/Filter /DCTDecode', scan)),
      pdfWith(packed('<< /Type /Page >>'), stream('/Type /ObjStm /Filter /FlateDecode', randomBytes(64))),
    ])
      expect((await send(await api.client(), bytes)).status).toBe(201);
  });

  it('is cut off where it hangs behind a photo', async () => {
    const { body } = await send(await api.client(), Buffer.concat([JPEG, Buffer.from('PK<script>')]));
    expect(body.file).toMatchObject({ mimeType: 'image/jpeg', size: JPEG.length });
  });

  it('is refused for its name when that is a path', async () => {
    for (const name of ['../../etc/passwd', 'a/b.jpg', 'a\\b.jpg', '..', 'x'.repeat(201)])
      expect([name, ...(await refused(JPEG, { name }))]).toEqual([name, 400, 'file', 'validation']);
  });

  it('is refused for its name when that turns its ending round', async () => {
    expect(await refused(JPEG, { name: 'ann\u202Egpj.hta' })).toEqual([400, 'file', 'validation']);
  });

  it('is refused without a type, with an unknown one, with unknown fields', async () => {
    expect(await refused(JPEG, { fields: {} })).toEqual([400, 'typeID', 'validation']);
    // As it was spelled.
    expect(await refused(JPEG, { fields: { typeID: '999999' } })).toEqual([400, 'typeID', 'not_found']);
    expect(await refused(JPEG, { fields: { typeId: '999999' } })).toEqual([400, 'typeId', 'not_found']);
    expect(await refused(JPEG, { fields: { typeID: String(typeId), clientId: '1' } })).toEqual([
      400,
      'clientId',
      'validation',
    ]);
  });

  it.each(['2031-02-29', '0000-01-01'])('is refused with a last day that there is not, such as %s', async (day) => {
    expect(await refused(JPEG, { fields: { typeID: String(typeId), validUntil: day } })).toEqual([
      400,
      'validUntil',
      'validation',
    ]);
  });

  it('is refused when it is no form, or a broken one', async () => {
    expect((await ann.call('POST /api/v2/my/documents', { typeID: typeId })).status).toBe(415);
    const broken = await ann.call('POST /api/v2/my/documents', 'not a form', {
      'content-type': 'multipart/form-data; boundary=x',
    });
    expect(broken.status).toBe(400);
  });

  it('is refused early when it is too large: a hundred megabytes before a byte is read', async () => {
    expect(
      await refused(Buffer.concat([JPEG.subarray(0, -2), Buffer.alloc(10 * 1024 * 1024), JPEG.subarray(-2)])),
    ).toEqual([400, 'file', 'validation']);
    const status = await new Promise((done, failed) => {
      const sending = request(
        `${api.url}/api/v2/my/documents`,
        {
          method: 'POST',
          headers: {
            authorization: `Bearer ${ann.token}`,
            'content-type': 'multipart/form-data; boundary=x',
            'content-length': 100 * 1024 * 1024,
          },
        },
        (response) => {
          done(response.statusCode);
          sending.destroy();
        },
      );
      sending.on('error', failed).flushHeaders();
    });
    expect(status).toBe(413);
  });
});

describe('document types and groups', () => {
  it('are made, changed and deleted; a type in use stays', async () => {
    const olga = await api.operator();
    const group = await olga.call('POST /api/v2/documents/groups', { name: 'Wealth', type: 'all' });
    expect(group).toMatchObject({ status: 201, body: { type: 'all', enabled: true } });
    const made = await olga.call('POST /api/v2/documents/types', {
      name: 'Salary slip',
      groupId: group.body.id,
      maxFiles: 1,
    });
    expect(made).toMatchObject({ status: 201, body: { group: { name: 'Wealth' }, maxFiles: 1, example: '' } });
    expect((await olga.call(`GET /api/v2/documents/groups?filter[typeId]=${made.body.id}`)).body.data).toHaveLength(1);
    expect((await olga.call(`PATCH /api/v2/documents/types/${made.body.id}`, { enabled: false })).body.enabled).toBe(
      false,
    );
    expect((await olga.call(`DELETE /api/v2/documents/groups/${group.body.id}`)).status).toBe(400);
    expect((await olga.call(`DELETE /api/v2/documents/types/${made.body.id}`)).status).toBe(204);
    expect((await olga.call(`DELETE /api/v2/documents/types/${typeId}`)).status).toBe(400);
    expect((await olga.call('POST /api/v2/documents/groups', { name: 'Wealth', type: 'some' })).status).toBe(400);
  });
});
