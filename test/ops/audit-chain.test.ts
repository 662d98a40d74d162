import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { KeyRing } from '../../config/key-ring.ts';
import { acceptAudit, checkAudit, linkText, sealNext } from '../../db/repositories/audit-chain.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { keysInUse, resealAll } from '../../db/repositories/sealed.ts';
import { randomKeys } from '../kit/api-client.ts';
import { freshPool } from '../kit/hub.ts';

const KEYS = randomKeys();
const ring = new KeyRing(KEYS);

let database: Awaited<ReturnType<typeof freshPool>>;
let pool: pg.Pool;

beforeEach(async () => {
  database = await freshPool(4);
  ({ pool } = database);
  await write(5);
  while ((await sealNext(pool, ring)).sealed > 0);
});
afterEach(() => database.drop());

const write = async (rows: number): Promise<void> => {
  for (let n = 0; n < rows; n++)
    await recordAudit(pool, { actor: 'user:1', action: 'tags.update', object: `tag:${n}`, before: { n }, after: {} });
};

/** As somebody does who may do everything in the database, and has none of our keys. */
const behindOurBack = async (...statements: string[]): Promise<void> => {
  const db = await pool.connect();
  try {
    await db.query('set session_replication_role = replica');
    for (const statement of statements) await db.query(statement);
  } finally {
    db.release(true);
  }
};

const last = async () => Number((await pool.query<{ max: string }>('select max(seq) from audit')).rows[0]!.max);
const broken = async () => (await checkAudit(pool, ring)).broken;

describe('the chain of the audit', () => {
  it('is whole when nobody touched it, and says where it ends', async () => {
    await write(2);
    const { rows, unsealed, end, broken: wrong } = await checkAudit(pool, ring);
    expect([wrong, unsealed, rows]).toEqual([null, 2, await last()]);
    expect(linkText(end)).toMatch(new RegExp(`^${rows}:[0-9a-f]{64}$`));
  });

  it('is chained without a gap by sealers that work at the same time, while others write', async () => {
    await Promise.all([...Array.from({ length: 4 }, () => write(10)), sealNext(pool, ring), sealNext(pool, ring)]);
    await Promise.all([sealNext(pool, ring), sealNext(pool, ring), sealNext(pool, ring)]);
    expect(await checkAudit(pool, ring)).toMatchObject({ broken: null, unsealed: 0, rows: await last() });
  });

  it.each([
    ['changed', `update audit set after = '{"n": 7}' where seq = 3`, /^row 3 .*was changed/],
    ['taken out', 'delete from audit where seq = 3', /^row 3 is missing/],
    ['dated back', `update audit set create_time = create_time - interval '1 day' where seq = 2`, /^row 2 .*changed/],
    ['said to be done by somebody else', `update audit set actor = 'user:2' where seq = 4`, /^row 4 .*changed/],
  ])('shows that a row was %s', async (_what, statement, says) => {
    await behindOurBack(statement);
    expect(await broken()).toMatch(says);
  });

  it('shows that a row was put in between', async () => {
    await behindOurBack(
      'update audit set seq = -seq where seq >= 3',
      'update audit set seq = -seq + 1 where seq < 0',
      `insert into audit (actor, action, object, seq, previous_hash, hash)
         select 'user:9', 'tags.update', 'tag:9', 3, hash, sha256('made up') from audit where seq = 2`,
    );
    expect(await broken()).toMatch(/^row 3 .*put there/);
  });

  it('shows that its end was cut off, and is not gone on with', async () => {
    const ended = await last();
    await behindOurBack(`delete from audit where seq > ${ended - 2}`);
    expect(await broken()).toBe(`row ${ended - 1} is missing: the chain was ${ended} rows long`);
    await write(3);
    await expect(sealNext(pool, ring)).rejects.toMatchObject({ type: 'Config' });
    expect(await broken()).toBe(`row ${ended - 1} is missing: the chain was ${ended} rows long`);
  });

  it('shows that all of it was written anew, every hash fitting', async () => {
    const ended = await last();
    // What the hub itself would make of other rows, but without its keys.
    await behindOurBack(
      `update audit set actor = 'user:2' where seq = 2`,
      'update audit set seq = null, previous_hash = null, hash = null',
    );
    const { rows } = await pool.query('select sealed from audit_head');
    await behindOurBack('delete from audit_head');
    const foreign = new KeyRing(randomKeys());
    while ((await sealNext(pool, foreign)).sealed > 0);
    expect(await broken()).toBe('the head is missing, or was not written with our CONFIG_KEYS');
    await behindOurBack('delete from audit_head');
    expect(await broken()).toBe('the head is missing, or was not written with our CONFIG_KEYS');
    await pool.query('insert into audit_head (sealed) values ($1)', [rows[0].sealed]);
    expect(await broken()).toBe(`row ${ended} is not the one the hub sealed: the chain was written anew`);
  });

  it('is known by an end that was noted, even if the whole database was brought back to an earlier day', async () => {
    const { end } = await checkAudit(pool, ring);
    await write(1);
    await sealNext(pool, ring);
    expect(await checkAudit(pool, ring, end)).toMatchObject({ broken: null, rows: 1 });
    const later = (await checkAudit(pool, ring)).end;
    await behindOurBack(`delete from audit where seq = ${later.seq}`);
    await acceptAudit(pool, ring);
    expect(await broken()).toBeNull();
    expect((await checkAudit(pool, ring, later)).broken).toBe(`row ${later.seq}, which was noted, is missing`);
    expect((await checkAudit(pool, ring, { ...end, hash: later.hash })).broken).toMatch(
      /is not the one that was noted/,
    );
  });

  it('outlives a change of keys', async () => {
    const newer = new KeyRing(`k2:${randomKeys().slice(3)},${KEYS}`);
    expect((await resealAll(pool, newer)).unreadable).toEqual([]);
    expect(await keysInUse(pool)).toEqual([{ table: 'audit_head', keyId: 'k2', count: 1 }]);
    expect((await checkAudit(pool, newer)).broken).toBeNull();
    await write(1);
    expect(await sealNext(pool, newer)).toEqual({ sealed: 1 });
  });
});

