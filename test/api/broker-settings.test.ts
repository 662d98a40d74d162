import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { brokerSetting } from '../../db/repositories/broker-settings.ts';
import { BROKER_SETTINGS } from '../../config/broker-settings.ts';
import { type Caller, type TestApi, startTestApi } from '../kit/api-client.ts';

let api: TestApi;
let admin: Caller & { id: number };

beforeAll(async () => {
  api = await startTestApi();
  admin = await api.operator();
});
afterAll(() => api?.stop());
afterEach(() => api.sql('delete from broker_setting'));

const UNIQUE = '/api/v2/settings/clients.uniquePhone';
const inForce = () => brokerSetting(api.deps.pool, 'clients.uniquePhone');

describe('the settings of the broker', () => {
  it('are listed by section, each with what it means and what its value must look like', async () => {
    const { body } = await admin.call('GET /api/v2/settings');
    expect(body.total).toBe(Object.keys(BROKER_SETTINGS).length);
    expect(body.data.map((one: { name: string }) => one.name)).toEqual(Object.keys(BROKER_SETTINGS));
    expect((await admin.call('GET /api/v2/settings?filter[section]=Clients')).body.data).toContainEqual({
      name: 'clients.uniquePhone',
      section: 'Clients',
      caption: 'A phone number belongs to one client only',
      value: false,
      default: false,
      isDefault: true,
      schema: { type: 'boolean' },
      updateTime: null,
    });
    expect((await admin.call('GET /api/v2/settings?filter[section]=Nowhere')).body).toEqual({ total: 0, data: [] });
  });

  it('are changed while the hub runs, and each change tells the old and the new value', async () => {
    expect(await inForce()).toBe(false);
    expect(await admin.call(`PUT ${UNIQUE}`, { value: true })).toMatchObject({
      status: 200,
      body: { value: true, default: false, isDefault: false, updateTime: expect.any(String) },
    });
    expect(await inForce()).toBe(true);
    expect((await admin.call(`PATCH ${UNIQUE}`, { value: false })).body).toMatchObject({
      value: false,
      isDefault: false,
    });
    expect((await admin.call(`DELETE ${UNIQUE}`)).status).toBe(204);
    expect((await admin.call(`DELETE ${UNIQUE}`)).status).toBe(204);
    expect((await admin.call(`GET ${UNIQUE}`)).body).toMatchObject({ value: false, isDefault: true, updateTime: null });
    const rows = await api.sql(
      `select actor, action, before, after from audit where object = 'setting:clients.uniquePhone' order by id`,
    );
    const actor = `user:${admin.id}`;
    expect(rows).toEqual([
      { actor, action: 'settings.update', before: { value: false }, after: { value: true } },
      { actor, action: 'settings.update', before: { value: true }, after: { value: false } },
      { actor, action: 'settings.reset', before: { value: false }, after: { value: false } },
    ]);
  });

  it('refuse what does not fit, naming the field, and what nobody reads', async () => {
    const refused = (field: string) => ({ status: 400, body: { error: { details: [{ field }] } } });
    for (const value of ['true', 1, null, {}, []])
      expect(await admin.call(`PATCH ${UNIQUE}`, { value })).toMatchObject(refused('value'));
    expect(await admin.call(`PATCH ${UNIQUE}`, {})).toMatchObject(refused('value'));
    expect(await admin.call(`PATCH ${UNIQUE}`, { value: true, more: 1 })).toMatchObject(refused('more'));
    for (const value of [0, 61, 1.5, '2'])
      expect(await admin.call('PATCH /api/v2/settings/mobile.qrCodeLifetime', { value })).toMatchObject(
        refused('value'),
      );
    const app = { type: 'iOS', url: 'javascript:alert(1)' };
    expect(await admin.call('PATCH /api/v2/settings/mobile.applications', { value: [app] })).toMatchObject(
      refused('value.0.url'),
    );
    for (const name of ['nothing', 'toString', '__proto__', 'clients.uniquephone'])
      expect((await admin.call(`PATCH /api/v2/settings/${name}`, { value: true })).status).toBe(404);
    expect(await api.sql('select from broker_setting')).toEqual([]);
  });

  it('are read with one right, and changed with another', async () => {
    const reader = await api.operator(['settings.read']);
    expect((await reader.call('GET /api/v2/settings')).status).toBe(200);
    expect((await reader.call(`PATCH ${UNIQUE}`, { value: true })).status).toBe(403);
    expect((await reader.call(`DELETE ${UNIQUE}`)).status).toBe(403);
  });
});

describe('the mobile app', () => {
  it('is told what the broker has decided', async () => {
    const client = await api.client();
    expect((await client.call('GET /api/v2/my/settings/mobile')).body).toEqual({
      qrCodeLifetime: 2,
      applications: [],
    });
    const applications = [{ type: 'Android', url: 'https://example.com/app' }];
    await admin.call('PUT /api/v2/settings/mobile.applications', { value: applications });
    await admin.call('PUT /api/v2/settings/mobile.qrCodeLifetime', { value: 5 });
    expect((await client.call('GET /api/v2/my/settings/mobile')).body).toEqual({ qrCodeLifetime: 5, applications });
  });
});
