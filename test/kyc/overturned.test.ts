/** A provider turns its own verdict over, about the very same documents: a person over there has looked once more. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller } from '../api/money-hub.ts';
import { MoneyApi } from '../api/money-hub.ts';
import { KycDesk } from './kit.ts';

let api: MoneyApi;
let desk: KycDesk;
let sumsub: number;

beforeAll(async () => {
  api = await MoneyApi.start({ quietAfter: 300 }, ['sumsub', 'sendgrid']);
  desk = await KycDesk.open(api);
  sumsub = await desk.levelId('Level 2');
});
afterAll(() => api?.stop());

const approve = (id: number) => desk.olga.call(`POST /applications/${id}/approve`, {});
const reject = async (id: number) =>
  desk.olga.call(`POST /applications/${id}/reject`, { resolutionId: await desk.resolutionId() });
const request = async (id: number) => (await desk.olga.call(`GET /applications/${id}`)).body;

interface Story {
  client: Caller;
  advance: (to: string) => Promise<void>;
  id: number;
}

const refused = async (): Promise<Story> => {
  const client = await api.clientWith('0', 'USD');
  await desk.wizard(client, sumsub);
  const { reference } = await desk.caseOf(client);
  const advance = async (to: string) => void (await api.hub.sandbox('sumsub').advance(reference, to));
  await advance('submit');
  await desk.reaches(client, 'checking');
  await advance('red_final');
  return { client, advance, id: (await desk.requestOf(client)).id };
};

const contested = async (): Promise<Story> => {
  const { client, advance } = await desk.approvedBySumsub(sumsub);
  await advance('red_final');
  return { client, advance, id: (await desk.requestOf(client)).id };
};

/** The attempt is the same all the time: nobody has sent anything. */
const isOfFirstAttempt = async (client: Caller) => expect((await desk.caseOf(client)).attempt).toBe(1);

describe('a refusal for good', () => {
  it('is over once the provider approves after all, and nobody is asked any more', async () => {
    const { client, advance, id } = await refused();
    await advance('green');
    await desk.endsAs(client, 'approved');
    await isOfFirstAttempt(client);
    expect(await desk.levelOf(client)).toBe('Level 2');
    expect(await request(id)).toMatchObject({ status: 'rejected', comment: 'sumsub has approved meanwhile.' });
    expect((await reject(id)).status).toBe(409);
    expect(await desk.told(client)).toEqual(['Began', 'Received', 'Approved']);
  });

  it.each([
    ['confirmed', refused, reject, 'rejected'],
    ['the reason to take the level', contested, approve, 'withdrawn'],
  ])('which a person has %s, is put before a person when it is turned over', async (_what, begin, answer, state) => {
    const { client, advance, id } = await begin();
    await answer(id);
    await desk.endsAs(client, state);
    await advance('green');
    const asked = await desk.requestOf(client);
    expect(asked).toMatchObject({ purpose: 'review', data: { why: expect.stringContaining('after all') } });
    expect([(await desk.caseOf(client)).state, await desk.levelOf(client)]).not.toContain('Level 2');
    await approve(asked.id);
    expect(await desk.endsAs(client, 'approved')).toMatchObject({ valid_until: '2031-05-01' });
    await isOfFirstAttempt(client);
    expect([await desk.levelOf(client), (await desk.told(client)).at(-1)]).toEqual(['Level 2', 'Approved']);
  });

  it('stays when that person does not follow, and he is not asked again', async () => {
    const { client, advance, id } = await refused();
    await reject(id);
    await desk.endsAs(client, 'rejected');
    await advance('green');
    await reject((await desk.requestOf(client)).id);
    await desk.endsAs(client, 'rejected');
    await desk.hears(client);
    await desk.endsAs(client, 'rejected');
    expect(
      (await desk.olga.call(`GET /applications?filter[clientId]=${client.id}&filter[statusId]=0`)).body.total,
    ).toBe(0);
    expect(await desk.levelOf(client)).not.toBe('Level 2');
  });

  it('is asked about anew when it is turned over twice before that person answers', async () => {
    const { client, advance, id } = await refused();
    await reject(id);
    await desk.endsAs(client, 'rejected');
    await advance('green');
    const asked = await desk.requestOf(client);
    await advance('red_final');
    await desk.saysOf(client, 'completed RED FINAL');
    await approve(asked.id);
    expect((await desk.requestOf(client)).data.why).toContain('refuses this client for good');
    expect(await desk.levelOf(client)).not.toBe('Level 2');
  });
});

describe('an approval that was taken back', () => {
  it('stands once it is given again, and nobody is asked any more', async () => {
    const { client, advance, id } = await contested();
    await advance('green');
    await desk.endsAs(client, 'approved');
    await isOfFirstAttempt(client);
    expect(await request(id)).toMatchObject({ status: 'rejected', comment: 'sumsub has approved meanwhile.' });
    expect(await desk.levelOf(client)).toBe('Level 2');
  });

  it('though a person has left the level: the next time it is taken back he is asked again', async () => {
    const { client, advance, id } = await contested();
    await reject(id);
    await desk.endsAs(client, 'approved');
    await advance('green');
    await desk.saysOf(client, 'completed GREEN');
    await desk.endsAs(client, 'approved');
    await advance('red_final');
    const asked = await desk.requestOf(client);
    expect([asked.data.why, await desk.levelOf(client)]).toEqual([
      expect.stringContaining('takes its approval back'),
      'Level 2',
    ]);
    await isOfFirstAttempt(client);
  });
});
