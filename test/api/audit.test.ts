import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Caller, type TestApi, startTestApi } from '../kit/api-client.ts';

let api: TestApi;
let admin: Caller & { id: number };
let clerk: Caller & { id: number };
let ann: Caller & { id: number };
let bob: Caller & { id: number };
let vip: number;

beforeAll(async () => {
  api = await startTestApi();
  [{ id: vip }] = (await api.sql(`insert into tag (name) values ('audit-vip') returning id`)) as [{ id: number }];
  [admin, clerk, ann, bob] = [
    await api.operator(),
    await api.operator(['clients.update', 'tags.create', 'tags.delete']),
    await api.client({ tagIds: [vip] }),
    await api.client(),
  ];
  await clerk.call(`PATCH /api/v2/clients/${ann.id}`, { city: 'Secretville' });
  await admin.call(`PATCH /api/v2/clients/${bob.id}`, { city: 'Elsewhere' });
  const tag = await clerk.call('POST /api/v2/tags', { name: 'audited' });
  await clerk.call(`DELETE /api/v2/tags/${tag.body.id}`);
});
afterAll(() => api?.stop());

const list = async (query = '', who: Caller = admin) => (await who.call(`GET /api/v2/audit?limit=1000&${query}`)).body;
const names = async (query: string, who?: Caller) =>
  (await list(query, who)).data.map((one: { name: string }) => one.name);

describe('the audit', () => {
  it('says who did what to whom, what was before and what came after', async () => {
    const [entry] = (await list(`filter[object]=client:${ann.id}`)).data;
    expect(entry).toMatchObject({
      actor: `user:${clerk.id}`,
      actorName: expect.stringMatching(/^Operator/),
      actorGroups: [{ name: expect.stringMatching(/^Test group/) }],
      category: 'client',
      action: 'UPDATE',
      name: 'clients.update',
      clientId: ann.id,
      details: { before: { city: null }, after: { city: 'Secretville' } },
      requestId: expect.any(String),
    });
    expect((await admin.call(`GET /api/v2/audit/${entry.id}`)).body).toEqual(entry);
  });

  it('is found by actor, group, category, action, name, object, client and time', async () => {
    const done = ['clients.update', 'tags.create', 'tags.delete'];
    expect(await names(`filter[actor]=user:${clerk.id}`)).toEqual(done);
    const [{ groupId }] = await api.sql('select group_id as "groupId" from hub_user_group where user_id = $1', [
      clerk.id,
    ]);
    expect(await names(`filter[groupId]=${groupId}&sort_by=createTime&sort_order=desc`)).toEqual(done.toReversed());
    expect(await names(`filter[actor]=user:${clerk.id}&filter[category]=client`)).toEqual(['clients.update']);
    expect(await names(`filter[actor]=user:${clerk.id}&filter[action]=ADD,DELETE`)).toEqual([
      'tags.create',
      'tags.delete',
    ]);
    expect(await names('filter[name]=tags.delete')).toEqual(['tags.delete']);
    expect((await list(`filter[clientId]=${bob.id}`)).data).toMatchObject([{ actor: `user:${admin.id}` }]);
    expect((await list('filter[fromCreateTime]=2100-01-01T00:00:00%2B00:00')).total).toBe(0);
    expect((await list('filter[toCreateTime]=2100-01-01T00:00:00%2B00:00')).total).toBeGreaterThanOrEqual(4);
    expect((await admin.call('GET /api/v2/audit?filter[category]=money')).status).toBe(400);
  });

  it('shows users who see some clients only what concerns those', async () => {
    const scoped = await api.operator(['audit.read'], { tagIds: [vip] });
    expect((await list('', scoped)).data).toMatchObject([{ clientId: ann.id }]);
    const [hidden] = (await list(`filter[clientId]=${bob.id}`)).data;
    expect((await scoped.call(`GET /api/v2/audit/${hidden.id}`)).status).toBe(404);
  });

  it('shows users who must not see personal data neither values nor names', async () => {
    const masked = await api.operator(['audit.read'], { maskData: true });
    const body = await list('', masked);
    expect(body.total).toBeGreaterThanOrEqual(4);
    expect(JSON.stringify(body)).not.toMatch(/Secretville|Elsewhere|Operator/);
  });

  it('cannot be written', async () => {
    for (const method of ['POST', 'PUT', 'DELETE'])
      expect((await admin.call(`${method} /api/v2/audit`, {})).status).toBe(405);
  });
});
