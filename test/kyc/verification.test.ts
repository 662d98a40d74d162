import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { JPEG } from '../kit/files.ts';
import { eventually, type TestHub } from '../kit/hub.ts';

let api: MoneyApi;
let hub: TestHub;
let olga: Caller;

const levels = { documents: 0, sumsub: 0 };

beforeAll(async () => {
  api = await MoneyApi.start({}, ['sumsub']);
  hub = api.hub;
  olga = await api.operator();
  for (const [name, level] of [
    ['documents', 'Level 1'],
    ['sumsub', 'Level 2'],
  ] as const)
    levels[name] = (await hub.one<{ id: number }>(`select id from verification_level where name = $1`, [level])).id;
});
afterAll(() => api.stop());

interface Case {
  id: number;
  state: string;
  attempt: number;
  needs_human: string | null;
  reference: string;
}
const caseOf = ({ id }: Caller): Promise<Case> =>
  hub.one<Case>(
    `select id, state, attempt, needs_human, reference from kyc_case where client_id = $1 order by id desc limit 1`,
    [id],
  );
const reaches = (client: Caller, state: string) =>
  eventually(
    async () => ((await caseOf(client)).state === state ? caseOf(client) : null),
    `the verification to be ${state}`,
  );
/** The case is what is wanted and its run is over. */
const endsAs = async (client: Caller, state: string): Promise<void> => {
  const { level_id: levelId } = await hub.one<{ level_id: number }>(
    `select level_id from kyc_case where client_id = $1 order by id desc limit 1`,
    [client.id],
  );
  await reaches(client, state);
  await hub.ends(`kyc:${client.id}:${levelId}`);
};
const levelOf = async ({ id }: Caller): Promise<string> =>
  (
    await hub.one<{ name: string }>(
      `select l.name from client c join verification_level l on l.id = c.verification_level_id where client_id = $1`,
      [id],
    )
  ).name;
const requestOf = async ({ id }: Caller): Promise<any> =>
  eventually(
    async () =>
      (await olga.call('GET /applications?limit=1000')).body.data.find(
        (one: any) => one.clientId === id && one.statusId === 0,
      ),
    'a request',
  );
const resolutionId = async () =>
  (await hub.one<{ id: number }>(`select id from resolution where name = 'Document unreadable'`)).id;

