/** A client who is signed out sets a new password. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MoneyApi } from '../api/money-hub.ts';
import { eventually } from '../kit/hub.ts';
import { totpAt } from '../../activities/wizards/totp.ts';
import { KeyRing } from '../../config/key-ring.ts';
import { CONFIG_KEYS } from '../kit/keys.ts';
import {
  anEmail,
  codeSentTo,
  Device,
  fromBase32,
  mailsTo,
  otherThan,
  register,
  signIn,
  startWizardApi,
  reasons,
} from './devices.ts';
import { refusal, setBroker, SignedIn } from './signed-in.ts';

let api: MoneyApi;
beforeAll(async () => {
  api = await startWizardApi();
});
afterAll(() => api?.stop());
// All come from one address, which would have had its codes.
beforeEach(() => api.hub.pool.query(`delete from code_sending`));

const begin = (device: Device, email: string) =>
  device.step(`GET /my/2fa/unauthorized/challenge?businessProcess=restorePassword&email=${email}`);
const restore = (device: Device, successToken: string, password: string) =>
  device.call('POST /my/password/restore', { password }, { successtoken: successToken });
/** The code of the recovery, not the one of the registration before. */
const recoveryCode = async (email: string) => {
  await eventually(
    () => Promise.resolve(mailsTo(api, email).some((one) => one.startsWith('Your new password'))),
    'the mail',
  );
  return codeSentTo(api, email);
};

describe('a client who forgot his password', () => {
  it('is sent as many codes an hour as the broker lets go to an address that nobody has', async () => {
    const device = new Device(api);
    const { email } = await register(api, device);
    await setBroker(api, 'userConfirmation.codesAnHour', 15);
    await api.hub.pool.query(
      `insert into code_sending (recipient_mark, client_id, address_mark, type, channel)
       select '\\x00', client_id, '\\x00', 'passwordRecovery', 'email' from client, generate_series(1, 12) where email = $1`,
      [email],
    );
    expect((await begin(device, email)).provider).toBe('email');
    await api.hub.pool.query(`delete from broker_setting`);
  });

  it('sets a new one with a code; what was signed in is signed out, and he is told', async () => {
    const device = new Device(api);
    const { email, answer } = await register(api, device);
    const challenge = await begin(device, email);
    expect(challenge).toEqual({
      token: expect.any(String),
      provider: 'email',
      expiresAt: expect.stringMatching(/\+00:00$/),
    });
    const code = await recoveryCode(email);

    expect(
      reasons(await device.call('POST /my/2fa/challenge', { token: challenge.token, code: otherThan(code) })),
    ).toEqual([400, 'invalid_code']);
    const success = await device.step('POST /my/2fa/challenge', { token: challenge.token, code });
    expect(success).toEqual({ successToken: expect.any(String), expiresAt: expect.any(String) });
    // A lost answer is asked for again.
    expect(await device.step('POST /my/2fa/challenge', { token: challenge.token, code })).toEqual(success);

    const weak = await restore(device, success.successToken, 'short');
    expect([weak.status, weak.body.error.details[0].field]).toEqual([400, 'password']);
    const same = await restore(device, success.successToken, 'Secret123');
    expect([same.status, same.body.error.details[0].issue]).toEqual([
      400,
      'password must not be the one you have now.',
    ]);
    expect((await restore(device, success.successToken, 'NewSecret123')).status).toBe(204);

    // Said again it is the same; another password with a used token is refused.
    expect((await restore(device, success.successToken, 'NewSecret123')).status).toBe(204);
    expect((await restore(device, success.successToken, 'Other12345')).status).toBe(403);
    const old = { authorization: `Bearer ${answer.data.accessToken.token}` };
    await eventually(
      async () => (await device.call('GET /my/accounts', undefined, old)).status === 401,
      'the old token to die',
    );
    await eventually(
      () => Promise.resolve(mailsTo(api, email).some((one) => one.startsWith('Your password was changed'))),
      'the client to be told',
    );
    const { uuid } = await device.step('GET /my/signin/wizard');
    const signIn = { uuid, email, device_fingerprint: device.fingerprint };
    expect(reasons(await device.call('POST /my/signin', { ...signIn, password: 'Secret123' }))).toEqual([
      400,
      'bad_credentials',
    ]);
    expect((await device.step('POST /my/signin', { ...signIn, password: 'NewSecret123' })).code).toBe(202);
  });

  it('is answered as somebody who is no client, for whom nothing is sent', async () => {
    const device = new Device(api);
    const { email } = await register(api, device);
    const nobody = anEmail();
    const [known, unknown] = [await begin(device, email), await begin(device, nobody)];
    expect(Object.keys(unknown)).toEqual(Object.keys(known));
    expect(unknown.provider).toBe(known.provider);
    await recoveryCode(email);
    expect(mailsTo(api, nobody)).toEqual([]);
    for (const left of [4, 3, 2, 1])
      expect(
        (await device.call('POST /my/2fa/challenge', { token: unknown.token, code: '000000' })).body.error.details[0]
          .issue,
      ).toBe(`The code is incorrect. Attempts left: ${left}.`);
    expect(reasons(await device.call('POST /my/2fa/challenge', { token: unknown.token, code: '000000' }))).toEqual([
      429,
      'too_many_attempts',
    ]);
    expect(reasons(await device.call('POST /my/2fa/challenge', { token: unknown.token, code: '000000' }))).toEqual([
      404,
      'challenge_not_found',
    ]);
    // The limits of sending count for nobody as well.
    for (let n = 0; n < 4; n++) await begin(device, nobody);
    const over = await device.call(
      `GET /my/2fa/unauthorized/challenge?businessProcess=restorePassword&email=${nobody}`,
    );
    expect(reasons(over)).toEqual([429, 'resend_too_early']);
  });

  it('is asked for his app as well when he has one', async () => {
    const device = new Device(api);
    const { email } = await register(api, device);
    const secret = Buffer.from('12345678901234567890');
    await api.hub.pool.query(
      `with c as (select client_id from client where email = $1), f as (insert into client_factor (client_id, type) select client_id, 'google' from c)
       insert into client_totp (client_id, sealed) select client_id, $2 from c`,
      [email, new KeyRing(CONFIG_KEYS).seal(secret, 'totp')],
    );
    const { token } = await begin(device, email);
    const second = await device.step('POST /my/2fa/challenge', { token, code: await recoveryCode(email) });
    expect(second).toMatchObject({ token, provider: 'google' });
    expect(refusal(await device.call('POST /my/2fa/challenge', { token, resend: true }))).toEqual([
      409,
      'wrong_step',
      'token',
    ]);
    const code = totpAt(secret, Math.floor(Date.now() / 30_000));
    const success = await device.step('POST /my/2fa/challenge', { token, code });
    expect((await restore(device, success.successToken, 'NewSecret123')).status).toBe(204);
  });

  it('cannot go on without the code, with a made-up token, or with a token of another procedure', async () => {
    const device = new Device(api);
    const email = anEmail();
    const { uuid } = await register(api, device, email);
    expect(reasons(await device.call('POST /my/2fa/challenge', { token: uuid, code: '123456' }))).toEqual([
      404,
      'challenge_not_found',
    ]);
    const { token } = await begin(device, email);
    for (const guess of [token, 'nonsense', '36f59381-5b54-48bd-a0c7-3b908c476732'])
      expect((await restore(device, guess, 'NewSecret123')).status).toBe(403);
    expect((await device.call('POST /my/password/restore', { password: 'NewSecret123' })).status).toBe(403);
  });
});

