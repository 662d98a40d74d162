import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { additions } from '../../api/additions.ts';
import { type Caller, type TestApi, startTestApi, unreachableTemporal } from '../kit/api-client.ts';

let api: TestApi;
let admin: Caller & { id: number };

beforeAll(async () => {
  api = await startTestApi({ temporal: unreachableTemporal(), additions });
  admin = await api.operator();
});
afterAll(() => api.stop());

describe('a user who may see clients with certain tags only', () => {
  it('finds those in lists, and the others nowhere', async () => {
    const [vip, other] = await api.sql(`insert into tag (name) values ('scope-vip'), ('scope-other') returning id`);
    const [mine, theirs, untagged] = [
      await api.client({ tagIds: [vip.id] }),
      await api.client({ tagIds: [other.id] }),
      await api.client(),
    ];
    const scoped = await api.operator(['*'], { tagIds: [vip.id] });
    const list = (await scoped.call('GET /api/v2/clients?limit=1000')).body;
    expect(list).toMatchObject({ total: 1, data: [{ clientId: mine.id, tags: [{ id: vip.id, name: 'scope-vip' }] }] });
    for (const hidden of [theirs, untagged]) {
      expect((await scoped.call(`GET /api/v2/clients/${hidden.id}`)).status).toBe(404);
      expect((await scoped.call(`PATCH /api/v2/clients/${hidden.id}`, { city: 'X' })).status).toBe(404);
      expect((await scoped.call('POST /api/v2/dev/client-token', { clientId: hidden.id })).status).toBe(404);
    }
    expect((await scoped.call(`GET /api/v2/clients/${mine.id}`)).status).toBe(200);
    for (const path of ['accounts', 'transactions', 'applications']) {
      expect(await scoped.call(`GET /api/v2/${path}`)).toMatchObject({ status: 200, body: { total: 0 } });
    }
  });

  it('gives new clients their own tags, and can create no user who sees more', async () => {
    const [tag] = await api.sql(`insert into tag (name) values ('scope-new') returning id`);
    const scoped = await api.operator(['*'], { tagIds: [tag.id] });
    const made = await scoped.call('POST /api/v2/clients', {
      email: 'scoped@example.com',
      firstName: 'S',
      lastName: 'C',
    });
    expect(made).toMatchObject({ status: 201, body: { tags: [{ id: tag.id }] } });
    const user = { name: 'U', email: 'u@example.com', password: 'a good password', groupIds: [] };
    expect((await scoped.call('POST /api/v2/users', user)).status).toBe(403);
    expect((await scoped.call('POST /api/v2/users', { ...user, tagIds: [tag.id] })).status).toBe(201);
  });
});

describe('a user who must not see personal data', () => {
  it('sees stars instead', async () => {
    const client = await api.client({ email: 'secret.person@example.com' });
    await api.sql(
      `update client set birthday = '1990-05-01', city = 'Hiddentown', nickname = 'hush' where client_id = $1`,
      [client.id],
    );
    await api.sql(`insert into client_phone (client_id, number, is_default) values ($1, '+15550100', true)`, [
      client.id,
    ]);
    const open = (await admin.call(`GET /api/v2/clients/${client.id}`)).body;
    expect(open).toMatchObject({
      email: 'secret.person@example.com',
      birthday: '1990-05-01T00:00:00+00:00',
      city: 'Hiddentown',
      name: `Ann ${open.lastName}`,
    });
    const masked = await api.operator(['*'], { maskData: true });
    const closed = (await masked.call(`GET /api/v2/clients/${client.id}`)).body;
    expect(closed).toMatchObject({
      email: '*',
      firstName: '*',
      name: '*',
      phone: '*',
      birthday: null,
      city: '*',
      nickname: '*',
      status: 'active',
      type: open.type,
    });
    const changed = await masked.call(`PATCH /api/v2/clients/${client.id}`, { riskLevelId: 2 });
    expect(changed.body).toMatchObject({ email: '*', riskLevel: 'middle' });
    expect(JSON.stringify([closed, changed.body, (await masked.call('GET /api/v2/clients')).body])).not.toMatch(
      /secret\.person|Hiddentown|hush|555/,
    );
    expect(
      (
        await masked.call('POST /api/v2/users', {
          name: 'U',
          email: 'm@example.com',
          password: 'a good password',
          groupIds: [],
        })
      ).status,
    ).toBe(403);
  });
});

