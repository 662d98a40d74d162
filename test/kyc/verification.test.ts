import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually, type TestHub } from '../kit/hub.ts';
import { meanwhile } from '../kit/meanwhile.ts';
import { KycDesk } from './kit.ts';

let api: MoneyApi;
let hub: TestHub;
let desk: KycDesk;
let olga: Caller;

const levels = { documents: 0, sumsub: 0 };

beforeAll(async () => {
  api = await MoneyApi.start({}, ['sumsub', 'sendgrid']);
  hub = api.hub;
  desk = await KycDesk.open(api);
  olga = desk.olga;
  levels.documents = await desk.levelId('Level 1');
  levels.sumsub = await desk.levelId('Level 2');
});
afterAll(() => api.stop());

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
    applicant = (await desk.caseOf(client)).reference;
  });

  it('is asked for better photos, sends them, and gets the level', async () => {
    await advance('red_retry');
    await desk.reaches(client, 'retry');
    const again = await client.call(`GET /my/verifications/wizard?levelId=${levels.sumsub}`);
    expect(again.body.data).toMatchObject({
      state: 'retry',
      reasons: ['BAD_PHOTO'],
      comment: expect.stringContaining('blurred'),
      sdk: { url: expect.any(String) },
    });
    expect(await desk.levelOf(client)).toBe('Level 0');

    await advance('submit');
    await desk.reaches(client, 'checking');
    expect((await client.call('POST /my/verifications', { uuid: again.body.uuid })).body).toMatchObject({
      code: 202,
      done: true,
      data: { request: null, state: 'checking' },
    });
    await advance('green');
    await desk.endsAs(client, 'approved');
    expect(await desk.levelOf(client)).toBe('Level 2');
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
    await desk.isTold(client, 'Began', 'Retry', 'Received', 'Approved');
    expect(await desk.mail(client, 'Please send us other documents')).toContain(
      'for Level 2 with what you sent: The photo is blurred. Take a sharp one of the whole page.',
    );
  });

  it('goes on although somebody asked in Temporal UI to cancel his run', async () => {
    const run = hub.handle(`kyc:${client.id}:${levels.sumsub}`);
    await run.cancel();
    await hub.rests(run.workflowId);
    expect(await hub.shown(run.workflowId)).toContain('which stops nothing here: decide its request');
    const again = await client.call(`GET /my/verifications/wizard?levelId=${levels.sumsub}`);
    expect(again).toMatchObject({ status: 200, body: { data: { sdk: { url: expect.any(String) } } } });
    await advance('submit');
    await desk.reaches(client, 'checking');
    const handedIn = await client.call('POST /my/verifications', { uuid: again.body.uuid });
    expect(handedIn).toMatchObject({ status: 200, body: { done: true, data: { state: 'checking' } } });
    await advance('green');
    await desk.endsAs(client, 'approved');
  });

  it('who is refused for good hears so once a person has confirmed it', async () => {
    await advance('submit');
    await desk.reaches(client, 'checking');
    await advance('red_final');
    const request = await desk.requestOf(client);
    await desk.isTold(client, 'Began', 'Received');
    const { status } = await olga.call(`POST /applications/${request.id}/reject`, {
      resolutionId: await desk.resolutionId(),
    });
    expect(status).toBe(200);
    await desk.isTold(client, 'Began', 'Received', 'Refused');
    await desk.endsAs(client, 'rejected');
    // Nothing that would tell him what was found out about him.
    expect(await desk.mail(client, 'You could not be verified')).not.toMatch(/unreadable|FORGERY|forge/i);
  });

  it('who is refused for good waits for a person, who may give the level nevertheless', async () => {
    await advance('red_final');
    await desk.reaches(client, 'rejected');
    const request = await desk.requestOf(client);
    expect(request).toMatchObject({ type: 'verification', purpose: 'review', data: { levelId: levels.sumsub } });
    expect((await client.call(`GET /my/verifications/wizard?levelId=${levels.sumsub}`)).status).toBe(403);
    expect((await olga.call(`POST /applications/${request.id}/approve`, {})).status).toBe(200);
    await desk.endsAs(client, 'approved');
    expect(await desk.levelOf(client)).toBe('Level 2');
  });

  it('whose approval is taken back keeps the level until a person takes it', async () => {
    await advance('green');
    await desk.endsAs(client, 'approved');
    await advance('red_final');
    const request = await desk.requestOf(client);
    expect([request.purpose, await desk.levelOf(client)]).toEqual(['approval', 'Level 2']);
    await olga.call(`POST /applications/${request.id}/approve`, { comment: 'forged' });
    await desk.endsAs(client, 'withdrawn');
    expect(await desk.levelOf(client)).toBe('Level 1');
    expect((await desk.told(client)).at(-1)).toBe('Withdrawn');
  });

  it('whose state is a word nobody knows waits, and somebody is told', async () => {
    await advance('unknown_word');
    await eventually(async () => (await desk.caseOf(client)).needs_human, 'the alert');
    expect(await desk.caseOf(client)).toMatchObject({
      state: 'checking',
      needs_human: expect.stringContaining('underObservation'),
    });
    await advance('green');
    await desk.endsAs(client, 'approved');
  });

  it('waits while SumSub answers garbage, and nothing is believed', async () => {
    const { faults } = hub.sandbox('sumsub');
    hub.sandbox('sumsub').fault({ match: { path: '/resources/applicants/' }, kind: 'garbage', times: 100 });
    await advance('green');
    await eventually(async () => {
      const { searchAttributes } = await hub.handle(`kyc:${client.id}:${levels.sumsub}`).describe();
      return (searchAttributes['HubNeedsHuman'] as boolean[] | undefined)?.[0];
    }, 'somebody to be called');
    expect([(await desk.caseOf(client)).state, await desk.levelOf(client)]).toEqual(['open', 'Level 0']);
    faults.clear();
    await desk.endsAs(client, 'approved');
  });

  it('hears nothing of a forged callback, and one that came often counts once', async () => {
    await advance('green');
    await desk.endsAs(client, 'approved');
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
    expect(await desk.levelOf(client)).toBe('Level 2');
    expect((await client.call('GET /my/verifications')).body.total).toBe(1);
  });
});

