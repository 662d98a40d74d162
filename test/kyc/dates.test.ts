/** What the calendar does to clients on their way. Tests move the dates of a case instead of waiting for days. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inTransaction } from '../../db/pool.ts';
import { changeCase, endOfApproval, loadCase, planDates } from '../../db/repositories/kyc.ts';
import { MoneyApi } from '../api/money-hub.ts';
import { eventually } from '../kit/hub.ts';
import { meanwhile } from '../kit/meanwhile.ts';
import { KycDesk } from './kit.ts';

let api: MoneyApi;
let desk: KycDesk;
let sumsub: number;
let documents: number;

beforeAll(async () => {
  api = await MoneyApi.start({ quietAfter: 300, breakerPauses: [200] }, ['sumsub', 'sendgrid']);
  desk = await KycDesk.open(api);
  sumsub = await desk.levelId('Level 2');
  documents = await desk.levelId('Level 1');
});
afterAll(() => api.stop());

/** A client with the level of documents, and those documents. */
const withDocuments = async (validUntil?: string) => {
  const client = await api.clientWith('0', 'USD');
  const { uuid } = (await desk.wizard(client, documents)).body;
  const handed = [await desk.upload(client, 'Passport', validUntil), await desk.upload(client, 'Utility bill')];
  expect((await client.call('POST /my/verifications', { uuid, documents: handed })).status).toBe(200);
  const request = await desk.requestOf(client);
  return { client, handed, request };
};

/** A client who began a verification and left. */
const begun = async () => {
  const client = await api.clientWith('0', 'USD');
  await desk.wizard(client, sumsub);
  const { id } = await desk.endsAs(client, 'open');
  return { client, id };
};

it('a verification is found also by whoever had to wait while its client got another level', async () => {
  const { client, id } = await begun();
  const found = await meanwhile(
    api.hub.pool,
    (db) => db.query(`update client set verification_level_id = $2 where client_id = $1`, [client.id, sumsub]),
    () => inTransaction(api.hub.pool, (db) => loadCase(db, id, true)),
  );
  expect(found).toMatchObject({ caseId: id, hasLevel: true });
});

it('the dates of a verification are planned by what others left of it and its client', async () => {
  const { client, id } = await begun();
  await meanwhile(
    api.hub.pool,
    async (db) => {
      await db.query(
        `update kyc_case set state = 'approved', client_since = null, valid_until = '2099-02-03' where id = $1`,
        [id],
      );
      await db.query(`update client set verification_level_id = $2 where client_id = $1`, [client.id, sumsub]);
    },
    () => inTransaction(api.hub.pool, (db) => planDates(db, { caseId: id }, true)),
  );
  expect(await api.hub.one(`select next_look is not null as planned from kyc_case where id = $1`, [id])).toEqual({
    planned: true,
  });
});

