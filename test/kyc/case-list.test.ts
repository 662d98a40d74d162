/** What operators see of verifications. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
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
});
afterAll(() => api?.stop());

it('each case with what its provider says of it, and by what name it is found there', async () => {
  const client = await api.clientWith('0', 'USD');
  await desk.wizard(client, sumsub);
  const { reference } = await desk.caseOf(client);
  await api.hub.sandbox('sumsub').advance(reference, 'submit');
  await api.hub.sandbox('sumsub').advance(reference, 'red_final');
  const { id: applicationId } = await desk.requestOf(client);
  const found = await desk.olga.call(`GET /verifications/cases?filter[reference]=${reference}&filter[needsHuman]=true`);
  expect(found.body).toEqual({
    total: 1,
    data: [
      expect.objectContaining({
        clientId: client.id,
        level: { id: sumsub, name: 'Level 2' },
        state: 'rejected',
        provider: 'sumsub',
        providerId: expect.stringMatching(/^[0-9a-f]{24}$/),
        providerStatus: 'completed RED FINAL',
        reasons: expect.arrayContaining(['FORGERY']),
        needsHuman: expect.stringContaining('refuses this client for good'),
        applicationId,
        workflowId: `kyc:${client.id}:${sumsub}`,
      }),
    ],
  });
  // A request is in the books a moment before its run says that it waits for it.
  const shown = await eventually(async () => {
    const said = await api.hub.shown(`kyc:${client.id}:${sumsub}`);
    return said.includes(`request ${applicationId}`) ? said : null;
  }, 'the request to be shown');
  for (const part of [reference, 'FORGERY']) expect(shown).toContain(part);
  const { id } = found.body.data[0];
  expect((await desk.olga.call(`GET /verifications/cases/${id}`)).body).toEqual({
    ...found.body.data[0],
    // Its provider may tell of it again.
    updateTime: expect.any(String),
  });
  expect((await client.call(`GET /verifications/cases/${id}`)).status).toBe(403);
});

it('with the end of what was approved', async () => {
  const { client } = await desk.approvedBySumsub(sumsub);
  const { body } = await desk.olga.call(
    `GET /verifications/cases?filter[clientId]=${client.id}&filter[state]=approved`,
  );
  expect(body.data).toMatchObject([{ validUntil: '2031-05-01', needsHuman: null, applicationId: null, reasons: [] }]);
  expect((await desk.olga.call('GET /verifications/cases?filter[state]=lost')).status).toBe(400);
});