describe('a client whom SumSub checks', () => {
  let client: Caller;
  let applicant: string;

  const advance = (to: string) => hub.sandbox('sumsub').advance(applicant, to);

  beforeEach(async () => {
    client = await api.clientWith('0', 'USD');
    const { status, body } = await client.call(`GET /my/verifications/wizard?levelId=${levels.sumsub}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      code: 200,
      done: false,
      workflow: 'verification_form',
      uuid: expect.any(String),
      data: {
        level: { name: 'Level 2' },
        wizard: 'SnsWizardSDK',
        documentGroups: [],
        sdk: { url: expect.any(String) },
      },
    });
    applicant = (await caseOf(client)).reference;
  });

  it('is asked for better photos, sends them, and gets the level', async () => {
    await advance('red_retry');
    await reaches(client, 'retry');
    const again = await client.call(`GET /my/verifications/wizard?levelId=${levels.sumsub}`);
    expect(again.body.data).toMatchObject({
      state: 'retry',
      reasons: ['BAD_PHOTO'],
      comment: expect.stringContaining('blurred'),
      sdk: { url: expect.any(String) },
    });
    expect(await levelOf(client)).toBe('Level 0');

    await advance('submit');
    await reaches(client, 'checking');
    expect((await client.call('POST /my/verifications', { uuid: again.body.uuid })).body).toMatchObject({
      code: 202,
      done: true,
      data: { request: null, state: 'checking' },
    });
    await advance('green');
    await endsAs(client, 'approved');
    expect(await levelOf(client)).toBe('Level 2');
    const { body } = await client.call('GET /my/verifications');
    expect(body.data).toEqual([
      {
        id: expect.any(Number),
        clientId: client.id,
        currentLevel: { id: levels.sumsub, name: 'Level 2' },
        previuosLevel: { id: expect.any(Number), name: 'Level 0' },
        reason: { name: 'provider', caption: 'Verified by sumsub' },
        createTime: expect.any(String),
      },
    ]);
    expect((await client.call(`GET /my/verifications/wizard?levelId=${levels.sumsub}`)).status).toBe(409);
  });

  it('who is refused for good waits for a person, who may give the level nevertheless', async () => {
    await advance('red_final');
    await reaches(client, 'rejected');
    const request = await requestOf(client);
    expect(request).toMatchObject({ type: 'verification', purpose: 'review', data: { levelId: levels.sumsub } });
    expect((await client.call(`GET /my/verifications/wizard?levelId=${levels.sumsub}`)).status).toBe(403);
    expect((await olga.call(`POST /applications/${request.id}/approve`, {})).status).toBe(200);
    await endsAs(client, 'approved');
    expect(await levelOf(client)).toBe('Level 2');
  });

  it('whose approval is taken back keeps the level until a person takes it', async () => {
    await advance('green');
    await endsAs(client, 'approved');
    await advance('red_final');
    const request = await requestOf(client);
    expect([request.purpose, await levelOf(client)]).toEqual(['approval', 'Level 2']);
    await olga.call(`POST /applications/${request.id}/approve`, { comment: 'forged' });
    await endsAs(client, 'withdrawn');
    expect(await levelOf(client)).toBe('Level 1');
  });

  it('whose state is a word nobody knows waits, and somebody is told', async () => {
    await advance('unknown_word');
    await eventually(async () => (await caseOf(client)).needs_human, 'the alert');
    expect(await caseOf(client)).toMatchObject({
      state: 'checking',
      needs_human: expect.stringContaining('underObservation'),
    });
    await advance('green');
    await endsAs(client, 'approved');
  });

  it('waits while SumSub answers garbage, and nothing is believed', async () => {
    const { faults } = hub.sandbox('sumsub');
    hub.sandbox('sumsub').fault({ match: { path: '/resources/applicants/' }, kind: 'garbage', times: 100 });
    await advance('green');
    await eventually(async () => {
      const { searchAttributes } = await hub.handle(`kyc:${client.id}:${levels.sumsub}`).describe();
      return (searchAttributes['HubNeedsHuman'] as boolean[] | undefined)?.[0];
    }, 'somebody to be called');
    expect([(await caseOf(client)).state, await levelOf(client)]).toEqual(['open', 'Level 0']);
    faults.clear();
    await endsAs(client, 'approved');
  });

  it('hears nothing of a forged callback, and one that came often counts once', async () => {
    await advance('green');
    await endsAs(client, 'approved');
    const { connection_id: connection } = await hub.one<any>(
      `select connection_id from kyc_case where reference = $1`,
      [applicant],
    );
    // The news may be asked for before they are told.
    const stored = await eventually(
      async () =>
        (
          await hub.pool.query<{ headers: Record<string, string>; body: string }>(
            `select headers, convert_from(body, 'utf8') as body from webhook where connection_id = $1 and convert_from(body, 'utf8') like $2 and status <> 'received' order by id desc limit 1`,
            [connection, `%applicantReviewed%${applicant}%`],
          )
        ).rows[0],
      'the callback to be kept',
    );
    const post = (body: string, headers: Record<string, string>) =>
      fetch(`${api.url}/webhooks/${connection}`, { method: 'POST', body, headers });
    const { 'x-payload-digest': digest = '', 'x-payload-digest-alg': alg = '' } = stored.headers;
    const headers = { 'content-type': 'application/json', 'x-payload-digest': digest, 'x-payload-digest-alg': alg };
    expect((await post(stored.body, headers)).status).toBe(200);
    expect((await post(stored.body.replace('GREEN', 'RED'), headers)).status).toBe(401);
    expect(await levelOf(client)).toBe('Level 2');
    expect((await client.call('GET /my/verifications')).body.total).toBe(1);
  });
});

describe('a client whose documents we check', () => {
  const upload = async (
    client: Caller & { token?: string },
    type: string,
  ): Promise<{ typeId: number; documentId: number }> => {
    const { id: typeId } = await hub.one<{ id: number }>(`select id from document_type where name = $1`, [type]);
    const boundary = randomUUID();
    const body =
      `--${boundary}\r\ncontent-disposition: form-data; name="typeID"\r\n\r\n${typeId}\r\n` +
      `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="p.jpg"\r\ncontent-type: image/jpeg\r\n\r\n`;
    const answer = await client.upload(
      'POST /my/documents',
      Buffer.concat([Buffer.from(body), JPEG, Buffer.from(`\r\n--${boundary}--\r\n`)]),
      boundary,
    );
    expect(answer.status).toBe(201);
    return { typeId, documentId: answer.body.documentId };
  };

  it('is asked again after a refusal, and is on the level after an approval', async () => {
    const client = await api.clientWith('0', 'USD');
    const wizard = (await client.call('GET /my/verifications/wizard')).body;
    expect(wizard.data).toMatchObject({ wizard: 'DocumentsWizard', sdk: null, state: 'open' });
    expect(wizard.data.documentGroups.map((one: any) => one.name)).toEqual(['Proof of identity', 'Proof of address']);

    const passport = await upload(client, 'Passport');
    const half = await client.call('POST /my/verifications', { uuid: wizard.uuid, documents: [passport] });
    expect([half.status, half.body.error.details[0]]).toMatchObject([
      400,
      { field: 'documents', reason: 'validation' },
    ]);

    const documents = [passport, await upload(client, 'Utility bill')];
    const handedIn = await client.call('POST /my/verifications', { uuid: wizard.uuid, documents });
    const first = await requestOf(client);
    expect(handedIn).toMatchObject({
      status: 200,
      body: { done: true, data: { state: 'checking', request: { requestId: first.id, status: 'pending' } } },
    });
    expect(first).toMatchObject({
      purpose: 'approval',
      data: { levelId: levels.documents, documentIds: documents.map((one) => one.documentId) },
    });
    // Said twice it is the same; other documents wait until these are decided; none of them can be deleted.
    expect(
      (await client.call('POST /my/verifications', { uuid: wizard.uuid, documents })).body.data.request.requestId,
    ).toBe(first.id);
    expect((await client.call('POST /my/verifications', { uuid: wizard.uuid, documents: [passport] })).status).toBe(
      409,
    );
    expect((await client.call('GET /my/verifications/wizard')).status).toBe(409);
    expect((await client.call(`DELETE /my/documents/${passport.documentId}`)).status).toBe(400);

    expect((await olga.call(`POST /applications/${first.id}/reject`, {})).status).toBe(400);
    expect(
      (
        await olga.call(`POST /applications/${first.id}/approve`, {
          evidence: { bankReference: 'X1', valueDate: '2026-01-31' },
        })
      ).status,
    ).toBe(400);
    expect((await olga.call(`POST /applications/${first.id}/audit`)).status).toBe(400);
    expect(
      (await olga.call(`POST /applications/${first.id}/reject`, { resolutionId: await resolutionId() })).status,
    ).toBe(200);
    await reaches(client, 'retry');
    expect((await client.call(`GET /my/documents/${passport.documentId}`)).body).toMatchObject({
      status: 'rejected',
      resolution: 'Document unreadable',
    });
    const again = (await client.call('GET /my/verifications/wizard')).body;
    expect(again.data).toMatchObject({ state: 'retry', comment: 'Document unreadable' });

    const better = [await upload(client, 'ID card'), await upload(client, 'Bank statement')];
    await client.call('POST /my/verifications', { uuid: again.uuid, documents: better });
    const second = await requestOf(client);
    expect(second.id).not.toBe(first.id);
    await olga.call(`POST /applications/${second.id}/approve`, {});
    await endsAs(client, 'approved');
    expect(await levelOf(client)).toBe('Level 1');
    expect((await olga.call(`GET /verifications?filter[clientId]=${client.id}`)).body.data[0]).toMatchObject({
      currentLevel: { name: 'Level 1' },
      reason: { name: 'documents', userId: olga.id },
    });
  });

  it("cannot use another client's wizard or documents", async () => {
    const [ann, bob] = [await api.clientWith('0', 'USD'), await api.clientWith('0', 'USD')];
    const wizard = (await ann.call('GET /my/verifications/wizard')).body;
    expect((await bob.call('POST /my/verifications', { uuid: wizard.uuid, documents: [] })).status).toBe(404);
    const documents = [await upload(bob, 'Passport'), await upload(bob, 'Utility bill')];
    const stolen = await ann.call('POST /my/verifications', { uuid: wizard.uuid, documents });
    expect(stolen.body.error.details[0]).toMatchObject({ reason: 'not_found', field: 'documents.0.documentId' });
  });
});
