/** What the calendar does to verifications. Tests move the dates of a case instead of waiting for days. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import type { Payload } from '@temporalio/common';
import { createCodec } from '../../worker/codec.ts';
import { eventually } from '../kit/hub.ts';
import { PAYLOAD_KEYS } from '../kit/keys.ts';
import { KycDesk } from './kit.ts';

let api: MoneyApi;
let desk: KycDesk;
let sumsub: number;
let documents: number;

beforeAll(async () => {
  api = await MoneyApi.start({ quietAfter: 300 }, ['sumsub', 'sendgrid']);
  desk = await KycDesk.open(api);
  sumsub = await desk.levelId('Level 2');
  documents = await desk.levelId('Level 1');
});
afterAll(() => api.stop());

const configure = async (level: number, settings: object): Promise<void> => {
  const { status } = await desk.olga.call(`PATCH /verifications/levels/${level}`, settings);
  expect(status).toBe(200);
};
const wizard = (client: Caller, level: number) => client.call(`GET /my/verifications/wizard?levelId=${level}`);

/** A client whom SumSub has approved. */
const approved = async (): Promise<{ client: Caller; advance: (to: string) => Promise<void> }> => {
  const client = await api.clientWith('0', 'USD');
  expect((await wizard(client, sumsub)).status).toBe(200);
  const { reference } = await desk.caseOf(client);
  const advance = async (to: string) => void (await api.hub.sandbox('sumsub').advance(reference, to));
  await advance('submit');
  await desk.reaches(client, 'checking');
  await advance('green');
  await desk.endsAs(client, 'approved');
  return { client, advance };
};
/** A client with the level of documents, and those documents. */
const withDocuments = async (validUntil?: string) => {
  const client = await api.clientWith('0', 'USD');
  const { uuid } = (await wizard(client, documents)).body;
  const handed = [await desk.upload(client, 'Passport', validUntil), await desk.upload(client, 'Utility bill')];
  expect((await client.call('POST /my/verifications', { uuid, documents: handed })).status).toBe(200);
  const request = await desk.requestOf(client);
  return { client, handed, request };
};
const approve = async (client: Caller, requestId: number): Promise<void> => {
  expect((await desk.olga.call(`POST /applications/${requestId}/approve`, {})).status).toBe(200);
  await desk.endsAs(client, 'approved');
};

describe('a client who began and left', () => {
  it('leaves no run behind, is reminded as often as the level says, and goes on where he was', async () => {
    const client = await api.clientWith('0', 'USD');
    await wizard(client, sumsub);
    await desk.endsAs(client, 'open');
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

    expect((await wizard(client, sumsub)).body.data.sdk.url).toEqual(expect.any(String));
    await api.hub.sandbox('sumsub').advance((await desk.caseOf(client)).reference, 'green');
    await desk.endsAs(client, 'approved');
    expect(await desk.told(client)).toEqual(expect.arrayContaining(['Approved']));
  });

  it('is not reminded once he has sent his documents, also when nobody told us of them', async () => {
    const client = await api.clientWith('0', 'USD');
    await wizard(client, sumsub);
    await desk.endsAs(client, 'open');
    api.hub.sandbox('sumsub').setCallbacks('drop');
    await api.hub.sandbox('sumsub').advance((await desk.caseOf(client)).reference, 'submit');
    api.hub.sandbox('sumsub').setCallbacks('normal');
    await desk.daysLater(client, 4);
    await desk.reaches(client, 'checking');
    await desk.isTold(client, 'Began', 'Received');
  });

  it('is not reminded while the provider cannot be asked whether he has sent them', async () => {
    const client = await api.clientWith('0', 'USD');
    await wizard(client, sumsub);
    await desk.endsAs(client, 'open');
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
    await configure(sumsub, { deadlineDays: 14, remindAfterDays: [] });
    const client = await api.clientWith('0', 'USD');
    await wizard(client, sumsub);
    await desk.endsAs(client, 'open');
    await desk.daysLater(client, 15);
    await desk.isTold(client, 'Began', 'Closed');
    await desk.endsAs(client, 'expired');
    expect((await wizard(client, sumsub)).body.data.state).toBe('open');
    await desk.isTold(client, 'Began', 'Closed', 'Began');
    await desk.endsAs(client, 'open');
    await desk.daysLater(client, 15);
    await desk.endsAs(client, 'expired');
    await api.hub.sandbox('sumsub').advance((await desk.caseOf(client)).reference, 'green');
    await desk.endsAs(client, 'approved');
    expect(await desk.levelOf(client)).toBe('Level 2');
    await configure(sumsub, { deadlineDays: null, remindAfterDays: [3, 10] });
  });

  it('follows the settings of the level when they change', async () => {
    await configure(sumsub, { deadlineDays: null, remindAfterDays: [] });
    const client = await api.clientWith('0', 'USD');
    await wizard(client, sumsub);
    await desk.endsAs(client, 'open');
    await desk.daysLater(client, 5);
    await configure(sumsub, { deadlineDays: 5 });
    await desk.sweep();
    await desk.endsAs(client, 'expired');
    await configure(sumsub, { deadlineDays: null, remindAfterDays: [3, 10] });
  });
});