describe('a client whose documents we check', () => {
  it('keeps a document that is handed in at the moment it is to be deleted', async () => {
    const client = await api.clientWith('0', 'USD');
    await desk.wizard(client, levels.documents);
    const { id } = await desk.caseOf(client);
    const passport = await desk.upload(client, 'Passport');
    const deleted = await meanwhile(
      hub.pool,
      // What handing in does.
      async (db) => {
        await db.query(`select from client_document where document_id = $1 for update`, [passport.documentId]);
        await db.query(`update kyc_case set document_ids = $2, state = 'checking' where id = $1`, [
          id,
          [passport.documentId],
        ]);
      },
      () => client.call(`DELETE /my/documents/${passport.documentId}`),
    );
    expect([deleted.status, deleted.body.error?.details[0].reason]).toEqual([400, 'in_use']);
  });

  it('cannot hand in a document that has ended meanwhile', async () => {
    const client = await api.clientWith('0', 'USD');
    const { uuid } = (await desk.wizard(client, levels.documents)).body;
    const documents = [await desk.upload(client, 'Passport', '2099-01-01'), await desk.upload(client, 'Utility bill')];
    await hub.pool.query(`update client_document set valid_until = current_date - 1 where document_id = $1`, [
      documents[0]!.documentId,
    ]);
    const { status, body } = await client.call('POST /my/verifications', { uuid, documents });
    expect([status, body.error?.details]).toEqual([
      400,
      [{ field: 'documents.0.documentId', reason: 'validation', issue: 'This document has ended. Upload a new one.' }],
    ]);
    expect((await desk.caseOf(client)).state).toBe('open');
  });

  it('is asked again after a refusal, and is on the level after an approval', async () => {
    const client = await api.clientWith('0', 'USD');
    const wizard = (await client.call('GET /my/verifications/wizard')).body;
    expect(wizard.data).toMatchObject({ wizard: 'DocumentsWizard', sdk: null, state: 'open' });
    expect(wizard.data.documentGroups.map((one: any) => one.name)).toEqual(['Proof of identity', 'Proof of address']);

    const passport = await desk.upload(client, 'Passport');
    const half = await client.call('POST /my/verifications', { uuid: wizard.uuid, documents: [passport] });
    expect([half.status, half.body.error.details[0]]).toMatchObject([
      400,
      { field: 'documents', reason: 'validation' },
    ]);

    const documents = [passport, await desk.upload(client, 'Utility bill')];
    const handedIn = await client.call('POST /my/verifications', { uuid: wizard.uuid, documents });
    const first = await desk.requestOf(client);
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
      (await olga.call(`POST /applications/${first.id}/reject`, { resolutionId: await desk.resolutionId() })).status,
    ).toBe(200);
    await desk.reaches(client, 'retry');
    expect((await client.call(`GET /my/documents/${passport.documentId}`)).body).toMatchObject({
      status: 'rejected',
      resolution: 'Document unreadable',
    });
    const again = (await client.call('GET /my/verifications/wizard')).body;
    expect(again.data).toMatchObject({ state: 'retry', comment: 'Document unreadable' });

    const better = [await desk.upload(client, 'ID card'), await desk.upload(client, 'Bank statement')];
    await client.call('POST /my/verifications', { uuid: again.uuid, documents: better });
    const second = await desk.requestOf(client);
    expect(second.id).not.toBe(first.id);
    await olga.call(`POST /applications/${second.id}/approve`, {});
    await desk.endsAs(client, 'approved');
    expect(await desk.levelOf(client)).toBe('Level 1');
    expect((await olga.call(`GET /verifications?filter[clientId]=${client.id}`)).body.data[0]).toMatchObject({
      currentLevel: { name: 'Level 1' },
      reason: { name: 'documents', userId: olga.id },
    });
    await desk.isTold(client, 'Began', 'Received', 'Retry', 'Received', 'Approved');
    expect(await desk.mail(client, 'Please send us other documents')).toContain(
      'with what you sent: Document unreadable',
    );
  });

  it("cannot use another client's wizard or documents", async () => {
    const [ann, bob] = [await api.clientWith('0', 'USD'), await api.clientWith('0', 'USD')];
    const wizard = (await ann.call('GET /my/verifications/wizard')).body;
    for (const uuid of [wizard.uuid, randomUUID()])
      expect(await bob.call('POST /my/verifications', { uuid, documents: [] })).toMatchObject({
        status: 404,
        body: { error: { details: [{ field: 'uuid', reason: 'wizard_not_found' }] } },
      });
    const documents = [await desk.upload(bob, 'Passport'), await desk.upload(bob, 'Utility bill')];
    const stolen = await ann.call('POST /my/verifications', { uuid: wizard.uuid, documents });
    expect(stolen.body.error.details[0]).toMatchObject({ reason: 'not_found', field: 'documents.0.documentId' });
  });
});

