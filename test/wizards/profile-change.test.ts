/** What clients change about themselves with a person's word: names, birthday, addresses, the type of client, their going. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { settleClientChange } from '../../activities/clients/settle-client-change.ts';
import { startWaiting } from '../../activities/ops/start-waiting.ts';
import { inTransaction, type Queryable } from '../../db/pool.ts';
import { loadClientChange } from '../../db/repositories/client-changes.ts';
import { lendTools } from '../../worker/tools.ts';
import type { Caller, MoneyApi } from '../api/money-hub.ts';
import { asked } from '../kit/asked.ts';
import { payloadsOf } from '../kit/history.ts';
import { eventually } from '../kit/hub.ts';
import { meanwhile } from '../kit/meanwhile.ts';
import { codeSentTo, mailsTo, otherThan, startWizardApi, END } from './devices.ts';
import { refusal, setBroker, SignedIn } from './signed-in.ts';

let api: MoneyApi;
let olga: Caller;
beforeAll(async () => {
  api = await startWizardApi();
  olga = await api.operator();
});
afterAll(() => api?.stop());
afterEach(() => api.hub.pool.query(`with s as (delete from broker_setting) delete from code_sending`));

const run = (client: SignedIn, what: string): Promise<string> =>
  client.step(`GET ${what}`).then(({ uuid }: { uuid: string }) => uuid);
const approve = (id: number, by = olga) => by.call(`POST /applications/${id}/approve`);
const settled = (client: SignedIn, state: string) =>
  eventually(
    async () =>
      (await api.hub.pool.query(`select from client_change where client_id = $1 and state = $2`, [client.id, state]))
        .rowCount,
    `a change that is ${state}`,
  );
/** Asks for other names, up to the request. */
const askForNames = async (client: SignedIn, info: object): Promise<any> => {
  const uuid = await run(client, '/my/profile/wizard');
  await client.step('POST /my/profile/wizard', { uuid, info });
  return client.step('POST /my/profile/wizard', { uuid, code: await client.code() });
};
const changes = async (client: SignedIn, type = '') =>
  (
    await olga.call(
      `GET /clients/${client.id}/changes${type && `?filter[type]=${type}&sort_by=createTime&sort_order=asc`}`,
    )
  ).body.data;

