/** How clients change where they are reached: e-mail and phone, with codes to the old and the new. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { totpAt, totpStepOf } from '../../activities/wizards/totp.ts';
import { KeyRing } from '../../config/key-ring.ts';
import { savePhone } from '../../db/repositories/client-phones.ts';
import type { Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually } from '../kit/hub.ts';
import { CONFIG_KEYS } from '../kit/keys.ts';
import { meanwhile } from '../kit/meanwhile.ts';
import {
  anEmail,
  codesSentTo,
  Device,
  lettersTo,
  mailsTo,
  nextCodeTo,
  otherThan,
  signIn,
  startWizardApi,
} from './devices.ts';
import { refusal, setBroker, SignedIn } from './signed-in.ts';

let api: MoneyApi;
let olga: Caller;
beforeAll(async () => {
  api = await startWizardApi();
  olga = await api.operator();
});
afterAll(() => api?.stop());
afterEach(() => api.hub.pool.query(`with s as (delete from broker_setting) delete from code_sending`));

let numbers = 555_100_000;
const aNumber = (): string => `+995${numbers++}`;
const run = (client: SignedIn, what: string): Promise<string> =>
  client.step(`GET ${what}`).then(({ uuid }: { uuid: string }) => uuid);
const history = async (client: SignedIn) => (await olga.call(`GET /clients/${client.id}/changes`)).body.data;

describe('another e-mail', () => {
  const send = (client: SignedIn, uuid: string, body: object) =>
    client.step('POST /my/profile/wizard', { uuid, ...body });
  /** An e-mail that waits for an operator. */
  const waitingChange = async () => {
    await setBroker(api, 'clients.requestForEmail', true);
    const client = await SignedIn.up(api);
    const next = anEmail();
    const uuid = await run(client, '/my/profile/wizard');
    await send(client, uuid, { email: next });
    await send(client, uuid, { code: await client.code() });
    const { requestId } = (await send(client, uuid, { code: await client.code(next) })).data.request;
    return { client, next, requestId };
  };

  it('is not confirmed by a code that went to an address which is the client’s no more', async () => {
    const client = await SignedIn.up(api);
    const [safe, thiefs] = [anEmail(), anEmail()];
    const early = await run(client, '/my/profile/wizard');
    await send(client, early, { email: thiefs });
    const seen = await client.code();
    const uuid = await run(client, '/my/profile/wizard');
    await send(client, uuid, { email: safe });
    await send(client, uuid, { code: await client.code() });
    await send(client, uuid, { code: await client.code(safe) });
    await send(client, early, { code: seen });
    const last = await client.call('POST /my/profile/wizard', { uuid: early, code: await client.code(thiefs) });
    expect(refusal(last)).toEqual([403, 'restricted']);
    expect((await client.step('GET /my/profile')).email).toBe(safe);
  });

  it('is confirmed by another code when the first one went to an address of before', async () => {
    const client = await SignedIn.up(api);
    const [safe, next] = [anEmail(), anEmail()];
    const early = await run(client, '/my/profile/wizard');
    await send(client, early, { email: next });
    await client.code();
    await api.hub.pool.query(`update client set email = $2 where client_id = $1`, [client.id, safe]);
    await api.hub.pool.query(`update wizard_code set sent_at = sent_at - interval '1 hour'`);
    await send(client, early, { resend: true });
    await send(client, early, { code: await client.code(safe) });
    const last = await send(client, early, { code: await client.code(next) });
    expect(last.data.profile.email).toBe(next);
  });

  it('takes a code from the old address, then one from the new, and both addresses are told', async () => {
    const client = await SignedIn.up(api);
    const next = anEmail();
    const uuid = await run(client, '/my/profile/wizard');
    const old = await send(client, uuid, { email: next });
    expect(old).toMatchObject({ workflow: 'confirm_email', data: { recipient: expect.stringMatching(/^a\*\*\*@/) } });
    expect(codesSentTo(api, next)).toEqual([]);
    const oldCode = await client.code();
    expect((await send(client, uuid, { code: oldCode })).workflow).toBe('confirm_email');
    const code = await client.code(next);
    expect(lettersTo(api, next)).toEqual([expect.stringMatching(/^Hello Ann,/)]);
    expect(refusal(await client.call('POST /my/profile/wizard', { uuid, code: otherThan(code) }))).toEqual([
      400,
      'invalid_code',
      'code',
    ]);
    const last = await send(client, uuid, { code });
    expect(last).toMatchObject({ code: 202, done: true, data: { request: null, profile: { email: next } } });
    expect(await history(client)).toMatchObject([
      { type: 'email', oldValue: client.email, newValue: next, user: null, clientId: client.id },
    ]);
    for (const mailbox of [client.email, next])
      await eventually(
        async () => mailsTo(api, mailbox).some((mail) => /Your e-mail address was changed/.test(mail)),
        `the news at ${mailbox}`,
      );
  });

  it('is refused when somebody has it, when it is his own, and when it only looks like another', async () => {
    const [client, other] = [await SignedIn.up(api), await SignedIn.up(api)];
    const uuid = await run(client, '/my/profile/wizard');
    const send = async (email: unknown) => client.call('POST /my/profile/wizard', { uuid, email });
    for (const email of [
      other.email.toUpperCase(),
      client.email,
      'ann@exаmple.com',
      'ann@xn--exmple-cua.com',
      'a@b',
      7,
      `${'a'.repeat(300)}@example.com`,
    ])
      expect(refusal(await send(email))).toEqual([400, 'validation', 'email']);
    const both = { uuid, email: anEmail(), info: { firstName: 'Jon' } };
    const asked = await client.call('POST /my/profile/wizard', both);
    expect(refusal(asked)).toEqual([400, 'validation', 'info']);
    expect(asked.body.error.details[0].issue).toBe('info or email must be sent, and not both.');
    expect((await client.step('GET /my/profile')).email).toBe(client.email);
  });

  it('that somebody else took while it waited for an operator is not allowed, and nothing is half done', async () => {
    const { client, next, requestId } = await waitingChange();
    await olga.call('POST /clients', { email: next, firstName: 'Bo', lastName: 'Kim' });
    const refused = await olga.call(`POST /applications/${requestId}/approve`);
    expect(refusal(refused)).toEqual([409, 'already_exists']);
    expect(refused.body.error.details[0].issue).toMatch(/taken. Reject the request/);
    expect((await client.step('GET /my/profile')).email).toBe(client.email);
    expect(
      (
        await olga.call(`POST /applications/${requestId}/reject`, {
          resolutionId: await api.hub.resolutionId('Request declined'),
        })
      ).status,
    ).toBe(200);
  });

  it('that somebody else takes at the moment it is allowed ends the request, and another can be asked for', async () => {
    const { client, next, requestId } = await waitingChange();
    await meanwhile(
      api.hub.pool,
      (db) =>
        db.query(
          `insert into client (email, first_name, last_name, type_id, verification_level_id)
           select $1, 'Bo', 'Kim', type_id, verification_level_id from client where client_id = $2`,
          [next, client.id],
        ),
      async () => expect((await olga.call(`POST /applications/${requestId}/approve`)).status).toBe(200),
    );
    await eventually(
      async () => (await olga.call(`GET /applications/${requestId}`)).body.status === 'rejected',
      'the request to end',
    );
    expect((await olga.call(`GET /applications/${requestId}`)).body.comment).toBe('The email has already been taken.');
    expect((await client.step('GET /my/profile')).email).toBe(client.email);
    const again = await run(client, '/my/profile/wizard');
    expect((await send(client, again, { email: anEmail() })).workflow).toBe('confirm_email');
  });

  it('takes the code of the app, of the old and of the new address from a client with an app', async () => {
    const client = await SignedIn.up(api);
    const secret = Buffer.from('12345678901234567890');
    await client.turnOn('google');
    await api.hub.pool.query(`insert into client_totp (client_id, sealed) values ($1, $2)`, [
      client.id,
      new KeyRing(CONFIG_KEYS).seal(secret, 'totp'),
    ]);
    const next = anEmail();
    const uuid = await run(client, '/my/profile/wizard');
    expect((await send(client, uuid, { email: next })).workflow).toBe('2fa_google');
    const now = Math.floor(Date.now() / 30_000);
    const code = totpAt(secret, now);
    expect(totpStepOf(secret, code, Date.now())).toBe(now);
    expect((await send(client, uuid, { code })).workflow).toBe('confirm_email');
    expect((await send(client, uuid, { code: await client.code() })).workflow).toBe('confirm_email');
    expect((await send(client, uuid, { code: await client.code(next) })).data.profile.email).toBe(next);
  });
});