describe('a client who began and left', () => {
  it('leaves no run behind, is reminded as often as the level says, and goes on where he was', async () => {
    const { client } = await begun();
    await desk.daysLater(client, 4);
    await desk.isTold(client, 'Began', 'Reminder');
    await desk.endsAs(client, 'open');
    await desk.daysLater(client, 1);
    await desk.daysLater(client, 20);
    await desk.isTold(client, 'Began', 'Reminder', 'Reminder');
    await desk.endsAs(client, 'open');
    await desk.daysLater(client, 60);
    await desk.endsAs(client, 'open');
    expect(await desk.told(client)).toEqual(['Began', 'Reminder', 'Reminder']);

    expect((await desk.wizard(client, sumsub)).body.data.sdk.url).toEqual(expect.any(String));
    await api.hub.sandbox('sumsub').advance((await desk.caseOf(client)).reference, 'green');
    await desk.endsAs(client, 'approved');
    expect(await desk.told(client)).toEqual(expect.arrayContaining(['Approved']));
  });

  it('is not reminded once he has sent his documents, also when nobody told us of them', async () => {
    const { client } = await begun();
    api.hub.sandbox('sumsub').setCallbacks('drop');
    await api.hub.sandbox('sumsub').advance((await desk.caseOf(client)).reference, 'submit');
    api.hub.sandbox('sumsub').setCallbacks('normal');
    await desk.daysLater(client, 4);
    await desk.reaches(client, 'checking');
    await desk.isTold(client, 'Began', 'Received');
  });

  it('is not reminded while the provider cannot be asked whether he has sent them', async () => {
    const { client } = await begun();
    const { faults } = api.hub.sandbox('sumsub');
    api.hub.sandbox('sumsub').fault({ match: { path: '/resources/applicants/' }, kind: 'garbage', times: 1_000 });
    await desk.daysLater(client, 4);
    const run = api.hub.handle(`kyc:${client.id}:${sumsub}`);
    await eventually(
      async () => (await run.describe()).searchAttributes['HubNeedsHuman']?.[0] === true,
      'somebody to be called',
    );
    expect(await desk.told(client)).toEqual(['Began']);
    faults.clear();
    await desk.isTold(client, 'Began', 'Reminder');
  });

  it('is closed at the deadline, may begin again, and what comes late is still welcome', async () => {
    await desk.configure(sumsub, { deadlineDays: 14, remindAfterDays: [] });
    const { client } = await begun();
    await desk.daysLater(client, 15);
    await desk.isTold(client, 'Began', 'Closed');
    await desk.endsAs(client, 'expired');
    expect((await desk.wizard(client, sumsub)).body.data.state).toBe('open');
    await desk.isTold(client, 'Began', 'Closed', 'Began');
    await desk.endsAs(client, 'open');
    await desk.daysLater(client, 15);
    await desk.endsAs(client, 'expired');
    await api.hub.sandbox('sumsub').advance((await desk.caseOf(client)).reference, 'green');
    await desk.endsAs(client, 'approved');
    expect(await desk.levelOf(client)).toBe('Level 2');
    await desk.configure(sumsub, { deadlineDays: null, remindAfterDays: [3, 10] });
  });

  it('follows the settings of the level when they change', async () => {
    await desk.configure(sumsub, { deadlineDays: null, remindAfterDays: [] });
    const { client } = await begun();
    await desk.daysLater(client, 5);
    await desk.configure(sumsub, { deadlineDays: 5 });
    await desk.sweep();
    await desk.endsAs(client, 'expired');
    await desk.configure(sumsub, { deadlineDays: null, remindAfterDays: [3, 10] });
  });
});

