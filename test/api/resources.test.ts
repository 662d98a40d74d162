import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Caller, type TestApi, startTestApi } from '../kit/api-client.ts';

let api: TestApi;
let admin: Caller & { id: number };

beforeAll(async () => {
  api = await startTestApi();
  admin = await api.operator();
});
afterAll(() => api.stop());

const XYZ = { alphabeticCode: 'XYZ', numericCode: 9990, name: 'Test coin', minorUnit: 8 };

describe('a declared resource', () => {
  it('is created, read, changed and deleted, and each write leaves an audit row', async () => {
    const created = await admin.call('POST /api/v2/currencies', XYZ);
    expect(created).toMatchObject({
      status: 201,
      body: { ...XYZ, enabled: true, priority: 0, icon: null, resources: [], updateTime: null },
    });
    expect(created.body.createTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);

    const changed = await admin.call('PATCH /api/v2/currencies/9990', { name: 'Renamed', enabled: false });
    expect(changed).toMatchObject({
      status: 200,
      body: { ...XYZ, name: 'Renamed', enabled: false, updateTime: expect.any(String) },
    });
    expect((await admin.call('PUT /api/v2/currencies/9990', { priority: 7 })).body).toMatchObject({
      name: 'Renamed',
      enabled: false,
      priority: 7,
    });
    expect((await admin.call('GET /api/v2/currencies/9990')).body).toMatchObject({ name: 'Renamed', priority: 7 });

    expect(await admin.call('DELETE /api/v2/currencies/9990')).toMatchObject({ status: 204, body: '' });
    expect(await admin.call('GET /api/v2/currencies/9990')).toMatchObject({
      status: 404,
      body: { error: { details: [{ reason: 'not_found' }] } },
    });

    const rows = await api.sql(
      `select actor, action, before, after, request_id from audit where object = 'currency:9990' order by id`,
    );
    expect(rows.map((row) => row.action)).toEqual([
      'currencies.create',
      'currencies.update',
      'currencies.update',
      'currencies.delete',
    ]);
    expect(rows[0]).toMatchObject({ actor: `user:${admin.id}`, before: null, after: XYZ });
    expect(rows[1]).toMatchObject({ before: { name: 'Test coin' }, after: { name: 'Renamed' } });
    expect(rows[3]).toMatchObject({ before: { priority: 7 }, after: null });
    expect(rows.every((row) => row.request_id !== null)).toBe(true);
  });

  it('lists with total, paging, sorting and filters', async () => {
    for (const n of [1, 2, 3]) await admin.call('POST /api/v2/tags', { name: `list ${4 - n}` });
    const all = await admin.call('GET /api/v2/tags?sort_by=name&sort_order=desc&limit=2');
    expect(all.body.total).toBeGreaterThanOrEqual(3);
    expect(all.body.data.map((tag: { name: string }) => tag.name).slice(0, 2)).toEqual(['list 3', 'list 2']);
    const second = await admin.call('GET /api/v2/tags?limit=1&offset=1');
    expect(second.body.data).toHaveLength(1);
    expect((await admin.call('GET /api/v2/tags?filter[fromCreateTime]=2100-01-01T00:00:00%2B00:00')).body).toEqual({
      total: 0,
      data: [],
    });
    expect((await admin.call('GET /api/v2/currencies?filter[alphabeticCode]=USD')).body).toMatchObject({
      total: 1,
      data: [{ numericCode: 840 }],
    });
    const numbers = (await admin.call('GET /api/v2/currencies?limit=1000')).body.data.map(
      (one: { numericCode: number }) => one.numericCode,
    );
    expect(numbers).toEqual(numbers.toSorted((a: number, b: number) => a - b));
  });

  it('names the field of a clash, and refuses to delete what is in use', async () => {
    expect(await admin.call('POST /api/v2/currencies', { ...XYZ, alphabeticCode: 'USD' })).toMatchObject({
      status: 409,
      body: { error: { code: 0, details: [{ reason: 'already_exists', field: 'alphabeticCode' }] } },
    });
    const type = await admin.call('POST /api/v2/resolutions/types', { name: 'Money' });
    const resolution = await admin.call('POST /api/v2/resolutions', { name: 'Unclear source', typeId: type.body.id });
    expect(resolution).toMatchObject({ status: 201, body: { type: { id: type.body.id, name: 'Money' } } });
    expect(await admin.call(`DELETE /api/v2/resolutions/types/${type.body.id}`)).toMatchObject({
      status: 400,
      body: { error: { details: [{ reason: 'in_use' }] } },
    });
    expect(await admin.call('POST /api/v2/resolutions', { name: 'X', typeId: 999_999 })).toMatchObject({
      status: 400,
      body: { error: { details: [{ field: 'typeId', reason: 'not_found' }] } },
    });
    expect(
      (await admin.call('GET /api/v2/resolutions/types')).body.data.some(
        (one: { name: string }) => one.name === 'Money',
      ),
    ).toBe(true);
  });

  it('keeps what was seeded as fixed', async () => {
    const administrators = (await admin.call('GET /api/v2/groups?filter[name]=Administrators')).body.data[0];
    expect(await admin.call(`PATCH /api/v2/groups/${administrators.id}`, { name: 'x' })).toMatchObject({
      status: 409,
      body: { error: { details: [{ reason: 'fixed' }] } },
    });
    expect((await admin.call(`DELETE /api/v2/groups/${administrators.id}`)).status).toBe(409);
  });

  it('refuses a body that would change nothing', async () => {
    expect((await admin.call('PATCH /api/v2/currencies/840', {})).status).toBe(400);
  });
});