describe('another phone', () => {
  const send = (client: SignedIn, uuid: string, body: object) => client.step('POST /my/phones', { uuid, ...body });

  it('is confirmed by a code that is sent there; the first one by that alone', async () => {
    const client = await SignedIn.up(api);
    const opened = await client.step('GET /my/phones/wizard');
    expect(opened).toMatchObject({
      ...{ code: 200, done: false, workflow: 'phone_number' },
      data: { fields: [{ name: 'phone', type: 'phone', rules: ['required', 'phone:AUTO'] }] },
    });
    const { uuid } = opened;
    const phone = aNumber();
    const spaced = `${phone.slice(0, 4)} ${phone.slice(4, 7)} ${phone.slice(7)}`;
    expect(await send(client, uuid, { phone: spaced })).toMatchObject({
      workflow: 'confirm_phone',
      data: { confirmationChannel: 'sms', recipient: expect.stringMatching(/^\+9955\*{4}\d{4}$/), codeLength: 6 },
    });
    const last = await send(client, uuid, { code: await client.code(phone) });
    const view = {
      ...{ id: expect.any(Number), phone, ext: null, type: 'mobile', confirm: true, default: true },
      maskedPhone: `+9955****${phone.slice(-4)}`,
    };
    expect(last).toMatchObject({ code: 202, done: true, data: { phone: view } });
    expect((await client.step('GET /my/profile')).phones).toEqual([view]);
    expect((await olga.call(`GET /clients/${client.id}`)).body.phone).toBe(phone);

    // The second time somebody could take it over: the client confirms as well.
    const again = await run(client, '/my/phones/wizard');
    const next = aNumber();
    expect((await send(client, again, { phone: next })).workflow).toBe('confirm_email');
    expect((await send(client, again, { code: await client.code() })).workflow).toBe('confirm_phone');
    expect((await send(client, again, { code: await client.code(next) })).data.phone.phone).toBe(next);
    expect((await client.step('GET /my/profile')).phones).toHaveLength(1);
    expect((await history(client)).map(({ type, oldValue, newValue }: any) => [type, oldValue, newValue])).toEqual([
      ['phone', null, phone],
      ['phone', phone, next],
    ]);
  });

  it('that a stranger gives as his own, as often as may be, leaves its owner his codes', async () => {
    const [owner, mallory, phone] = [await SignedIn.up(api), await SignedIn.up(api), aNumber()];
    await savePhone(api.hub.pool, owner.id, { number: phone, confirmed: true });
    await owner.turnOn('sms');
    const ofStranger = async () => {
      const uuid = await run(mallory, '/my/phones/wizard');
      expect((await send(mallory, uuid, { phone })).workflow).toBe('confirm_phone');
      await mallory.code(phone);
      // Hours go by.
      await api.hub.pool.query(`delete from code_sending`);
    };
    await api.hub.pool.query(`update message_limit set most = 3 where channel = 'sms'`);
    for (let n = 0; n < 3; n++) await ofStranger();
    const device = new Device(api);
    const before = codesSentTo(api, phone).length;
    const { uuid, workflow } = await signIn(device, owner.email);
    expect(workflow).toBe('2fa_sms');
    const code = await nextCodeTo(api, phone, before);
    expect((await device.step('POST /my/2fa/sms', { uuid, code })).code).toBe(202);
    await api.hub.pool.query(`update message_limit set most = 20 where channel = 'sms'`);
  });

  it('takes a code to the old phone from a client whose second factor it is', async () => {
    const client = await SignedIn.up(api);
    const [old, next] = [aNumber(), aNumber()];
    await savePhone(api.hub.pool, client.id, { number: old, confirmed: true });
    await client.turnOn('sms');
    const uuid = await run(client, '/my/phones/wizard');
    expect((await send(client, uuid, { phone: next })).workflow).toBe('2fa_sms');
    expect(codesSentTo(api, next)).toEqual([]);
    expect((await send(client, uuid, { code: await client.code(old) })).workflow).toBe('confirm_phone');
    expect((await send(client, uuid, { code: await client.code(next) })).data.phone.phone).toBe(next);
  });

  it('is not confirmed by a code to a phone that was replaced meanwhile', async () => {
    const client = await SignedIn.up(api);
    const [stolen, safe, thiefs] = [aNumber(), aNumber(), aNumber()];
    await savePhone(api.hub.pool, client.id, { number: stolen, confirmed: true });
    await client.turnOn('sms');
    const uuid = await run(client, '/my/phones/wizard');
    await send(client, uuid, { phone: thiefs });
    await send(client, uuid, { code: await client.code(stolen) });
    await savePhone(api.hub.pool, client.id, { number: safe, confirmed: true, isDefault: true });
    const code = await client.code(thiefs);
    expect(refusal(await client.call('POST /my/phones', { uuid, code }))).toEqual([403, 'restricted']);
  });

  it('takes no more without his own code once he has a phone, or by a weaker one than would be asked for now', async () => {
    const client = await SignedIn.up(api);
    const [first, next, third] = [aNumber(), aNumber(), aNumber()];
    const early = await run(client, '/my/phones/wizard');
    await send(client, early, { phone: first });
    await savePhone(api.hub.pool, client.id, { number: next, confirmed: true });
    const code = await client.code(first);
    expect(refusal(await client.call('POST /my/phones', { uuid: early, code }))).toEqual([403, 'restricted']);
    const weak = await run(client, '/my/phones/wizard');
    expect((await send(client, weak, { phone: third })).workflow).toBe('confirm_email');
    await send(client, weak, { code: await client.code() });
    await client.turnOn('google');
    const last = await client.code(third);
    expect(refusal(await client.call('POST /my/phones', { uuid: weak, code: last }))).toEqual([403, 'restricted']);
    expect((await client.step('GET /my/profile')).phones).toMatchObject([{ phone: next }]);
  });

  it('is refused when it is no number, the one he has, or another client’s where numbers are unique', async () => {
    const [client, other] = [await SignedIn.up(api), await SignedIn.up(api)];
    const [mine, theirs] = [aNumber(), aNumber()];
    await savePhone(api.hub.pool, client.id, { number: mine, confirmed: true });
    await savePhone(api.hub.pool, other.id, { number: theirs });
    await setBroker(api, 'clients.uniquePhone', true);
    const uuid = await run(client, '/my/phones/wizard');
    for (const phone of [undefined, '', '12345', '+995000', 7, '<b>', mine, theirs])
      expect(refusal(await client.call('POST /my/phones', { uuid, phone }))).toEqual([400, 'validation', 'phone']);
    expect(refusal(await client.call('POST /my/phones', { uuid, phone: aNumber(), ext: '1' }))[0]).toBe(400);
    await setBroker(api, 'clients.uniquePhone', false);
    expect((await send(client, uuid, { phone: theirs })).workflow).toBe('confirm_email');
  });

  it('that somebody else took in between ends the run, and nothing is changed', async () => {
    const [client, other] = [await SignedIn.up(api), await SignedIn.up(api)];
    await setBroker(api, 'clients.uniquePhone', true);
    const phone = aNumber();
    const uuid = await run(client, '/my/phones/wizard');
    await send(client, uuid, { phone });
    await savePhone(api.hub.pool, other.id, { number: phone });
    const late = await client.call('POST /my/phones', { uuid, code: await client.code(phone) });
    expect(refusal(late)).toEqual([409, 'already_exists', 'phone']);
    expect((await client.step('GET /my/profile')).phone).toBeNull();
  });
});