describe('documents that end', () => {
  it('are told of before, and their level is taken when the level says so', async () => {
    await configure(sumsub, { onExpiry: 'levelDown' });
    const { client } = await approved();
    await desk.endsIn(client, 20);
    await desk.isTold(client, 'Began', 'Received', 'Approved', 'Expiring');
    const level = (await client.call(`GET /my/verifications/levels/${sumsub}`)).body;
    expect(level).toMatchObject({
      state: 'current',
      renewable: true,
      validUntil: (await desk.caseOf(client)).valid_until,
    });
    await desk.endsIn(client, 7);
    await desk.endsAs(client, 'approved');
    await desk.endsIn(client, 0);
    await desk.isTold(client, 'Began', 'Received', 'Approved', 'Expiring', 'Expiring', 'Expiring');
    await desk.endsIn(client, -1);
    await desk.endsAs(client, 'expired');
    await desk.isTold(client, 'Began', 'Received', 'Approved', 'Expiring', 'Expiring', 'Expiring', 'Expired');
    expect(await desk.levelOf(client)).toBe('Level 1');
    expect((await client.call('GET /my/verifications')).body.data).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ reason: { name: 'expired', caption: 'Documents have expired' } }),
      ]),
    );
  });

  it('do not bring the level back by the old verdict, but new ones do', async () => {
    await configure(sumsub, { onExpiry: 'levelDown' });
    const { client, advance } = await approved();
    await desk.endsIn(client, -1);
    await desk.endsAs(client, 'expired');
    await api.hub.steering.verification({
      caseId: (await desk.caseOf(client)).id,
      workflowId: `kyc:${client.id}:${sumsub}`,
      webhookId: '0',
      said: 'look',
    });
    await desk.endsAs(client, 'expired');
    expect(await desk.levelOf(client)).toBe('Level 1');

    expect((await wizard(client, sumsub)).body.data.state).toBe('open');
    await advance('submit');
    await desk.reaches(client, 'checking');
    await advance('green');
    await desk.endsAs(client, 'approved');
    expect(await desk.levelOf(client)).toBe('Level 2');
  });

  it('are renewed with whoever checks the level by then', async () => {
    await configure(sumsub, { onExpiry: 'levelDown' });
    const { client } = await approved();
    await desk.endsIn(client, -1);
    await desk.endsAs(client, 'expired');
    const { connectionId } = (await desk.olga.call(`GET /verifications/levels/${sumsub}`)).body;
    const groups = (await desk.olga.call('GET /documents/groups')).body.data.map(({ id }: { id: number }) => id);
    await configure(sumsub, { wizard: 'DocumentsWizard', connectionId: null, documentGroupIds: groups });
    const { uuid, data } = (await wizard(client, sumsub)).body;
    expect(data).toMatchObject({ wizard: 'DocumentsWizard', state: 'open' });
    const handed = [await desk.upload(client, 'Passport'), await desk.upload(client, 'Utility bill')];
    await client.call('POST /my/verifications', { uuid, documents: handed });
    await approve(client, (await desk.requestOf(client)).id);
    expect(await desk.levelOf(client)).toBe('Level 2');
    await configure(sumsub, { wizard: 'SnsWizardSDK', connectionId, documentGroupIds: [] });
  });

  it('are put before a person when the level says so, who takes the level', async () => {
    await configure(sumsub, { onExpiry: 'request' });
    const { client } = await approved();
    await desk.endsIn(client, -1);
    const request = await desk.requestOf(client);
    expect(request.data.why).toContain('has ended');
    expect(await desk.levelOf(client)).toBe('Level 2');
    await desk.olga.call(`POST /applications/${request.id}/approve`, {});
    await desk.endsAs(client, 'expired');
    expect([await desk.levelOf(client), (await desk.told(client)).at(-1)]).toEqual(['Level 1', 'Expired']);
  });

  it('are put before a person, who leaves the level, and nobody asks again', async () => {
    await configure(sumsub, { onExpiry: 'request' });
    const { client } = await approved();
    await desk.endsIn(client, -1);
    const request = await desk.requestOf(client);
    const resolutionId = await desk.resolutionId();
    await desk.olga.call(`POST /applications/${request.id}/reject`, { resolutionId });
    await eventually(async () => (await desk.caseOf(client)).valid_until === null, 'the end to be gone');
    await desk.endsAs(client, 'approved');
    expect(await desk.levelOf(client)).toBe('Level 2');
    await desk.sweep();
    expect(
      (await desk.olga.call('GET /applications?filter[statusId]=0')).body.data.map((one: any) => one.clientId),
    ).not.toContain(client.id);
  });

  it('are renewed in time, and the level stays all along', async () => {
    await configure(sumsub, { onExpiry: 'levelDown' });
    const { client, advance } = await approved();
    expect((await wizard(client, sumsub)).body.error.details[0]).toMatchObject({ reason: 'already_done' });
    await desk.endsIn(client, 20);
    expect((await wizard(client, sumsub)).body.data.state).toBe('open');
    await advance('submit');
    await desk.reaches(client, 'checking');
    await advance('red_retry');
    await desk.reaches(client, 'retry');
    expect(await desk.levelOf(client)).toBe('Level 2');
    await advance('submit');
    await desk.reaches(client, 'checking');
    await advance('green');
    const { valid_until: end } = await desk.endsAs(client, 'approved');
    expect(end).toBe('2031-05-01');
    expect(await desk.levelOf(client)).toBe('Level 2');
  });

  it('end while better ones are awaited: the level goes, the way stays', async () => {
    await configure(sumsub, { onExpiry: 'levelDown', remindAfterDays: [] });
    const { client } = await approved();
    await desk.endsIn(client, 20);
    await wizard(client, sumsub);
    await desk.endsAs(client, 'open');
    await desk.daysLater(client, 22);
    await desk.endsAs(client, 'open');
    expect([await desk.levelOf(client), (await desk.told(client)).at(-1)]).toEqual(['Level 1', 'Expired']);
    await configure(sumsub, { remindAfterDays: [3, 10] });
  });

  it('that are refused for good while they are renewed let a person take the level', async () => {
    await configure(sumsub, { onExpiry: 'request' });
    const { client, advance } = await approved();
    await desk.endsIn(client, 20);
    await wizard(client, sumsub);
    await advance('submit');
    await desk.reaches(client, 'checking');
    await advance('red_final');
    const request = await desk.requestOf(client);
    expect(request.data.why).toContain('who has the level');
    await desk.olga.call(`POST /applications/${request.id}/approve`, {});
    await desk.endsAs(client, 'withdrawn');
    expect(await desk.levelOf(client)).toBe('Level 1');
  });
});

