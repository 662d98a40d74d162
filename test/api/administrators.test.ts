/** Rights can be given by those only who hold them: somebody must remain who holds all. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, type Caller, type TestApi, startTestApi, unreachableTemporal } from '../kit/api-client.ts';
import { meanwhile } from '../kit/meanwhile.ts';

type Operator = Caller & { id: number };

let api: TestApi;
let ann: Operator;
beforeAll(async () => {
  api = await startTestApi({ temporal: unreachableTemporal() });
});
afterAll(() => api?.stop());
beforeEach(async () => {
  await api.sql('update hub_user set active = false');
  ann = await api.operator();
});

const said = ({ status, body }: Answer) => [status, body?.error?.details[0].reason];
const REFUSED = [409, 'locks_out'];
const change = (by: Operator, user: Operator, body: object) => by.call(`PATCH /api/v2/users/${user.id}`, body);
const remove = (by: Operator, user: Operator) => by.call(`DELETE /api/v2/users/${user.id}`);
const groupOf = async ({ id }: Operator): Promise<{ id: number; name: string }> =>
  (await api.sql('select id, name from user_group join hub_user_group on group_id = id where user_id = $1', [id]))[0];

describe('the only administrator', () => {
  it('cannot switch himself off, nor take his rights or what he sees from himself', async () => {
    const [tag] = await api.sql(`insert into tag (name) values ('seen by Ann') returning id`);
    for (const body of [{ active: false }, { groupIds: [] }, { maskData: true }, { tagIds: [tag.id] }])
      expect([body, said(await change(ann, ann, body))]).toEqual([body, REFUSED]);
    expect((await change(ann, ann, { name: 'Ann' })).body).toMatchObject({
      ...{ name: 'Ann', active: true, maskData: false, tags: [] },
      groups: [expect.anything()],
    });
  });

  it('stays one: his group keeps its rights, whoever changes it and how', async () => {
    const group = await groupOf(ann);
    const masked = await api.operator(['*'], { maskData: true });
    const permissions = ['clients.read'];
    for (const by of [ann, masked]) {
      expect(said(await by.call(`PATCH /api/v2/groups/${group.id}`, { permissions }))).toEqual(REFUSED);
      const file = { groups: [{ name: group.name, permissions }] };
      expect(said(await by.call('POST /api/v2/groups/import', file))).toEqual(REFUSED);
    }
    expect((await api.sql('select permissions from user_group where id = $1', [group.id]))[0].permissions).toEqual([
      '*',
    ]);
    expect((await ann.call(`PATCH /api/v2/groups/${group.id}`, { name: `${group.name} of Ann` })).status).toBe(200);
  });
});

describe('of two administrators', () => {
  it('one may go, and the other one may not', async () => {
    const bob = await api.operator();
    expect((await change(ann, bob, { groupIds: [] })).status).toBe(200);
    expect(said(await change(ann, ann, { groupIds: [] }))).toEqual(REFUSED);
  });

  it('who take each other away at once, one remains', async () => {
    const bob = await api.operator();
    await Promise.all([ann, bob].map((one) => one.call('GET /api/v2/users')));
    const answers = await meanwhile(
      api.deps.pool,
      (db) => db.query('select from hub_user where id = any($1) for update', [[ann.id, bob.id]]),
      () => Promise.all([remove(ann, bob), remove(bob, ann)]),
      { many: 2 },
    );
    expect(answers.map(said).toSorted()).toEqual([[204, undefined], REFUSED]);
  });
});

describe('a hub where nobody holds all rights', () => {
  it('changes its users as ever', async () => {
    await api.sql('update hub_user set active = false');
    const [clerk, other] = [await api.operator(['users.update', 'users.delete']), await api.operator(['users.update'])];
    expect((await change(clerk, other, { active: false })).status).toBe(200);
    expect((await remove(clerk, other)).status).toBe(204);
  });
});
