/** What operators are asked about a verification, and what their answers count for once it has gone on. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MoneyApi } from '../api/money-hub.ts';
import { eventually } from '../kit/hub.ts';
import { KycDesk } from './kit.ts';

let api: MoneyApi;
let desk: KycDesk;
let sumsub: number;

beforeAll(async () => {
  api = await MoneyApi.start({ quietAfter: 300 }, ['sumsub', 'sendgrid']);
  desk = await KycDesk.open(api);
  sumsub = await desk.levelId('Level 2');
  await desk.configure(sumsub, { onExpiry: 'request' });
});
afterAll(() => api?.stop());

const approve = (id: number) => desk.olga.call(`POST /applications/${id}/approve`, {});
const reject = async (id: number) =>
  desk.olga.call(`POST /applications/${id}/reject`, { resolutionId: await desk.resolutionId() });
const request = async (id: number) => (await desk.olga.call(`GET /applications/${id}`)).body;

/** A client whose documents have ended, which a person was asked about, and who has sent new ones since. */
const renewing = async () => {
  const { client, advance } = await desk.approvedBySumsub(sumsub);
  await desk.endsIn(client, -1);
  const { id } = await desk.requestOf(client);
  expect((await desk.wizard(client, sumsub)).body.data.state).toBe('open');
  await advance('submit');
  await desk.reaches(client, 'checking');
  return { client, advance, id };
};

describe('what proved the level has ended, and a person is asked', () => {
  it.each([
    ['approved', approve],
    ['rejected', reject],
  ])('when new documents are being checked, they count and not what is %s', async (_word, answers) => {
    const { client, advance, id } = await renewing();
    expect((await answers(id)).status).toBe(200);
    await desk.requestSays(id, 'gone on');
    expect([(await desk.caseOf(client)).state, await desk.levelOf(client)]).toEqual(['checking', 'Level 2']);
    await advance('green');
    expect(await desk.endsAs(client, 'approved')).toMatchObject({ valid_until: '2031-05-01' });
    expect([await desk.levelOf(client), (await desk.told(client)).at(-1)]).toEqual(['Level 2', 'Approved']);
  });

  it('also when they are refused for good', async () => {
    const { client, advance, id } = await renewing();
    await approve(id);
    await desk.requestSays(id, 'gone on');
    await advance('red_final');
    expect((await desk.requestOf(client)).data.why).toContain('who has the level');
  });

  it('nobody is asked any more once new documents were approved', async () => {
    const { client, advance, id } = await renewing();
    await advance('green');
    expect(await desk.endsAs(client, 'approved')).toMatchObject({ valid_until: '2031-05-01', needs_human: null });
    expect(await request(id)).toMatchObject({ status: 'rejected', comment: expect.stringContaining('approved') });
    for (const answer of [await approve(id), await reject(id)])
      expect([answer.status, answer.body.error?.details[0].reason]).toEqual([409, 'not_waiting']);
    expect([await desk.levelOf(client), (await desk.caseOf(client)).valid_until]).toEqual(['Level 2', '2031-05-01']);
  });
});

describe('a client is refused for good, and a person is asked', () => {
  it('nobody is asked any more once the provider has approved him after all', async () => {
    const client = await api.clientWith('0', 'USD');
    await desk.wizard(client, sumsub);
    const { reference } = await desk.caseOf(client);
    const advance = (to: string) => api.hub.sandbox('sumsub').advance(reference, to);
    await advance('submit');
    await desk.reaches(client, 'checking');
    await advance('red_final');
    const { id } = await desk.requestOf(client);
    await advance('submit');
    await desk.reaches(client, 'checking');
    await advance('green');
    await desk.endsAs(client, 'approved');
    expect((await reject(id)).status).toBe(409);
    expect([(await desk.caseOf(client)).state, await desk.levelOf(client)]).toEqual(['approved', 'Level 2']);
    expect(await desk.told(client)).not.toContain('Refused');
  });

  it('although another refusal before was dealt with, and nobody told us of this one', async () => {
    const { client, advance } = await desk.approvedBySumsub(sumsub);
    await desk.endsIn(client, -1);
    await approve((await desk.requestOf(client)).id);
    await desk.endsAs(client, 'expired');
    await desk.wizard(client, sumsub);
    await desk.endsAs(client, 'open');
    api.hub.sandbox('sumsub').setCallbacks('drop');
    await advance('submit');
    await advance('red_final');
    api.hub.sandbox('sumsub').setCallbacks('normal');
    await desk.daysLater(client, 2);
    expect((await desk.requestOf(client)).data.why).toContain('refuses this client for good');
  });
});

describe('the provider takes its approval back, and a person is asked', () => {
  it('nobody is asked any more once it has approved him anew', async () => {
    const { client, advance } = await desk.approvedBySumsub(sumsub);
    await advance('red_final');
    const { id } = await desk.requestOf(client);
    await advance('submit');
    await advance('green');
    await desk.endsAs(client, 'approved');
    expect((await approve(id)).status).toBe(409);
    expect(await desk.levelOf(client)).toBe('Level 2');
  });

  it('what it approves anew lasts from then on, and not from the first time', async () => {
    const { client, advance } = await desk.approvedBySumsub(sumsub);
    await desk.daysLater(client, 20);
    await desk.configure(sumsub, { validDays: 10 });
    await advance('submit');
    await eventually(async () => (await desk.caseOf(client)).attempt === 2 || null, 'the new attempt to be noted');
    const inTenDays = () => new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10);
    const before = inTenDays();
    await advance('green');
    // Also when the day ends meanwhile.
    const lasts = async () => [before, inTenDays()].includes((await desk.caseOf(client)).valid_until ?? '') || null;
    await eventually(lasts, 'the new approval').finally(() => desk.configure(sumsub, { validDays: null }));
    expect(await desk.levelOf(client)).toBe('Level 2');
  });

  /** What it took back is answered while a newer attempt is being checked. */
  const answered = async (answers: (id: number) => Promise<{ status: number }>) => {
    const { client, advance } = await desk.approvedBySumsub(sumsub);
    await advance('red_final');
    const { id } = await desk.requestOf(client);
    await advance('submit');
    await eventually(async () => (await desk.caseOf(client)).attempt === 2 || null, 'the new attempt to be noted');
    expect((await answers(id)).status).toBe(200);
    return { client, advance };
  };

  it('who leaves the level is asked again when a newer attempt is refused', async () => {
    const { client, advance } = await answered(reject);
    await desk.endsAs(client, 'approved');
    await advance('red_final');
    expect((await desk.requestOf(client)).data.why).toContain('takes its approval back');
  });

  it('who takes the level does not take what a newer attempt gives', async () => {
    const { client, advance } = await answered(approve);
    await eventually(async () => (await desk.levelOf(client)) === 'Level 1' || null, 'the level to be taken');
    await advance('green');
    await desk.endsAs(client, 'approved');
    expect(await desk.levelOf(client)).toBe('Level 2');
  });
});
