/** Clients switch second factors on and off, and have recovery codes for one that is lost. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { toDataURL } from 'qrcode';
import { base32, totpAt, totpUri } from '../../activities/wizards/totp.ts';
import { inTransaction } from '../../db/pool.ts';
import { phonesOf, savePhone } from '../../db/repositories/client-phones.ts';
import type { Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually } from '../kit/hub.ts';
import { meanwhile } from '../kit/meanwhile.ts';
import {
  codesSentTo,
  codeSentTo,
  Device,
  fromBase32,
  mailsTo,
  otherThan,
  registerAndStay,
  signIn,
  startWizardApi,
  END,
  reasons,
  nextCodeTo,
} from './devices.ts';
import { setBroker, turnOn } from './signed-in.ts';

let api: MoneyApi;
let olga: Caller;
beforeAll(async () => {
  api = await startWizardApi();
  olga = await api.operator();
});
afterAll(() => api?.stop());
// All come from one address, which would have had its codes.
beforeEach(() => api.hub.pool.query(`with s as (delete from broker_setting) delete from code_sending`));

const NEWEST = 'sort_by=createTime&sort_order=desc';
const step = (device: Device, uuid: string, body: object): Promise<any> =>
  device.step('POST /my/2fa/wizard', { uuid, ...body });
const refused = async (device: Device, uuid: string, body: object) =>
  reasons(await device.call('POST /my/2fa/wizard', { uuid, ...body }));
const enable = (device: Device, type: string) => device.step(`GET /my/2fa/${type}/enable/wizard`);
const disable = (device: Device, type: string) => device.step(`GET /my/2fa/${type}/disable/wizard`);
let phones = 0;
const aPhone = () => `+995555${123_500 + phones++}`;
const hasPhone = (clientId: number, phone: string, confirmed = true) =>
  inTransaction(api.hub.pool, (db) => savePhone(db, clientId, { number: phone, confirmed }));
const told = (email: string, subject: string) =>
  eventually(() => Promise.resolve(mailsTo(api, email).some((one) => one.startsWith(subject))), subject);

/** An authenticator app. Each look at it is at the next half-minute: a code is taken once. */
class App {
  private readonly secret: Buffer;
  private readonly clientId: number;
  constructor(key: string, clientId: number) {
    this.secret = fromBase32(key);
    this.clientId = clientId;
  }
  shows(): string {
    return totpAt(this.secret, Math.floor(Date.now() / 30_000));
  }
  /** Lets the code that it shows now be taken though an earlier one of this half-minute was. */
  async showsNext(): Promise<string> {
    await api.hub.pool.query(`update client_totp set last_step = 0 where client_id = $1`, [this.clientId]);
    return this.shows();
  }
}

const aClient = async () => {
  const device = new Device(api);
  const { email, clientId } = await registerAndStay(api, device);
  return { device, email, clientId };
};
const withApp = async () => {
  const client = await aClient();
  const { uuid, data } = await enable(client.device, 'google');
  const app = new App(data.key, client.clientId);
  const code = app.shows();
  const last = await step(client.device, uuid, { code });
  return { ...client, app, code, codes: last.data.recoveryCodes as string[] };
};
/** Signs in with the app, which counts from then on. */
const signInBy = async (device: Device, { email, app }: { email: string; app: App }): Promise<void> => {
  const { uuid } = await signIn(device, email);
  const { data } = await device.step('POST /my/2fa/google', { uuid, code: await app.showsNext() });
  device.token = data.accessToken.token;
};
/** Who has had it for long. */
const withOldApp = async () => {
  const client = await withApp();
  await signInBy(client.device, client);
  return client;
};