/** What the owner does about it when he sees that somebody else reads his mailbox. */
const COUNTERMEASURES: Record<string, (client: SignedIn) => Promise<void>> = {
  'changed his password': async (client) => {
    const { token } = await client.step('GET /my/2fa/challenge?businessProcess=changePassword');
    const { successToken } = await client.step('POST /my/2fa/challenge', { token, code: await client.code() });
    const change = await client.call(
      'POST /my/password/change',
      { password: 'Owners1234' },
      { successtoken: successToken },
    );
    expect(change.status).toBe(204);
  },
  'switched an app on': async (client) => {
    const { uuid, data } = await client.step('GET /my/2fa/google/enable/wizard');
    const code = totpAt(fromBase32(data.key), Math.floor(Date.now() / 30_000));
    expect((await client.step('POST /my/2fa/wizard', { uuid, code })).code).toBe(202);
  },
  'changed his e-mail': async (client) => {
    const { uuid } = await client.step('GET /my/profile/wizard');
    const email = anEmail();
    await client.step('POST /my/profile/wizard', { uuid, email });
    await client.step('POST /my/profile/wizard', { uuid, code: await client.code() });
    expect((await client.step('POST /my/profile/wizard', { uuid, code: await client.code(email) })).code).toBe(202);
  },
  'been banned': async ({ id }) => {
    await api.hub.pool.query(`update client set status = 'banned' where client_id = $1`, [id]);
  },
};
const passwordOf = (clientId: number) =>
  api.hub.one<{ hash: string }>(`select password_hash as hash from client where client_id = $1`, [clientId]);

describe('whoever has shown the codes of a recovery', () => {
  beforeEach(() => setBroker(api, 'clients.requestForEmail', false));
  afterAll(() => api.hub.pool.query(`delete from broker_setting`));

  it.each(Object.keys(COUNTERMEASURES))('sets no password after the client has %s', async (what) => {
    const [client, thief] = [await SignedIn.up(api), new Device(api)];
    const { token } = await begin(thief, client.email);
    const { successToken } = await thief.step('POST /my/2fa/challenge', { token, code: await client.code() });
    await COUNTERMEASURES[what]!(client);
    const before = await passwordOf(client.id);
    expect(reasons(await restore(thief, successToken, 'Thiefs1234'))).toEqual([403, 'restricted']);
    expect(await passwordOf(client.id)).toEqual(before);
  });
});

describe('whoever has shown the code of a forced reset', () => {
  beforeEach(() => setBroker(api, 'clients.requestForEmail', false));
  afterAll(() => api.hub.pool.query(`delete from broker_setting`));

  it.each(Object.keys(COUNTERMEASURES))('sets no password after the client has %s', async (what) => {
    const [client, thief] = [await SignedIn.up(api), new Device(api)];
    await api.hub.pool.query(`update client set must_reset_password = true where client_id = $1`, [client.id]);
    const { uuid } = await signIn(thief, client.email);
    await thief.step('POST /my/signin/password/restore', { uuid });
    await thief.step('POST /my/signin/password/restore', { uuid, code: await client.code() });
    await COUNTERMEASURES[what]!(client);
    const before = await passwordOf(client.id);
    const last = await thief.call('POST /my/signin/password/reset', { uuid, password: 'Thiefs1234' });
    expect(reasons(last)).toEqual([403, 'restricted']);
    expect(await passwordOf(client.id)).toEqual(before);
  });
});