describe('what operators change', () => {
  it('stands in the history of the client with who did it', async () => {
    const client = await SignedIn.up(api);
    const next = anEmail();
    const patch = { email: next, firstName: 'Jon', birthday: '1985-02-03', phone: '+356 2099 0000' };
    expect((await olga.call(`PATCH /clients/${client.id}`, patch)).body.phone).toBe('+35620990000');
    const lines = (await history(client)).map(({ type, oldValue, newValue, user }: any) => ({
      ...{ type, oldValue, newValue, by: user.id },
    }));
    expect(lines).toEqual([
      { type: 'email', oldValue: client.email, newValue: next, by: olga.id },
      { type: 'name', oldValue: 'Ann Canary', newValue: 'Jon Canary', by: olga.id },
      { type: 'birthday', oldValue: '1990-05-01', newValue: '1985-02-03', by: olga.id },
      { type: 'phone', oldValue: null, newValue: '+35620990000', by: olga.id },
    ]);
    const { changeId } = (await history(client))[0];
    expect((await olga.call(`GET /clients/${client.id}/changes/${changeId}`)).body.newValue).toBe(next);
    const other = await SignedIn.up(api);
    expect((await olga.call(`GET /clients/${other.id}/changes/${changeId}`)).status).toBe(404);
    const wrong = await olga.call(`PATCH /clients/${client.id}`, { phone: '12345' });
    expect(refusal(wrong)).toEqual([400, 'validation', 'phone']);
    // With such an address nobody could sign in.
    for (const email of ['аnn@client.example', 'ann@xn--client.example', 'a<b>@client.example', 'ann@client']) {
      expect(refusal(await olga.call(`PATCH /clients/${client.id}`, { email }))).toEqual([400, 'validation', 'email']);
      const made = await olga.call('POST /clients', { email, firstName: 'Bo', lastName: 'Kim' });
      expect(refusal(made)).toEqual([400, 'validation', 'email']);
    }
  });
});