describe('an authenticator app', () => {
  it('is switched on with its key, and its code is asked for at the next sign-in; the owner is told', async () => {
    const { device, email, clientId } = await aClient();
    const began = await enable(device, 'google');
    expect(began).toEqual({
      code: 200,
      data: { qr: expect.stringMatching(/^data:image\/png;base64,/), key: expect.stringMatching(/^[A-Z2-7]{32}$/) },
      done: false,
      uuid: expect.any(String),
      workflow: '2fa_google',
    });
    const { uuid } = began;
    const app = new App(began.data.key, clientId);
    expect((await device.step('GET /my/2fa/google')).isEnabled).toBe(false);
    expect(await refused(device, uuid, { code: otherThan(app.shows()) })).toEqual([400, 'invalid_code']);
    const code = app.shows();
    const last = await step(device, uuid, { code });
    expect(last).toEqual({
      code: 202,
      data: { recoveryCodes: expect.any(Array) },
      done: true,
      uuid,
      workflow: END,
    });
    // A lost answer is asked for again: these codes are shown nowhere else.
    expect(await step(device, uuid, { code })).toEqual(last);
    expect(new Set(last.data.recoveryCodes).size).toBe(10);
    for (const one of last.data.recoveryCodes) expect(one).toMatch(/^([0-9a-z]{4}-){3}[0-9a-z]{4}$/);

    expect(await device.step('GET /my/2fa')).toEqual({
      total: 3,
      data: [
        { caption: 'Google Authenticator', isEnabled: true, name: 'google' },
        { caption: 'SMS', isEnabled: false, name: 'sms' },
        { caption: 'E-mail', isEnabled: false, name: 'email' },
      ],
      recoveryCodesLeft: 10,
    });
    await told(email, 'A second factor was switched on');
    const other = new Device(api);
    const waiting = await signIn(other, email);
    expect(waiting.workflow).toBe('2fa_google');
    // The code it was switched on with is used up.
    expect(reasons(await other.call('POST /my/2fa/google', { uuid: waiting.uuid, code }))).toEqual([
      400,
      'invalid_code',
    ]);
    const code2 = await app.showsNext();
    expect((await other.step('POST /my/2fa/google', { uuid: waiting.uuid, code: code2 })).code).toBe(202);
    // Nobody was signed out.
    expect((await device.call('GET /my/2fa')).status).toBe(200);
    expect(reasons(await device.call('GET /my/2fa/google/enable/wizard'))).toEqual([409, 'already_done']);
  });

  it('bears the name the broker gave it', async () => {
    await setBroker(api, 'clients.authenticatorName', 'Ann & Bob');
    const { device, email } = await aClient();
    const { data } = await enable(device, 'google');
    const secret = Buffer.alloc(20);
    expect(totpUri(secret, 'Ann & Bob', email)).toBe(
      `otpauth://totp/Ann%20%26%20Bob:${encodeURIComponent(email)}?secret=${base32(secret)}&issuer=Ann%20%26%20Bob`,
    );
    const uri = totpUri(secret, 'Ann & Bob', email).replace(base32(secret), data.key);
    expect(data.qr).toBe(await toDataURL(uri));
  });

  it('is switched off with its own code; then nothing is asked for, and its recovery codes are gone', async () => {
    const { device, email, clientId, app, code: usedUp, codes } = await withApp();
    const off = await disable(device, 'google');
    expect(off).toEqual({ code: 200, data: null, done: false, uuid: expect.any(String), workflow: '2fa_google' });
    expect(await refused(device, off.uuid, { code: otherThan(app.shows()) })).toEqual([400, 'invalid_code']);
    // The one it was switched on with is used up.
    expect(await refused(device, off.uuid, { code: usedUp })).toEqual([400, 'invalid_code']);
    const code = await app.showsNext();
    expect(await step(device, off.uuid, { code })).toEqual({
      code: 202,
      data: [],
      done: true,
      uuid: off.uuid,
      workflow: END,
    });
    expect((await device.step('GET /my/2fa')).recoveryCodesLeft).toBeNull();
    expect(reasons(await device.call('GET /my/2fa/google/disable/wizard'))).toEqual([409, 'already_done']);
    await told(email, 'A second factor was switched off');
    expect((await signIn(new Device(api), email)).code).toBe(202);
    expect(await api.hub.pool.query(`select from client_totp where client_id = $1`, [clientId])).toMatchObject({
      rowCount: 0,
    });
    expect(codes).toHaveLength(10);
    expect((await device.step(`GET /my/2fa/changes?${NEWEST}`)).data).toMatchObject([
      { type: 'google', action: 'disabled', changedBy: 'client', ip: expect.any(String) },
      { type: 'google', action: 'enabled', changedBy: 'client' },
    ]);
  });

  it('of two devices that switch one on at once, one does', async () => {
    const { device, email, clientId } = await aClient();
    const other = new Device(api);
    other.token = device.token;
    const [a, b] = [await enable(device, 'google'), await enable(other, 'google')];
    expect(a.data.key).not.toBe(b.data.key);
    const [first, second] = await Promise.all([
      device.call('POST /my/2fa/wizard', { uuid: a.uuid, code: new App(a.data.key, clientId).shows() }),
      other.call('POST /my/2fa/wizard', { uuid: b.uuid, code: new App(b.data.key, clientId).shows() }),
    ]);
    expect([first.status, second.status].sort()).toEqual([200, 409]);
    const lost = first.status === 409 ? first : second;
    expect(reasons(lost)).toEqual([409, 'already_done']);
    const key = first.status === 200 ? a.data.key : b.data.key;
    const app = new App(key, clientId);
    const { uuid } = await signIn(other, email);
    expect((await other.step('POST /my/2fa/google', { uuid, code: await app.showsNext() })).code).toBe(202);
  });

  it('has five tries, and a run left alone goes on with nobody', async () => {
    const { device, clientId } = await aClient();
    const { uuid, data } = await enable(device, 'google');
    const app = new App(data.key, clientId);
    for (let n = 0; n < 4; n++)
      expect(await refused(device, uuid, { code: otherThan(app.shows()) })).toEqual([400, 'invalid_code']);
    expect(await refused(device, uuid, { code: otherThan(app.shows()) })).toEqual([429, 'too_many_attempts']);
    expect(await refused(device, uuid, { code: app.shows() })).toEqual([404, 'wizard_not_found']);
    const late = await enable(device, 'google');
    await api.hub.pool.query(
      `update wizard_code set expires_at = now() where run_id = (select id from wizard_run where uuid = $1)`,
      [late.uuid],
    );
    expect(await refused(device, late.uuid, { code: new App(late.data.key, clientId).shows() })).toEqual([
      400,
      'code_expired',
    ]);
    expect((await device.step('GET /my/2fa/google')).isEnabled).toBe(false);
  });
});

