/** Keys of access tokens: published, rotated while the hub runs, sealed where they are kept. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { KeyRing } from '../../config/key-ring.ts';
import { addTokenKey, dropOldTokenKeys } from '../../db/repositories/token-keys.ts';
import { resealAll } from '../../db/repositories/sealed.ts';
import { eventually } from '../kit/hub.ts';
import { type TestApi, randomKeys, startTestApi } from '../kit/api-client.ts';

let api: TestApi;
let other: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  // A second process of the same hub.
  const { databaseUrl, jwtPrivateKey, configKeys, publicUrl } = api.settings;
  other = await startTestApi({
    env: { DATABASE_URL: databaseUrl, JWT_PRIVATE_KEY: jwtPrivateKey, CONFIG_KEYS: configKeys, PUBLIC_URL: publicUrl },
  });
});
afterAll(async () => {
  await other?.stop();
  await api?.stop();
});

const ring = () => new KeyRing(api.settings.configKeys);
const kidOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid;
const tokenOf = async (process: TestApi, id: number) =>
  (await process.deps.tokens.open({ kind: 'user', id })).accessToken.token;
const published = async (): Promise<string[]> =>
  (await api.call('GET /.well-known/jwks.json')).body.keys.map(({ kid }: { kid: string }) => kid);
const status = async (process: TestApi, token: string) =>
  (await process.call('GET /api/v2/currencies', { token })).status;

describe('the published keys', () => {
  it('let anybody check a token, and hold nothing private', async () => {
    const { id } = await api.operator();
    const token = await tokenOf(api, id);
    const answer = await api.call('GET /.well-known/jwks.json');
    expect(answer.body).toEqual({
      keys: [{ kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid: kidOf(token), use: 'sig', alg: 'EdDSA' }],
    });
    expect(answer.headers.get('cache-control')).toBe('public, max-age=30');
    const keys = createRemoteJWKSet(new URL(`${api.url}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(token, keys, { issuer: api.settings.publicUrl });
    expect(payload.sub).toBe(String(id));
  });
});

describe('a rotation', () => {
  it('publishes the new key before it signs; then every process signs with it, and tokens of before live on', async () => {
    const { id } = await api.operator();
    const before = await tokenOf(api, id);
    const { kid } = await addTokenKey(api.deps.pool, ring(), { seconds: 60, endsEarlier: false });
    await eventually(async () => (await published()).includes(kid), 'the new key to be published');
    expect(await published()).toEqual([kidOf(before), kid]);
    expect(kidOf(await tokenOf(api, id))).toBe(kidOf(before));

    await api.sql(`update token_key set signs_from = now() where kid = $1`, [kid]);
    for (const one of [api, other])
      await eventually(async () => kidOf(await tokenOf(one, id)) === kid, 'the new key to sign');
    const after = await tokenOf(other, id);
    expect([await status(api, before), await status(other, before), await status(api, after)]).toEqual([200, 200, 200]);
  });

  it('ends the key of before when none of its tokens can be alive', async () => {
    const { id } = await api.operator();
    const [old, present] = await published();
    expect([old, present]).toEqual([expect.any(String), expect.any(String)]);
    await api.sql(`update token_key set signs_from = now() - make_interval(secs => $1)`, [
      api.settings.accessTokenSeconds + 61,
    ]);
    await eventually(async () => !(await published()).includes(old!), 'the key of before to go');
    expect(await published()).toEqual([present]);
    expect(await status(api, await tokenOf(api, id))).toBe(200);
  });

  it('after a leak refuses every token of before at once, in every process', async () => {
    const { id } = await api.operator();
    const before = await tokenOf(api, id);
    expect([await status(api, before), await status(other, before)]).toEqual([200, 200]);
    const { kid } = await addTokenKey(api.deps.pool, ring(), { seconds: 0, endsEarlier: true });
    await eventually(async () => (await published()).join() === kid, 'the leaked key to go');
    for (const one of [api, other])
      await eventually(async () => (await status(one, before)) === 401, 'the token of before to be refused');
    expect(await status(other, await tokenOf(api, id))).toBe(200);
  });

  it('is followed by a process that has not heard of it yet', async () => {
    const { id } = await api.operator();
    const { kid } = await addTokenKey(api.deps.pool, ring(), { seconds: 0, endsEarlier: false });
    await eventually(async () => kidOf(await tokenOf(api, id)) === kid, 'the new key to sign');
    expect(await status(other, await tokenOf(api, id))).toBe(200);
  });

  it('drops stored keys that ended days ago, never the newest', async () => {
    await api.sql(`update token_key set signs_from = now() - interval '3 days' + id * interval '1 second'`);
    await dropOldTokenKeys(api.deps.pool);
    expect(await api.sql(`select count(*)::int as n from token_key`)).toEqual([{ n: 1 }]);
  });
});

describe('a token', () => {
  it('whose key nobody knows is refused', async () => {
    const { id } = await api.operator();
    const [, claims, signature] = (await tokenOf(api, id)).split('.') as [string, string, string];
    const made = (header: object) =>
      [Buffer.from(JSON.stringify(header)).toString('base64url'), claims, signature].join('.');
    for (const header of [
      { alg: 'EdDSA', kid: 'made-up' },
      { alg: 'EdDSA' },
      { alg: 'none', kid: (await published())[0] },
    ])
      expect(await status(api, made(header))).toBe(401);
  });
});

describe('a stored key', () => {
  it('is sealed, and counts only when it was sealed with a key of the hub', async () => {
    const [{ sealed }] = await api.sql(`select sealed from token_key order by id desc limit 1`);
    expect(ring().open(sealed, 'token-key').subarray(0, 2).toString('hex')).toBe('302e');
    expect(() => ring().open(sealed, 'totp')).toThrow();
    expect((sealed as Buffer).includes(ring().open(sealed, 'token-key'))).toBe(false);
  });

  it('is sealed anew with the rest', async () => {
    const wider = new KeyRing(`n${randomKeys()},${api.settings.configKeys}`);
    const { unreadable } = await resealAll(api.deps.pool, wider);
    expect(unreadable).toEqual([]);
    const [{ sealed }] = await api.sql(`select sealed from token_key order by id desc limit 1`);
    expect(wider.open(sealed, 'token-key').length).toBeGreaterThan(40);
    await resealAll(api.deps.pool, new KeyRing(`${api.settings.configKeys},n${randomKeys()}`));
  });
});