describe('documents that our own people check', () => {
  const in200Days = new Date(Date.now() + 200 * 86_400_000).toISOString().slice(0, 10);

  it('give the level until the first of them ends, as read by the client or by an operator', async () => {
    const { client, handed, request } = await withDocuments(in200Days);
    await approve(client, request.id);
    expect((await desk.caseOf(client)).valid_until).toBe(in200Days);
    const path = `/documents/${handed[1]!.documentId}`;
    const read = await desk.olga.call(`PATCH ${path}`, { validUntil: '2099-02-03', comment: 'by hand' });
    expect(read).toMatchObject({ status: 200, body: { validUntil: '2099-02-03', comment: 'by hand' } });
    expect((await desk.caseOf(client)).valid_until).toBe(in200Days);
    await desk.olga.call(`PATCH /documents/${handed[0]!.documentId}`, { validUntil: null });
    expect((await desk.caseOf(client)).valid_until).toBe('2099-02-03');
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
    await configure(documents, { validDays: 90 });
    const { client, request } = await withDocuments(in200Days);
    await approve(client, request.id);
    const in90Days = new Date(Date.now() + 90 * 86_400_000).toISOString().slice(0, 10);
    expect((await desk.caseOf(client)).valid_until).toBe(in90Days);
    await configure(documents, { validDays: null });
  });

  it('are handed in anew only when they end soon, and the level stays while they are checked', async () => {
    await configure(documents, { onExpiry: 'levelDown' });
    const { client, handed, request } = await withDocuments(in200Days);
    const { uuid } = await api.hub.one<{ uuid: string }>(
      `select wizard_uuid as uuid from kyc_case where client_id = $1`,
      [client.id],
    );
    await approve(client, request.id);
    const early = await client.call('POST /my/verifications', { uuid, documents: handed });
    expect(early.body.error.details[0]).toMatchObject({ reason: 'already_done' });
    await desk.endsIn(client, 10);
    expect((await wizard(client, documents)).body.data).toMatchObject({ state: 'approved', wizard: 'DocumentsWizard' });
    const fresh = [await desk.upload(client, 'ID card', '2090-01-01'), await desk.upload(client, 'Bank statement')];
    expect((await client.call('POST /my/verifications', { uuid, documents: fresh })).body.data.state).toBe('checking');
    expect(await desk.levelOf(client)).toBe('Level 1');
    await approve(client, (await desk.requestOf(client)).id);
    expect((await desk.caseOf(client)).valid_until).toBe('2090-01-01');
  });
});