describe('SMS', () => {
  it('asks for a phone where there is none, and goes there from then on', async () => {
    const { device, email, clientId } = await aClient();
    const phone = aPhone();
    const { uuid, workflow, data } = await enable(device, 'sms');
    expect(workflow).toBe('phone_number');
    expect(data.fields).toMatchObject([{ name: 'phone', type: 'phone' }]);
    const wrong = await device.call('POST /my/2fa/wizard', { uuid, phone: '12345' });
    expect([wrong.status, wrong.body.error.details[0].field]).toEqual([400, 'phone']);
    const both = await device.call('POST /my/2fa/wizard', { uuid, phone, code: '123456' });
    expect([both.status, both.body.error.details[0]]).toEqual([
      400,
      { field: 'code', reason: 'validation', issue: 'code is not a field of this step.' },
    ]);
    const early = await device.call('POST /my/2fa/wizard', { uuid, code: '123456' });
    expect([early.status, early.body.error.workflow]).toEqual([409, 'phone_number']);
    expect(await step(device, uuid, { phone })).toMatchObject({
      workflow: '2fa_sms',
      data: { confirmationChannel: 'sms', recipient: `${phone.slice(0, 5)}****${phone.slice(-4)}` },
    });
    const code = await codeSentTo(api, phone);
    expect(await refused(device, uuid, { code: otherThan(code) })).toEqual([400, 'invalid_code']);
    expect(await api.hub.one(`select c.phone from client c where client_id = $1`, [clientId])).toEqual({ phone: null });
    expect((await step(device, uuid, { code })).data.recoveryCodes).toHaveLength(10);
    expect(await api.hub.one(`select c.phone from client c where client_id = $1`, [clientId])).toEqual({ phone });
    expect((await olga.call(`GET /clients/${clientId}/changes`)).body.data).toMatchObject([
      { type: 'phone', oldValue: null, newValue: phone, user: null },
    ]);
    const before = codesSentTo(api, phone);
    const waiting = await signIn(new Device(api), email);
    expect(waiting.workflow).toBe('2fa_sms');
    await nextCodeTo(api, phone, before.length);
  });

  it('brings no phone back that was replaced, nor one beside a phone that was confirmed, while it was switched on', async () => {
    for (const isKnown of [true, false]) {
      const { device, email, clientId } = await aClient();
      const [old, next] = [aPhone(), aPhone()];
      if (isKnown) await hasPhone(clientId, old);
      const { uuid } = await enable(device, 'sms');
      if (!isKnown) await step(device, uuid, { phone: old });
      const code = await codeSentTo(api, old);
      const change = async (body: object) => device.step('POST /my/phones', { uuid: changing.uuid, ...body });
      const changing = await device.step('GET /my/phones/wizard');
      const sent = codesSentTo(api, email).length;
      await change({ phone: next });
      if (isKnown) await change({ code: await nextCodeTo(api, email, sent) });
      expect((await change({ code: await codeSentTo(api, next) })).code).toBe(202);
      expect(await refused(device, uuid, { code })).toEqual([403, 'restricted']);
      expect(await phonesOf(api.hub.pool, clientId)).toMatchObject([{ number: next, isDefault: true }]);
      expect((await device.step('GET /my/2fa/sms')).isEnabled).toBe(false);
      await api.hub.pool.query(`delete from code_sending`);
    }
  });

  it('is not switched off by a code to a phone that was replaced meanwhile', async () => {
    const { device, clientId } = await aClient();
    const stolen = aPhone();
    await hasPhone(clientId, stolen);
    await turnOn(api, clientId, 'sms');
    const { uuid } = await device.step('GET /my/2fa/sms/disable/wizard');
    const code = await codeSentTo(api, stolen);
    await inTransaction(api.hub.pool, (db) =>
      savePhone(db, clientId, { number: aPhone(), confirmed: true, isDefault: true }),
    );
    expect(await refused(device, uuid, { code })).toEqual([403, 'restricted']);
    expect((await device.step('GET /my/2fa/sms')).isEnabled).toBe(true);
  });

  it('goes to the phone on record; its code is sent again on demand, and switches it off', async () => {
    const { device, clientId } = await aClient();
    const phone = aPhone();
    await hasPhone(clientId, phone);
    const { uuid, workflow } = await enable(device, 'sms');
    expect(workflow).toBe('2fa_sms');
    const first = await codeSentTo(api, phone);
    expect(await refused(device, uuid, { resend: true })).toEqual([429, 'resend_too_early']);
    await api.hub.pool.query(
      `update wizard_code set sent_at = now() - interval '1 hour' where run_id = (select id from wizard_run where uuid = $1)`,
      [uuid],
    );
    const before = codesSentTo(api, phone);
    await step(device, uuid, { resend: true });
    const second = await nextCodeTo(api, phone, before.length);
    if (first !== second) expect(await refused(device, uuid, { code: first })).toEqual([400, 'invalid_code']);
    expect((await step(device, uuid, { code: second })).code).toBe(202);

    const sent = codesSentTo(api, phone);
    const off = await disable(device, 'sms');
    expect(off).toMatchObject({ workflow: '2fa_sms', data: { confirmationChannel: 'sms' } });
    // A code for another purpose does nothing here.
    expect(await refused(device, off.uuid, { code: second })).toEqual([400, 'invalid_code']);
    expect((await step(device, off.uuid, { code: await nextCodeTo(api, phone, sent.length) })).data).toEqual([]);
  });

  it('asks for the phone where the one on record was never confirmed, which is confirmed then', async () => {
    const { device, clientId } = await aClient();
    const phone = aPhone();
    await hasPhone(clientId, phone, false);
    const { uuid, workflow } = await enable(device, 'sms');
    expect(workflow).toBe('phone_number');
    await step(device, uuid, { phone });
    await step(device, uuid, { code: await codeSentTo(api, phone) });
    expect((await phonesOf(api.hub.pool, clientId)).map(({ number, confirmed }) => [number, confirmed])).toEqual([
      [phone, true],
    ]);
  });

  it('makes no other phone the default one where a person decides about that', async () => {
    const { device, clientId } = await aClient();
    const [old, next] = [aPhone(), aPhone()];
    await hasPhone(clientId, old, false);
    const [early, late] = [await enable(device, 'sms'), await enable(device, 'sms')];
    await step(device, early.uuid, { phone: next });
    await setBroker(api, 'clients.requestForPhone', true);
    expect(await refused(device, late.uuid, { phone: next })).toEqual([403, 'restricted']);
    expect(await refused(device, early.uuid, { code: await codeSentTo(api, next) })).toEqual([403, 'restricted']);
    expect((await phonesOf(api.hub.pool, clientId)).map(({ number }) => number)).toEqual([old]);
    // His own is confirmed by it.
    await step(device, late.uuid, { phone: old });
    expect((await step(device, late.uuid, { code: await codeSentTo(api, old) })).code).toBe(202);
  });

  it('goes to nobody else’s phone where the broker wants that', async () => {
    const [{ clientId }, { device }] = [await aClient(), await aClient()];
    const phone = aPhone();
    await hasPhone(clientId, phone);
    const { uuid } = await enable(device, 'sms');
    await setBroker(api, 'clients.uniquePhone', true);
    const taken = await device.call('POST /my/2fa/wizard', { uuid, phone });
    await setBroker(api, 'clients.uniquePhone', false);
    expect(taken.body.error.details[0]).toMatchObject({
      field: 'phone',
      issue: 'The phone number is used by another client.',
    });
    expect((await step(device, uuid, { phone })).workflow).toBe('2fa_sms');
  });
});

