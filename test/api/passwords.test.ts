/** How passwords are kept, and which are refused. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isBreached, useBreachedPasswords } from '../../db/breached-passwords.ts';
import { newPasswordFault } from '../../db/new-password.ts';
import { hashPassword, isOutdated, passwordIs, usePasswordCost } from '../../db/passwords.ts';
import { atPresentCost } from '../../db/repositories/password-hashes.ts';
import { PASSWORD, type TestApi, startTestApi } from '../kit/api-client.ts';

let api: TestApi;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hub-passwords-'));
  api = await startTestApi({ env: { PASSWORD_MEMORY_KIB: '64', PASSWORD_PASSES: '1' } });
});
afterAll(async () => {
  await api?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const CHEAP = { memoryKib: 64, passes: 1 };
const DEARER = { memoryKib: 128, passes: 2 };

describe('a hash', () => {
  const hashOf = async (id: number): Promise<string> =>
    (await api.sql('select password_hash as hash from hub_user where id = $1', [id]))[0].hash;

  it('made at another cost is made anew at the next sign-in, and only with the right password', async () => {
    const { id } = await api.operator();
    const [{ email }] = await api.sql('select email from hub_user where id = $1', [id]);
    const signIn = async (password: string) =>
      (await api.call('POST /api/v2/signin', { body: { email, password } })).status;
    const before = await hashOf(id);
    expect(before).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$/);
    expect(await signIn(PASSWORD)).toBe(200);
    expect(await hashOf(id)).toBe(before);

    usePasswordCost(DEARER);
    expect(await signIn('wrong')).toBe(400);
    expect(await hashOf(id)).toBe(before);
    expect(await signIn(PASSWORD)).toBe(200);
    const after = await hashOf(id);
    expect(after).toMatch(/^\$argon2id\$v=19\$m=128,t=2,p=1\$/);
    expect(await passwordIs(PASSWORD, after)).toBe(true);
    usePasswordCost(CHEAP);
  });

  it('that was changed meanwhile stays', async () => {
    const { id } = await api.operator();
    const known = await hashOf(id);
    await api.sql(`update hub_user set password_hash = 'newer' where id = $1`, [id]);
    usePasswordCost(DEARER);
    expect(isOutdated(known)).toBe(true);
    expect(await atPresentCost(api.deps.pool, { table: 'hub_user', id, hash: known }, PASSWORD)).toBe(known);
    usePasswordCost(CHEAP);
    expect(await hashOf(id)).toBe('newer');
    expect(isOutdated(await hashPassword(PASSWORD))).toBe(false);
  });
});

describe('a list of stolen passwords', () => {
  const sha1 = (password: string) => createHash('sha1').update(password).digest('hex').toUpperCase();
  const STOLEN = ['Password1', 'Qwerty123', 'Summer2024'];
  const INNOCENT = 'Nobody-has-this-1';
  const asFile = (name: string, lines: string[], end = ''): string => {
    const path = join(folder, name);
    writeFileSync(path, lines.sort().join(end || '\n') + end);
    return path;
  };
  const others = Array.from({ length: 2_000 }, (_, n) => sha1(`other ${n}`));

  it.each([
    [
      'a file of hashes and how often',
      () =>
        asFile(
          'counted',
          [...STOLEN.map(sha1), ...others].map((hash, n) => `${hash}:${n}`),
        ),
    ],
    ['a file of hashes with a line break at its end', () => asFile('bare', [...STOLEN.map(sha1), ...others], '\r\n')],
    [
      'a file of their first sixteen digits',
      () =>
        asFile(
          'short',
          [...STOLEN.map(sha1), ...others].map((hash) => hash.slice(0, 16)),
        ),
    ],
    [
      'a folder of files by their first five digits',
      () => {
        const path = join(folder, 'ranges');
        mkdirSync(path);
        for (const hash of STOLEN.map(sha1))
          writeFileSync(join(path, `${hash.slice(0, 5)}.txt`), `${'0'.repeat(35)}:1\r\n${hash.slice(5)}:7\r\n`);
        return path;
      },
    ],
  ])('is %s', async (_, make) => {
    await useBreachedPasswords(make());
    expect(await Promise.all([...STOLEN, INNOCENT, 'password1'].map(isBreached))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    await useBreachedPasswords(undefined);
  });

  it('finds each of its lines, and none that is not there', async () => {
    await useBreachedPasswords(
      asFile(
        'all',
        others.map((hash, n) => `${hash}:${n * n}`),
      ),
    );
    const found = await Promise.all(Array.from({ length: 2_000 }, (_, n) => isBreached(`other ${n}`)));
    expect(found.every(Boolean)).toBe(true);
    expect(await Promise.all(Array.from({ length: 200 }, (_, n) => isBreached(`another ${n}`)))).not.toContain(true);
    await useBreachedPasswords(undefined);
  });

  it('is asked where people choose a password, of the Back Office too', async () => {
    await useBreachedPasswords(asFile('asked', STOLEN.map(sha1)));
    const issue = 'is in a list of stolen passwords: choose another';
    expect(await newPasswordFault('Password1')).toBe(issue);
    expect(await newPasswordFault('short')).toBe('must have at least 8 characters');
    expect(await newPasswordFault(INNOCENT)).toBeNull();
    const admin = await api.operator();
    const body = { name: 'New', email: 'new@example.com', groupIds: [] };
    const refused = await admin.call('POST /api/v2/users', { ...body, password: 'Password1' });
    expect([refused.status, refused.body.error.details[0]]).toEqual([
      400,
      { field: 'password', reason: 'validation', issue: `password ${issue}.` },
    ]);
    const made = await admin.call('POST /api/v2/users', { ...body, password: INNOCENT });
    expect(made.status).toBe(201);
    expect((await admin.call(`PATCH /api/v2/users/${made.body.id}`, { password: 'Qwerty123' })).status).toBe(400);
    await useBreachedPasswords(undefined);
    expect(await newPasswordFault('Password1')).toBeNull();
  });

  it('that is not there stops the start; one of another form lets nobody choose', async () => {
    await expect(startTestApi({ env: { BREACHED_PASSWORDS: join(folder, 'nowhere') } })).rejects.toThrow('nowhere');
    await useBreachedPasswords(asFile('prose', ['These are', 'no hashes']));
    await expect(newPasswordFault('Password1')).rejects.toMatchObject({ type: 'Config' });
    await useBreachedPasswords(undefined);
  });
});
