import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { additions } from '../../api/additions.ts';
import { letsIn, compilePolicies, subnetOf } from '../../api/kit/address-policies.ts';
import { routeMatches } from '../../domain/route-patterns.ts';
import { type Caller, type TestApi, startTestApi, unreachableTemporal } from '../kit/api-client.ts';
import { eventually } from '../kit/hub.ts';

/** Less than what is remembered is believed for anyway. */
const SOON = 2_500;
const STRANGER = '203.0.113.7';

let api: TestApi;
let second: TestApi;
let admin: Caller & { id: number };

beforeAll(async () => {
  const behindProxy = { temporal: unreachableTemporal(), additions };
  api = await startTestApi({ ...behindProxy, env: { TRUST_PROXY: '1' } });
  second = await startTestApi({
    ...behindProxy,
    env: { TRUST_PROXY: '1', DATABASE_URL: api.settings.databaseUrl, JWT_PRIVATE_KEY: api.settings.jwtPrivateKey },
  });
  admin = await api.operator();
});
afterAll(async () => {
  await second?.stop();
  await api?.stop();
});
/** What this test saw denied: the lists are gone when it is not any more. */
const denied: [path: string, address: string, at: TestApi][] = [];
afterEach(async () => {
  await api.sql('delete from security_policy');
  for (const [path, address, at] of denied.splice(0))
    await eventually(async () => (await statusFrom(path, address, at)) !== 403, `${path} to be open again`, SOON);
});

const from = (address: string) => ({ 'x-forwarded-for': address });
const ask = (path: string, address: string, at = api) =>
  at.call(`GET ${path}`, { token: admin.token, headers: from(address) });
const statusFrom = async (path: string, address: string, at = api) => (await ask(path, address, at)).status;
const save = (body: object) => admin.call('POST /api/v2/security/policies', body);
const becomes = async (status: number, path: string, address: string, at = api) => {
  if (status === 403) denied.push([path, address, at]);
  await eventually(async () => (await statusFrom(path, address, at)) === status, `${status} for ${path}`, SOON);
};

describe('a black list', () => {
  it('is in force at once in every process, and until it is switched off', async () => {
    const made = await save({ permission: 'deny', ip: '203.0.113.0/24', route: '/api/*', comment: 'attack' });
    expect(made).toMatchObject({
      status: 201,
      body: { active: true, permission: 'deny', ip: '203.0.113.0/24', route: '/api/*', comment: 'attack' },
    });
    await becomes(403, '/api/v2/tags', STRANGER);
    await becomes(403, '/api/v2/tags', STRANGER, second);
    expect(await ask('/api/v2/nowhere', STRANGER)).toMatchObject({
      status: 403,
      body: { error: { details: [{ reason: 'address_denied' }] } },
    });
    expect(await statusFrom('/api/v2/tags', '203.0.114.7')).toBe(200);
    expect(await statusFrom('/openapi.json', STRANGER)).toBe(200);

    for (const method of ['PUT', 'PATCH']) {
      const off = await admin.call(`${method} /api/v2/security/policies/${made.body.id}`, { active: method === 'PUT' });
      expect(off).toMatchObject({ status: 200, body: { active: method === 'PUT' } });
    }
    await becomes(200, '/api/v2/tags', STRANGER, second);
    expect(await api.sql(`select action from audit where object = $1`, [`security-policy:${made.body.id}`])).toEqual([
      { action: 'policies.create' },
      { action: 'policies.update' },
      { action: 'policies.update' },
    ]);
  });

  it('blocks what is below a route, and not the route itself', async () => {
    await save({ permission: 'deny', ip: STRANGER, route: '/api/v2/accounts/*' });
    await becomes(403, '/api/v2/accounts/1', STRANGER);
    expect(await statusFrom('/api/v2/accounts', STRANGER)).toBe(200);
    expect(await statusFrom('/api/v2/accounts/', STRANGER)).toBe(200);
  });

  it('knows IPv6 subnets, and an IPv4 address that is written as IPv6', async () => {
    await save({ permission: 'deny', ip: '2001:db8::/32', route: '/api/*' });
    await save({ permission: 'deny', ip: '203.0.113.0/24', route: '/api/*' });
    await becomes(403, '/api/v2/tags', `::ffff:${STRANGER}`);
    await becomes(403, '/api/v2/tags', '2001:db8:1::1');
    expect(await statusFrom('/api/v2/tags', '2001:db9::1')).toBe(200);
    expect(await statusFrom('/api/v2/tags', '::ffff:203.0.114.7')).toBe(200);
  });

  it('never closes the doors of load balancers, nor those of providers unless it names them', async () => {
    await save({ permission: 'deny', ip: STRANGER, route: '/*' });
    await becomes(403, '/docs', STRANGER);
    expect(await statusFrom('/livez', STRANGER)).toBe(200);
    const callback = () => api.call('POST /webhooks/1', { body: {}, headers: from(STRANGER) });
    expect((await callback()).status).toBe(401);
    await save({ permission: 'deny', ip: STRANGER, route: '/webhooks/*' });
    await eventually(async () => (await callback()).status === 403, 'callbacks to be denied', SOON);
  });
});