describe('users', () => {
  it('are created with groups and tags, and never show their password', async () => {
    const group = (
      await admin.call('POST /api/v2/groups', { name: 'Support', permissions: ['clients.read', 'accounts.read'] })
    ).body;
    expect(group.permissions).toEqual(['accounts.read', 'clients.read']);
    const tag = (await admin.call('POST /api/v2/tags', { name: 'vip', color: '#225577' })).body;
    const made = await admin.call('POST /api/v2/users', {
      name: 'Bo Kim',
      email: 'bo@example.com',
      password: 'a good password',
      groupIds: [group.id],
      tagIds: [tag.id],
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        groups: [{ id: group.id, name: 'Support' }],
        tags: [{ id: tag.id, name: 'vip' }],
        maskData: false,
        twoFactor: null,
      },
    });
    expect(
      JSON.stringify([made.body, await api.sql('select * from audit'), await api.sql('select * from idempotency')]),
    ).not.toContain('a good password');
    expect((await admin.call(`PATCH /api/v2/users/${made.body.id}`, { groupIds: [], tagIds: [] })).body).toMatchObject({
      groups: [],
      tags: [],
    });
    expect(
      await admin.call('POST /api/v2/users', {
        name: 'B',
        email: 'BO@example.com',
        password: 'a good password',
        groupIds: [],
      }),
    ).toMatchObject({
      status: 409,
      body: { error: { details: [{ field: 'email' }] } },
    });
    expect((await admin.call(`DELETE /api/v2/users/${made.body.id}`)).status).toBe(204);
  });

  it('cannot give themselves or others what they do not hold', async () => {
    const clerk = await api.operator([
      'users.create',
      'users.update',
      'users.read',
      'users.delete',
      'groups.create',
      'groups.update',
    ]);
    const administrators = (await admin.call('GET /api/v2/groups?filter[name]=Administrators')).body.data[0];
    expect((await clerk.call('POST /api/v2/groups', { name: 'Mine', permissions: ['*'] })).status).toBe(403);
    expect((await clerk.call(`PATCH /api/v2/users/${clerk.id}`, { groupIds: [administrators.id] })).status).toBe(403);
    expect((await clerk.call(`PATCH /api/v2/users/${admin.id}`, { password: 'taken over 1' })).status).toBe(403);
    expect((await clerk.call(`DELETE /api/v2/users/${admin.id}`)).status).toBe(403);
  });
});
