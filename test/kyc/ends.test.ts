/** What the calendar does to what was approved. Tests move the dates of a case instead of waiting for days. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Payload } from '@temporalio/common';
import { MoneyApi } from '../api/money-hub.ts';
import { createCodec } from '../../worker/codec.ts';
import type { Answer } from '../kit/api-client.ts';
import { asked } from '../kit/asked.ts';
import { eventually } from '../kit/hub.ts';
import { PAYLOAD_KEYS } from '../kit/keys.ts';
import { meanwhile } from '../kit/meanwhile.ts';
import { KycDesk } from './kit.ts';

let api: MoneyApi;
let desk: KycDesk;
let sumsub: number;

beforeAll(async () => {
  api = await MoneyApi.start({ quietAfter: 300 }, ['sumsub', 'sendgrid']);
  desk = await KycDesk.open(api);
  sumsub = await desk.levelId('Level 2');
});
afterAll(() => api.stop());

describe('documents that end', () => {
  it('are looked at by themselves from the day on of which the client is told before', async () => {
    const { client } = await desk.approvedBySumsub(sumsub);
    expect(await desk.caseOf(client)).toMatchObject({ valid_until: '2031-05-01', next_look: '2031-04-01' });
  });

  it('are told of before, and their level is taken when the level says so', async () => {
    await desk.configure(sumsub, { onExpiry: 'levelDown' });
    const { client } = await desk.approvedBySumsub(sumsub);
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

  it('end though nobody has planned it: a worker of before has given the level', async () => {
    await desk.configure(sumsub, { onExpiry: 'levelDown' });
    const { client } = await desk.approvedBySumsub(sumsub);
    await api.hub.pool.query(
      `update kyc_case set next_look = null, valid_until = current_date - 2 where client_id = $1`,
      [client.id],
    );
    await desk.sweep();
    await desk.endsAs(client, 'expired');
    expect(await desk.levelOf(client)).toBe('Level 1');
  });

  it('are not renewed by the verdict they are from, though a worker of before has noted it', async () => {
    await desk.configure(sumsub, { onExpiry: 'levelDown', validDays: 365 });
    const { client } = await desk.approvedBySumsub(sumsub);
    await api.hub.pool.query(`update kyc_case set verdict_attempt = null where client_id = $1`, [client.id]);
    await desk.endsIn(client, -1);
    await desk.endsAs(client, 'expired');
    await desk.configure(sumsub, { validDays: null });
    expect(await desk.levelOf(client)).toBe('Level 1');
    await desk.hears(client);
    await desk.endsAs(client, 'expired');
    expect(await desk.levelOf(client)).toBe('Level 1');
  });

  it('do not bring the level back by the old verdict, but new ones do', async () => {
    await desk.configure(sumsub, { onExpiry: 'levelDown' });
    const { client, advance } = await desk.approvedBySumsub(sumsub);
    await desk.endsIn(client, -1);
    await desk.endsAs(client, 'expired');
    await desk.hears(client);
    await desk.endsAs(client, 'expired');
    expect(await desk.levelOf(client)).toBe('Level 1');

    expect((await desk.wizard(client, sumsub)).body.data.state).toBe('open');
    await advance('submit');
    await desk.reaches(client, 'checking');
    await advance('green');
    await desk.endsAs(client, 'approved');
    expect(await desk.levelOf(client)).toBe('Level 2');
  });

  it('are renewed with whoever checks the level by then', async () => {
    await desk.configure(sumsub, { onExpiry: 'levelDown' });
    const { client } = await desk.approvedBySumsub(sumsub);
    await desk.endsIn(client, -1);
    await desk.endsAs(client, 'expired');
    const { connectionId } = (await desk.olga.call(`GET /verifications/levels/${sumsub}`)).body;
    const groups = (await desk.olga.call('GET /documents/groups')).body.data.map(({ id }: { id: number }) => id);
    await desk.configure(sumsub, { wizard: 'DocumentsWizard', connectionId: null, documentGroupIds: groups });
    const { uuid, data } = (await desk.wizard(client, sumsub)).body;
    expect(data).toMatchObject({ wizard: 'DocumentsWizard', state: 'open' });
    const handed = [await desk.upload(client, 'Passport'), await desk.upload(client, 'Utility bill')];
    await client.call('POST /my/verifications', { uuid, documents: handed });
    await desk.approve(client, (await desk.requestOf(client)).id);
    expect(await desk.levelOf(client)).toBe('Level 2');
    await desk.configure(sumsub, { wizard: 'SnsWizardSDK', connectionId, documentGroupIds: [] });
  });

  it('do not end what a provider approves that checks the level by then', async () => {
    const { connectionId } = (await desk.olga.call(`GET /verifications/levels/${sumsub}`)).body;
    const groups = (await desk.olga.call('GET /documents/groups')).body.data.map(({ id }: { id: number }) => id);
    const ours = { wizard: 'DocumentsWizard', connectionId: null, documentGroupIds: groups };
    await desk.configure(sumsub, { onExpiry: 'levelDown', ...ours });
    const client = await api.clientWith('0', 'USD');
    const { uuid } = (await desk.wizard(client, sumsub)).body;
    const passport = await desk.upload(client, 'Passport', new Date().toISOString().slice(0, 10));
    const documents = [passport, await desk.upload(client, 'Utility bill')];
    await client.call('POST /my/verifications', { uuid, documents });
    await desk.approve(client, (await desk.requestOf(client)).id);
    await desk.endsIn(client, -1);
    await desk.endsAs(client, 'expired');
    await desk.configure(sumsub, { wizard: 'SnsWizardSDK', connectionId, documentGroupIds: [] });
    await desk.wizard(client, sumsub);
    await api.hub.sandbox('sumsub').advance((await desk.caseOf(client)).reference, 'green');
    expect(await desk.endsAs(client, 'approved')).toMatchObject({ valid_until: '2031-05-01' });
  });

  it('are put before a person when the level says so, who takes the level', async () => {
    await desk.configure(sumsub, { onExpiry: 'request' });
    const { client } = await desk.approvedBySumsub(sumsub);
    await desk.endsIn(client, -1);
    const request = await desk.requestOf(client);
    expect(request.data.why).toContain('has ended');
    expect(await desk.levelOf(client)).toBe('Level 2');
    await desk.olga.call(`POST /applications/${request.id}/approve`, {});
    await desk.endsAs(client, 'expired');
    expect([await desk.levelOf(client), (await desk.told(client)).at(-1)]).toEqual(['Level 1', 'Expired']);
  });

  it('are put before a person, who leaves the level, and nobody asks again', async () => {
    await desk.configure(sumsub, { onExpiry: 'request' });
    const { client } = await desk.approvedBySumsub(sumsub);
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

  it('are put before a person, whose word about them does not count for what is asked at that moment', async () => {
    await desk.configure(sumsub, { onExpiry: 'request' });
    const { client, advance } = await desk.approvedBySumsub(sumsub);
    await desk.endsIn(client, -1);
    const request = await desk.requestOf(client);
    let answer: Promise<Answer> | undefined;
    await meanwhile(
      api.hub.pool,
      (db) => db.query(`select from application where id = $1 for update`, [request.id]),
      () => advance('red_final'),
      {
        more: async () => {
          const reached = asked(api.hub, `kyc:${client.id}:${sumsub}`);
          answer = desk.olga.call(`POST /applications/${request.id}/approve`, {});
          await reached;
        },
      },
    );
    expect((await answer!).body.error?.details).toMatchObject([{ reason: 'not_waiting' }]);
    expect((await desk.requestOf(client)).data.why).toContain('takes its approval back');
    expect(await desk.levelOf(client)).toBe('Level 2');
    await desk.olga.call(`POST /applications/${request.id}/approve`, {});
    await desk.endsAs(client, 'withdrawn');
  });

  it('are renewed in time, and the level stays all along', async () => {
    await desk.configure(sumsub, { onExpiry: 'levelDown' });
    const { client, advance } = await desk.approvedBySumsub(sumsub);
    expect((await desk.wizard(client, sumsub)).body.error.details[0]).toMatchObject({ reason: 'already_done' });
    await desk.endsIn(client, 20);
    expect((await desk.wizard(client, sumsub)).body.data.state).toBe('open');
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

  it('may be renewed again after the deadline of a renewal was missed, while the level lasts', async () => {
    await desk.configure(sumsub, { onExpiry: 'levelDown', deadlineDays: 5, remindAfterDays: [] });
    const { client, advance } = await desk.approvedBySumsub(sumsub);
    await desk.endsIn(client, 25);
    await desk.wizard(client, sumsub);
    await desk.endsAs(client, 'open');
    await desk.daysLater(client, 6);
    await desk.endsAs(client, 'expired');
    expect(await desk.levelOf(client)).toBe('Level 2');
    expect((await client.call(`GET /my/verifications/levels/${sumsub}`)).body.renewable).toBe(true);
    expect((await desk.wizard(client, sumsub)).body.data.state).toBe('open');
    await advance('submit');
    await desk.reaches(client, 'checking');
    await advance('green');
    await desk.endsAs(client, 'approved');
    await desk.configure(sumsub, { deadlineDays: null, remindAfterDays: [3, 10] });
  });

  it('end while better ones are awaited: the level goes, the way stays', async () => {
    await desk.configure(sumsub, { onExpiry: 'levelDown', remindAfterDays: [] });
    const { client } = await desk.approvedBySumsub(sumsub);
    await desk.endsIn(client, 20);
    await desk.wizard(client, sumsub);
    await desk.endsAs(client, 'open');
    await desk.daysLater(client, 22);
    await desk.endsAs(client, 'open');
    expect([await desk.levelOf(client), (await desk.told(client)).at(-1)]).toEqual(['Level 1', 'Expired']);
    await desk.configure(sumsub, { remindAfterDays: [3, 10] });
  });

  it('that are refused for good while they are renewed let a person take the level', async () => {
    await desk.configure(sumsub, { onExpiry: 'request' });
    const { client, advance } = await desk.approvedBySumsub(sumsub);
    await desk.endsIn(client, 20);
    await desk.wizard(client, sumsub);
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

describe('a run that a date began', () => {
  it('is short, and says nothing of the client in its history or search attributes', async () => {
    const { client } = await desk.approvedBySumsub(sumsub);
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