describe('what a client is told', () => {
  it('is in his language, and so is the name of the level', async () => {
    const client = await api.clientWith('0', 'USD');
    await hub.pool.query(`update client set locale = 'de_DE' where client_id = $1`, [client.id]);
    const { id: typeId } = await hub.one<{ id: number }>(
      `select id from message_type where name = 'VerificationBegan'`,
    );
    const texts = { subject: 'Ihre Verifizierung', html: null, text: 'Sie haben {{ level }} begonnen.' };
    const made = await olga.call('POST /templates', { typeId, channel: 'email', locale: 'de_DE', ...texts });
    expect(made.status).toBe(201);
    const resources = [{ key: 'caption', locale: 'de_DE', value: 'Stufe 1' }];
    await olga.call(`PATCH /verifications/levels/${levels.documents}`, { resources });
    await client.call('GET /my/verifications/wizard');
    expect(await desk.mail(client, 'Ihre Verifizierung')).toContain('Sie haben Stufe 1 begonnen.');
  });
});

describe('a level', () => {
  it('whose connection is switched off begins nothing, and finishes what was begun', async () => {
    const [begun, late] = [await api.clientWith('0', 'USD'), await api.clientWith('0', 'USD')];
    await desk.wizard(begun, levels.sumsub);
    const { id } = await hub.one<{ id: number }>(`select id from connection where name = 'sumsub'`);
    await olga.call(`PATCH /connections/${id}`, { enabled: false });
    const answers = [await desk.wizard(late, levels.sumsub), await desk.wizard(begun, levels.sumsub)];
    const shown = async (client: Caller) =>
      (await client.call(`GET /my/verifications/levels/${levels.sumsub}`)).body.state;
    const states = [await shown(late), await shown(begun)];
    await olga.call(`PATCH /connections/${id}`, { enabled: true });
    expect(answers.map(({ status, body }) => [status, body.error?.details[0].reason])).toEqual([
      [403, 'restricted'],
      [200, undefined],
    ]);
    expect(states).toEqual(['locked', 'available']);
    expect([(await desk.wizard(late, levels.sumsub)).status, await shown(late)]).toEqual([200, 'available']);
  });

  it('is begun in the audit as well, and so is its renewal', async () => {
    const { client } = await desk.approvedBySumsub(levels.sumsub);
    await olga.call(`PATCH /clients/${client.id}`, { verificationLevelId: await desk.levelId('Level 0') });
    await desk.wizard(client, levels.sumsub);
    const { id } = await desk.caseOf(client);
    const { rows } = await hub.pool.query<{ action: string; before: unknown }>(
      `select action, before from audit where object = $1 and action = 'verification.open' order by id`,
      [`verification-case:${id}`],
    );
    expect(rows.map(({ before }) => before)).toEqual([null, { state: 'approved' }]);
  });

  it('shows its rights and documents to clients, and is recorded when an operator gives it', async () => {
    const client = await api.clientWith('0', 'USD');
    const role = await olga.call('POST /clients/roles', {
      name: 'no-converter',
      caption: 'No converter',
      permissions: { converter: false },
    });
    await olga.call(`PATCH /verifications/levels/${levels.documents}`, { roleId: role.body.id });
    const level = (await client.call(`GET /my/verifications/levels/${levels.documents}`)).body;
    expect(level).toMatchObject({
      state: 'available',
      permissions: { converter: false, deposits: true },
      validUntil: null,
      renewable: false,
    });
    expect(level.documentGroups.map((one: any) => [one.name, one.types.length])).toEqual([
      ['Proof of identity', 3],
      ['Proof of address', 2],
    ]);
    const given = await olga.call(`PATCH /clients/${client.id}`, { verificationLevelId: levels.documents });
    expect(given).toMatchObject({ status: 200, body: { verificationLevel: { name: 'Level 1' } } });
    expect((await client.call('GET /my/permissions')).body).toMatchObject({ converter: false });
    expect((await olga.call(`GET /verifications?filter[clientId]=${client.id}`)).body.data).toMatchObject([
      {
        currentLevel: { name: 'Level 1' },
        previuosLevel: { name: 'Level 0' },
        reason: { name: 'manual', userId: olga.id },
      },
    ]);
    const nowhere = await olga.call(`PATCH /clients/${client.id}`, { verificationLevelId: 999_999 });
    expect([nowhere.status, nowhere.body.error.details[0].field]).toEqual([400, 'verificationLevelId']);
    await olga.call(`PATCH /verifications/levels/${levels.documents}`, { roleId: null });
  });

  it('is recorded also when an operator makes a client on it', async () => {
    const person = { email: 'made-on-a-level@client.example', firstName: 'Ann', lastName: 'Lee' };
    const nowhere = await olga.call('POST /clients', { ...person, verificationLevelId: 999_999 });
    expect([nowhere.status, nowhere.body.error.details[0].field]).toEqual([400, 'verificationLevelId']);
    const { status, body } = await olga.call('POST /clients', { ...person, verificationLevelId: levels.documents });
    expect([status, body.verificationLevel?.name]).toEqual([201, 'Level 1']);
    expect((await olga.call(`GET /verifications?filter[clientId]=${body.clientId}`)).body.data).toMatchObject([
      { currentLevel: { name: 'Level 1' }, previuosLevel: { name: 'Level 0' }, reason: { name: 'manual' } },
    ]);
    const audit = await olga.call(`GET /audit?filter[object]=client:${body.clientId}`);
    expect(audit.body.data.map(({ name }: { name: string }) => name)).toContain('clients.level');
  });
});