describe('another second factor', () => {
  it('wants the code of the one that is on first', async () => {
    const { device, email, app, codes } = await withOldApp();
    const sent = codesSentTo(api, email);
    const { uuid, workflow } = await enable(device, 'email');
    expect(workflow).toBe('2fa_google');
    // Neither a wrong code nor one for a lost app brings a session further.
    expect(await refused(device, uuid, { code: otherThan(app.shows()) })).toEqual([400, 'invalid_code']);
    const standing = await device.call('POST /my/2fa/wizard', { uuid, code: codes[0] });
    expect(standing.body.error.details[0]).toMatchObject({ field: 'code', issue: 'code must be six digits.' });
    expect((await step(device, uuid, { code: await app.showsNext() })).workflow).toBe('2fa_email');
    const last = await step(device, uuid, { code: await nextCodeTo(api, email, sent.length) });
    // The codes of before go on.
    expect(last).toMatchObject({ code: 202, data: [] });
    expect(await signIn(new Device(api), email)).toMatchObject({
      workflow: '2fa_choose',
      data: { tfaProviders: ['google', 'email'] },
    });
    expect((await device.step('GET /my/2fa')).recoveryCodesLeft).toBe(10);
  });

  it('is not switched on by whoever began before the first one was', async () => {
    const { device, clientId } = await aClient();
    const [early, google] = [await enable(device, 'sms'), await enable(device, 'google')];
    const phone = aPhone();
    await step(device, early.uuid, { phone });
    await step(device, google.uuid, { code: new App(google.data.key, clientId).shows() });
    expect(await refused(device, early.uuid, { code: await codeSentTo(api, phone) })).toEqual([403, 'restricted']);
    expect((await device.step('GET /my/2fa/sms')).isEnabled).toBe(false);
  });

  it('guards nothing for the sign-in that switched it on, nor for one that this lets in by QR code', async () => {
    const client = await withApp();
    const { device, email } = client;
    const browser = new Device(api);
    const { channel } = await browser.step('GET /my/signin/qrcodes');
    const { token } = (await device.call('POST /my/signin/tokens', { channel })).body;
    const letIn = await browser.step('POST /my/signin/qrcodes', {
      ...{ channel, token, device_fingerprint: browser.fingerprint },
    });
    browser.token = letIn.data.accessToken.token;
    const renewed = await browser.step('POST /my/refresh', {
      refreshToken: letIn.data.refreshToken.token,
      deviceFingerprint: browser.fingerprint,
    });
    const later = new Device(api, browser.agent);
    later.token = renewed.data.accessToken.token;
    for (const one of [device, browser, later]) {
      const { provider } = await one.step('GET /my/2fa/challenge?businessProcess=changePassword');
      const ways = [];
      for (const route of ['/my/2fa/recovery-codes/wizard', '/my/2fa/sms/enable/wizard', '/my/profile/deactivation'])
        ways.push((await one.step(`GET ${route}`)).workflow);
      expect([provider, ...ways]).toEqual(['email', ...ways.map(() => 'confirm_email')]);
      await api.hub.pool.query(`delete from code_sending`);
    }
    // The next sign-in has shown it.
    const other = new Device(api);
    await signInBy(other, client);
    const { provider } = await other.step('GET /my/2fa/challenge?businessProcess=changePassword');
    expect([provider, codesSentTo(api, email).length > 0]).toEqual(['google', true]);
  });

  it('guards a change of the password', async () => {
    const { device, app, codes } = await withOldApp();
    const { token, provider } = await device.step('GET /my/2fa/challenge?businessProcess=changePassword');
    expect(provider).toBe('google');
    expect((await device.call('POST /my/2fa/challenge', { token, code: codes[0] })).status).toBe(400);
    const answer = await device.step('POST /my/2fa/challenge', { token, code: await app.showsNext() });
    expect(answer).toHaveProperty('successToken');
  });
});