describe('other names', () => {
  it('come with a warning when the client was verified under those of before', async () => {
    const client = await SignedIn.up(api);
    const level = await api.hub.one<{ id: number; name: string }>(
      `insert into verification_level (name, caption, index) select $1, $1, max(index) + 1 from verification_level returning id, name`,
      [`Level ${randomUUID()}`],
    );
    const verified = `insert into kyc_case (client_id, level_id, reference, state) values ($1, $2, $3, 'approved')`;
    await api.hub.pool.query(verified, [client.id, level.id, randomUUID()]);
    await askForNames(client, { lastName: 'Other' });
    const { id, ...request } = (await olga.call(`GET /applications?filter[clientId]=${client.id}`)).body.data[0];
    expect(request.warnings).toEqual([
      `The client was verified (${level.name}) with what he had before; that stays as it is.`,
    ]);
    expect((await olga.call(`GET /applications/${id}`)).body.warnings).toEqual(request.warnings);
    expect((await approve(id)).body.warnings).toEqual([]);
  });

  it('come without one when he was not', async () => {
    const client = await SignedIn.up(api);
    await askForNames(client, { lastName: 'Other' });
    const { body } = await olga.call(`GET /applications?filter[clientId]=${client.id}`);
    expect(body.data).toMatchObject([{ type: 'profile', warnings: [] }]);
  });

  it('wait for an operator, who sees the old and the new ones, and hold when he allows them', async () => {
    const client = await SignedIn.up(api);
    const opened = await client.step('GET /my/profile/wizard');
    expect(opened).toMatchObject({ code: 200, done: false, workflow: 'profile_form' });
    expect(opened.data.fields[0].fields).toMatchObject([
      { name: 'firstName', label: 'First name', default: 'Ann' },
      { name: 'middleName', default: '' },
      { name: 'lastName', default: 'Canary' },
      { name: 'birthday', default: '1990-05-01', rules: ['date', 'age:18'] },
    ]);
    const { uuid } = opened;
    const said = { uuid, info: { firstName: 'Анна-Мария', lastName: "O'Brown" } };
    const code = await client.step('POST /my/profile/wizard', said);
    expect(code).toMatchObject({ workflow: 'confirm_email', data: { confirmationChannel: 'email', codeLength: 6 } });
    const last = await client.step('POST /my/profile/wizard', { uuid, code: await client.code() });
    expect(last).toEqual({
      code: 202,
      data: { request: { requestId: expect.any(Number), type: 'profile', status: 'pending' } },
      done: true,
      uuid,
      workflow: END,
    });
    const { requestId } = last.data.request;
    expect((await olga.call(`GET /applications/${requestId}`)).body).toMatchObject({
      clientId: client.id,
      type: 'profile',
      status: 'pending',
      data: {
        firstName: 'Анна-Мария',
        lastName: "O'Brown",
        before: { firstName: 'Ann', lastName: 'Canary' },
      },
    });
    expect((await client.step('GET /my/profile')).info.firstName).toBe('Ann');

    // Another of the same type has to wait.
    const second = await run(client, '/my/profile/wizard');
    const again = await client.call('POST /my/profile/wizard', { uuid: second, info: { firstName: 'Jane' } });
    expect(refusal(again)).toEqual([409, 'already_exists']);
    // What needs nobody's word need not wait.
    const phone = { uuid: await run(client, '/my/phones/wizard'), phone: '+995555123456' };
    expect((await client.step('POST /my/phones', phone)).workflow).toBe('confirm_phone');

    expect((await approve(requestId)).body).toMatchObject({ status: 'approved', user: { id: olga.id } });
    await settled(client, 'done');
    expect((await client.step('GET /my/profile')).info).toEqual({
      firstName: 'Анна-Мария',
      lastName: "O'Brown",
      middleName: null,
      birthday: '1990-05-01',
    });
    expect(await changes(client)).toMatchObject([
      { type: 'name', oldValue: 'Ann Canary', newValue: "Анна-Мария O'Brown", user: { id: olga.id, name: 'Olga' } },
    ]);
    await eventually(
      async () => mailsTo(api, client.email).some((mail) => /Your personal data was changed/.test(mail)),
      'the mail',
    );
  });

  it('stay as they were when he does not, and the client hears why', async () => {
    const client = await SignedIn.up(api);
    const { requestId } = (await askForNames(client, { birthday: '1989-04-30' })).data.request;
    const resolutionId = await api.hub.resolutionId('Request declined');
    expect((await olga.call(`POST /applications/${requestId}/reject`, { resolutionId })).status).toBe(200);
    await settled(client, 'rejected');
    expect((await client.step('GET /my/profile')).info.birthday).toBe('1990-05-01');
    expect(await changes(client)).toEqual([]);
    await eventually(
      async () => mailsTo(api, client.email).some((mail) => /was not approved/.test(mail)),
      'the mail that says why',
    );
    // Now he may ask anew.
    expect((await askForNames(client, { birthday: '1989-04-29' })).code).toBe(202);
  });

  it.each([
    ['a script', { firstName: '<script>alert(1)</script>' }, 'info.firstName'],
    ['an emptied name', { lastName: '' }, 'info.lastName'],
    ['a child', { birthday: `${new Date().getUTCFullYear() - 17}-01-01` }, 'info.birthday'],
    ['no date', { birthday: '1990-02-31' }, 'info.birthday'],
    ['a field of nobody', { firstName: 'Jon', title: 'Dr' }, 'info.title'],
    ['more than 30 letters', { firstName: 'a'.repeat(31) }, 'info.firstName'],
    ['what is so already', { firstName: 'Ann' }, 'info'],
  ])('are refused with the field: %s', async (_what, info, field) => {
    const client = await SignedIn.up(api);
    const uuid = await run(client, '/my/profile/wizard');
    expect(refusal(await client.call('POST /my/profile/wizard', { uuid, info }))).toEqual([400, 'validation', field]);
    expect(refusal(await client.call('POST /my/profile/wizard', { uuid }))).toEqual([400, 'validation', 'info']);
    expect(refusal(await client.call('POST /my/profile/wizard', { info }))).toEqual([400, 'validation', 'uuid']);
  });

  it('are nobody else’s to change, and take the right code', async () => {
    const [client, other] = [await SignedIn.up(api), await SignedIn.up(api)];
    const uuid = await run(client, '/my/profile/wizard');
    const body = { uuid, info: { firstName: 'Jon' } };
    expect(refusal(await other.call('POST /my/profile/wizard', body))).toEqual([404, 'wizard_not_found', 'uuid']);
    expect(refusal(await client.call('POST /my/addresses', body))).toEqual([404, 'wizard_not_found', 'uuid']);
    await client.step('POST /my/profile/wizard', body);
    const code = await client.code();
    const wrong = await client.call('POST /my/profile/wizard', { uuid, code: otherThan(code) });
    expect(refusal(wrong)).toEqual([400, 'invalid_code', 'code']);
    expect(refusal(await client.call('POST /my/profile/wizard', { uuid, resend: true }))).toEqual([
      429,
      'resend_too_early',
    ]);
    const last = await client.step('POST /my/profile/wizard', { uuid, code });
    // A click too many has the same answer.
    expect(await client.step('POST /my/profile/wizard', { uuid, code })).toEqual(last);
  });

  it('need two people where the broker says so', async () => {
    await setBroker(api, 'clients.changeApprovals', 2);
    const client = await SignedIn.up(api);
    const { requestId } = (await askForNames(client, { firstName: 'Jon' })).data.request;
    const second = await api.operator();
    expect((await approve(requestId)).body).toMatchObject({ status: 'pending', approvalsNeeded: 2 });
    expect(refusal(await olga.call(`POST /applications/${requestId}/approve`, { comment: 'me again' }))[0]).toBe(409);
    expect((await client.step('GET /my/profile')).info.firstName).toBe('Ann');
    expect((await approve(requestId, second)).body.status).toBe('approved');
    await settled(client, 'done');
    expect((await client.step('GET /my/profile')).info.firstName).toBe('Jon');
  });

  it('hold at once where the broker asks nobody, but never without a code', async () => {
    const client = await SignedIn.up(api);
    const patch = { info: { firstName: 'Jon', lastName: 'Canary' }, nickname: 'jo 77', locale: 'de_DE' };
    expect(refusal(await client.call('PATCH /my/profile', patch))).toEqual([403, 'restricted', 'info']);
    expect((await client.step('GET /my/profile')).nickname).toBeNull();
    await setBroker(api, 'clients.requestForProfile', false);
    const last = await askForNames(client, { middleName: 'Maria' });
    expect(last.data).toMatchObject({ request: null, profile: { info: { middleName: 'Maria' } } });
    expect(refusal(await client.call('PUT /my/profile', patch))).toEqual([403, 'restricted', 'info']);
    expect(await client.step('GET /my/profile')).toMatchObject({ nickname: null, info: { firstName: 'Ann' } });
    expect((await changes(client, 'name')).map(({ newValue, user }: any) => [newValue, user])).toEqual([
      ['Ann Maria Canary', null],
    ]);
    // What is so already may be sent along.
    expect((await client.call('PUT /my/profile', { ...patch, info: { firstName: 'Ann' } })).body).toMatchObject({
      nickname: 'jo 77',
      locale: 'de_DE',
      info: { firstName: 'Ann', middleName: 'Maria', lastName: 'Canary' },
    });
    const { after } = await api.hub.one<{ after: object }>(
      `select after from audit where object = $1 and action = 'clients.update'`,
      [`client:${client.id}`],
    );
    expect(after).toEqual({ nickname: 'jo 77', locale: 'de_DE' });
    expect(refusal(await client.call('PATCH /my/profile', { nickname: '<b>' }))[2]).toBe('nickname');
    expect(refusal(await client.call('PATCH /my/profile', { locale: 'german' }))[2]).toBe('locale');
    expect(refusal(await client.call('PATCH /my/profile', {}))[0]).toBe(400);
    await setBroker(api, 'profile.changeNickname', false);
    expect(refusal(await client.call('PATCH /my/profile', { nickname: 'x' }))).toEqual([403, 'restricted', 'nickname']);
  });

  it('are masked for an operator who sees no names', async () => {
    const client = await SignedIn.up(api);
    const { requestId } = (await askForNames(client, { firstName: 'Jon' })).data.request;
    const masked = await api.operator(['requests.read', 'clients.read']);
    await api.hub.pool.query(`update hub_user set mask_data = true where id = $1`, [masked.id]);
    const seen = (await masked.call(`GET /applications/${requestId}`)).body;
    expect(seen.data).toEqual({ firstName: '*', before: { firstName: '*' } });
    await approve(requestId);
    await settled(client, 'done');
    expect((await masked.call(`GET /clients/${client.id}/changes`)).body.data).toMatchObject([
      { type: 'name', oldValue: '*', newValue: '*' },
    ]);
  });

  it('are decided about after everything was stopped and started again', async () => {
    const client = await SignedIn.up(api);
    const { requestId } = (await askForNames(client, { firstName: 'Jon' })).data.request;
    await api.hub.pause();
    await api.hub.resume();
    expect((await approve(requestId)).body.status).toBe('approved');
    await settled(client, 'done');
    expect((await client.step('GET /my/profile')).info.firstName).toBe('Jon');
  });

  it('are not allowed for a client who was banned meanwhile; the request can still be rejected', async () => {
    const client = await SignedIn.up(api);
    const { requestId } = (await askForNames(client, { firstName: 'Jon' })).data.request;
    await olga.call(`PATCH /clients/${client.id}`, { statusId: 3 });
    const refused = await approve(requestId);
    expect(refusal(refused)).toEqual([403, 'restricted']);
    expect(refused.body.error.details[0].issue).toBe('The client is banned. Reject the request.');
    const resolutionId = await api.hub.resolutionId('Request declined');
    expect((await olga.call(`POST /applications/${requestId}/reject`, { resolutionId })).body.status).toBe('rejected');
  });
});

