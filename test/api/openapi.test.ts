import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { additions } from '../../api/additions.ts';
import { type TestApi, startTestApi, unreachableTemporal } from '../kit/api-client.ts';
import { openApiOf } from '../kit/openapi.ts';

let api: TestApi;
let document: any;

beforeAll(async () => {
  api = await startTestApi({ temporal: unreachableTemporal(), additions });
  ({ document } = await openApiOf(api));
});
afterAll(() => api.stop());

interface Layer {
  route?: { path: string | string[]; methods: Record<string, boolean> };
  handle: { stack?: Layer[]; routes?: string[] };
}
/** Every route there really is, those inside of mounts too. Their prefixes are not kept by Express, so they come from the mounts. */
const mounted = (): string[] => {
  const stack = (api.app as unknown as { router: { stack: Layer[] } }).router.stack;
  const prefixes = ['/codec', '/socket.io', '/docs'];
  let mount = 0;
  return stack.flatMap(({ route, handle }) => {
    if (handle.routes) return handle.routes;
    if (route) return routesOf('', [{ route, handle }]);
    return handle.stack ? routesOf(prefixes[mount++]!, handle.stack) : [];
  });
};

const routesOf = (prefix: string, layers: Layer[]): string[] =>
  layers.flatMap(({ route }) =>
    route
      ? [route.path].flat().flatMap((path) =>
          Object.keys(route.methods)
            .filter((method) => method !== '_all')
            .map((method) => `${method} ${prefix}${path.replace(/:(\w+)/g, '{$1}')}`),
        )
      : [],
  );

/** Readiness says what is missing; providers are answered as each of them expects. */
const answersInOtherWords = (operationId: string) => ['getReadyz', 'postWebhook'].includes(operationId);

describe('the OpenAPI document', () => {
  it('names every mounted route and nothing else', () => {
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method} ${path}`),
    );
    // The files of the docs page are not methods of the API.
    const methods = mounted().filter((route) => !route.startsWith('get /docs/'));
    expect(methods.length).toBeGreaterThan(80);
    expect(methods.sort()).toEqual(documented.sort());
  });

  it('is 3.1 with a relative server, unique operation ids and a known error body for every failure', () => {
    expect(document).toMatchObject({
      openapi: '3.1.0',
      servers: [{ url: '/' }],
      components: { securitySchemes: { bearer: { scheme: 'bearer' } } },
    });
    const operations = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods as Record<string, any>),
    );
    const ids = operations.map((one) => one.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { operationId, responses } of operations) {
      for (const [status, response] of Object.entries<any>(responses)) {
        if (Number(status) < 400 || answersInOtherWords(operationId)) continue;
        expect([operationId, status, response.content['application/json'].schema]).toEqual([
          operationId,
          status,
          { $ref: '#/components/schemas/Error' },
        ]);
      }
    }
  });

  it('says that what a new object names may be nowhere, and that a file may be of any type', () => {
    expect(Object.keys(document.paths['/api/v2/templates'].post.responses)).toContain('404');
    const file = document.paths['/api/v2/documents/{documentId}/file'].get.responses['200'];
    expect(Object.keys(file.content)).toEqual(['*/*']);
  });

  it('lets no object of ours carry more members than it names', () => {
    const open = Object.entries<any>(document.components.schemas).filter(
      ([name, schema]) => schema.properties && schema.additionalProperties !== false && !name.startsWith('Payload'),
    );
    expect(open.map(([name]) => name)).toEqual([]);
  });
});

describe('the docs page', () => {
  it('is served by us alone, without inline script', async () => {
    const page = await api.call('GET /docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(page.body).not.toMatch(/<script(?![^>]*\ssrc=)/);
    const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      expect(file).toMatch(/^\/docs\//);
      expect([file, (await api.call(`GET ${file}`)).status]).toEqual([file, 200]);
    }
  });
});

describe('every answer', () => {
  it("carries a request id: the caller's when it is a sane one", async () => {
    expect((await api.call('GET /livez', { headers: { 'x-request-id': 'abc-1' } })).headers.get('x-request-id')).toBe(
      'abc-1',
    );
    expect(
      (await api.call('GET /livez', { headers: { 'x-request-id': 'a b<script>' } })).headers.get('x-request-id'),
    ).toMatch(/^[0-9a-f-]{36}$/);
    const missing = await api.call('GET /nothing', { headers: { 'x-request-id': 'abc-2' } });
    expect(missing.body.error.requestId).toBe('abc-2');
  });

  it('is kept by nobody and shown in no page, unless it is a page of ours', async () => {
    for (const path of ['/livez', '/openapi.json', '/nothing', '/docs/nothing', '/api/v2/clients']) {
      const { headers } = await api.call(`GET ${path}`);
      expect({ path, ...Object.fromEntries(headers) }).toMatchObject({
        path,
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
    }
    const [page, style] = [await api.call('GET /docs'), await api.call('GET /docs/swagger-ui.css')];
    for (const { headers } of [page, style]) {
      expect(Object.fromEntries(headers)).toMatchObject({
        'content-security-policy': expect.stringContaining("style-src 'self'"),
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'SAMEORIGIN',
      });
    }
    expect(style.headers.get('cache-control')).toContain('max-age=3600');
  });
});

describe('metrics', () => {
  it('count by route pattern, never by address', async () => {
    await api.call('GET /api/v2/clients/424242');
    const text = (await api.call('GET /metrics')).body as string;
    expect(text).toContain('route="/api/v2/clients/{clientId}",status="401"');
    expect(text).not.toContain('424242');
    for (const name of ['hub_db_pool_connections', 'hub_needs_human', 'hub_open_requests', 'hub_parked_webhooks'])
      expect(text).toContain(name);
  });
});