describe('a white list', () => {
  it('opens its route to its addresses only, and a black list wins over it', async () => {
    await save({ permission: 'allow', ip: '198.51.100.0/24', route: '/api/v2/tags' });
    await save({ permission: 'allow', ip: '192.0.2.4', route: '/api/v2/tags' });
    await becomes(403, '/api/v2/tags', STRANGER);
    expect(await statusFrom('/api/v2/tags', '198.51.100.9')).toBe(200);
    // Of the second list word may come later: until then the first one keeps him out.
    await becomes(200, '/api/v2/tags', '192.0.2.4');
    expect(await statusFrom('/api/v2/clients', STRANGER)).toBe(200);
    await save({ permission: 'deny', ip: '198.51.100.9', route: '/api/*' });
    await becomes(403, '/api/v2/tags', '198.51.100.9');
  });
});

describe('an operator', () => {
  it('cannot lock himself out without saying so', async () => {
    const refused = { status: 409, body: { error: { details: [{ reason: 'locks_out', field: 'ip' }] } } };
    expect(await save({ permission: 'deny', ip: '127.0.0.0/8', route: '/api/v2/my/*' })).toMatchObject(refused);
    expect(await save({ permission: 'allow', ip: STRANGER, route: '/api/*' })).toMatchObject(refused);
    expect(await save({ permission: 'allow', ip: STRANGER, route: '/api/v2/signin' })).toMatchObject(refused);
    expect(await api.sql('select from security_policy')).toEqual([]);

    const harmless = { permission: 'deny', ip: '127.0.0.1', route: '/api/*', active: false };
    const made = await save(harmless);
    expect(made.status).toBe(201);
    const policy = `/api/v2/security/policies/${made.body.id}`;
    expect(await admin.call(`PATCH ${policy}`, { active: true })).toMatchObject(refused);
    expect((await admin.call(`GET ${policy}`)).body.active).toBe(false);
    expect((await admin.call(`PATCH ${policy}`, { active: true, force: true })).status).toBe(200);
    await becomes(403, policy, '127.0.0.1');
  });

  it('cannot take away the list that lets him in, either', async () => {
    const mine = (await save({ permission: 'allow', ip: '127.0.0.1', route: '/api/*' })).body.id;
    const partner = (await save({ permission: 'allow', ip: STRANGER, route: '/api/*' })).body.id;
    expect(await admin.call(`DELETE /api/v2/security/policies/${mine}`)).toMatchObject({
      status: 409,
      body: { error: { details: [{ reason: 'locks_out' }] } },
    });
    expect((await admin.call(`DELETE /api/v2/security/policies/${partner}`)).status).toBe(204);
    expect((await admin.call(`DELETE /api/v2/security/policies/${mine}`)).status).toBe(204);
  });

  it('is told what is wrong with a list', async () => {
    const good = { permission: 'deny', ip: STRANGER, route: '/api/*' };
    for (const [field, value] of [
      ...['203.0.113', '203.0.113.0/33', '::/129', 'fe80::1%eth0', '010.0.0.1', '', 'example.com', '1.2.3.4/'].map(
        (ip) => ['ip', ip],
      ),
      ...['api/*', '', '/a b', 'platform_proxy', '/api/v2/%61ccounts'].map((route) => ['route', route]),
      ['permission', 'block'],
      ['active', 'yes'],
    ] as [string, string][]) {
      expect([field, value, await save({ ...good, [field]: value })]).toMatchObject([
        field,
        value,
        { status: 400, body: { error: { details: [{ field }] } } },
      ]);
    }
    expect((await save({ ...good, colour: 'red' })).body.error.details[0].field).toBe('colour');
    expect((await admin.call('PATCH /api/v2/security/policies/999999', { active: false })).status).toBe(404);
  });

  it('finds lists by what they say', async () => {
    await save({ permission: 'deny', ip: STRANGER, route: '/api/v2/tags' });
    await save({ permission: 'deny', ip: '203.0.113.8', route: '/api/*', active: false });
    const total = async (query: string) => (await admin.call(`GET /api/v2/security/policies?${query}`)).body.total;
    expect(await total('')).toBe(2);
    expect(await total('filter[active]=true')).toBe(1);
    expect(await total(`filter[ip]=${STRANGER}`)).toBe(1);
    expect(await total('filter[permission]=allow')).toBe(0);
    expect(await total('filter[route]=/api/*&sort_by=createTime')).toBe(1);
    expect(await total('filter[rout]=/api/*')).toBe(1);
  });
});