describe('a recovery code', () => {
  it('and one of an app are taken with the blanks that people copy along', async () => {
    const { app, codes, email } = await withApp();
    const device = new Device(api);
    const first = await signIn(device, email);
    const shown = (await app.showsNext()).replace(/^(...)/, '$1 ');
    expect((await device.step('POST /my/2fa/google', { uuid: first.uuid, code: shown })).code).toBe(202);
    const second = await signIn(device, email);
    const copied = `  ${codes[0]!.toUpperCase().replaceAll('-', ' ')}\n`;
    expect((await device.step('POST /my/2fa/google', { uuid: second.uuid, code: copied })).code).toBe(202);
  });

  it('does once for a lost app at a sign-in, and its owner is told', async () => {
    const { device, email, codes } = await withApp();
    const [one, two] = [new Device(api), new Device(api)];
    const first = await signIn(one, email);
    const second = await signIn(two, email);
    // However it is typed.
    const code = codes[3]!.replaceAll('-', '').toUpperCase();
    expect((await one.step('POST /my/2fa/google', { uuid: first.uuid, code })).code).toBe(202);
    for (const used of [code, codes[3]])
      expect(reasons(await two.call('POST /my/2fa/google', { uuid: second.uuid, code: used }))).toEqual([
        400,
        'invalid_code',
      ]);
    await told(email, 'A recovery code was used');
    expect((await device.step('GET /my/2fa')).recoveryCodesLeft).toBe(9);
  });

  it('is one client’s alone, and guessing it counts', async () => {
    const [{ codes }, { email }] = [await withApp(), await withApp()];
    const device = new Device(api);
    const { uuid } = await signIn(device, email);
    for (const left of [4, 3, 2, 1]) {
      const wrong = await device.call('POST /my/2fa/google', { uuid, code: codes[left] });
      expect(wrong.body.error.details[0].issue).toBe(`The code is incorrect. Attempts left: ${left}.`);
    }
    expect(reasons(await device.call('POST /my/2fa/google', { uuid, code: codes[0] }))).toEqual([
      429,
      'too_many_attempts',
    ]);
  });

  it('does in a recovery of the password, for the app and not for the mail', async () => {
    const { email, codes } = await withApp();
    const device = new Device(api);
    const sent = codesSentTo(api, email);
    const { token } = await device.step(
      `GET /my/2fa/unauthorized/challenge?businessProcess=restorePassword&email=${email}`,
    );
    const instead = await device.call('POST /my/2fa/challenge', { token, code: codes[0] });
    expect([instead.status, instead.body.error.details[0].field]).toEqual([400, 'code']);
    const second = await device.step('POST /my/2fa/challenge', {
      token,
      code: await nextCodeTo(api, email, sent.length),
    });
    expect(second.provider).toBe('google');
    expect(await device.step('POST /my/2fa/challenge', { token, code: codes[0] })).toHaveProperty('successToken');
  });

  it('switches a lost factor off', async () => {
    const { device, codes } = await withApp();
    const { uuid } = await disable(device, 'google');
    expect((await step(device, uuid, { code: codes[9] })).data).toEqual([]);
  });

  it('comes in a new set on demand, after which the ones of before do nothing', async () => {
    const { device, email, app, codes } = await withOldApp();
    const { uuid, workflow } = await device.step('GET /my/2fa/recovery-codes/wizard');
    expect(workflow).toBe('2fa_google');
    const standing = await device.call('POST /my/2fa/wizard', { uuid, code: codes[0] });
    expect([standing.status, standing.body.error.details[0].field]).toEqual([400, 'code']);
    const { data } = await step(device, uuid, { code: await app.showsNext() });
    expect(data.recoveryCodes).toHaveLength(10);
    await told(email, 'New recovery codes');
    const other = new Device(api);
    const waiting = await signIn(other, email);
    expect((await other.call('POST /my/2fa/google', { uuid: waiting.uuid, code: codes[0] })).status).toBe(400);
    const last = await other.step('POST /my/2fa/google', { uuid: waiting.uuid, code: data.recoveryCodes[0] });
    expect(last.code).toBe(202);
  });

  it('is given to nobody without a second factor', async () => {
    const { device } = await aClient();
    expect(reasons(await device.call('GET /my/2fa/recovery-codes/wizard'))).toEqual([403, 'restricted']);
  });
});

