import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestApi, startTestApi } from '../kit/api-client.ts';

const OURS = 'https://app.broker.example';
let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ env: { CORS_ORIGINS: `${OURS}, http://localhost:3000` } });
});
afterAll(() => api?.stop());

const from = (origin: string, headers: Record<string, string> = {}) => ({ headers: { origin, ...headers } });
const asking = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization,idempotency-key',
};

describe('a browser with a page of another origin', () => {
  it('may call when the broker named it, and read what answers say in headers', async () => {
    const may = await api.call('OPTIONS /api/v2/my/deposits', from(OURS, asking));
    expect(may.status).toBe(204);
    expect(may.headers.get('access-control-allow-origin')).toBe(OURS);
    expect(may.headers.get('access-control-allow-headers')).toBe('authorization,idempotency-key');
    expect(may.headers.get('access-control-allow-credentials')).toBeNull();
    const refused = await api.call('GET /api/v2/my/accounts', from('http://localhost:3000'));
    expect(refused.status).toBe(401); // a refusal that the page may read
    expect(refused.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
    expect(refused.headers.get('access-control-expose-headers')).toContain('Retry-After');
  });

  it('is told nothing of it otherwise, and an OPTIONS of no browser says what is possible', async () => {
    const may = await api.call('OPTIONS /api/v2/my/deposits', from('https://elsewhere.example', asking));
    expect(may.headers.get('access-control-allow-origin')).toBeNull();
    const possible = await api.call('OPTIONS /api/v2/my/accounts');
    expect([possible.status, possible.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
  });

  it('may not call where the broker named none', async () => {
    const alone = await startTestApi();
    const may = await alone.call('OPTIONS /api/v2/my/deposits', from(OURS, asking));
    await alone.stop();
    expect(may.headers.get('access-control-allow-origin')).toBeNull();
  });
});
