import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { codecMount } from '../../api/codec/codec.ts';
import { safeError } from '../../api/kit/log.ts';
import { createCodec } from '../../worker/codec.ts';
import { connectTemporal } from '../../worker/client.ts';
import { type TestApi, randomKeys, startTestApi } from '../kit/api-client.ts';
import { eventually } from '../kit/hub.ts';

const lines: string[] = [];
const log = pino(
  { serializers: { err: safeError } },
  new Writable({ write: (line, _encoding, done) => (lines.push(String(line)), done()) }),
);

let api: TestApi;
let connection: { close: () => Promise<void> };
const codec = createCodec(randomKeys());

beforeAll(async () => {
  const temporal = connectTemporal({
    temporalAddress: process.env['HUB_TEST_TEMPORAL_ADDRESS']!,
    temporalNamespace: 'default',
    payloadKeys: randomKeys(),
  });
  connection = temporal.connection;
  api = await startTestApi({ temporal, log, additions: { mounts: (deps) => [codecMount(deps, codec)] } });
});
afterAll(async () => {
  await api.stop();
  await connection.close();
});

describe('readiness', () => {
  it('says which piece is missing', async () => {
    expect(await api.call('GET /livez')).toMatchObject({ status: 200, body: { alive: true } });
    const ready = await api.call('GET /readyz');
    // Whether a worker polls depends on what else uses this Temporal server; the answer must fit either way.
    expect(ready.body.missing.filter((one: string) => one !== 'worker')).toEqual([]);
    expect(ready.status).toBe(ready.body.ready ? 200 : 503);

    const alone = await startTestApi();
    expect(await alone.call('GET /readyz')).toMatchObject({
      status: 503,
      body: { ready: false, missing: ['temporal', 'worker'] },
    });
    await alone.stop();
  });

  it('misses a database that takes no writes; orders hear 503, and it is there again by itself', async () => {
    const alone = await startTestApi();
    const { pool } = alone.deps;
    const olga = await alone.operator();
    const takesWrites = async (yes: boolean) => {
      const db = await pool.connect();
      await db.query(`begin read write`);
      await db.query(
        `do $$ begin execute format('alter database %I set default_transaction_read_only = ${yes ? 'off' : 'on'}', current_database()); end $$`,
      );
      await db.query('commit');
      const { rows } = await db.query<{ pid: number }>(
        `select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      );
      const pids = rows.map(({ pid }) => pid);
      await db.query(`select pg_terminate_backend(pid) from unnest($1::int[]) as pid`, [pids]);
      const living = () => db.query(`select from pg_stat_activity where pid = any($1)`, [pids]);
      await eventually(async () => (await living()).rowCount === 0, 'the others to be gone');
      db.release(true);
      // The pool hears of it a moment later: whoever asked before would be handed one of theirs.
      const each = () =>
        Promise.all(Array.from({ length: pool.options.max! }, () => pool.query(`select pg_sleep(0.1)`)));
      await eventually(() => each().then(Boolean, () => false), 'their connections to be given up');
    };
    const missing = async () => (await alone.call('GET /readyz')).body.missing;
    const save = () => olga.call('POST /api/v2/tags', { name: 'vip', type: 'clients' });
    await takesWrites(false);
    expect(await missing()).toContain('database');
    expect((await save()).status).toBe(503);
    await takesWrites(true);
    expect(await missing()).not.toContain('database');
    expect((await save()).status).toBe(201);
    await alone.stop();
  });
});

describe('the codec', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const plain = { metadata: { encoding: base64('json/plain') }, data: base64('"a secret"') };
  const encode = (body: unknown, headers = {}) => api.call('POST /codec/encode', { body, headers });
  const decode = (body: unknown, headers = {}) => api.call('POST /codec/decode', { body, headers });

  it('makes payloads unreadable and readable again for Temporal UI on this machine', async () => {
    const origin = api.settings.temporalUiUrl.replace('127.0.0.1', 'localhost');
    const sealed = await encode({ payloads: [plain] });
    expect(sealed.status).toBe(200);
    expect(sealed.body.payloads[0].data).not.toBe(plain.data);
    const opened = await decode(sealed.body, { origin });
    expect(opened.body.payloads).toEqual([plain]);
    expect(opened.headers.get('access-control-allow-origin')).toBe(origin);
    const preflight = await api.call('OPTIONS /codec/decode', {
      headers: { origin: api.settings.temporalUiUrl, 'access-control-request-method': 'POST' },
    });
    expect(preflight).toMatchObject({ status: 204 });
    expect(lines.join('')).toContain('payloads read');
    expect(lines.join('')).not.toContain(plain.data);
  });

  it('answers no other page, and nobody without the right', async () => {
    expect((await decode({ payloads: [plain] }, { origin: 'https://evil.example' })).status).toBe(403);
    const [nobody, reader, client] = [
      await api.operator(['clients.read']),
      await api.operator(['payloads.read']),
      await api.client(),
    ];
    const [{ id: tag }] = await api.sql(`insert into tag (name) values ('some') returning id`);
    const some = await api.operator(['payloads.read'], { tagIds: [tag] });
    const masked = await api.operator(['payloads.read'], { maskData: true });
    for (const [who, status] of [
      [nobody, 403],
      [client, 403],
      [some, 403],
      [masked, 403],
      [reader, 200],
    ] as const) {
      expect((await decode({ payloads: [plain] }, { authorization: `Bearer ${who.token}` })).status).toBe(status);
    }
    const production = await startTestApi({
      env: { HUB_MODE: 'production' },
      additions: { mounts: (deps) => [codecMount(deps, codec)] },
    });
    expect((await production.call('POST /codec/decode', { body: { payloads: [plain] } })).status).toBe(401);
    await production.stop();
  });

  it('takes nobody behind a proxy for who sits at this machine', async () => {
    for (const headers of [{ 'x-forwarded-for': '203.0.113.7' }, { forwarded: 'for=203.0.113.7' }])
      expect((await decode({ payloads: [plain] }, headers)).status).toBe(403);
  });

  it('knows its paths by their letters, as those lists do that close them', async () => {
    for (const path of ['/codec/DECODE', '/Codec/decode'])
      expect((await api.call(`POST ${path}`, { body: { payloads: [plain] } })).status).toBe(404);
    expect((await api.call('GET /docs/START.js')).status).toBe(404);
  });

  it('refuses what it cannot open', async () => {
    expect(
      (await decode({ payloads: [{ metadata: { encoding: base64('binary/encrypted') }, data: base64('garbage') }] }))
        .status,
    ).toBe(400);
    expect((await decode({ payloads: [{ data: '%%%' }] })).status).toBe(400);
    expect((await decode('{')).status).toBe(400);
  });
});

describe('the log', () => {
  it('names method, pattern, status and actor, and nothing personal', async () => {
    lines.length = 0;
    const admin = await api.operator();
    await admin.call('POST /api/v2/clients', { email: 'canary@example.com', firstName: 'Canary', lastName: 'Bird' });
    await admin.call('POST /api/v2/clients', { email: 'canary@example.com', firstName: 'Canary', lastName: 'Bird' });
    await admin.call('GET /api/v2/clients?filter[emails]=canary@example.com');
    await api.call('POST /api/v2/signin', { body: { email: 'canary@example.com', password: 'canary-password' } });
    await api.sql('alter table client rename column email to mail');
    expect(
      (
        await admin.call('POST /api/v2/clients', {
          email: 'canary2@example.com',
          firstName: 'Canary',
          lastName: 'Bird',
        })
      ).status,
    ).toBe(500);
    expect((await admin.call('GET /api/v2/clients?filter[emails]=canary@example.com')).status).toBe(500);
    await api.sql('alter table client rename column mail to email');

    const entries = lines.map((line) => JSON.parse(line));
    expect(entries.filter((one) => one.msg === 'request')[0]).toMatchObject({
      method: 'POST',
      route: '/api/v2/clients',
      status: 201,
      actor: `user:${admin.id}`,
      ms: expect.any(Number),
      requestId: expect.any(String),
    });
    expect(entries.filter((one) => one.msg === 'request failed')).toHaveLength(2);
    expect(lines.join('').toLowerCase()).not.toContain('canary');
    expect(lines.join('')).not.toContain(admin.token);
  });
});
