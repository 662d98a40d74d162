import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { additions } from '../../api/additions.ts';
import { isRight } from '../../domain/rights.ts';
import { type Caller, type TestApi, startTestApi, unreachableTemporal } from '../kit/api-client.ts';
import { meanwhile } from '../kit/meanwhile.ts';

let api: TestApi;
let admin: Caller & { id: number };

beforeAll(async () => {
  api = await startTestApi({ temporal: unreachableTemporal(), additions });
  admin = await api.operator();
});
afterAll(() => api?.stop());

const importing = (groups: object[], { who = admin, dryRun = false } = {}) =>
  who.call(`POST /api/v2/groups/import${dryRun ? '?dryRun=true' : ''}`, { groups });
const rightsOf = async (name: string) =>
  (await api.sql('select permissions from user_group where name = $1', [name]))[0]?.permissions;

describe('the rights', () => {
  it('are all those methods ask for, in the order of the menu, with the four columns', async () => {
    const { body } = await admin.call('GET /api/v2/groups/permissions');
    expect(body.data).toContainEqual({
      section: 'Finance',
      resource: 'accounts',
      action: 'create',
      name: 'accounts.create',
    });
    const names = new Set(body.data.map((one: { name: string }) => one.name));
    expect(names.size).toBe(body.total);
    const asked = api.procedures.flatMap(({ spec }) => spec.permission ?? []);
    expect(asked.length).toBeGreaterThan(100);
    expect(asked.filter((one) => !names.has(one))).toEqual([]);
    const seeded = await api.sql('select unnest(permissions) as permission from user_group');
    expect(seeded.map(({ permission }) => permission).filter((one: string) => !isRight(one))).toEqual([]);
  });

  it('are the only ones a group can be given', async () => {
    for (const permission of ['accounts.fly', 'accounts', 'clients.Read', '', 'clients.*'])
      expect(
        await admin.call('POST /api/v2/groups', { name: 'Odd', permissions: ['clients.read', permission] }),
      ).toMatchObject({ status: 400, body: { error: { details: [{ field: 'permissions.1' }] } } });
  });
});

describe('an export of the rights', () => {
  it('can be imported as it is, and changes nothing', async () => {
    const file = (await admin.call('GET /api/v2/groups/export')).body;
    expect(file.groups).toContainEqual({ name: 'Administrators', permissions: ['*'] });
    const answer = await admin.call('POST /api/v2/groups/import', file);
    expect(answer).toMatchObject({ status: 200, body: { dryRun: false, created: [], changed: [] } });
    expect(answer.body.unchanged).toHaveLength(file.groups.length);
  });
});

