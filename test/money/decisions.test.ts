import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { decide } from '../../worker/decide.ts';
import { lendTools } from '../../worker/tools.ts';
import { eventually, type TestClient, TestHub } from '../kit/hub.ts';

let hub: TestHub;
let olga: number;
let boris: number;
let client: TestClient;

beforeAll(async () => {
  hub = await TestHub.start();
  olga = await hub.operator('Olga');
  boris = await hub.operator('Boris');
  client = await hub.clientWith('1000', 'USDT');
});
afterAll(() => hub.stop());

/** Sends a decision as the API does, and stops where the API could die: before it is written down. */
const taken = async (transactionId: number, by: number) => {
  const { id: applicationId, workflow_id: workflowId } = await hub.openRequest(transactionId);
  const decision = hub.steering.vouchFor(workflowId, { decision: 'approve', by, applicationId } as const);
  const updateId = randomUUID();
  const decided = await hub.steering.decide(workflowId, decision, updateId);
  const tools = lendTools(hub.settings, hub.pool, hub.client, hub.timings);
  const writeDown = () => decide(tools, () => Promise.resolve(decided), { workflowId, decision, updateId });
  return { applicationId, decided, writeDown };
};

const written = (applicationId: number) =>
  hub.one<{ decisions: number; audited: number; outcomes: number; status: number }>(
    `select (select count(*)::int from application_decision where application_id = a.id) as decisions, status_id as status,
            (select count(*)::int from audit where object = 'request:' || a.id and action in ('requests.approve', 'requests.reject')) as audited,
            (select count(*)::int from decision_outcome where application_id = a.id) as outcomes
       from application a where id = $1`,
    [applicationId],
  );

describe('a decision that its run has taken', () => {
  it('is in the books when its decider is answered, once, although the run writes it down as well', async () => {
    const payout = await client.withdraw('10.00');
    const { applicationId, decided, writeDown } = await taken(payout, olga);
    expect(decided.missing).toBeNull();
    expect(await writeDown()).toBe(0);
    expect(await written(applicationId)).toEqual({ decisions: 1, audited: 1, outcomes: 1, status: 1 });
    await hub.reaches(payout, 'done');
    expect(await writeDown()).toBe(0);
    expect(await written(applicationId)).toEqual({ decisions: 1, audited: 1, outcomes: 1, status: 1 });
  });

  it('is written down by the run when the API died before it could', async () => {
    const payout = await client.withdraw('10.00');
    const { applicationId } = await taken(payout, olga);
    await hub.reaches(payout, 'done');
    expect(await written(applicationId)).toEqual({ decisions: 1, audited: 1, outcomes: 1, status: 1 });
  });

  it('is refused for good when the books say no, and the question stays open', async () => {
    const payout = await client.withdraw('10.00');
    await hub.pool.query('update hub_user set active = false where id = $1', [boris]);
    const { applicationId, writeDown } = await taken(payout, boris);
    await expect(writeDown()).rejects.toMatchObject({ reason: 'forbidden' });
    await hub.pool.query('update hub_user set active = true where id = $1', [boris]);
    await expect(writeDown()).rejects.toMatchObject({ reason: 'forbidden' });
    expect(await written(applicationId)).toMatchObject({ decisions: 0, status: 0 });
    await hub.decide(payout, boris, 'approve');
    await hub.reaches(payout, 'done');
  });

  it('waits its turn behind another one, and hears when that one was the last word', async () => {
    await hub.approvals('withdrawal', 2);
    const payout = await client.withdraw('10.00');
    const [one, two] = await Promise.all([hub.decide(payout, olga, 'approve'), hub.decide(payout, boris, 'approve')]);
    expect([one.missing, two.missing].sort()).toEqual([0, 1]);
    await hub.approvals('withdrawal', 1);
    await hub.reaches(payout, 'done');

    const raced = await client.withdraw('10.00');
    const { id: request } = await hub.openRequest(raced);
    const both = await Promise.allSettled([olga, boris].map((by) => hub.decideRequest(request, by, 'approve')));
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { reason: 'not_waiting' } });
    await hub.reaches(raced, 'done');
  });
});