describe('documents that our own people check', () => {
  // Also when the day ends meanwhile.
  const today = Date.now();
  const inDays = (days: number) => new Date(today + days * 86_400_000).toISOString().slice(0, 10);
  const in200Days = inDays(200);

  it('end as read by an operator who read them while they were being approved', async () => {
    const { client, handed } = await withDocuments();
    const { id } = await desk.caseOf(client);
    const read = await meanwhile(
      api.hub.pool,
      // What an approval does.
      async (db) => {
        await loadCase(db, id, true);
        await changeCase(db, id, { state: 'approved', validUntil: await endOfApproval(db, id, null) });
      },
      () => desk.olga.call(`PATCH /documents/${handed[0]!.documentId}`, { validUntil: in200Days }),
      {
        more: (db) =>
          db.query(`update client_document set status = 'approved' where document_id = $1`, [handed[0]!.documentId]),
      },
    );
    expect(read.status).toBe(200);
    expect((await desk.caseOf(client)).valid_until).toBe(in200Days);
  });

  it('give the level until the first of them ends, as read by the client or by an operator', async () => {
    const { client, handed, request } = await withDocuments(in200Days);
    await desk.approve(client, request.id);
    expect(await desk.caseOf(client)).toMatchObject({ valid_until: in200Days, next_look: inDays(170) });
    const path = `/documents/${handed[1]!.documentId}`;
    const read = await desk.olga.call(`PATCH ${path}`, { validUntil: '2099-02-03', comment: 'by hand' });
    expect(read).toMatchObject({ status: 200, body: { validUntil: '2099-02-03', comment: 'by hand' } });
    expect((await desk.caseOf(client)).valid_until).toBe(in200Days);
    await desk.olga.call(`PATCH /documents/${handed[0]!.documentId}`, { validUntil: null });
    expect((await desk.caseOf(client)).valid_until).toBe('2099-02-03');
    await desk.olga.call(`PATCH ${path}`, { comment: 'looks genuine' });
    const object = `document:${handed[1]!.documentId}`;
    const { data } = (await desk.olga.call(`GET /audit?filter[object]=${object}&sort_by=createTime&sort_order=desc`))
      .body;
    expect(data[0].details).toEqual({
      before: { validUntil: '2099-02-03', comment: 'by hand' },
      after: { validUntil: '2099-02-03', comment: 'looks genuine' },
    });
    for (const [body, field] of [
      [{ validUntil: '2099-02-30' }, 'validUntil'],
      [{ validUntil: 'never' }, 'validUntil'],
      [{ status: 'approved' }, 'status'],
    ] as const) {
      const refused = await desk.olga.call(`PATCH ${path}`, body);
      expect([refused.status, refused.body.error.details[0].field]).toEqual([400, field]);
    }
    expect((await desk.olga.call('PATCH /documents/999999', { comment: 'x' })).status).toBe(404);
    const reader = await api.operator(['documents.read']);
    expect((await reader.call(`PATCH ${path}`, { comment: 'x' })).status).toBe(403);
  });

  it('give it for as long as the level says at most', async () => {
    await desk.configure(documents, { validDays: 90 });
    const { client, request } = await withDocuments(in200Days);
    const in90Days = () => new Date(Date.now() + 90 * 86_400_000).toISOString().slice(0, 10);
    const before = in90Days();
    await desk.approve(client, request.id);
    // Also when the day ends meanwhile.
    expect([before, in90Days()]).toContain((await desk.caseOf(client)).valid_until);
    await desk.configure(documents, { validDays: null });
  });

  it('are handed in anew only when they end soon, and the level stays while they are checked', async () => {
    await desk.configure(documents, { onExpiry: 'levelDown' });
    const { client, handed, request } = await withDocuments(in200Days);
    const { uuid } = await api.hub.one<{ uuid: string }>(
      `select wizard_uuid as uuid from kyc_case where client_id = $1`,
      [client.id],
    );
    await desk.approve(client, request.id);
    const early = await client.call('POST /my/verifications', { uuid, documents: handed });
    expect(early.body.error.details[0]).toMatchObject({ reason: 'already_done' });
    await desk.endsIn(client, 10);
    expect((await desk.wizard(client, documents)).body.data).toMatchObject({
      state: 'approved',
      wizard: 'DocumentsWizard',
    });
    const fresh = [await desk.upload(client, 'ID card', '2090-01-01'), await desk.upload(client, 'Bank statement')];
    expect((await client.call('POST /my/verifications', { uuid, documents: fresh })).body.data.state).toBe('checking');
    expect(await desk.levelOf(client)).toBe('Level 1');
    await desk.approve(client, (await desk.requestOf(client)).id);
    expect((await desk.caseOf(client)).valid_until).toBe('2090-01-01');
  });
});

describe('the dates of a level', () => {
  it('can be changed while somebody gets the level', async () => {
    const { client, id } = await begun();
    const changed = await meanwhile(
      api.hub.pool,
      (db) => loadCase(db, id, true),
      () => desk.olga.call(`PATCH /verifications/levels/${sumsub}`, { remindAfterDays: [3, 10] }),
      {
        more: (db) =>
          db.query(`update client set verification_level_id = $2 where client_id = $1`, [client.id, sumsub]),
      },
    );
    expect(changed.status).toBe(200);
  });

  it('are settings, and refused when they cannot be', async () => {
    expect((await desk.olga.call(`GET /verifications/levels/${documents}`)).body).toMatchObject({
      validDays: null,
      deadlineDays: null,
      remindAfterDays: [3, 10],
      remindBeforeDays: [30, 7, 1],
    });
    for (const [body, field] of [
      [{ deadlineDays: 0 }, 'deadlineDays'],
      [{ validDays: 1.5 }, 'validDays'],
      [{ remindAfterDays: [3, 'x'] }, 'remindAfterDays.1'],
      [{ remindBeforeDays: Array.from({ length: 11 }, () => 1) }, 'remindBeforeDays'],
      [{ onExpiry: 'ban' }, 'onExpiry'],
    ] as const) {
      const refused = await desk.olga.call(`PATCH /verifications/levels/${documents}`, body);
      expect([refused.status, refused.body.error.details[0].field]).toEqual([400, field]);
    }
  });
});
