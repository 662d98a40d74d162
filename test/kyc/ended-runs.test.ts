/** Somebody terminated the run of a verification in Temporal UI, or its start was lost: neither its client nor whoever decides about him is left alone. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { handInDocuments, caseOfWizard } from '../../api/kyc/cases.ts';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { Meddling } from '../kit/meddling.ts';
import { KycDesk } from './kit.ts';

let api: MoneyApi;
let desk: KycDesk;
let meddling: Meddling;
let papers: number;
let sumsub: number;

beforeAll(async () => {
  api = await MoneyApi.start({ quietAfter: 300 }, ['sumsub', 'sendgrid']);
  desk = await KycDesk.open(api);
  meddling = new Meddling(api.hub);
  papers = await desk.levelId('Level 1');
  sumsub = await desk.levelId('Level 2');
});
afterAll(() => api?.stop());

const approve = (id: number) => desk.olga.call(`POST /applications/${id}/approve`, {});
const reject = async (id: number) =>
  desk.olga.call(`POST /applications/${id}/reject`, { resolutionId: await desk.resolutionId() });
const runOf = async (client: Caller) => `kyc:${client.id}:${(await desk.caseOf(client)).level_id}`;
const terminated = async (client: Caller) => meddling.terminate(await runOf(client));

const withPapers = async () => {
  const client = await api.clientWith('0', 'USD');
  const { uuid } = (await desk.wizard(client, papers)).body;
  const documents = [await desk.upload(client, 'Passport'), await desk.upload(client, 'Utility bill')];
  return { client, uuid, documents };
};

const handedIn = async () => {
  const { client, uuid, documents } = await withPapers();
  await client.call('POST /my/verifications', { uuid, documents });
  return { client, id: (await desk.requestOf(client)).id };
};

const beingChecked = async () => {
  const client = await api.clientWith('0', 'USD');
  await desk.wizard(client, sumsub);
  const { reference } = await desk.caseOf(client);
  const advance = async (to: string) => void (await api.hub.sandbox('sumsub').advance(reference, to));
  await advance('submit');
  await desk.reaches(client, 'checking');
  return { client, advance };
};

describe('a run that was terminated', () => {
  it.each([
    ['approved', approve, 'Level 1'],
    ['rejected', reject, 'Level 0'],
  ])('begins anew when its request is %s', async (_word, answers, level) => {
    const { client, id } = await handedIn();
    await terminated(client);
    expect((await answers(id)).status).toBe(200);
    await desk.reaches(client, level === 'Level 1' ? 'approved' : 'retry');
    expect(await desk.levelOf(client)).toBe(level);
  });

  it('begins anew by itself within an hour, and hears what nobody has told it', async () => {
    const { client, advance } = await beingChecked();
    await terminated(client);
    api.hub.sandbox('sumsub').setCallbacks('drop');
    await advance('green');
    api.hub.sandbox('sumsub').setCallbacks('normal');
    await desk.daysLater(client, 1);
    await desk.endsAs(client, 'approved');
    expect(await desk.levelOf(client)).toBe('Level 2');
  });

  it('asks again within an hour what it had asked', async () => {
    const { client, advance } = await beingChecked();
    await advance('red_final');
    const { id } = await desk.requestOf(client);
    await terminated(client);
    await desk.daysLater(client, 1);
    await api.hub.rests(await runOf(client));
    expect((await desk.requestOf(client)).id).toBe(id);
    expect((await reject(id)).status).toBe(200);
    await desk.endsAs(client, 'rejected');
  });
});

it('documents that were handed in without their run hearing of it are put before a person', async () => {
  const { client, uuid, documents } = await withPapers();
  await desk.endsAs(client, 'open');
  const walked = await caseOfWizard(api.hub.pool, client.id, uuid);
  await handInDocuments(api.hub.pool, walked, { clientId: client.id, documents, requestId: 'r' });
  await desk.daysLater(client, 1);
  await approve((await desk.requestOf(client)).id);
  await desk.endsAs(client, 'approved');
});

it('a run that goes on is not woken', async () => {
  const { client } = await handedIn();
  const handle = api.hub.handle(await runOf(client));
  await api.hub.rests(await runOf(client));
  const { historyLength } = await handle.describe();
  await desk.daysLater(client, 1);
  expect((await handle.describe()).historyLength).toBe(historyLength);
});
