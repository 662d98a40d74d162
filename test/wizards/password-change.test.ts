/** A client who is signed in changes his password. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MoneyApi } from '../api/money-hub.ts';
import { eventually } from '../kit/hub.ts';
import {
  codesSentTo,
  codeSentTo,
  Device,
  mailsTo,
  otherThan,
  PASSWORD,
  registerAndStay,
  signIn,
  startWizardApi,
  reasons,
  nextCodeTo,
} from './devices.ts';
import { turnOn } from './signed-in.ts';

let api: MoneyApi;
beforeAll(async () => {
  api = await startWizardApi();
});
afterAll(() => api?.stop());
// All come from one address, which would have had its codes.
beforeEach(() => api.hub.pool.query(`delete from code_sending`));

const NEW = 'NewSecret123';
const challenge = (device: Device) => device.step('GET /my/2fa/challenge?businessProcess=changePassword');
const answer = (device: Device, token: string, code: string) => device.call('POST /my/2fa/challenge', { token, code });
const change = (device: Device, successToken: string, password: string) =>
  device.call('POST /my/password/change', { password }, { successtoken: successToken });
const isAlive = async (device: Device) => (await device.call('GET /my/accounts')).status === 200;
const changeCode = async (email: string) => {
  await eventually(
    () => Promise.resolve(mailsTo(api, email).some((one) => one.startsWith('Your code to confirm'))),
    'the mail',
  );
  return codeSentTo(api, email);
};
const success = async (device: Device, email: string): Promise<string> => {
  const { token } = await challenge(device);
  return (await answer(device, token, await changeCode(email))).body.successToken;
};
const signedInOn = async (device: Device, email: string): Promise<Device> => {
  device.token = (await signIn(device, email)).data.accessToken.token;
  return device;
};

describe('a client who is signed in', () => {
  it('changes the password with a code; where he does so he stays signed in, elsewhere he is signed out, and is told', async () => {
    const [device, phone] = [new Device(api), new Device(api)];
    const { email, clientId } = await registerAndStay(api, device);
    await signedInOn(phone, email);
    const asked = await challenge(device);
    expect(asked).toEqual({
      token: expect.any(String),
      provider: 'email',
      expiresAt: expect.stringMatching(/\+00:00$/),
    });
    const code = await changeCode(email);
    const wrong = await answer(device, asked.token, otherThan(code));
    expect(wrong.body.error.details[0]).toMatchObject({
      reason: 'invalid_code',
      issue: 'The code is incorrect. Attempts left: 4.',
    });
    const { body: given } = await answer(device, asked.token, code);
    expect(given).toEqual({ successToken: expect.any(String), expiresAt: expect.any(String) });
    // A lost answer is asked for again.
    expect((await answer(device, asked.token, code)).body).toEqual(given);

    const weak = await change(device, given.successToken, 'short');
    expect([weak.status, weak.body.error.details[0].field]).toEqual([400, 'password']);
    const same = await change(device, given.successToken, PASSWORD);
    expect([same.status, same.body.error.details[0].issue]).toEqual([
      400,
      'password must not be the one you have now.',
    ]);
    expect((await change(device, given.successToken, NEW)).status).toBe(204);
    // Said again it is the same; another password with a used token is refused.
    expect((await change(device, given.successToken, NEW)).status).toBe(204);
    expect((await change(device, given.successToken, 'Other12345')).status).toBe(403);

    await eventually(async () => !(await isAlive(phone)), 'the other sign-in to be over');
    expect(await isAlive(device)).toBe(true);
    await eventually(
      () => Promise.resolve(mailsTo(api, email).some((one) => one.startsWith('Your password was changed'))),
      'the client to be told',
    );
    expect(await api.hub.one(`select type, ip, user_id from password_change where client_id = $1`, [clientId])).toEqual(
      { type: 'changed', ip: expect.stringContaining('127.0.0.1'), user_id: null },
    );
    expect((await signIn(new Device(api), email, NEW)).code).toBe(202);
  });

  it('begins on one device and ends on another: the other one stays signed in', async () => {
    const [device, phone] = [new Device(api), new Device(api)];
    const { email } = await registerAndStay(api, device);
    await signedInOn(phone, email);
    const token = await success(device, email);
    expect((await change(phone, token, NEW)).status).toBe(204);
    await eventually(async () => !(await isAlive(device)), 'the first sign-in to be over');
    expect(await isAlive(phone)).toBe(true);
  });

  it('is sent another code when he asks for it, not at once', async () => {
    const device = new Device(api);
    const { email, clientId } = await registerAndStay(api, device);
    const { token } = await challenge(device);
    const code = await changeCode(email);
    const resend = () => device.call('POST /my/2fa/challenge', { token, resend: true });
    expect(reasons(await resend())).toEqual([429, 'resend_too_early']);
    const { id } = await api.hub.one<{ id: number }>(
      `select id from wizard_run where client_id = $1 and type = 'passwordChange'`,
      [clientId],
    );
    await api.hub.pool.query(
      `update wizard_code set sent_at = now() - interval '1 hour', expires_at = now() where run_id = $1`,
      [id],
    );
    expect(reasons(await answer(device, token, code))).toEqual([400, 'code_expired']);
    const before = codesSentTo(api, email).length;
    expect((await resend()).body).toMatchObject({ token, provider: 'email' });
    expect((await answer(device, token, await nextCodeTo(api, email, before))).body).toHaveProperty('successToken');
  });

  it('has five tries', async () => {
    const device = new Device(api);
    const { email } = await registerAndStay(api, device);
    const { token } = await challenge(device);
    const wrong = otherThan(await changeCode(email));
    for (let n = 0; n < 4; n++) expect(reasons(await answer(device, token, wrong))).toEqual([400, 'invalid_code']);
    expect(reasons(await answer(device, token, wrong))).toEqual([429, 'too_many_attempts']);
    expect(reasons(await answer(device, token, wrong))).toEqual([404, 'challenge_not_found']);
  });

  it('cannot go on with what is somebody else’s, signed out, or of another procedure', async () => {
    const [device, other, nobody] = [new Device(api), new Device(api), new Device(api)];
    const { email } = await registerAndStay(api, device);
    await registerAndStay(api, other);
    const { token } = await challenge(device);
    const code = await changeCode(email);
    expect(reasons(await answer(other, token, code))).toEqual([404, 'challenge_not_found']);
    expect(reasons(await answer(nobody, token, code))).toEqual([401, 'unauthenticated']);
    const given = (await answer(device, token, code)).body.successToken;
    expect((await change(other, given, NEW)).status).toBe(403);
    expect((await change(device, token, NEW)).status).toBe(403);
    expect((await device.call('POST /my/password/change', { password: NEW })).status).toBe(403);
    // Neither does the proof of a change do for a recovery, nor the other way round.
    const restored = await nobody.call('POST /my/password/restore', { password: NEW }, { successtoken: given });
    expect(restored.status).toBe(403);
    const recovery = await nobody.step(
      `GET /my/2fa/unauthorized/challenge?businessProcess=restorePassword&email=${email}`,
    );
    await eventually(
      () => Promise.resolve(mailsTo(api, email).some((one) => one.startsWith('Your new password'))),
      'the mail',
    );
    const restoring = await codeSentTo(api, email);
    expect(reasons(await answer(device, (await challenge(device)).token, restoring))).toEqual([400, 'invalid_code']);
    const { successToken } = (await answer(nobody, recovery.token, restoring)).body;
    expect((await change(device, successToken, NEW)).status).toBe(403);
    expect((await change(device, given, NEW)).status).toBe(204);
  });

  it('sets one password when two devices send different ones at once', async () => {
    const [device, phone] = [new Device(api), new Device(api)];
    const { email } = await registerAndStay(api, device);
    await signedInOn(phone, email);
    const token = await success(device, email);
    const answers = await Promise.all([change(device, token, NEW), change(phone, token, 'Other12345')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 403]);
    const [set, other] = answers[0]!.status === 204 ? [NEW, 'Other12345'] : ['Other12345', NEW];
    expect((await signIn(new Device(api), email, set)).code).toBe(202);
    await expect(signIn(new Device(api), email, other)).rejects.toThrow('bad_credentials');
  });

  it('does not change it by a weaker code than would be asked for now', async () => {
    const device = new Device(api);
    const { email, clientId } = await registerAndStay(api, device);
    const token = await success(device, email);
    await turnOn(api, clientId, 'google');
    expect(reasons(await change(device, token, NEW))).toEqual([403, 'restricted']);
    expect((await signIn(new Device(api), email)).workflow).toBe('2fa_google');
  });

  it('is too late ten minutes after the code', async () => {
    const device = new Device(api);
    const { email, clientId } = await registerAndStay(api, device);
    const token = await success(device, email);
    await api.hub.pool.query(`update wizard_run set success_until = now() where client_id = $1`, [clientId]);
    const late = await change(device, token, NEW);
    expect([late.status, late.body.error.details[0].issue]).toEqual([403, 'Success token is invalid or expired']);
  });

  it('is told which business process has a challenge', async () => {
    const device = new Device(api);
    await registerAndStay(api, device);
    for (const one of ['restorePassword', 'withdrawal', 'nonsense']) {
      const refused = await device.call(`GET /my/2fa/challenge?businessProcess=${one}`);
      expect(refused.body.error.details).toEqual([
        {
          field: 'businessProcess',
          reason: 'validation',
          issue: 'businessProcess must be changePassword: other procedures ask for their code in their own steps.',
        },
      ]);
    }
  });
});