describe('a decision that comes too late', () => {
  it('ends the request with the reason, and the client is as he was', async () => {
    const client = await SignedIn.up(api);
    const { requestId } = (await askForNames(client, { firstName: 'Jon' })).data.request;
    const { id: changeId } = await api.hub.one<{ id: number }>(`select id from client_change where client_id = $1`, [
      client.id,
    ]);
    // Between the word of the operator and the change.
    await api.hub.pool.query(`update client set status = 'banned' where client_id = $1`, [client.id]);
    const { hub } = api;
    const tools = {
      ...lendTools(hub.settings, hub.pool, hub.client),
      ...{ steer: hub.steering, run: { workflowId: `client-change:${changeId}`, runId: '' } },
    };
    const verdict = { changeId, approved: true, by: olga.id, resolutionId: null };
    const ended = { state: 'refused', issue: 'The client is banned.' };
    expect(await settleClientChange(verdict, tools as never)).toEqual(ended);
    // An attempt that is made twice says the same.
    expect(await settleClientChange(verdict, tools as never)).toEqual(ended);
    expect((await olga.call(`GET /applications/${requestId}`)).body).toMatchObject({
      ...{ status: 'rejected', comment: 'The client is banned.' },
    });
    expect((await olga.call(`GET /clients/${client.id}`)).body.firstName).toBe('Ann');
  });
});