describe('an import of rights', () => {
  it('makes new groups for those only who may create them', async () => {
    const who = await api.operator(['groups.update', 'tags.read']);
    const { status, body } = await importing([{ name: 'Newcomers', permissions: ['tags.read'] }], { who });
    expect([status, body.error?.details[0].field]).toEqual([403, 'groups.0.name']);
    expect(await rightsOf('Newcomers')).toBeUndefined();
  });

  it('makes and changes the groups it names, and leaves the others', async () => {
    const file = [
      { name: 'Compliance', permissions: ['documents.read', 'clients.read', 'clients.read'] },
      { name: 'Finance', permissions: ['clients.read', 'accounts.update'] },
    ];
    const before = await rightsOf('Finance');
    const dry = await importing(file, { dryRun: true });
    expect(dry.body).toEqual({
      dryRun: true,
      created: ['Compliance'],
      changed: [
        {
          name: 'Finance',
          added: ['accounts.update'],
          removed: before.filter((one: string) => one !== 'clients.read'),
        },
      ],
      unchanged: [],
    });
    expect([await rightsOf('Compliance'), await rightsOf('Finance')]).toEqual([undefined, before]);

    expect((await importing(file)).body).toEqual({ ...dry.body, dryRun: false });
    expect(await rightsOf('Compliance')).toEqual(['clients.read', 'documents.read']);
    expect(await rightsOf('Finance')).toEqual(['accounts.update', 'clients.read']);
    expect(await rightsOf('Administrators')).toEqual(['*']);
    const rows = await api.sql(
      `select action, before, after from audit where action like 'groups.%' and actor = $1 order by id`,
      [`user:${admin.id}`],
    );
    expect(rows).toEqual([
      { action: 'groups.create', before: null, after: { name: 'Compliance', permissions: expect.any(Array) } },
      { action: 'groups.update', before: { name: 'Finance', permissions: before }, after: expect.anything() },
    ]);
  });

  it('that makes a group which somebody else makes at the moment is told so', async () => {
    const group = { name: 'Made twice', permissions: ['clients.read'] };
    const imported = await meanwhile(
      api.deps.pool,
      (db) => db.query(`insert into user_group (name, permissions) values ('Made twice', '{}')`),
      () => importing([group]),
    );
    expect(imported).toMatchObject({ status: 409, body: { error: { details: [{ reason: 'already_exists' }] } } });
    expect((await importing([group])).body.changed).toMatchObject([{ name: 'Made twice' }]);
  });

  it('waits for no other import that waits for it: both make what they name, whatever the order', async () => {
    const groups = Array.from({ length: 40 }, (_, n) => ({ name: `Twin ${n}`, permissions: ['clients.read'] }));
    const answers = await Promise.all([importing(groups), importing(groups.toReversed())]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers.map(({ body }) => body.created.length).sort((a, b) => a - b)).toEqual([0, 40]);
  });

  it('lets users be put into groups meanwhile, whatever the order these are named in', async () => {
    const { id } = await api.operator();
    const groupIds = (
      await api.sql(`insert into user_group (name, permissions) values ('Earlier', '{}'), ('Later', '{}') returning id`)
    ).map(({ id: group }) => group);
    const put = await meanwhile(
      api.deps.pool,
      // What an import does.
      (db) => db.query(`select from user_group where id = $1 for update`, [groupIds[0]]),
      () => admin.call(`PATCH /api/v2/users/${id}`, { groupIds: groupIds.toReversed() }),
      { more: (db) => db.query(`select from user_group where id = $1 for update`, [groupIds[1]]) },
    );
    expect(put.status).toBe(200);
  });

  it('refuses rights nobody knows, naming each, and then does nothing at all', async () => {
    const answer = await importing([
      { name: 'Good', permissions: ['clients.read'] },
      { name: 'Bad', permissions: ['clients.read', 'clients.fly', 'moon.land'] },
    ]);
    expect(answer).toMatchObject({
      status: 400,
      body: {
        error: {
          details: [
            { field: 'groups.1.permissions.1', issue: expect.stringContaining('clients.fly') },
            { field: 'groups.1.permissions.2', issue: expect.stringContaining('moon.land') },
          ],
        },
      },
    });
    expect(await rightsOf('Good')).toBeUndefined();
  });

  it('refuses a changed Administrators, a group named twice, and rights the caller does not hold', async () => {
    const good = { name: 'Half', permissions: ['clients.read'] };
    expect(await importing([good, { name: 'Administrators', permissions: ['clients.read'] }])).toMatchObject({
      status: 409,
      body: { error: { details: [{ reason: 'fixed', field: 'groups.1.name' }] } },
    });
    expect((await importing([good, good])).status).toBe(400);
    expect((await importing([{ ...good, colour: 'red' }])).status).toBe(400);
    const clerk = await api.operator(['groups.create', 'groups.update', 'clients.read']);
    expect(await importing([good, { name: 'All', permissions: ['*'] }], { who: clerk })).toMatchObject({
      status: 403,
      body: { error: { details: [{ field: 'groups.1.permissions' }] } },
    });
    const [{ name }] = await api.sql(
      `insert into user_group (name, permissions) values ('Above', '{users.delete}') returning name`,
    );
    expect((await importing([{ name, permissions: [] }], { who: clerk })).status).toBe(403);
    expect(await rightsOf('Half')).toBeUndefined();
    expect((await importing([good], { who: clerk })).body.created).toEqual(['Half']);
  });
});