describe('what is whose', () => {
  it('a run is its client’s alone, each answer needs its token, and other words are no factors', async () => {
    const [{ device, clientId }, { device: other }] = [await aClient(), await aClient()];
    const { uuid, data } = await enable(device, 'google');
    const code = new App(data.key, clientId).shows();
    expect(await refused(other, uuid, { code })).toEqual([404, 'wizard_not_found']);
    expect(await refused(new Device(api), uuid, { code })).toEqual([401, 'unauthenticated']);
    for (const route of ['GET /my/2fa/fax', 'GET /my/2fa/fax/enable/wizard', 'GET /my/2fa/fax/disable/wizard'])
      expect(reasons(await device.call(route))).toEqual([404, 'not_found']);
    expect((await step(device, uuid, { code })).code).toBe(202);
    const [change] = (await device.step('GET /my/2fa/changes')).data;
    expect(await device.step(`GET /my/2fa/changes/${change.changeId}`)).toEqual(change);
    expect(reasons(await other.call(`GET /my/2fa/changes/${change.changeId}`))).toEqual([404, 'not_found']);
  });

  it('operators see what changed, and switch a lost factor off, of which its owner is told', async () => {
    const { device, email, clientId } = await withApp();
    const off = await olga.call(`PATCH /clients/${clientId}/2fa/google`, { isEnabled: false });
    expect(off).toMatchObject({ status: 200, body: { name: 'google', isEnabled: false } });
    expect(reasons(await olga.call(`PUT /clients/${clientId}/2fa/google`))).toEqual([409, 'already_done']);
    expect(reasons(await olga.call(`GET /clients/${clientId}/2fa/fax`))).toEqual([404, 'not_found']);
    await told(email, 'A second factor was switched off');
    expect((await device.step('GET /my/2fa')).recoveryCodesLeft).toBeNull();
    const { body } = await olga.call(`GET /clients/${clientId}/2fa/changes?${NEWEST}`);
    expect(body).toMatchObject({
      total: 2,
      data: [
        { clientId, action: 'disabled', changedBy: 'admin', user: { id: olga.id, name: 'Olga' } },
        { clientId, action: 'enabled', changedBy: 'client', user: null },
      ],
    });
    const one = `GET /clients/${clientId}/2fa/changes/${body.data[0].changeId}`;
    expect((await olga.call(one)).body).toEqual(body.data[0]);
    // The client hears that it was an operator, not who and from where.
    const [mine] = (await device.step(`GET /my/2fa/changes?${NEWEST}`)).data;
    expect(mine).toEqual({
      ...{ changeId: body.data[0].changeId, type: 'google', action: 'disabled', changedBy: 'admin', ip: null },
      createTime: expect.any(String),
    });
  });

  it('owners are each told, whatever the operator calls his requests', async () => {
    const clients = [await withApp(), await withApp()];
    const named = { 'x-request-id': 'the-same' };
    for (const { clientId } of clients) {
      const off = await olga.call(`PATCH /clients/${clientId}/2fa/google`, { isEnabled: false }, named);
      expect(off.status).toBe(200);
    }
    for (const { email } of clients) await told(email, 'A second factor was switched off');
  });

  it('operators who switch one off while the client switches another on leave him his recovery codes', async () => {
    const { clientId } = await withApp();
    const off = await meanwhile(
      api.hub.pool,
      // What the client's own run does.
      (db) => db.query(`select from client where client_id = $1 for update`, [clientId]),
      () => olga.call(`PATCH /clients/${clientId}/2fa/google`, { isEnabled: false }),
      { more: (db) => db.query(`insert into client_factor (client_id, type) values ($1, 'sms')`, [clientId]) },
    );
    expect(off.status).toBe(200);
    const left = await api.hub.pool.query(`select from client_recovery_code where client_id = $1`, [clientId]);
    expect(left.rowCount).toBeGreaterThan(0);
  });

  it('operators set a password, and want new ones; of clients they may see', async () => {
    const { device, email, clientId } = await aClient();
    const set = (by: Caller, body: object) => by.call(`PUT /clients/${clientId}/password`, body);
    expect((await set(olga, { password: 'short', send_mail: true })).body.error.details[0].field).toBe('password');
    expect((await set(olga, { password: 'GivenByUs1' })).body.error.details[0].field).toBe('send_mail');
    expect((await set(olga, { password: 'GivenByUs1', send_mail: true })).status).toBe(204);
    await told(email, 'Your password was changed');
    await eventually(async () => (await device.call('GET /my/2fa')).status === 401, 'the client to be signed out');
    const signedIn = await signIn(device, email, 'GivenByUs1');
    device.token = signedIn.data.accessToken.token;
    const { body } = await olga.call(`GET /clients/${clientId}/password/changes`);
    expect(body).toMatchObject({
      total: 1,
      data: [{ clientId, type: 'changedByAdmin', user: { id: olga.id, name: 'Olga' } }],
    });
    const { changeId } = body.data[0];
    expect((await olga.call(`GET /clients/${clientId}/password/changes/${changeId}`)).body).toEqual(body.data[0]);
    expect((await device.step('GET /my/password/changes')).data).toEqual([
      { changeId, type: 'changedByAdmin', ip: null, createTime: expect.any(String) },
    ]);
    expect(await device.step(`GET /my/password/changes/${changeId}`)).toMatchObject({ changeId });

    const scoped = await api.operator();
    await api.hub.pool.query(
      `with t as (insert into tag (name) values ('two-factor') returning id) insert into hub_user_tag (user_id, tag_id) select $1, id from t`,
      [scoped.id],
    );
    expect((await set(scoped, { password: 'GivenByUs2', send_mail: false })).status).toBe(404);
    for (const path of ['2fa', '2fa/changes', 'password/changes', `password/changes/${changeId}`])
      expect([path, (await scoped.call(`GET /clients/${clientId}/${path}`)).status]).toEqual([path, 404]);

    expect((await olga.call(`POST /clients/${clientId}/reset-password`)).status).toBe(204);
    expect((await signIn(device, email, 'GivenByUs1')).workflow).toBe('password_reset');
  });
});
