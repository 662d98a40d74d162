/** Apps send the parameters of pages to every list, also to those that are short by nature. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { additions } from '../../api/additions.ts';
import { seedDemo } from '../../db/seed/demo.ts';
import { type Caller, type TestApi, startTestApi, unreachableTemporal } from '../kit/api-client.ts';
import { openApiOf } from '../kit/openapi.ts';

let api: TestApi;
let client: Caller & { id: number };

beforeAll(async () => {
  api = await startTestApi({ temporal: unreachableTemporal(), additions });
  await seedDemo(api.deps.pool, api.settings.configKeys, [
    { provider: 'b2binpay', name: 'b2binpay', caption: 'B2BinPay', config: {} },
  ]);
  await api.sql(`update connection set enabled = true`);
  await api.sql(
    `update payment_method set enabled = true, fields = '[{"name": "address"}]' where direction = 'withdrawal'`,
  );
  client = await api.client();
});
afterAll(() => api.stop());

const list = async (path: string, query = '') => client.call(`GET /api/v2${path}${query}`);

it('every list of a client takes limit and offset', async () => {
  const { document, resolved } = await openApiOf(api);
  const lists = Object.entries<any>(document.paths).filter(([path, { get }]) => {
    const schema = resolved(get?.responses['200']?.content?.['application/json']?.schema);
    return path.startsWith('/api/v2/my/') && schema?.properties?.total && schema.properties.data;
  });
  const unpaged = lists.filter(([, { get }]) => {
    const names = (get.parameters ?? []).map(({ name }: { name: string }) => name);
    return !names.includes('limit') || !names.includes('offset');
  });
  expect(lists.length).toBeGreaterThan(20);
  expect(unpaged.map(([path]) => path)).toEqual([]);
});

it('short ones are whole unless a part of them is asked for', async () => {
  await api.sql(
    `insert into client_address (client_id, type, country_id, address) select $1, 'mailing', 276, 'Street ' || n from generate_series(1, 25) n`,
    [client.id],
  );
  for (const path of ['/my/addresses', '/my/2fa', '/my/verifications/levels', '/my/withdrawals/policies/currencies']) {
    const { total, data } = (await list(path)).body;
    expect([path, data.length]).toEqual([path, total]);
    expect([path, total > 0]).toEqual([path, true]);
    for (const [limit, offset] of [
      [1, 0],
      [2, 1],
      [1000, total],
    ]) {
      const page = await list(path, `?limit=${limit}&offset=${offset}`);
      expect([path, page.status, page.body]).toMatchObject([
        path,
        200,
        { total, data: data.slice(offset, offset + limit) },
      ]);
    }
  }
});

it('what is no page, and what nobody knows, is refused by name', async () => {
  for (const [query, field] of [
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=x', 'limit'],
    ['offset=-1', 'offset'],
    ['page=2', 'page'],
    ['filter[type]=x', 'filter[type]'],
  ] as const) {
    const { status, body } = await list('/my/addresses', `?${query}`);
    expect([query, status, body.error?.details[0].field]).toEqual([query, 400, field]);
  }
});
