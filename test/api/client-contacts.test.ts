/** What belongs to one client in the Back Office: phones, addresses, notes, rights; and his end. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KeyRing } from '../../config/key-ring.ts';
import { openMessage } from '../../db/repositories/messages.ts';
import { type Answer, type Caller, type TestApi, startTestApi } from '../kit/api-client.ts';
import { meanwhile } from '../kit/meanwhile.ts';

let api: TestApi;
let admin: Caller & { id: number };
let elsewhere: Caller;
let masked: Caller;

beforeAll(async () => {
  api = await startTestApi();
  admin = await api.operator();
  const [{ id: tag }] = await api.sql(`insert into tag (name) values ('elsewhere') returning id`);
  elsewhere = await api.operator(['*'], { tagIds: [tag] });
  masked = await api.operator(['*'], { maskData: true });
});
afterAll(() => api.stop());

const refusal = ({ status, body }: Answer) => [status, body.error?.details[0].field, body.error?.details[0].reason];

describe('an operator who changes how a client is reached', () => {
  const told = async (email: string) => {
    const rows = await api.sql(
      `select sealed from message where type = 'ProfileChanged' and channel = 'email' order by id`,
    );
    return rows
      .map(({ sealed }: { sealed: Buffer }) => openMessage(new KeyRing(api.settings.configKeys), sealed))
      .filter(({ to }: { to: string }) => to === email)
      .map(({ parameters }: { parameters: Record<string, string> }) => parameters['what']);
  };
  beforeAll(async () => {
    await api.sql(
      `with c as (insert into connection (provider, name, caption, config) values ('smtp', 'post', 'Post', '') returning id)
       insert into message_route (channel, connection_id) select 'email', id from c`,
    );
  });

  it('changes no e-mail or default phone without the old mailbox being told', async () => {
    const old = `old-${randomUUID()}@example.com`;
    const { id } = await api.client({ email: old });
    await admin.call(`PATCH /api/v2/clients/${id}`, { city: 'Berlin' });
    await admin.call(`PATCH /api/v2/clients/${id}`, { email: old });
    expect(await told(old)).toEqual([]);
    const { body: phone } = await admin.call('POST /api/v2/phones', { clientId: id, number: '+4930111111' });
    await admin.call(`PATCH /api/v2/phones/${phone.id}`, { number: '+4930111112' });
    await admin.call('POST /api/v2/phones', { clientId: id, number: '+4930111113' });
    expect(await told(old)).toEqual(['phone number', 'phone number']);
    const changed = await admin.call(`PATCH /api/v2/clients/${id}`, { email: `new-${old}`, phone: '+4930111114' });
    expect(changed.status).toBe(200);
    expect(await told(old)).toEqual([...['phone number', 'phone number'], ...['e-mail address', 'phone number']]);
    expect(await told(`new-${old}`)).toEqual([]);
  });

  it('makes nobody deleted without the right to delete', async () => {
    const { id } = await api.client();
    const clerk = await api.operator(['clients.read', 'clients.update']);
    expect(refusal(await clerk.call(`PATCH /api/v2/clients/${id}`, { statusId: 4 }))).toEqual([
      403,
      'statusId',
      'forbidden',
    ]);
    expect((await clerk.call(`PATCH /api/v2/clients/${id}`, { statusId: 2 })).body.status).toBe('inactive');
    const may = await api.operator(['clients.read', 'clients.update', 'clients.delete']);
    expect((await may.call(`PATCH /api/v2/clients/${id}`, { statusId: 4 })).body.status).toBe('deleted');
  });
});

describe('phones', () => {
  it('are kept in one form; the first is the default one, and another takes its place', async () => {
    const { id: clientId } = await api.client();
    const add = async (body: object) => (await admin.call('POST /api/v2/phones', { clientId, ...body })).body;
    const first = await add({ number: '+356 2099 0000' });
    expect(first).toMatchObject({
      clientId,
      number: '+35620990000',
      type: 'fixed',
      ext: null,
      confirmed: false,
      default: true,
    });
    const second = await add({ number: '+995555123456', confirmed: true, ext: '12' });
    expect(second).toMatchObject({ type: 'mobile', confirmed: true, default: false, ext: '12' });
    expect((await admin.call(`PATCH /api/v2/phones/${second.id}`, { default: true })).body.default).toBe(true);
    expect((await admin.call(`GET /api/v2/phones/${first.id}`)).body.default).toBe(false);
    expect((await admin.call(`GET /api/v2/clients/${clientId}`)).body.phone).toBe('+995555123456');
    // Another number has not been confirmed.
    expect((await admin.call(`PATCH /api/v2/phones/${second.id}`, { number: '+995555123457' })).body).toMatchObject({
      number: '+995555123457',
      confirmed: false,
    });
    expect((await admin.call(`GET /api/v2/phones?filter[clientId]=${clientId}&filter[type]=mobile`)).body.total).toBe(
      1,
    );
    expect((await admin.call(`DELETE /api/v2/phones/${second.id}`)).status).toBe(204);
    expect((await admin.call(`GET /api/v2/phones/${first.id}`)).body.default).toBe(true);
    expect((await masked.call(`GET /api/v2/phones/${first.id}`)).body.number).toBe('*');
    const history = await api.sql(
      `select old_value, new_value from profile_change where client_id = $1 and type = 'phone' and user_id = $2 order by id`,
      [clientId, admin.id],
    );
    expect(history.map((one) => [one.old_value, one.new_value])).toEqual([
      [null, '+35620990000'],
      ['+35620990000', '+995555123456'],
      ['+995555123456', '+995555123457'],
      ['+995555123457', '+35620990000'],
    ]);
  });

  it('are refused where they cannot be, and to whom does not see the client', async () => {
    const { id: clientId } = await api.client();
    const body = { clientId, number: '+995555000111' };
    expect(refusal(await admin.call('POST /api/v2/phones', { ...body, number: '12345' }))).toEqual([
      400,
      'number',
      'validation',
    ]);
    expect(refusal(await admin.call('POST /api/v2/phones', { ...body, type: 'satellite' }))).toEqual([
      400,
      'type',
      'validation',
    ]);
    expect(refusal(await admin.call('POST /api/v2/phones', { ...body, clientId: 999_999 }))).toEqual([
      404,
      'clientId',
      'not_found',
    ]);
    expect(refusal(await elsewhere.call('POST /api/v2/phones', body))).toEqual([404, 'clientId', 'not_found']);
    const { body: phone } = await admin.call('POST /api/v2/phones', body);
    expect(refusal(await admin.call('POST /api/v2/phones', body))).toEqual([409, 'number', 'already_exists']);
    expect(refusal(await admin.call(`PATCH /api/v2/phones/${phone.id}`, { default: false }))).toEqual([
      400,
      'default',
      'validation',
    ]);
    expect(refusal(await admin.call(`PATCH /api/v2/phones/${phone.id}`, { clientId: 1 }))).toEqual([
      400,
      'clientId',
      'validation',
    ]);
    for (const call of ['GET', 'DELETE'])
      expect((await elsewhere.call(`${call} /api/v2/phones/${phone.id}`)).status).toBe(404);
    expect((await elsewhere.call('GET /api/v2/phones')).body.total).toBe(0);
    expect((await (await api.operator(['phones.read'])).call('POST /api/v2/phones', body)).status).toBe(403);
    // A broker who wants it has each number once.
    await api.sql(`insert into broker_setting (name, value) values ('clients.uniquePhone', 'true')`);
    const other = { ...body, clientId: (await api.client()).id };
    expect(refusal(await admin.call('POST /api/v2/phones', other))).toEqual([409, 'number', 'already_exists']);
    const phoneOnly = { phone: body.number };
    const patched = await admin.call(`PATCH /api/v2/clients/${other.clientId}`, phoneOnly);
    expect(refusal(patched)).toEqual([409, 'phone', 'already_exists']);
    const made = { ...phoneOnly, email: 'second@client.example', firstName: 'Bo', lastName: 'Kim' };
    expect(refusal(await admin.call('POST /api/v2/clients', made))).toEqual([409, 'phone', 'already_exists']);
    expect((await admin.call(`PATCH /api/v2/clients/${clientId}`, phoneOnly)).status).toBe(200);
    await api.sql(`delete from broker_setting where name = 'clients.uniquePhone'`);
  });

  it('are saved by two at once, who wait for the client one after the other', async () => {
    const { id: clientId } = await api.client();
    const { body: phone } = await admin.call('POST /api/v2/phones', { clientId, number: '+995555000222' });
    const changed = await meanwhile(
      api.deps.pool,
      async (db) => {
        await db.query('select from client where client_id = $1 for update', [clientId]);
        await db.query(`update client_phone set confirmed = true where client_id = $1`, [clientId]);
      },
      () => admin.call(`PATCH /api/v2/phones/${phone.id}`, { ext: '7' }),
    );
    expect(changed).toMatchObject({ status: 200, body: { ext: '7', confirmed: true } });
  });
});

describe('addresses', () => {
  it('are kept; where a client lives says his country, city and jurisdiction', async () => {
    const { id: clientId } = await api.client();
    await admin.call('POST /api/v2/jurisdictions', { caption: 'Malta', countryIds: [470] });
    const home = {
      clientId,
      type: 'residential',
      countryId: 470,
      city: 'Valletta',
      address: '1 Main St',
      postcode: 'VLT 1000',
    };
    const { status, body } = await admin.call('POST /api/v2/addresses', home);
    expect(status).toBe(201);
    expect(body).toEqual({
      ...{
        addressId: expect.any(Number),
        clientId,
        type: 'residential',
        state: null,
        city: 'Valletta',
        address: '1 Main St',
        postcode: 'VLT 1000',
      },
      country: { countryId: 470, alpha2Code: 'MT', alpha3Code: 'MLT', countryName: 'Malta', numericCode: '470' },
      createTime: expect.any(String),
      updateTime: null,
    });
    expect((await admin.call(`GET /api/v2/clients/${clientId}`)).body).toMatchObject({
      country: { countryId: 470 },
      city: 'Valletta',
      jurisdiction: { name: 'Malta' },
    });
    await admin.call('POST /api/v2/addresses', { ...home, type: 'billing', countryId: 276, city: 'Berlin' });
    expect((await admin.call(`GET /api/v2/clients/${clientId}`)).body.city).toBe('Valletta');
    expect((await admin.call(`PUT /api/v2/addresses/${body.addressId}`, { city: 'Sliema' })).body.city).toBe('Sliema');
    expect((await admin.call(`GET /api/v2/clients/${clientId}`)).body.city).toBe('Sliema');
    expect(
      (await admin.call('GET /api/v2/addresses?filter[address]=main&filter[postcode]=VLT 1000&filter[type]=billing'))
        .body.total,
    ).toBe(1);
    expect((await masked.call(`GET /api/v2/addresses/${body.addressId}`)).body).toMatchObject({
      address: '*',
      city: '*',
      postcode: '*',
      state: null,
      country: { countryId: 470 },
    });
    expect((await elsewhere.call(`GET /api/v2/addresses/${body.addressId}`)).status).toBe(404);
    expect(refusal(await elsewhere.call('POST /api/v2/addresses', home))).toEqual([404, 'clientId', 'not_found']);
    expect(refusal(await admin.call('POST /api/v2/addresses', { ...home, countryId: 999 }))).toEqual([
      400,
      'countryId',
      'not_found',
    ]);
    expect(refusal(await admin.call('POST /api/v2/addresses', { ...home, type: 'holiday' }))).toEqual([
      400,
      'type',
      'validation',
    ]);
    expect((await admin.call(`DELETE /api/v2/addresses/${body.addressId}`)).status).toBe(204);
    const history = await api.sql(
      `select old_value, new_value from profile_change where client_id = $1 and type = 'address' order by id`,
      [clientId],
    );
    const [valletta, sliema] = ['Valletta', 'Sliema'].map((city) => `1 Main St, VLT 1000 ${city}, Malta`);
    expect(history.map((one) => [one.old_value, one.new_value])).toEqual([
      [null, valletta],
      [null, '1 Main St, VLT 1000 Berlin, Germany'],
      [valletta, sliema],
      [sliema, null],
    ]);
  });
});

describe('an address that is changed while somebody holds its client', () => {
  it('waits for the client first, as everybody does who changes one', async () => {
    const { id: clientId } = await api.client();
    const home = { clientId, type: 'billing', countryId: 470, city: 'Valletta', address: '1 Main St' };
    const { body: address } = await admin.call('POST /api/v2/addresses', home);
    const changed = await meanwhile(
      api.deps.pool,
      (db) => db.query('select from client where client_id = $1 for update', [clientId]),
      () => admin.call(`PATCH /api/v2/addresses/${address.addressId}`, { city: 'Sliema' }),
      { more: (db) => db.query(`update client_address set state = 'Gozo' where id = $1`, [address.addressId]) },
    );
    expect(changed).toMatchObject({ status: 200, body: { city: 'Sliema', state: 'Gozo' } });
  });
});

describe('notes', () => {
  it('are written about a client, changed by who wrote them, and never his to read', async () => {
    const client = await api.client();
    const path = `/api/v2/clients/${client.id}/notes`;
    const olga = await api.operator();
    const { body: note } = await olga.call(`POST ${path}`, { text: ' Called, wants a statement. ' });
    expect(note).toMatchObject({
      clientId: client.id,
      user: { id: olga.id },
      text: 'Called, wants a statement.',
      pinned: false,
    });
    expect((await admin.call(`PATCH ${path}/${note.id}`, { pinned: true })).body.pinned).toBe(true);
    expect(refusal(await admin.call(`PATCH ${path}/${note.id}`, { text: 'Did not.' }))).toEqual([
      403,
      'text',
      'forbidden',
    ]);
    expect((await admin.call(`GET ${path}?filter[pinned]=true`)).body.data).toMatchObject([{ id: note.id }]);
    expect((await masked.call(`GET ${path}/${note.id}`)).body.text).toBe('*');
    expect(refusal(await olga.call(`POST ${path}`, { text: '  ' }))).toEqual([400, 'text', 'validation']);
    for (const route of [`GET ${path}`, `GET ${path}/${note.id}`, `DELETE ${path}/${note.id}`])
      expect([route, (await elsewhere.call(route)).status]).toEqual([route, 404]);
    expect((await elsewhere.call(`POST ${path}`, { text: 'Hello' })).status).toBe(404);
    expect((await client.call(`GET ${path}`)).status).toBe(403);
    expect((await admin.call(`DELETE ${path}/${note.id}`)).status).toBe(204);
  });
});

describe('rights of one client', () => {
  it('overrule his level where they say so, and only there', async () => {
    const client = await api.client();
    const path = `/api/v2/clients/${client.id}/permissions`;
    const all = { verification: true, converter: true, deposits: true, withdrawals: true, internalTransfers: true };
    expect((await admin.call(`GET ${path}`)).body).toEqual({
      clientId: client.id,
      role: null,
      isExplicit: false,
      permissions: all,
    });
    const { body: role } = await admin.call('POST /api/v2/clients/roles', {
      name: 'careful',
      caption: 'Careful',
      default: true,
      permissions: { withdrawals: false, deposits: false },
    });
    expect((await admin.call(`GET ${path}`)).body).toMatchObject({
      role: { id: role.id, name: 'careful' },
      permissions: { ...all, withdrawals: false, deposits: false },
    });
    const explicit = await admin.call(`PUT ${path}`, {
      isExplicit: true,
      permissions: { withdrawals: true, internalTransfers: false },
    });
    const now = { ...all, deposits: false, internalTransfers: false };
    expect(explicit.body).toMatchObject({ isExplicit: true, permissions: now });
    expect((await client.call('GET /api/v2/my/permissions')).body).toEqual(now);
    expect((await admin.call(`PUT ${path}`, { isExplicit: false })).body).toMatchObject({
      isExplicit: false,
      permissions: { withdrawals: false },
    });
    expect(
      await api.sql(
        `select before -> 'isExplicit' as before, after -> 'isExplicit' as after from audit where action = 'clientPermissions.update' order by id`,
      ),
    ).toEqual([
      { before: false, after: true },
      { before: true, after: false },
    ]);
    await admin.call(`DELETE /api/v2/clients/roles/${role.id}`);
  });

  it('refuse what is no right, and those who may not', async () => {
    const { id } = await api.client();
    const path = `/api/v2/clients/${id}/permissions`;
    expect(refusal(await admin.call(`PUT ${path}`, { isExplicit: true, permissions: { flying: true } }))[0]).toBe(400);
    expect(refusal(await admin.call(`PUT ${path}`, { permissions: {} }))).toEqual([400, 'isExplicit', 'validation']);
    expect(refusal(await admin.call(`PUT ${path}`, { isExplicit: false, permissions: {} }))).toEqual([
      400,
      'permissions',
      'validation',
    ]);
    expect((await elsewhere.call(`GET ${path}`)).status).toBe(404);
    expect((await elsewhere.call(`PUT ${path}`, { isExplicit: true })).status).toBe(404);
    expect((await (await api.operator(['clients.update'])).call(`PUT ${path}`, { isExplicit: true })).status).toBe(403);
  });
});

describe('a client', () => {
  const gone = `/api/v2/clients/`;

  it('is deleted: signed out at once, his e-mail free, his row still there', async () => {
    const client = await api.client({ email: 'leaving@example.com' });
    expect((await client.call('POST /api/v2/my/devices/tokens', { token: 'abc' })).status).toBe(201);
    expect((await elsewhere.call(`DELETE ${gone}${client.id}`)).status).toBe(404);
    expect((await (await api.operator(['clients.update'])).call(`DELETE ${gone}${client.id}`)).status).toBe(403);
    expect((await admin.call(`DELETE ${gone}${client.id}`)).status).toBe(204);
    expect((await client.call('GET /api/v2/my/accounts')).status).toBe(401);
    expect((await admin.call(`GET ${gone}${client.id}`)).body).toMatchObject({
      status: 'deleted',
      email: 'leaving@example.com',
    });
    expect(await api.sql('select from client_push_token where client_id = $1', [client.id])).toEqual([]);
    expect(
      (await admin.call('POST /api/v2/clients', { email: 'leaving@example.com', firstName: 'New', lastName: 'One' }))
        .status,
    ).toBe(201);
    expect(refusal(await admin.call(`DELETE ${gone}${client.id}`))).toEqual([409, undefined, 'already_done']);
    // Back again he cannot be while somebody else has his e-mail.
    expect(refusal(await admin.call(`PATCH ${gone}${client.id}`, { statusId: 1 }))).toEqual([
      409,
      'email',
      'already_exists',
    ]);
  });

  it('stays while he has money or something is under way', async () => {
    const { id } = await api.client();
    const why = async (body?: object) => {
      const { status, body: answer } = await admin.call(body ? `PATCH ${gone}${id}` : `DELETE ${gone}${id}`, body);
      return [status, answer.error.details[0].reason, answer.error.details[0].issue];
    };
    const [{ id: request }] = await api.sql(
      `insert into application (client_id, type, workflow_id) values ($1, 'document', 'none') returning id`,
      [id],
    );
    expect(await why()).toEqual([400, 'in_use', `Request ${request} is open.`]);
    await api.sql('update application set status_id = 2 where id = $1', [request]);
    const [{ id: level }] = await api.sql(`select max(id) as id from verification_level`);
    await api.sql(`insert into kyc_case (client_id, level_id, reference, state) values ($1, $2, 'x', 'checking')`, [
      id,
      level,
    ]);
    expect(await why({ statusId: 4 })).toEqual([400, 'in_use', 'A verification is under way.']);
    expect((await admin.call(`GET ${gone}${id}`)).body.status).toBe('active');
  });

  it('who is banned is signed out for good', async () => {
    const client = await api.client();
    await admin.call(`PATCH ${gone}${client.id}`, { statusId: 3 });
    await admin.call(`PATCH ${gone}${client.id}`, { statusId: 1 });
    expect((await client.call('GET /api/v2/my/accounts')).status).toBe(401);
    expect(
      refusal(
        await admin.call('POST /api/v2/clients', {
          email: 'n@example.com',
          firstName: 'N',
          lastName: 'N',
          statusId: 4,
        }),
      ),
    ).toEqual([400, 'statusId', 'validation']);
  });
});
