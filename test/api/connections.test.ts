import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import b2binpay from '../../adapters/payments/b2binpay/manifest.ts';
import { examine } from '../../cli/doctor/check.ts';
import { connectionChecks } from '../../cli/doctor/connections.ts';
import { KeyRing } from '../../config/key-ring.ts';
import { openConnectionRow } from '../../db/repositories/connections.ts';
import { seedDemo } from '../../db/seed/demo.ts';
import { type SandboxServer, startSandboxServer } from '../../sandbox/server.ts';
import { type Caller, startTestApi, type TestApi } from '../kit/api-client.ts';

const CANARY = 'canary-5ecret-value-0001';
let api: TestApi;
let sandboxes: SandboxServer;
let olga: Caller & { id: number };
let good: Record<string, unknown>;
/** Everything the API ever answered here. */
const answers: string[] = [];
const call: Caller['call'] = async (route, body, headers) => {
  const answer = await olga.call(route.replace(' /', ' /api/v2/'), body, headers);
  answers.push(JSON.stringify(answer.body) + JSON.stringify([...answer.headers]));
  return answer;
};
const stored = async (id: number): Promise<any> =>
  (await openConnectionRow(api.deps.pool, new KeyRing(api.settings.configKeys), id)).config;
let made = 0;
const create = async (more: object = {}) =>
  (await call('POST /connections', { name: `pay-${++made}`, provider: 'b2binpay', settings: good, ...more })).body;

beforeAll(async () => {
  const module = await b2binpay.sandbox!();
  sandboxes = await startSandboxServer({ port: 0, modules: [module] });
  good = module.defaultConfig(sandboxes.origin);
  api = await startTestApi();
  olga = await api.operator();
});
afterAll(async () => {
  await api?.stop();
  await sandboxes?.close();
});

describe('providers', () => {
  it('are listed from their manifests with their settings form', async () => {
    const { body } = await call('GET /connections/providers');
    expect(body.data.find((one: any) => one.name === 'b2binpay')).toMatchObject({
      caption: 'B2BINPAY',
      type: 'payment',
    });
    const form = (await call('GET /connections/providers/mt5/settings')).body.data;
    expect(form.find((one: any) => one.name === 'managerPassword')).toMatchObject({
      caption: 'Manager password',
      type: 'password',
      isRequired: true,
      isSecret: true,
      default: null,
    });
    expect((await call('GET /connections/providers/nobody/settings')).status).toBe(404);
  });
});

