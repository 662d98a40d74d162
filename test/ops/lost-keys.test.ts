/** What was sealed with a key that nobody has any more, after the settings were entered again. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { receiverOf } from '../../api/webhooks/receivers.ts';
import { KeyRing } from '../../config/key-ring.ts';
import {
  openConnectionRow,
  replaceSettings,
  retiredSettings,
  sealSettings,
} from '../../db/repositories/connections.ts';
import { randomKeys } from '../kit/api-client.ts';
import { TestHub } from '../kit/hub.ts';
import { CONFIG_KEYS } from '../kit/keys.ts';

let hub: TestHub;
let connection: number;
const ring = new KeyRing(CONFIG_KEYS);
const lost = new KeyRing(randomKeys());

beforeAll(async () => {
  hub = await TestHub.start();
  ({ connection } = await hub.methodId('usdt-invoice'));
});
afterAll(() => hub?.stop());

const settings = async () => openConnectionRow(hub.pool, ring, connection);

it('is asked with the present settings, and callbacks are proved by those that can be read', async () => {
  const { config, version } = await settings();
  await hub.pool.query(`update connection set config = $2 where id = $1`, [connection, sealSettings(lost, config)]);
  await replaceSettings(hub.pool, connection, sealSettings(ring, config));
  expect((await openConnectionRow(hub.pool, ring, connection, { version })).config).toEqual(config);
  expect(await retiredSettings(hub.pool, ring, connection)).toEqual([]);
  expect(await receiverOf(hub.pool, ring, 'http://127.0.0.1')(connection)).not.toBeNull();
});

it('does not hide the secrets of the last day, however often something else was changed since', async () => {
  const { config } = await settings();
  const old = { ...(config as object), callbackSecret: 'of this morning' };
  await replaceSettings(hub.pool, connection, sealSettings(ring, old));
  for (let n = 0; n < 5; n++) await replaceSettings(hub.pool, connection, sealSettings(ring, config));
  expect(await retiredSettings(hub.pool, ring, connection)).toContainEqual(old);
});