describe('a user who sees less than a colleague with the same rights', () => {
  it('does not help him in, does not change him, and so does not become him', async () => {
    const [tag, other] = await api.sql(`insert into tag (name) values ('less-a'), ('less-b') returning id`);
    const scoped = await api.operator(['*'], { tagIds: [tag.id] });
    const masked = await api.operator(['*'], { maskData: true });
    const [all, wider] = [await api.operator(), await api.operator(['*'], { tagIds: [tag.id, other.id] })];
    for (const [by, colleague] of [
      [scoped, all],
      [scoped, wider],
      [masked, all],
    ] as const) {
      await api.sql(`update hub_user set two_factor = 'totp' where id = $1`, [colleague.id]);
      const tries = [
        by.call(`POST /api/v2/users/${colleague.id}/2fa/reset`),
        by.call(`DELETE /api/v2/users/${colleague.id}/sessions`),
        by.call(`PATCH /api/v2/users/${colleague.id}`, { password: 'another good password' }),
        by.call(`PUT /api/v2/users/${colleague.id}`, { tagIds: [tag.id], maskData: true, groupIds: [] }),
        by.call(`DELETE /api/v2/users/${colleague.id}`),
      ];
      expect((await Promise.all(tries)).map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
      expect(await api.sql(`select two_factor from hub_user where id = $1`, [colleague.id])).toEqual([
        { two_factor: 'totp' },
      ]);
    }
  });

  it('leaves in the audit that he set a password, and not which', async () => {
    const user = await api.operator();
    const password = 'another good password';
    expect((await admin.call(`PATCH /api/v2/users/${user.id}`, { password })).status).toBe(200);
    const rows = await api.sql(`select * from audit where object = $1 and action <> 'users.signin'`, [
      `user:${user.id}`,
    ]);
    expect(rows.map(({ actor, action }: Record<string, string>) => [actor, action])).toEqual([
      [`user:${admin.id}`, 'users.password'],
      [`user:${admin.id}`, 'users.update'],
    ]);
    expect(JSON.stringify(rows)).not.toContain(password);
  });

  it('does so for one who sees no more, and for himself', async () => {
    const [tag, other] = await api.sql(`insert into tag (name) values ('same-a'), ('same-b') returning id`);
    const scoped = await api.operator(['*'], { tagIds: [tag.id, other.id] });
    const narrower = await api.operator(['*'], { tagIds: [tag.id] });
    const masked = await api.operator(['*'], { maskData: true });
    const alsoMasked = await api.operator(['*'], { maskData: true });
    for (const [by, user] of [
      [scoped, narrower],
      [masked, alsoMasked],
      [scoped, scoped],
      [masked, masked],
    ] as const)
      expect((await by.call(`PATCH /api/v2/users/${user.id}`, { name: 'Renamed' })).status).toBe(200);
  });
});

describe('a changed right', () => {
  it('counts within seconds, without signing in again', async () => {
    const clerk = await api.operator(['tags.read']);
    expect((await clerk.call('GET /api/v2/tags')).status).toBe(200);
    await api.sql(
      `update user_group set permissions = '{}' where id = (select group_id from hub_user_group where user_id = $1)`,
      [clerk.id],
    );
    await expect(until(async () => (await clerk.call('GET /api/v2/tags')).status === 403)).resolves.toBe(true);
    await api.sql('update hub_user set active = false where id = $1', [clerk.id]);
    await expect(until(async () => (await clerk.call('GET /api/v2/tags')).status === 401)).resolves.toBe(true);
  });
});

describe('a client', () => {
  it('is locked out at once when banned', async () => {
    const client = await api.client();
    expect((await client.call('GET /api/v2/my/accounts')).status).toBe(200);
    expect((await admin.call(`PATCH /api/v2/clients/${client.id}`, { statusId: 3 })).body.status).toBe('banned');
    expect((await client.call('GET /api/v2/my/accounts')).status).toBe(401);
  });
});

const until = async (condition: () => Promise<boolean>): Promise<boolean> => {
  for (let tries = 0; tries < 100; tries++) {
    if (await condition()) return true;
    await new Promise((done) => setTimeout(done, 100));
  }
  return false;
};