describe('a connection', () => {
  it('is created, shown without its secrets, changed and deleted, with an audit row for each', async () => {
    const made = await create({ caption: 'Pay', settings: { ...good, clientSecret: CANARY } });
    expect(made).toMatchObject({ provider: 'b2binpay', type: 'payment', enabled: true, version: 1, problem: null });
    expect(made.settings).toMatchObject({ clientSecret: '***', callbackSecret: '***', walletId: good['walletId'] });
    expect(made.callbackUrl).toMatch(new RegExp(`/webhooks/${made.id}$`));
    expect(made.health).toMatchObject({ state: 'unused', lastError: null });
    expect((await stored(made.id)).clientSecret).toBe(CANARY);

    const changed = await call(`PATCH /connections/${made.id}`, { caption: 'Paid', enabled: false });
    expect(changed.body).toMatchObject({ caption: 'Paid', enabled: false, version: 1 });
    expect((await call('GET /connections?filter[enabled]=false')).body.data.map((one: any) => one.id)).toContain(
      made.id,
    );
    expect((await call(`DELETE /connections/${made.id}`)).status).toBe(204);
    expect((await call(`GET /connections/${made.id}`)).status).toBe(404);

    const audit = await api.sql(`select action, before, after from audit where object = $1 order by id`, [
      `connection:${made.id}`,
    ]);
    expect(audit.map((row) => row.action)).toEqual(['connections.create', 'connections.update', 'connections.delete']);
    expect(JSON.stringify(audit)).not.toContain(CANARY);
  });

  it.each([
    ['a missing secret', { clientSecret: undefined }, 'settings.clientSecret'],
    ['the mask instead of a secret', { clientSecret: '***' }, 'settings.clientSecret'],
    ['a missing setting', { walletId: undefined }, 'settings.walletId'],
    ['a word that is not offered', { walletType: 'savings' }, 'settings.walletType'],
    ['a misspelt setting', { clientSecrets: 'x' }, 'settings.clientSecrets'],
    ['a number where a text belongs', { clientId: 12.5 }, 'settings.clientId'],
  ])('is refused with %s, naming the field, and nothing is stored', async (_, wrong, field) => {
    const before = await api.sql(`select count(*) from connection`);
    const { status, body } = await call('POST /connections', {
      name: 'wrong',
      provider: 'b2binpay',
      settings: { ...good, ...wrong },
    });
    expect(status).toBe(400);
    expect(body.error.details[0]).toMatchObject({ field, reason: 'validation' });
    expect(await api.sql(`select count(*) from connection`)).toEqual(before);
  });

  it('is never half-saved: a change with one wrong setting changes nothing else', async () => {
    const { id } = await create();
    const { status, body } = await call(`PATCH /connections/${id}`, {
      caption: 'New',
      settings: { ...good, walletId: 'abc' },
    });
    expect([status, body.error.details[0].field]).toEqual([400, 'settings.walletId']);
    expect((await call(`GET /connections/${id}`)).body).toMatchObject({
      caption: expect.stringContaining('pay-'),
      version: 1,
    });
  });

  it('keeps a secret that is left out or sent masked, replaces one that is given, and drops one that is null', async () => {
    const { id, settings } = await create({ settings: { ...good, clientSecret: CANARY } });
    await call(`PATCH /connections/${id}`, { settings: { ...settings, timeLimitSeconds: 600 } });
    expect(await stored(id)).toMatchObject({ clientSecret: CANARY, timeLimitSeconds: 600 });
    const { clientSecret: _, ...without } = settings;
    await call(`PATCH /connections/${id}`, { settings: without });
    expect(await stored(id)).toMatchObject({ clientSecret: CANARY });
    await call(`PATCH /connections/${id}`, { settings: { ...settings, clientSecret: 'another' } });
    expect(await stored(id)).toMatchObject({ clientSecret: 'another', callbackSecret: good['callbackSecret'] });
    const refused = await call(`PATCH /connections/${id}`, { settings: { ...settings, clientSecret: null } });
    expect([refused.status, refused.body.error.details[0].field]).toEqual([400, 'settings.clientSecret']);
    expect((await call(`GET /connections/${id}`)).body.version).toBe(4);
  });

  it('does not send a kept secret to a new address', async () => {
    const { id, settings } = await create();
    const { status, body } = await call(`PATCH /connections/${id}`, {
      settings: { ...settings, baseUrl: 'http://127.0.0.1:1' },
    });
    expect(status).toBe(400);
    expect(body.error.details.map((one: any) => one.field)).toContain('settings.clientSecret');
    expect(body.error.details[0].issue).toContain('baseUrl changes');
  });

  it('stays with its provider and has a name of its own', async () => {
    const { id, name } = await create();
    expect((await call(`PATCH /connections/${id}`, { provider: 'mt5' })).body.error.details[0]).toMatchObject({
      field: 'provider',
      reason: 'fixed',
    });
    const twin = await call('POST /connections', { name, provider: 'b2binpay', settings: good });
    expect([twin.status, twin.body.error.details[0].field]).toEqual([409, 'name']);
    const unknown = await call('POST /connections', { name: 'x', provider: 'nobody', settings: {} });
    expect([unknown.status, unknown.body.error.details[0].field]).toEqual([400, 'provider']);
  });

  it('cannot be deleted while a method uses it', async () => {
    const { id } = await create();
    await api.sql(
      `insert into payment_method (direction, name, caption, provider, connection_id) values ('deposit', 'in-use', 'X', 'b2binpay', $1)`,
      [id],
    );
    const { status, body } = await call(`DELETE /connections/${id}`);
    expect([status, body.error.details[0].reason]).toEqual([400, 'in_use']);
  });

  it('whose key is gone is still shown, and can be entered anew', async () => {
    const { id } = await create();
    await api.sql(`update connection set config = $2 where id = $1`, [id, Buffer.from('nonsense')]);
    const { body } = await call(`GET /connections/${id}`);
    expect(body).toMatchObject({ settings: null, problem: expect.stringContaining('CONFIG_KEYS') });
    const mended = await call(`PATCH /connections/${id}`, { settings: good });
    expect(mended.body).toMatchObject({ problem: null });
  });
});