describe('a route pattern', () => {
  it.each([
    ['/api/*', '/api/v2/tags', true],
    ['/api/*', '/api', false],
    ['/api*', '/api', true],
    ['/api/v2/accounts/*', '/api/v2/accounts', false],
    ['/api/v2/accounts/*', '/api/v2/accounts/', false],
    ['/api/v2/accounts/*', '/api/v2/accounts/1/statement', true],
    ['/api/v2/accounts', '/api/v2/accounts/1', false],
    ['/api/v2/*/photo', '/api/v2/clients/1/photo', true],
    ['/api/v2/*/photo', '/api/v2/photo', false],
    ['/*/a/*/b', '/x/a/b', false],
    ['/ab*ba', '/aba', false],
    ['/*', '/webhooks/1', false],
    ['/webhooks/*', '/webhooks/1', true],
    ['/*', '/webhooks-of-ours', true],
  ] as const)('%s and %s: %s', (pattern, path, matches) => {
    expect(routeMatches(pattern, path)).toBe(matches);
  });

  it('is matched in time that grows with the path only', () => {
    const path = `/${'a'.repeat(60_000)}`;
    expect(routeMatches(`/${'*a'.repeat(95)}*b`, path)).toBe(false);
  });
});

describe('a subnet', () => {
  it('holds addresses of its own family only', () => {
    expect(subnetOf('::/0')?.('203.0.113.7')).toBe(false);
    expect(subnetOf('::/0')?.('2001:db8::1')).toBe(true);
    expect(subnetOf('0.0.0.0/0')?.('2001:db8::1')).toBe(false);
    expect(subnetOf('::ffff:203.0.113.0/120')?.('203.0.113.7')).toBe(true);
    expect(subnetOf('203.0.113.9/24')?.('::ffff:cb00:7107')).toBe(true);
  });

  it('leaves a caller whose address nobody can read outside of white lists', () => {
    const lists = compilePolicies([{ permission: 'allow', ip: '0.0.0.0/0', route: '/api/*' }]);
    expect(letsIn(lists, 'unknown', '/api/v2/tags')).toBe(false);
    expect(letsIn(lists, '', '/api/v2/tags')).toBe(false);
    expect(letsIn(lists, 'fe80::1%eth0', '/docs')).toBe(true);
  });
});
