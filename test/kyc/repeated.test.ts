/** An attempt whose worker died right after its work was committed is made again: by then the client may have gone on. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Activity } from '../../activities/kit/activity.ts';
import { openCaseRequest } from '../../activities/kyc/open-case-request.ts';
import { settleCase, type Settlement } from '../../activities/kyc/settle-case.ts';
import { lendTools } from '../../worker/tools.ts';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { commitsUnanswered, oneCommitUnanswered } from '../kit/commits-unanswered.ts';
import { KycDesk } from './kit.ts';

let api: MoneyApi;
let desk: KycDesk;
let level: number;

beforeAll(async () => {
  api = await MoneyApi.start({ quietAfter: 300 }, ['sendgrid']);
  desk = await KycDesk.open(api);
  level = await desk.levelId('Level 1');
});
afterAll(() => api?.stop());

const run = <In, Out>(activity: Activity<In, Out>, input: In, pool = api.hub.pool): Promise<Out> => {
  const tools = lendTools(api.hub.settings, pool, api.hub.client, api.hub.timings);
  return activity(input, { ...tools, run: { workflowId: 'again', runId: '' }, signal: new AbortController().signal });
};

/** Settles and gets no answer; answers with what makes the attempt again. */
const settledUnanswered = async (settlement: Settlement) => {
  await expect(run(settleCase, settlement, commitsUnanswered(api.hub.pool))).rejects.toThrow('Connection terminated');
  return () => run(settleCase, settlement);
};

const handsIn = async (client: Caller): Promise<number[]> => {
  const { uuid } = (await desk.wizard(client, level)).body;
  const documents = [await desk.upload(client, 'Passport'), await desk.upload(client, 'Utility bill')];
  expect((await client.call('POST /my/verifications', { uuid, documents })).status).toBe(200);
  return documents.map(({ documentId }) => documentId);
};

const statusOf = async (client: Caller, documentId: number): Promise<string> =>
  (await client.call(`GET /my/documents/${documentId}`)).body.status;

const audited = async (caseId: number, action: string): Promise<number> =>
  (
    await api.hub.one<{ n: number }>(`select count(*)::int as n from audit where object = $1 and action = $2`, [
      `verification-case:${caseId}`,
      action,
    ])
  ).n;

describe('a deadline that is kept again', () => {
  it('has ended the verification also for its run', async () => {
    await desk.configure(level, { deadlineDays: 5, remindAfterDays: [] });
    const client = await api.clientWith('0', 'USD');
    await desk.wizard(client, level);
    const { id: caseId } = await desk.endsAs(client, 'open');
    await api.hub.pool.query(`update kyc_case set client_since = now() - interval '6 days' where id = $1`, [caseId]);
    const workflowId = `kyc:${client.id}:${level}`;
    await api.hub.pause();
    const over = oneCommitUnanswered(api.hub.pool, 'verification.closed');
    await api.hub.resume(over.pool);
    try {
      await api.hub.steering.verificationDue({ caseId, workflowId });
      expect(await api.hub.handle(workflowId).result()).toBe('expired');
      expect(over.lost()).toBe(true);
      expect((await desk.told(client)).filter((type) => type === 'Closed')).toEqual(['Closed']);
      expect(await audited(caseId, 'verification.closed')).toBe(1);
    } finally {
      await api.hub.pause();
      await api.hub.resume();
      await desk.configure(level, { deadlineDays: null, remindAfterDays: [3, 10] });
    }
  });
});

describe('a decision about a verification that is settled again', () => {
  it('is not about the documents that the client handed in since', async () => {
    const client = await api.clientWith('0', 'USD');
    const [refused] = await handsIn(client);
    const { id: applicationId } = await desk.requestOf(client);
    const { id: caseId } = await desk.caseOf(client);
    const again = await settledUnanswered({
      ...{ caseId, applicationId, by: desk.olga.id },
      to: 'retry',
      resolutionId: await desk.resolutionId(),
    });
    const [unseen] = await handsIn(client);

    expect(await again()).toBe('checking');
    expect((await desk.caseOf(client)).state).toBe('checking');
    expect([await statusOf(client, refused!), await statusOf(client, unseen!)]).toEqual(['rejected', 'pending']);
    expect((await desk.told(client)).filter((type) => type === 'Retry')).toEqual(['Retry']);
    expect(await audited(caseId, 'verification.retry')).toBe(1);
  });

  it('does not take back what the client has begun anew since', async () => {
    const client = await api.clientWith('0', 'USD');
    await handsIn(client);
    await desk.approve(client, (await desk.requestOf(client)).id);
    const { id: caseId } = await desk.caseOf(client);
    const question = { caseId, purpose: 'approval', why: 'approve to take the level back' } as const;
    const { applicationId } = await run(openCaseRequest, question);
    const again = await settledUnanswered({
      ...{ caseId, applicationId, by: desk.olga.id },
      to: 'withdrawn',
      resolutionId: null,
    });
    expect((await desk.wizard(client, level)).body.data.state).toBe('open');

    expect(await again()).toBe('open');
    expect((await desk.caseOf(client)).state).toBe('open');
    expect((await desk.told(client)).filter((type) => type === 'Withdrawn')).toEqual(['Withdrawn']);
    expect(await audited(caseId, 'verification.withdrawn')).toBe(1);
  });
});
