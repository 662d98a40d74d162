/** What clients are sorted by: countries, types, internal types, jurisdictions; and who looks after them. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, type Caller, type TestApi, startTestApi } from '../kit/api-client.ts';

let api: TestApi;
let admin: Caller & { id: number };

beforeAll(async () => {
  api = await startTestApi();
  admin = await api.operator();
});
afterAll(() => api.stop());

const refusal = ({ status, body }: Answer) => [status, body.error?.details[0].field, body.error?.details[0].reason];
let made = 0;
const newClient = async (more: object = {}) =>
  (
    await admin.call('POST /api/v2/clients', {
      ...{ email: `listed${++made}@example.com`, firstName: 'Lis', lastName: 'Ted' },
      ...more,
    })
  ).body;

describe('countries', () => {
  it('are all of ISO 3166, under its numbers', async () => {
    const { body } = await admin.call('GET /api/v2/countries?limit=1000');
    expect(body.total).toBe(249);
    const samoa = { countryId: 16, alpha2Code: 'AS', alpha3Code: 'ASM', countryName: 'American Samoa', enabled: true };
    expect((await admin.call('GET /api/v2/countries/16')).body).toEqual({ ...samoa, numericCode: '16' });
    for (const query of [
      'alpha2Code]=AS',
      'alpha3Code]=ASM',
      'numericCode]=016',
      'numericCode]=16',
      'countryName]=can sam',
    ])
      expect([
        query,
        (await admin.call(`GET /api/v2/countries?filter[${encodeURI(query)}`)).body.data[0]?.countryId,
      ]).toEqual([query, 16]);
    const client = await api.client();
    expect((await client.call('GET /api/v2/my/countries/16')).body).toEqual({
      ...samoa,
      numericCode: '016',
      phoneCode: '1',
    });
    expect((await client.call('GET /api/v2/my/countries/268')).body.phoneCode).toBe('995');
    expect((await client.call('GET /api/v2/my/countries?limit=1000')).body.total).toBe(249);
    expect((await client.call('GET /api/v2/my/countries/999')).status).toBe(404);
  });

  it('are switched off and renamed, and nothing else', async () => {
    expect((await admin.call('PUT /api/v2/countries/408', { enabled: false })).body).toMatchObject({ enabled: false });
    expect((await admin.call('GET /api/v2/countries?filter[enabled]=false')).body.data).toMatchObject([
      { countryId: 408 },
    ]);
    expect((await admin.call('PATCH /api/v2/countries/792', { countryName: 'Turkey' })).body.countryName).toBe(
      'Turkey',
    );
    expect(await api.sql(`select action from audit where object = 'country:408'`)).toEqual([
      { action: 'countries.update' },
    ]);
    expect(refusal(await admin.call('PATCH /api/v2/countries/792', { alpha2Code: 'XX' }))).toEqual([
      400,
      'alpha2Code',
      'validation',
    ]);
    expect(refusal(await admin.call('PATCH /api/v2/countries/792', {}))).toEqual([400, undefined, 'validation']);
    expect((await admin.call('DELETE /api/v2/countries/792')).status).toBe(405);
    expect(
      (await (await api.operator(['countries.read'])).call('PATCH /api/v2/countries/792', { enabled: true })).status,
    ).toBe(403);
  });
});

describe('client types', () => {
  it('are made, changed and deleted; one is given to new clients', async () => {
    const { body: trust } = await admin.call('POST /api/v2/clients/types', {
      name: 'Trust',
      group: 'corporative',
      default: true,
      caption: 'Trusts',
    });
    expect(trust).toMatchObject({
      name: 'Trust',
      group: 'corporative',
      default: true,
      enabled: true,
      wizard: false,
      caption: 'Trusts',
      resources: [],
    });
    expect((await newClient()).type).toEqual({ id: trust.id, name: 'Trust' });
    expect(refusal(await admin.call(`PATCH /api/v2/clients/types/${trust.id}`, { enabled: false }))).toEqual([
      400,
      'enabled',
      'validation',
    ]);
    const [first] = (await admin.call('GET /api/v2/clients/types?filter[group]=individual')).body.data;
    expect((await admin.call(`PATCH /api/v2/clients/types/${first.id}`, { default: true })).body.default).toBe(true);
    const types = (await admin.call('GET /api/v2/clients/types')).body.data;
    expect(types.filter((one: any) => one.default).map((one: any) => one.name)).toEqual(['Individual']);
    expect(refusal(await admin.call(`DELETE /api/v2/clients/types/${trust.id}`))).toEqual([400, undefined, 'in_use']);
    expect(refusal(await admin.call('POST /api/v2/clients/types', { name: 'Trust', group: 'individual' }))).toEqual([
      409,
      'name',
      'already_exists',
    ]);
    expect(refusal(await admin.call('POST /api/v2/clients/types', { name: 'Fund', group: 'fund' }))).toEqual([
      400,
      'group',
      'validation',
    ]);
    const { body: fund } = await admin.call('POST /api/v2/clients/types', {
      name: 'Fund',
      group: 'corporative',
      enabled: false,
    });
    const client = await api.client();
    const mine = (await client.call('GET /api/v2/my/clients/types')).body.data;
    expect(mine.map((one: any) => one.name)).toEqual(['Individual', 'Corporate', 'Trust']);
    expect(Object.keys(mine[0])).toEqual(['id', 'name', 'group', 'enabled', 'default', 'wizard', 'createTime']);
    expect((await client.call(`GET /api/v2/my/clients/types/${fund.id}`)).status).toBe(404);
    expect((await admin.call(`DELETE /api/v2/clients/types/${fund.id}`)).status).toBe(204);
  });

  it('among themselves are called as the broker likes', async () => {
    const { body: vip } = await admin.call('POST /api/v2/clients/internal-types', { name: 'vip' });
    const client = await newClient({ internalTypeId: vip.id });
    expect(client.internalType).toBe('vip');
    expect((await admin.call(`GET /api/v2/clients?filter[internalTypeIds]=${vip.id}`)).body.data).toMatchObject([
      { clientId: client.clientId },
    ]);
    await admin.call(`PATCH /api/v2/clients/internal-types/${vip.id}`, { name: 'best' });
    expect((await admin.call(`GET /api/v2/clients/${client.clientId}`)).body.internalType).toBe('best');
    expect(refusal(await admin.call(`DELETE /api/v2/clients/internal-types/${vip.id}`))).toEqual([
      400,
      undefined,
      'in_use',
    ]);
    expect(refusal(await admin.call(`PATCH /api/v2/clients/${client.clientId}`, { internalTypeId: 999 }))).toEqual([
      400,
      'internalTypeId',
      'not_found',
    ]);
    const [usual] = (await admin.call('GET /api/v2/clients/internal-types?filter[name]=default')).body.data;
    expect(refusal(await admin.call(`DELETE /api/v2/clients/internal-types/${usual.id}`))).toEqual([
      409,
      undefined,
      'fixed',
    ]);
  });
});

describe('managers', () => {
  it('are given the clients who fit them, in turns', async () => {
    const [ann, bob, carl] = [await api.operator(), await api.operator(), await api.operator()];
    const [corporate] = (await admin.call('GET /api/v2/clients/types?filter[name]=Corporate')).body.data;
    for (const rule of [
      { userId: ann.id, title: 'mrs.', phone: '+356 2099 0000', countryIds: [470] },
      { userId: bob.id, countryRule: 'allow', countryIds: [470, 196] },
      { userId: carl.id, languages: ['de'], clientTypeIds: [corporate.id] },
    ])
      expect((await admin.call('POST /api/v2/managers', rule)).status).toBe(201);
    const of = async (more: object) => (await newClient(more)).manager?.id ?? null;
    const maltese = { countryId: 470 };
    expect([await of(maltese), await of(maltese)]).toEqual([bob.id, bob.id]);
    expect(await of({ countryId: 276 })).toBe(ann.id);
    // Carl has had nobody yet, then Ann is the one who waits longest.
    const german = { countryId: 276, locale: 'de_DE', typeId: corporate.id };
    expect([await of(german), await of(german), await of(german)]).toEqual([carl.id, ann.id, carl.id]);
    await admin.call(`PATCH /api/v2/managers/${ann.id}`, { default: true });
    expect([await of(german), await of(german)]).toEqual([ann.id, ann.id]);
    await admin.call(`PATCH /api/v2/managers/${ann.id}`, { enabled: false });
    expect(await of({ countryId: 276 })).toBe(null);
    // By hand, whatever the rules say.
    const { manager } = await newClient({ countryId: 276, managerId: ann.id });
    expect(manager).toMatchObject({ id: ann.id, title: 'mrs.', phone: '+356 2099 0000', enabled: false });
    expect((await admin.call(`GET /api/v2/clients?filter[managerIds]=${bob.id}`)).body.total).toBe(2);
    expect((await admin.call(`GET /api/v2/managers/${bob.id}`)).body).toMatchObject({
      id: bob.id,
      countryRule: 'allow',
      countryIds: [470, 196],
    });
  });

  it('must be users, and what they are for must be there', async () => {
    const { id: userId } = await api.operator();
    expect(refusal(await admin.call('POST /api/v2/managers', { userId: 99_999 }))).toEqual([
      400,
      'userId',
      'not_found',
    ]);
    expect(refusal(await admin.call('POST /api/v2/managers', { userId, countryIds: [999] }))).toEqual([
      400,
      'countryIds',
      'not_found',
    ]);
    expect(refusal(await admin.call('POST /api/v2/managers', { userId, clientTypeIds: [999] }))).toEqual([
      400,
      'clientTypeIds',
      'not_found',
    ]);
    expect(refusal(await admin.call('POST /api/v2/managers', { userId, languages: ['German'] }))).toEqual([
      400,
      'languages.0',
      'validation',
    ]);
    await admin.call('POST /api/v2/managers', { userId });
    expect(refusal(await admin.call('POST /api/v2/managers', { userId }))).toEqual([409, 'userId', 'already_exists']);
    expect(refusal(await admin.call(`PATCH /api/v2/managers/${userId}`, { userId: admin.id }))).toEqual([
      400,
      'userId',
      'validation',
    ]);
    const masked = await api.operator(['managers.read'], { maskData: true });
    expect((await masked.call(`GET /api/v2/managers/${userId}`)).body).toMatchObject({ name: '*', email: '*' });
    expect((await admin.call(`DELETE /api/v2/managers/${userId}`)).status).toBe(204);
  });
});

describe('jurisdictions', () => {
  it('are given by country and type, followed by a move where one fits, and set by hand', async () => {
    const make = async (body: object) => (await admin.call('POST /api/v2/jurisdictions', body)).body.id as number;
    const malta = await make({ caption: 'Malta', countryIds: [470] });
    const cyprus = await make({ caption: 'Cyprus', countryIds: [196], description: 'CySEC' });
    const client = await newClient({ countryId: 470 });
    expect(client.jurisdiction).toEqual({ id: malta, name: 'Malta' });
    const change = async (body: object) =>
      (await admin.call(`PATCH /api/v2/clients/${client.clientId}`, body)).body.jurisdiction?.id ?? null;
    expect(await change({ countryId: 196 })).toBe(cyprus);
    expect(await change({ countryId: 276 })).toBe(cyprus);
    expect(await change({ jurisdictionId: malta })).toBe(malta);
    expect((await newClient({ countryId: 276 })).jurisdiction).toBe(null);
    expect((await admin.call(`GET /api/v2/clients?filter[jurisdictionIds]=${malta}`)).body.data).toMatchObject([
      { clientId: client.clientId },
    ]);
    expect(refusal(await admin.call(`DELETE /api/v2/jurisdictions/${malta}`))).toEqual([400, undefined, 'in_use']);
    expect(refusal(await admin.call(`PATCH /api/v2/clients/${client.clientId}`, { jurisdictionId: 999 }))).toEqual([
      400,
      'jurisdictionId',
      'not_found',
    ]);
  });
});
