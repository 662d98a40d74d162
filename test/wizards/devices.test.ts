/** The devices clients sign in from: listed, left behind, told where push messages go. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MoneyApi } from '../api/money-hub.ts';
import { meanwhile } from '../kit/meanwhile.ts';
import { Device, PASSWORD, register, startWizardApi } from './devices.ts';

let api: MoneyApi;
beforeAll(async () => {
  api = await startWizardApi();
});
afterAll(() => api?.stop());
// All come from one address, which would have had its codes.
beforeEach(() => api.hub.pool.query(`delete from code_sending`));

const PHONE =
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36';

const bearer = (tokens: any) => ({ authorization: `Bearer ${tokens.accessToken.token}` });
const signIn = async (device: Device, email: string) => {
  const { uuid } = await device.step('GET /my/signin/wizard');
  const body = { uuid, email, password: PASSWORD, device_fingerprint: device.fingerprint };
  return (await device.step('POST /my/signin', body)).data;
};
/** Somebody on his computer and his phone. */
const onTwoDevices = async () => {
  const [computer, phone] = [new Device(api), new Device(api, PHONE)];
  const { email, answer } = await register(api, computer);
  const onPhone = await signIn(phone, email);
  const { id } = await api.hub.one<{ id: number }>(`select client_id as id from client where email = $1`, [email]);
  const devices = (await phone.call('GET /my/devices', undefined, bearer(onPhone))).body.data;
  return { id, email, computer, phone, onComputer: answer.data, onPhone, devices };
};

describe('a device', () => {
  it('is there once somebody signed in on it, and is known again', async () => {
    const { email, phone, computer, onPhone, onComputer, devices } = await onTwoDevices();
    const seen = {
      createTime: expect.any(String),
      lastSeenTime: expect.any(String),
      country: null,
      city: null,
      ip: '127.0.0.1',
    };
    const deviceId = expect.any(Number);
    expect(devices).toEqual([
      {
        ...seen,
        deviceId,
        name: expect.stringMatching(/^Browser /),
        type: 'app',
        os: null,
        browser: null,
        userAgent: computer.agent,
        isCurrent: false,
      },
      {
        ...seen,
        deviceId,
        name: 'Chrome 120, Android 14',
        type: 'mobile',
        os: 'Android 14',
        browser: 'Chrome 120',
        userAgent: PHONE,
        isCurrent: true,
      },
    ]);
    const [first] = devices;
    const mine = await computer.call(`GET /my/devices/${first.deviceId}`, undefined, bearer(onComputer));
    expect(mine.body).toMatchObject({ deviceId: first.deviceId, isCurrent: true });
    await signIn(phone, email);
    await api.hub.pool.query(
      `update client_device set last_seen_time = '2020-01-01', ip = '203.0.113.9' where device_id = $1`,
      [devices[1].deviceId],
    );
    const refreshToken = onPhone.refreshToken.token;
    const next = await phone.step('POST /my/refresh', { refreshToken, deviceFingerprint: phone.fingerprint });
    const { body } = await phone.call('GET /my/devices', undefined, bearer(next));
    expect(body.total).toBe(2);
    expect(body.data[1]).toMatchObject({ deviceId: devices[1].deviceId, ip: '127.0.0.1', isCurrent: true });
    expect(body.data[1].lastSeenTime > '2021').toBe(true);
  });

  it('is left behind by its client: nobody is signed in there any more', async () => {
    const { computer, phone, onComputer, onPhone, devices } = await onTwoDevices();
    const [first] = devices;
    expect((await phone.call(`DELETE /my/devices/${first.deviceId}`, undefined, bearer(onPhone))).status).toBe(204);
    expect((await computer.call('GET /my/accounts', undefined, bearer(onComputer))).status).toBe(401);
    expect((await computer.call('POST /my/refresh', { refreshToken: onComputer.refreshToken.token })).status).toBe(401);
    expect((await phone.call('GET /my/devices', undefined, bearer(onPhone))).body.total).toBe(1);
    expect((await phone.call(`DELETE /my/devices/${first.deviceId}`, undefined, bearer(onPhone))).status).toBe(404);
  });

  it('that is being deleted keeps no refresh of its tokens waiting', async () => {
    const { phone, onPhone, devices } = await onTwoDevices();
    const deletion = await api.hub.pool.connect();
    await deletion.query('begin');
    await deletion.query(`select from client_device where device_id = $1 for update`, [devices[1].deviceId]);
    const refreshToken = onPhone.refreshToken.token;
    const next = await phone.step('POST /my/refresh', { refreshToken, deviceFingerprint: phone.fingerprint });
    await deletion.query('commit');
    deletion.release();
    expect((await phone.call('GET /my/devices', undefined, bearer(next))).status).toBe(200);
  });

  it('is kept under the name of its program, without what is no text', async () => {
    const { email } = await onTwoDevices();
    for (const [agent, kept] of [
      ['Evil\0 Phone\ud800', 'Evil Phone'],
      [`${'x'.repeat(499)}\u{1f600}`, 'x'.repeat(499)],
    ]) {
      const device = new Device(api);
      const { uuid } = await device.step('GET /my/signin/wizard');
      const fingerprint = Buffer.from(JSON.stringify({ user_agent: agent })).toString('base64');
      const { data } = await device.step('POST /my/signin', {
        ...{ uuid, email, password: PASSWORD, device_fingerprint: fingerprint },
      });
      const { body } = await device.call('GET /my/devices', undefined, bearer(data));
      expect(body.data.find((one: any) => one.isCurrent).userAgent).toBe(kept);
    }
    const empty = Buffer.from(JSON.stringify({ user_agent: '\0' })).toString('base64');
    const device = new Device(api);
    const { uuid } = await device.step('GET /my/signin/wizard');
    const body = { uuid, email, password: PASSWORD, device_fingerprint: empty };
    const refused = await device.call('POST /my/signin', body);
    expect([refused.status, refused.body.error.details[0].field]).toEqual([400, 'device_fingerprint']);
  });

  it('is nobody else’s: neither to see nor to delete, also when both use the same program', async () => {
    const { phone, devices, onPhone } = await onTwoDevices();
    const other = await onTwoDevices();
    const route = `/my/devices/${other.devices[1].deviceId}`;
    for (const method of ['GET', 'DELETE'])
      expect((await phone.call(`${method} ${route}`, undefined, bearer(onPhone))).status).toBe(404);
    await phone.call(`DELETE /my/devices/${devices[1].deviceId}`, undefined, bearer(onPhone));
    expect((await other.phone.call('GET /my/accounts', undefined, bearer(other.onPhone))).status).toBe(200);
  });

  it('is seen and ended by operators who may', async () => {
    const { id, phone, onPhone, devices } = await onTwoDevices();
    const olga = await api.operator(['devices.read', 'devices.delete']);
    const { body } = await olga.call(`GET /devices?filter[clientId]=${id}`);
    expect(body.data.map((one: any) => [one.clientId, one.deviceId])).toEqual(
      devices.map((one: any) => [id, one.deviceId]),
    );
    expect((await (await api.operator(['devices.read'])).call(`DELETE /devices/${devices[1].deviceId}`)).status).toBe(
      403,
    );
    expect((await olga.call(`DELETE /devices/${devices[1].deviceId}`)).status).toBe(204);
    expect((await phone.call('POST /my/refresh', { refreshToken: onPhone.refreshToken.token })).status).toBe(401);
    expect((await olga.call(`GET /devices/${devices[1].deviceId}`)).status).toBe(404);
    const noted = await api.hub.one<{ action: string }>(`select action from audit where object = $1`, [
      `device:${devices[1].deviceId}`,
    ]);
    expect(noted.action).toBe('devices.delete');
  });
});