describe('npm run audit:check', () => {
  const run = (...args: string[]): Promise<{ code: number; said: string }> =>
    new Promise((done) => {
      const env = { ...process.env, DATABASE_URL: database.url, CONFIG_KEYS: KEYS };
      const script = resolve(import.meta.dirname, '../../cli/audit-check.ts');
      execFile(process.execPath, [script, ...args], { env }, (error, out, err) =>
        done({ code: error ? Number(error.code) : 0, said: out + err }),
      );
    });

  it('ends well for a whole chain, and names the first broken row of another', async () => {
    const whole = await run();
    expect(whole).toMatchObject({ code: 0, said: expect.stringContaining(`Audit: ${await last()} rows chained`) });
    const noted = /ends at (\S+)/.exec(whole.said)![1]!;
    expect((await run('--from', noted)).code).toBe(0);
    await behindOurBack('delete from audit where seq in (3, 5)');
    expect(await run()).toMatchObject({ code: 1, said: expect.stringContaining('BROKEN  row 3 is missing.') });
    expect((await run('--from', '3:abc')).code).toBe(2);
    expect((await run('--now')).code).toBe(2);
  });

  it('takes a shortened chain as it is when a person says so, and that is written down', async () => {
    await behindOurBack(`delete from audit where seq = ${await last()}`);
    expect(await run('--accept')).toMatchObject({ code: 1, said: expect.stringContaining('Accepted') });
    expect(await sealNext(pool, ring)).toEqual({ sealed: 1 });
    expect((await run()).code).toBe(0);
    const { rows } = await pool.query(`select after from audit where action = 'audit.accept'`);
    expect(rows).toMatchObject([{ after: { broken: expect.stringContaining('is missing') } }]);
  });
});