describe('one of two approvals', () => {
  it('shows who gave it, and by which way the other may come', async () => {
    await hub.approvals('withdrawal', 2);
    const payout = await client.withdraw('10.00');
    const { id, workflow_id: workflowId } = await hub.openRequest(payout);
    await hub.rests(workflowId);
    expect(await hub.shown(workflowId)).toContain(
      '(2 approvals of different persons are needed, at most one from Temporal UI)',
    );
    await hub.steering.decide(workflowId, { decision: 'approve', by: olga }, randomUUID());
    await hub.rests(workflowId);
    const half = await hub.shown(workflowId);
    expect(half).toContain(
      `1 of 2 approvals is given, by user ${olga} (Temporal UI); 1 more, of another person, may come through the API only`,
    );
    expect(half).toContain('The Update `decide` here can only reject it');
    await hub.decide(payout, boris, 'approve');
    await hub.approvals('withdrawal', 1);
    await hub.reaches(payout, 'done');
    expect(await hub.shown(workflowId)).toContain(
      `Request ${id}: approve, says user ${olga} (Temporal UI) and user ${boris} (API).`,
    );
  });

  it('may be followed by one from Temporal UI when it came through the API', async () => {
    await hub.approvals('withdrawal', 2);
    const payout = await client.withdraw('10.00');
    const { workflow_id: workflowId } = await hub.openRequest(payout);
    await hub.decide(payout, olga, 'approve');
    await hub.rests(workflowId);
    expect(await hub.shown(workflowId)).toContain(
      `by user ${olga} (API); 1 more, of another person, may come through the API or from Temporal UI`,
    );
    await hub.steering.decide(workflowId, { decision: 'approve', by: boris }, randomUUID());
    await hub.approvals('withdrawal', 1);
    await hub.reaches(payout, 'done');
  });
});

describe('a review', () => {
  it('shows who decided it', async () => {
    const deposit = await client.deposit('100.00');
    await hub.sandbox('b2binpay').pay(await hub.providerId(deposit), { amount: '60' });
    await hub.reaches(deposit, 'review');
    const { id } = await hub.openRequest(deposit);
    await hub.decide(deposit, olga, 'approve');
    await hub.reaches(deposit, 'done');
    expect(await hub.shown(`deposit:${deposit}`)).toContain(`Request ${id}: approve, says user ${olga} (API).`);
  });
});

describe('a decision from Temporal UI', () => {
  it('is refused by the name of the field that is wrong, before anything is written', async () => {
    const payout = await client.withdraw('10.00');
    const { workflow_id: workflowId } = await hub.openRequest(payout);
    const say = (more: object) =>
      hub.steering.decide(workflowId, { decision: 'approve', by: olga, ...more }, randomUUID());
    const evidence = { bankReference: 'LINE-1', valueDate: '2026-01-31' };
    const wrong = (issue: string) => ({ reason: 'validation', message: expect.stringContaining(issue) });
    await expect(say({ evidance: evidence })).rejects.toMatchObject(wrong('"evidance" is not known here'));
    await expect(say({ evidence: { ...evidence, line: 1 } })).rejects.toMatchObject(wrong('"evidence.line"'));
    await expect(say({ evidence: 'LINE-1' })).rejects.toMatchObject(wrong('"evidence" must be an object'));
    for (const valueDate of ['2026-02-31', '31.01.2026'])
      await expect(say({ evidence: { ...evidence, valueDate } })).rejects.toMatchObject(
        wrong('"evidence.valueDate" must be a date'),
      );
    await hub.decide(payout, olga, 'approve');
    await hub.reaches(payout, 'done');
  });

  it('is answered when it is written down, or with what the books refuse', async () => {
    const payout = await client.withdraw('10.00');
    const { id: applicationId, workflow_id: workflowId } = await hub.openRequest(payout);
    await hub.rests(workflowId);
    const say = (by: number) => hub.steering.decide(workflowId, { decision: 'approve', by }, randomUUID());
    await expect(say(999_999)).rejects.toMatchObject({ reason: 'forbidden' });
    expect((await say(olga)).missing).toBe(0);
    expect(await written(applicationId)).toMatchObject({ decisions: 1, status: 1 });
    await eventually(async () => (await hub.stage(payout)) === 'done', 'the payout');
  });
});
