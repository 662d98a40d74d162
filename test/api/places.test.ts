import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openPlaces } from '../../api/kit/places.ts';
import { type Caller, type TestApi, startTestApi } from '../kit/api-client.ts';
import { mmdbOf } from '../kit/mmdb.ts';

const file = join(mkdtempSync(join(tmpdir(), 'hub-places-')), 'places.mmdb');
const malta = { country: { iso_code: 'MT', names: { en: 'Malta' } }, city: { names: { en: 'Valletta' } } };
const germany = { country: { iso_code: 'DE', names: { en: 'Germany' } } };

let api: TestApi;
let ann: Caller & { id: number };
beforeAll(async () => {
  writeFileSync(
    file,
    mmdbOf([
      { network: '203.0.113.0/24', place: malta },
      { network: '198.51.100.0/25', place: germany },
    ]),
  );
  api = await startTestApi({ env: { GEOIP_DATABASE: file } });
  ann = await api.client();
  for (const ip of ['203.0.113.7', '::ffff:198.51.100.7', '198.51.100.200', '2001:db8::7', 'nowhere'])
    await api.sql(
      `insert into authorization_record (client_id, status, ip, user_agent) values ($1, 'success', $2, 'Mozilla/5.0 (Windows NT 10.0) Firefox/120.0')`,
      [ann.id, ip],
    );
});
afterAll(() => api.stop());

describe('where somebody was', () => {
  const NOWHERE = [null, null];

  it('is told by his address, where the broker has a database of places', async () => {
    const { body } = await ann.call('GET /api/v2/my/authorizations');
    expect(body.data.map(({ country, city }: any) => [country, city])).toEqual([
      ['Malta', 'Valletta'],
      ['Germany', null],
      NOWHERE,
      NOWHERE,
      NOWHERE,
    ]);
    expect(body.data[0].device).toBe('Firefox 120, Windows 10');
  });

  it('is hidden with the address from those who must not see personal data', async () => {
    const masked = await api.operator(['clients.read'], { maskData: true });
    const { body } = await masked.call(`GET /api/v2/clients/authorizations?filter[clientId]=${ann.id}`);
    expect(body.data[0]).toMatchObject({ ip: '*', country: 'Malta', city: null, userAgent: null });
  });

  it('is not known without one; a file that is none is refused at the start', async () => {
    expect((await openPlaces(undefined))('203.0.113.7')).toEqual({ country: null, city: null });
    writeFileSync(`${file}.txt`, 'no database');
    await expect(openPlaces(`${file}.txt`)).rejects.toThrow();
    await expect(openPlaces(`${file}.gone`)).rejects.toThrow();
  });
});