describe('the dates of a level', () => {
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

describe('a run that a date began', () => {
  it('is short, and says nothing of the client in its history or search attributes', async () => {
    const { client } = await approved();
    const { email } = await api.hub.one<{ email: string }>(`select email from client where client_id = $1`, [
      client.id,
    ]);
    await desk.endsIn(client, 7);
    await desk.isTold(client, 'Began', 'Received', 'Approved', 'Expiring');
    const workflowId = `kyc:${client.id}:${sumsub}`;
    await api.hub.ends(workflowId);
    const { searchAttributes } = await api.hub.handle(workflowId).describe();
    const history = await api.hub.handle(workflowId).fetchHistory();
    expect(history.events!.length).toBeLessThan(40);
    const codec = createCodec(PAYLOAD_KEYS);
    const opened = await codec.decode(payloadsIn(history));
    expect(opened.length).toBeGreaterThan(3);
    const told = [JSON.stringify(searchAttributes), ...opened.map(({ data }) => Buffer.from(data!).toString())].join(
      '\n',
    );
    for (const personal of [email, 'Ann', 'Lee']) expect(told).not.toContain(personal);
  });
});

/** Every payload anywhere in a history. */
const payloadsIn = (value: unknown): Payload[] => {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [];
  const { metadata, data } = value as Payload;
  if (metadata && data) return [value as Payload];
  return Object.values(value).flatMap(payloadsIn);
};