describe('a connection of the demo', () => {
  const seeded = (name: string) => ({ provider: 'b2binpay', name, caption: 'B2BINPAY', config: good });
  const seedAgain = (...names: string[]) => seedDemo(api.deps.pool, api.settings.configKeys, names.map(seeded));
  const named = async (name: string) =>
    (await call('GET /connections?limit=1000')).body.data.filter((one: any) => one.name === name);

  it('stays as an operator has changed it when the hub starts again, also when it was renamed or deleted', async () => {
    await seedAgain('demo-changed', 'demo-renamed', 'demo-deleted');
    const [changed, renamed, deleted] = await Promise.all(
      ['demo-changed', 'demo-renamed', 'demo-deleted'].map(async (name) => (await named(name))[0]),
    );
    await call(`PATCH /connections/${changed.id}`, { settings: { ...changed.settings, timeLimitSeconds: 905 } });
    await call(`PATCH /connections/${renamed.id}`, { name: 'ours' });
    expect((await call(`DELETE /connections/${deleted.id}`)).status).toBeLessThan(300);
    await seedAgain('demo-changed', 'demo-renamed', 'demo-deleted');
    expect((await named('demo-changed'))[0].settings.timeLimitSeconds).toBe(905);
    expect([await named('demo-renamed'), await named('demo-deleted')]).toEqual([[], []]);
  });
});

describe('the test of a connection', () => {
  it('says that the provider accepts the settings, or in plain words why not', async () => {
    const { id } = await create();
    expect((await call(`POST /connections/${id}/test`)).body).toMatchObject({ success: true, reason: null });
    expect((await call(`GET /connections/${id}/health`)).body).toMatchObject({
      state: 'ok',
      lastHour: { calls: 1, failures: 0 },
    });
    const wrong = await create({ settings: { ...good, clientSecret: CANARY } });
    const refused = (await call(`POST /connections/${wrong.id}/test`)).body;
    expect(refused).toMatchObject({ success: false, reason: 'provider_misconfigured' });
    expect(refused.explanation).toContain('Check the settings');
    expect((await call(`GET /connections/${wrong.id}/health`)).body.state).toBe('misconfigured');
    const nowhere = await create({ settings: { ...good, baseUrl: 'http://127.0.0.1:1' } });
    expect((await call(`POST /connections/${nowhere.id}/test`)).body).toMatchObject({
      success: false,
      reason: 'provider_unavailable',
      explanation: expect.stringContaining('cannot be reached'),
    });
    expect((await call(`GET /connections/${nowhere.id}/health`)).body).toMatchObject({
      state: 'failing',
      failuresInRow: 1,
    });
    expect((await call('POST /connections/999999/test')).status).toBe(404);
  });

  it('is counted in the metrics by provider, connection and outcome', async () => {
    const metrics = (await api.call('GET /metrics')).body as string;
    answers.push(metrics);
    expect(metrics).toMatch(
      /hub_provider_calls\{provider="b2binpay",connection="pay-\d+",operation="testConnection",outcome="answered"\} 1/,
    );
    expect(metrics).toMatch(/hub_connection_failures_in_row\{provider="b2binpay",connection="pay-\d+"\} 1/);
  });
});

describe('the doctor', () => {
  it('asks the provider of each connection and says what to do', async () => {
    const { name: well } = await create();
    const { name: ill } = await create({ settings: { ...good, clientSecret: CANARY } });
    const { name: off } = await create({ enabled: false });
    const findings = new Map<string, any>();
    for (const check of await connectionChecks(api.settings)) findings.set(check.name, await examine(check));
    answers.push(JSON.stringify([...findings]));
    expect(findings.get(`Connection ${well}`)).toMatchObject({ well: true, words: 'B2BINPAY accepts its settings' });
    expect(findings.get(`Connection ${ill}`)).toMatchObject({ well: false, remedy: expect.stringContaining('PATCH') });
    expect(findings.get(`Connection ${off}`)).toMatchObject({ well: true, words: 'switched off' });
  });
});

describe('rights', () => {
  it('are asked for reading and for writing', async () => {
    const reader = await api.operator(['connections.read']);
    expect((await reader.call('GET /api/v2/connections')).status).toBe(200);
    const body = { name: 'no', provider: 'b2binpay', settings: good };
    expect((await reader.call('POST /api/v2/connections', body)).status).toBe(403);
    expect((await (await api.operator(['clients.read'])).call('GET /api/v2/connections')).status).toBe(403);
  });
});

describe('a secret', () => {
  it('never left the hub in anything answered above', () => {
    expect(answers.length).toBeGreaterThan(30);
    const all = answers.join('\n');
    for (const secret of [CANARY, 'another', good['clientSecret'], good['callbackSecret']])
      expect(all).not.toContain(`"${secret as string}"`);
    expect(all).not.toContain(CANARY);
  });
});