describe('a push token', () => {
  it('is of no device when its device is deleted at the moment', async () => {
    const { id, phone, onPhone, devices } = await onTwoDevices();
    const token = `late-${id}`;
    const added = await meanwhile(
      api.hub.pool,
      (db) => db.query(`delete from client_device where device_id = $1`, [devices[1].deviceId]),
      () => phone.call('POST /my/devices/tokens', { token }, bearer(onPhone)),
    );
    expect(added.status).toBe(201);
    expect(await api.hub.one(`select device_id as device from client_push_token where token = $1`, [token])).toEqual({
      device: null,
    });
  });

  it('belongs to whoever signed in there last, and goes with the device', async () => {
    const { id, phone, onPhone, devices } = await onTwoDevices();
    const token = `apns-${id}`;
    const add = (who: { phone: Device; onPhone: any }, body: object) =>
      who.phone.call('POST /my/devices/tokens', body, bearer(who.onPhone));
    const first = await add({ phone, onPhone }, { token });
    expect(first).toMatchObject({ status: 201, body: { id: expect.any(String), token } });
    expect((await add({ phone, onPhone }, { token })).body).toEqual(first.body);
    const other = await onTwoDevices();
    expect((await add(other, { token })).status).toBe(201);
    expect((await phone.call(`DELETE /my/devices/tokens/${token}`, undefined, bearer(onPhone))).status).toBe(404);
    expect(
      (await other.phone.call(`DELETE /my/devices/tokens/${token}`, undefined, bearer(other.onPhone))).status,
    ).toBe(204);
    for (const bad of [{ token: '' }, { token: 'two words' }, { token: 'x'.repeat(513) }, {}])
      expect((await add({ phone, onPhone }, bad)).status).toBe(400);
    await add({ phone, onPhone }, { token });
    await phone.call(`DELETE /my/devices/${devices[1].deviceId}`, undefined, bearer(onPhone));
    expect((await api.hub.pool.query('select from client_push_token where token = $1', [token])).rowCount).toBe(0);
  });
});