it('a change is read as others left it and its request, also by whoever had to wait for it', async () => {
  const client = await SignedIn.up(api);
  const { requestId } = (await askForNames(client, { firstName: 'Jon' })).data.request;
  const { id } = await api.hub.one<{ id: number }>(`select id from client_change where client_id = $1`, [client.id]);
  const change = await meanwhile(
    api.hub.pool,
    async (db) => {
      await db.query(`update client_change set state = 'refused' where id = $1`, [id]);
      await db.query(`update application set status_id = 2 where id = $1`, [requestId]);
    },
    () => inTransaction(api.hub.pool, (db) => loadClientChange(db, id, true)),
  );
  expect(change).toMatchObject({ state: 'refused', request: { requestId, statusId: 2 } });
});

describe('a request whose run somebody terminated', () => {
  const asked = async (client: SignedIn) => {
    const { requestId } = (await askForNames(client, { firstName: 'Jon' })).data.request;
    const { run } = await api.hub.one<{ run: string }>(`select workflow_id as run from application where id = $1`, [
      requestId,
    ]);
    await eventually(async () => (await api.hub.shown(run)).includes(`request ${requestId}`), 'it to be asked');
    return { id: requestId as number, run };
  };
  const begunAnew = async (run: string, act: () => Promise<unknown>) => {
    const { runId } = await api.hub.handle(run).describe();
    await act();
    await eventually(async () => {
      await startWaiting(undefined, { pool: api.hub.pool, steer: api.hub.steering } as never);
      return (await api.hub.handle(run).describe()).runId !== runId;
    }, 'it to be begun anew');
  };
  const terminate = (run: string) => api.hub.handle(run).terminate('by mistake');

  it('is decided all the same', async () => {
    const client = await SignedIn.up(api);
    const { id, run } = await asked(client);
    await begunAnew(run, () => terminate(run));
    await eventually(async () => (await approve(id)).status === 200, 'it to be decided');
    await settled(client, 'done');
    await api.hub.ends(run);
  });

  it('when it was decided already is done as decided', async () => {
    const client = await SignedIn.up(api);
    const { id, run } = await asked(client);
    await begunAnew(run, async () => {
      // It hears the decision, and cannot settle it.
      const held = (db: Queryable) =>
        db.query(`select from client_change where client_id = $1 for update`, [client.id]);
      await inTransaction(api.hub.pool, async (db) => {
        await held(db);
        expect((await approve(id)).status).toBe(200);
        const isHeld = `datname = current_database() and wait_event_type = 'Lock'`;
        await eventually(async () => (await api.count(`pg_stat_activity where ${isHeld}`)) > 0, 'it to be at the lock');
        await terminate(run);
        // Else what it has under way would settle it once the lock is gone.
        await api.hub.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${isHeld}`);
      });
    });
    await settled(client, 'done');
    expect((await client.step('GET /my/profile')).info.firstName).toBe('Jon');
    await api.hub.ends(run);
  });
});

describe('a request that is there before its run', () => {
  /** In the books alone. */
  const writtenDown = (client: SignedIn) =>
    api.hub.one<{ id: number; changeId: number }>(
      `with asked as (
         insert into client_change (client_id, kind, wanted, before, state, create_time)
         values ($1, 'profile', '{"firstName": "Jon"}', '{"firstName": "Ann"}', 'waiting', now() - interval '1 minute') returning *)
       insert into application (client_id, type, purpose, change_id, workflow_id, data)
       select client_id, 'profile', 'approval', id, workflow_id, '{}' from asked returning id, change_id as "changeId"`,
      [client.id],
    );
  const sweep = () => startWaiting(undefined, { pool: api.hub.pool, steer: api.hub.steering } as never);
  const isRefusedByItsRun = async (id: number): Promise<string> => {
    const { run } = await api.hub.one<{ run: string }>(`select workflow_id as run from application where id = $1`, [
      id,
    ]);
    const decision = api.hub.steering.vouchFor(run, { decision: 'approve', by: olga.id, applicationId: id });
    return api.hub.steering.decide(run, decision, randomUUID()).then(
      () => 'taken',
      ({ reason }: { reason: string }) => reason,
    );
  };
  /** Its run cannot read what is asked. */
  const hold = (changeId: number) => (db: Queryable) =>
    db.query(`select from client_change where id = $1 for update`, [changeId]);
  /** Its run begins, and cannot read what is asked until `more` is over. */
  const asItBegins = <T>(changeId: number, ask: () => Promise<T>, more: () => Promise<unknown>): Promise<T> =>
    meanwhile(
      api.hub.pool,
      hold(changeId),
      async () => {
        await sweep();
        return ask();
      },
      { more },
    );

  it('because that was forgotten is decided once the sweep has started the run', async () => {
    const client = await SignedIn.up(api);
    const { id } = await writtenDown(client);
    await sweep();
    expect((await approve(id)).body.status).toBe('approved');
    await settled(client, 'done');
  });

  it('because that is only just beginning is decided when it asks', async () => {
    const client = await SignedIn.up(api);
    const { id, changeId } = await writtenDown(client);
    const reached = asked(api.hub, `client-change:${changeId}`, 2);
    const ask = async () => {
      await expect(isRefusedByItsRun(id)).resolves.toBe('not_ready');
      return approve(id);
    };
    const decided = await asItBegins(changeId, ask, () => reached);
    expect([decided.status, decided.body.status]).toEqual([200, 'approved']);
    await settled(client, 'done');
  });

  it('because that is only just beginning is not decided as what it has become meanwhile', async () => {
    const client = await SignedIn.up(api);
    const { id, changeId } = await writtenDown(client);
    const reached = asked(api.hub, `client-change:${changeId}`);
    const becomesAnother = async () => {
      await reached;
      await api.hub.pool.query(`update application set update_time = now() where id = $1`, [id]);
    };
    const decided = await asItBegins(changeId, () => approve(id), becomesAnother);
    expect(refusal(decided)).toEqual([409, 'not_waiting']);
    expect((await olga.call(`GET /applications/${id}`)).body.status).toBe('pending');
    expect((await approve(id)).body.status).toBe('approved');
    await settled(client, 'done');
  });

  it('because that cannot begin yet is to be decided later, and nothing is lost', async () => {
    const client = await SignedIn.up(api);
    const { id, changeId } = await writtenDown(client);
    const early = await inTransaction(api.hub.pool, async (db) => {
      await hold(changeId)(db);
      await sweep();
      return approve(id);
    });
    expect(refusal(early)).toEqual([503, 'not_ready']);
    expect(early.headers.get('retry-after')).toBe('1');
    expect((await approve(id)).body.status).toBe('approved');
    await settled(client, 'done');
  });
});

describe('what clients say about themselves', () => {
  it('is in no history, id or search attribute', async () => {
    const client = await SignedIn.up(api);
    const { requestId } = (await askForNames(client, { firstName: 'Zeldaquin', birthday: '1987-11-23' })).data.request;
    const uuid = await run(client, '/my/addresses/wizard');
    const where = { type: 'mailing', countryId: 470, address: 'Quixwood Lane 7', city: 'Zeldatown' };
    await client.step('POST /my/addresses', { uuid, ...where });
    await approve(requestId);
    await settled(client, 'done');
    const { rows } = await api.hub.pool.query<{ id: string }>(
      `select 'wizard:' || uuid as id from wizard_run where opened_by = $1 union select workflow_id from client_change where client_id = $1`,
      [client.id],
    );
    expect(rows).toHaveLength(4);
    for (const { id } of rows) {
      const { history, decoded } = await payloadsOf(api.hub, id);
      expect(decoded).toMatch(/clientId|"changeId"/);
      for (const said of ['Zeldaquin', '1987-11-23', 'Quixwood', 'Zeldatown', client.email])
        for (const text of [history, decoded]) expect(text).not.toContain(said);
    }
  });
});

describe('an address', () => {
  const lines = { type: 'residential', countryId: 470, state: null, city: 'Valletta', address: '2 Main st.' };

  it('waits for an operator; where the client lives is his country from then on', async () => {
    const client = await SignedIn.up(api);
    const opened = await client.step('GET /my/addresses/wizard');
    expect(opened.workflow).toBe('address_form');
    expect(opened.data.fields.map(({ name }: any) => name)).toEqual([
      ...['type', 'countryId', 'state', 'city', 'address', 'postcode'],
    ]);
    const last = await client.step('POST /my/addresses', { uuid: opened.uuid, ...lines, postcode: '0101' });
    expect(last).toMatchObject({ code: 202, data: { request: { type: 'address', status: 'pending' } }, workflow: END });
    const { requestId } = last.data.request;
    expect((await olga.call(`GET /applications/${requestId}`)).body.data).toMatchObject({
      ...{ type: 'residential', city: 'Valletta', address: '2 Main st.', postcode: '0101', before: {} },
    });
    expect((await client.step('GET /my/addresses')).total).toBe(0);
    await approve(requestId);
    await settled(client, 'done');
    const { data } = await client.step('GET /my/addresses');
    expect(data).toMatchObject([
      { addressId: expect.any(Number), country: { countryId: 470, alpha2Code: 'MT' }, postcode: '0101', state: null },
    ]);
    expect((await client.step('GET /my/profile')).country.alpha3Code).toBe('MLT');

    await setBroker(api, 'clients.requestForAddress', false);
    const uuid = await run(client, '/my/addresses/wizard');
    const { addressId } = data[0];
    const moved = { uuid, addressId, ...lines, type: 'billing', countryId: '276', city: 'Köln', postcode: '50667' };
    expect((await client.step('POST /my/addresses', moved)).data.address).toMatchObject({
      ...{ addressId, type: 'billing', city: 'Köln', country: { countryName: 'Germany' } },
    });
    expect((await changes(client, 'address')).map(({ newValue }: any) => newValue)).toEqual([
      '2 Main st., 0101 Valletta, Malta',
      '2 Main st., 50667 Köln, Germany',
    ]);
  });

  it('is refused with the field that is wrong, and is never another client’s', async () => {
    const [client, other] = [await SignedIn.up(api), await SignedIn.up(api)];
    await setBroker(api, 'clients.requestForAddress', false);
    const first = await run(client, '/my/addresses/wizard');
    const { addressId } = (await client.step('POST /my/addresses', { uuid: first, ...lines })).data.address;
    const uuid = await run(other, '/my/addresses/wizard');
    const send = async (more: object) => refusal(await other.call('POST /my/addresses', { uuid, ...lines, ...more }));
    expect(await send({ addressId })).toEqual([400, 'validation', 'addressId']);
    expect(await send({ countryId: 999 })).toEqual([400, 'validation', 'countryId']);
    expect(await send({ countryId: undefined })).toEqual([400, 'validation', 'countryId']);
    expect(await send({ type: 'castle' })).toEqual([400, 'validation', 'type']);
    expect(await send({ address: 'a'.repeat(201) })).toEqual([400, 'validation', 'address']);
    expect(await send({ city: 'Vall\u202eetta' })).toEqual([400, 'validation', 'city']);
    expect(await send({ planet: 'Mars' })).toEqual([400, 'validation', 'planet']);
    expect((await other.step('GET /my/addresses')).total).toBe(0);
  });

  it('takes a code from a client with a second factor, or where the broker says so', async () => {
    const client = await SignedIn.up(api);
    await setBroker(api, 'clients.confirmAddress', true);
    const uuid = await run(client, '/my/addresses/wizard');
    expect((await client.step('POST /my/addresses', { uuid, ...lines })).workflow).toBe('confirm_email');
    expect((await client.step('POST /my/addresses', { uuid, code: await client.code() })).code).toBe(202);
  });
});

describe('another type of client', () => {
  it('is asked for with what the broker wants to know of that type, and decided by an operator', async () => {
    const corporate = await api.hub.one<{ id: number }>(`select id from client_type where name = 'Corporate'`);
    const seeded = (await olga.call('GET /wizards?limit=50')).body.data.find(
      (one: any) => one.type === 'clientTypeChange',
    );
    const vat = { name: 'vat', type: 'input', rules: ['required', 'min:5'], texts: [] };
    const company = {
      ...{ name: 'company', kind: 'form', when: { clientTypeIds: [corporate.id] } },
      settings: { fields: [vat] },
    };
    const changed = await olga.call(`PATCH /wizards/${seeded.id}`, {
      steps: [seeded.steps[0], company, ...seeded.steps.slice(1)],
    });
    expect(changed.status).toBe(200);

    const client = await SignedIn.up(api);
    const opened = await client.step('GET /my/clients/types/wizard');
    expect(opened.workflow).toBe('client_type_form');
    expect(opened.data.types).toMatchObject([{ id: corporate.id, name: 'Corporate', wizard: true }]);
    const { uuid } = opened;
    const send = async (body: object) => client.call('POST /my/clients/types', { uuid, ...body });
    expect(refusal(await send({ typeId: 999_999 }))).toEqual([400, 'validation', 'typeId']);
    const { type } = await client.step('GET /my/profile');
    expect(refusal(await send({ typeId: type.id }))).toEqual([400, 'validation', 'typeId']);
    expect((await send({ typeId: corporate.id })).body).toMatchObject({
      workflow: 'additional_info',
      data: { fields: [{ name: 'vat' }] },
    });
    expect(refusal(await send({ vat: 'x' }))).toEqual([400, 'validation', 'vat']);
    expect((await send({ vat: 'DE123456789' })).body.workflow).toBe('confirm_email');
    const last = (await send({ code: await client.code() })).body;
    expect(last.data.request).toMatchObject({ type: 'clientType', status: 'pending' });
    const { requestId } = last.data.request;
    expect((await olga.call(`GET /applications/${requestId}`)).body.data).toEqual({
      typeId: corporate.id,
      extra: { vat: 'DE123456789' },
      before: { typeId: type.id },
    });
    await approve(requestId);
    await settled(client, 'done');
    expect((await client.step('GET /my/profile')).type.name).toBe('Corporate');
    expect(await changes(client, 'clientType')).toMatchObject([{ oldValue: 'Individual', newValue: 'Corporate' }]);
    expect(await api.hub.one(`select extra from client where client_id = $1`, [client.id])).toEqual({
      extra: { vat: 'DE123456789' },
    });
  });
});

describe('a profile that is to be deleted', () => {
  it('waits for an operator; then nobody signs in with it any more', async () => {
    const client = await SignedIn.up(api);
    const opened = await client.step('GET /my/profile/deactivation');
    expect(opened).toMatchObject({ code: 200, workflow: 'confirm_email', data: { confirmationChannel: 'email' } });
    const { uuid } = opened;
    const last = await client.step('POST /my/profile/deactivation', { uuid, code: await client.code() });
    expect(last.data.request).toMatchObject({ type: 'deleteAccount', status: 'pending' });
    expect(refusal(await client.call('GET /my/profile/deactivation'))).toEqual([409, 'already_exists']);
    await approve(last.data.request.requestId);
    await settled(client, 'done');
    await eventually(async () => (await client.call('GET /my/profile')).status === 401, 'the sign-in to be over');
    expect(await api.hub.one(`select status from client where client_id = $1`, [client.id])).toEqual({
      status: 'deleted',
    });
    await eventually(
      async () => mailsTo(api, client.email).some((mail) => /Your profile was deleted/.test(mail)),
      'the last mail',
    );
  });

  it('goes at once where the broker asks nobody, and not at all where he does not offer it', async () => {
    const client = await SignedIn.up(api);
    await setBroker(api, 'clients.requestForDeletion', false);
    const uuid = await run(client, '/my/profile/deactivation');
    const last = await client.step('POST /my/profile/deactivation', { uuid, code: await client.code() });
    expect(last).toMatchObject({ code: 202, data: { request: null }, done: true });
    expect((await client.call('GET /my/profile')).status).toBe(401);
    await setBroker(api, 'clients.deleteData', false);
    const other = await SignedIn.up(api);
    expect(refusal(await other.call('GET /my/profile/deactivation'))).toEqual([403, 'wizard_disabled']);
  });

  it('stays while there is money', async () => {
    const rich = await api.clientWith('25.00', 'USD');
    await setBroker(api, 'clients.requestForDeletion', false);
    const { email } = (await rich.call('GET /my/profile')).body;
    const { uuid } = (await rich.call('GET /my/profile/deactivation')).body;
    const code = await codeSentTo(api, email);
    const kept = await rich.call('POST /my/profile/deactivation', { uuid, code });
    expect(refusal(kept)).toEqual([403, 'restricted']);
    expect(kept.body.error.details[0].issue).toMatch(/must be paid out first/);
    expect((await rich.call('GET /my/profile')).body.status).toBe('active');
  });
});
