import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KeyRing } from '../../config/key-ring.ts';
import { knock } from '../../db/repositories/sign-in-guard.ts';
import { type Caller, type TestApi, startTestApi } from '../kit/api-client.ts';

let api: TestApi;
let admin: Caller & { id: number };

beforeAll(async () => {
  api = await startTestApi();
  admin = await api.operator();
});
afterAll(() => api?.stop());
beforeEach(() => api.sql('delete from sign_in_guard'));

const IP = '203.0.113.7';
/** As many wrong passwords as it takes. */
const block = async (email: string, ip = IP): Promise<void> => {
  const ring = new KeyRing(api.settings.configKeys);
  for (let tries = 0; tries < 100; tries++)
    if ((await knock(api.deps.pool, ring, { side: 'client', email, network: ip })) > 0) return;
  throw new Error('never blocked');
};
const wait = (email: string, ip = IP) =>
  knock(api.deps.pool, new KeyRing(api.settings.configKeys), {
    ...{ side: 'client' as const, email, network: ip },
  });
const list = async (query = '', who: Caller = admin) =>
  (await who.call(`GET /api/v2/security/addresses?${query}`)).body;

describe('a client who is blocked after too many tries', () => {
  it('is listed with where he came from, why and until when', async () => {
    const { id } = await api.client({ email: 'blocked@example.com' });
    await block('Blocked@example.com');
    const { total, data } = await list();
    expect(total).toBe(1);
    expect(data[0]).toEqual({
      id: expect.any(Number),
      clientId: id,
      clientEmail: 'blocked@example.com',
      ip: IP,
      reason: 'Too many login attempts',
      createTime: expect.any(String),
      expireTime: expect.any(String),
    });
    expect(Date.parse(data[0].expireTime) - Date.parse(data[0].createTime)).toBe(600_000);
    expect((await admin.call(`GET /api/v2/security/addresses/${data[0].id}`)).body).toEqual(data[0]);
    // Whoever knocks at a closed door does not move the time it was closed.
    await api.sql(`update sign_in_guard set blocked_at = blocked_at - interval '1 minute'`);
    await wait('blocked@example.com');
    expect(Date.parse((await list()).data[0].createTime)).toBe(Date.parse(data[0].createTime) - 60_000);
  });

  it('may sign in again as soon as he is unblocked, and that is written down', async () => {
    const { id } = await api.client({ email: 'freed@example.com' });
    await block('freed@example.com');
    const [{ id: addressId }] = (await list()).data;
    expect((await admin.call(`DELETE /api/v2/security/addresses/${addressId}`)).status).toBe(204);
    expect(await wait('freed@example.com')).toBe(0);
    expect((await admin.call(`DELETE /api/v2/security/addresses/${addressId}`)).status).toBe(404);
    expect(await list()).toEqual({ total: 0, data: [] });
    const [row] = await api.sql(`select actor, action, before from audit where object = $1`, [`client:${id}`]);
    expect(row).toMatchObject({
      actor: `user:${admin.id}`,
      action: 'blockedClients.delete',
      before: { anywhere: false, expireTime: expect.any(String) },
    });
  });

  it('is not listed any more when the time is over; nor is somebody who is no client', async () => {
    await api.client({ email: 'over@example.com' });
    await block('over@example.com');
    await block('nobody@example.com');
    expect(await list()).toMatchObject({ total: 1, data: [{ clientEmail: 'over@example.com' }] });
    const [{ id }] = (await list()).data;
    await api.sql(`update sign_in_guard set blocked_until = now() - interval '1 second'`);
    expect(await list()).toEqual({ total: 0, data: [] });
    expect((await admin.call(`DELETE /api/v2/security/addresses/${id}`)).status).toBe(404);
  });

  it('is found by id, e-mail and address', async () => {
    const { id } = await api.client({ email: 'found@example.com' });
    await api.client({ email: 'other@example.com' });
    await block('found@example.com');
    await block('other@example.com', '198.51.100.1');
    for (const query of [`clientId=${id}`, 'clientEmail=FOUND@example.com', `ip=${IP}`])
      expect((await list(`filter[${query.replace('=', ']=')}`)).data).toMatchObject([{ clientId: id }]);
    expect((await list('sort_by=createTime&sort_order=desc')).data.map((one: { ip: string }) => one.ip)).toEqual([
      '198.51.100.1',
      IP,
    ]);
  });

  it('is seen and unblocked by those only who see such clients, and masked for those who must not see people', async () => {
    const [mine, theirs] = await api.sql(`insert into tag (name) values ('blocked-a'), ('blocked-b') returning id`);
    await api.client({ email: 'mine@example.com', tagIds: [mine.id] });
    await api.client({ email: 'theirs@example.com', tagIds: [theirs.id] });
    await block('mine@example.com');
    await block('theirs@example.com');
    const scoped = await api.operator(['blockedClients.read', 'blockedClients.delete'], { tagIds: [mine.id] });
    expect(await list('', scoped)).toMatchObject({ total: 1, data: [{ clientEmail: 'mine@example.com' }] });
    const hidden = (await list('filter[clientEmail]=theirs@example.com')).data[0].id;
    expect((await scoped.call(`GET /api/v2/security/addresses/${hidden}`)).status).toBe(404);
    expect((await scoped.call(`DELETE /api/v2/security/addresses/${hidden}`)).status).toBe(404);
    const masked = await api.operator(['blockedClients.read'], { maskData: true });
    expect((await list('', masked)).data).toMatchObject([
      { clientEmail: '*', ip: '*' },
      { clientEmail: '*', ip: '*' },
    ]);
    expect((await masked.call(`DELETE /api/v2/security/addresses/${hidden}`)).status).toBe(403);
  });
});
