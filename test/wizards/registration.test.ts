/** Registration over REST: the seeded wizard, its refusals, a run that outlives its worker, and one that an operator made of data only. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MoneyApi } from '../api/money-hub.ts';
import { payloadsOf } from '../kit/history.ts';
import { eventually } from '../kit/hub.ts';
import {
  anEmail,
  codeSentTo,
  codesSentTo,
  Device,
  mailsTo,
  mainForm,
  otherThan,
  PASSWORD,
  register,
  startWizardApi,
  END,
  reasons,
} from './devices.ts';

let api: MoneyApi;
beforeAll(async () => {
  api = await startWizardApi();
});
afterAll(() => api?.stop());

const clientOf = async (email: string) =>
  (await api.hub.pool.query(`select * from client where email = $1`, [email])).rows[0];
const begin = async (device: Device) => (await device.step('POST /my/signup/wizard', {})).uuid as string;
const atCode = async (device: Device, email: string) => {
  const uuid = await begin(device);
  await device.step('POST /my/signup', { uuid, ...mainForm(device, email) });
  return { uuid, code: await codeSentTo(api, email) };
};
const runOf = (uuid: string) =>
  api.hub.one<{ state: string; step: string; id: number }>(`select id, state, step from wizard_run where uuid = $1`, [
    uuid,
  ]);

describe('a registration', () => {
  it('asks a form, sends a code, makes the client and signs him in', async () => {
    const device = new Device(api);
    const email = anEmail();
    const first = await device.step('POST /my/signup/wizard', { utm: { utm_source: 'example.com' } });
    expect(first).toMatchObject({ code: 200, done: false, workflow: 'basic_register_form', uuid: expect.any(String) });
    expect(first.data.fields.map((one: any) => one.name)).toEqual([
      'email',
      'password',
      'password_confirmation',
      'info',
      'addresses',
    ]);
    expect(first.data.recaptcha).toEqual({ enabled: false, key: null });

    const second = await device.step('POST /my/signup', { uuid: first.uuid, ...mainForm(device, email) });
    expect(second).toEqual({
      code: 200,
      done: false,
      workflow: 'confirm_email',
      uuid: first.uuid,
      data: {
        confirmationChannel: 'email',
        recipient: 'a***@client.example',
        codeLength: 6,
        expiresAt: expect.stringMatching(/\+00:00$/),
        resendAfter: 60,
        attemptsLeft: 5,
      },
    });

    const last = await device.step('POST /my/signup', { uuid: first.uuid, code: await codeSentTo(api, email) });
    expect(last).toMatchObject({ code: 202, done: true, workflow: END, data: { tfaProviders: [] } });
    const { token } = last.data.accessToken;
    expect((await device.call('GET /my/accounts', undefined, { authorization: `Bearer ${token}` })).status).toBe(200);
    expect(await clientOf(email)).toMatchObject({
      first_name: 'Ann',
      last_name: 'Canary',
      analytics: [{ property: 'utm_source', value: 'example.com' }],
      password_hash: expect.stringMatching(/^\$argon2id\$/),
    });
    await eventually(
      () => Promise.resolve(mailsTo(api, email).some((title) => title.startsWith('Welcome'))),
      'the welcome',
    );
  });

  it('gives the new client the manager and the jurisdiction that fit him', async () => {
    const olga = await api.operator();
    await olga.call('POST /managers', { userId: olga.id, countryRule: 'allow', countryIds: [276] });
    await olga.call('POST /jurisdictions', { caption: 'Germany', countryIds: [276] });
    const { email } = await register(api, new Device(api));
    const { body } = await olga.call(`GET /clients?filter[email]=${email}`);
    expect(body.data).toMatchObject([
      { country: { countryId: 276 }, manager: { id: olga.id }, jurisdiction: { name: 'Germany' } },
    ]);
    await olga.call(`PATCH /managers/${olga.id}`, { enabled: false });
  });

  it('by an operator is told to the client where he wants that', async () => {
    const olga = await api.operator();
    const person = { firstName: 'Ann', lastName: 'Lee' };
    const [told, untold] = [anEmail(), anEmail()];
    expect((await olga.call('POST /clients', { ...person, email: untold })).status).toBe(201);
    expect((await olga.call('POST /clients', { ...person, email: told, sendMail: true })).status).toBe(201);
    const waiting = await api.hub.pool.query(
      `select c.email from message m join client c using (client_id) where c.email = any($1)`,
      [[told, untold]],
    );
    expect(waiting.rows).toEqual([{ email: told }]);
  });

  it('refuses what cannot be right, each field by its name, and keeps nothing of it', async () => {
    const { email: taken } = await register(api, new Device(api));
    const device = new Device(api);
    const uuid = await begin(device);
    const info = { givenName: 'Ann', familyName: 'Lee', birthday: '1990-05-01' };
    const cases: [string, object][] = [
      ['email', { email: taken.toUpperCase() }],
      ['email', { email: 'аnn@client.example' }], // a Cyrillic а
      ['email', { email: 'ann@xn--client-4ve.example' }],
      ['password', { password: 'secret123', password_confirmation: 'secret123' }],
      ['password_confirmation', { password_confirmation: 'Secret124' }],
      ['info.birthday', { info: { ...info, birthday: '2020-01-01' } }],
      ['info.birthday', { info: { ...info, birthday: '1990-02-30' } }],
      ['info.birthday', { info: { ...info, birthday: '1899-12-31' } }],
      ['info.givenName', { info: { ...info, givenName: '<script>alert(1)</script>' } }],
      ['info.givenName', { info: { ...info, givenName: 'A\u202eB' } }],
      ['addresses.0.country_code', { addresses: { '0': { country_code: '999' } } }],
      ['addresses', { addresses: {} }],
      ['extra', { extra: true }],
      ['device_fingerprint', { device_fingerprint: 'nonsense' }],
    ];
    for (const [field, more] of cases) {
      const answer = await device.call('POST /my/signup', { uuid, ...mainForm(device, anEmail(), more) });
      expect([answer.status, answer.body.error.details.map((one: any) => one.field)]).toEqual([
        400,
        expect.arrayContaining([field]),
      ]);
      expect(answer.body.error).toMatchObject({ code: 0, message: 'Validation failed' });
    }
    const nothing = await device.call('POST /my/signup', { uuid, info: {} });
    expect(nothing.body.error.details.map((one: any) => one.field)).toEqual(
      expect.arrayContaining(['email', 'password', 'info.birthday', 'device_fingerprint']),
    );
    const { id } = await runOf(uuid);
    expect((await api.hub.pool.query(`select 1 from wizard_input where run_id = $1`, [id])).rowCount).toBe(0);
    // A country that is switched off is not offered and not taken.
    await api.hub.pool.query(`update country set enabled = false where numeric_code = '276'`);
    const off = await device.call('POST /my/signup', { uuid, ...mainForm(device, anEmail()) });
    await api.hub.pool.query(`update country set enabled = true where numeric_code = '276'`);
    expect(off.body.error.details[0].field).toBe('addresses.0.country_code');
  });

  it('ends after five wrong codes, and makes no client', async () => {
    const device = new Device(api);
    const email = anEmail();
    const { uuid, code } = await atCode(device, email);
    const wrong = otherThan(code);
    for (const left of [4, 3, 2, 1]) {
      const answer = await device.call('POST /my/signup', { uuid, code: wrong });
      expect(answer.body.error).toMatchObject({
        code: 0,
        message: 'Invalid confirmation code',
        details: [{ field: 'code', reason: 'invalid_code', issue: `The code is incorrect. Attempts left: ${left}.` }],
      });
    }
    const last = await device.call('POST /my/signup', { uuid, code: wrong });
    expect([...reasons(last), last.headers.get('retry-after')]).toEqual([429, 'too_many_attempts', '600']);
    expect(reasons(await device.call('POST /my/signup', { uuid, code }))).toEqual([404, 'wizard_not_found']);
    expect(await clientOf(email)).toBeUndefined();
    expect((await runOf(uuid)).state).toBe('failed');
  });

  it('does not take steps out of their order, nor those of an unknown run', async () => {
    const device = new Device(api);
    const uuid = await begin(device);
    const early = await device.call('POST /my/signup', { uuid, code: '123456' });
    expect([...reasons(early), early.body.error.workflow]).toEqual([409, 'wrong_step', 'basic_register_form']);
    await device.step('POST /my/signup', { uuid, ...mainForm(device, anEmail()) });
    expect(
      reasons(
        await device.call('POST /my/signin', {
          ...{ uuid, email: anEmail(), password: PASSWORD, device_fingerprint: device.fingerprint },
        }),
      ),
    ).toEqual([404, 'wizard_not_found']);
    expect(
      reasons(await device.call('POST /my/signup', { uuid: '36f59381-5b54-48bd-a0c7-3b908c476732', code: '1' })),
    ).toEqual([404, 'wizard_not_found']);
    expect(reasons(await device.call('POST /my/signup', { code: '1' }))).toEqual([400, 'validation']);
  });

  it('answers a step that is sent again as before: a code goes out once, a client is made once, the tokens are the same', async () => {
    const device = new Device(api);
    const email = anEmail();
    const uuid = await begin(device);
    const form = { uuid, ...mainForm(device, email) };
    const first = await device.step('POST /my/signup', form);
    expect(await device.step('POST /my/signup', form)).toEqual(first);
    const code = await codeSentTo(api, email);
    expect(mailsTo(api, email)).toHaveLength(1);
    const last = await device.step('POST /my/signup', { uuid, code });
    expect(await device.step('POST /my/signup', { uuid, code })).toEqual(last);
    expect(
      (await api.hub.one<{ n: number }>(`select count(*)::int as n from client where email = $1`, [email])).n,
    ).toBe(1);
  });

  it('sends another code only after a while; then only the new one counts', async () => {
    const device = new Device(api);
    const email = anEmail();
    const { uuid, code: old } = await atCode(device, email);
    const early = await device.call('POST /my/signup', { uuid, resend: true });
    expect(reasons(early)).toEqual([429, 'resend_too_early']);
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0);
    const { id } = await runOf(uuid);
    await api.hub.pool.query(`update wizard_code set sent_at = now() - interval '2 minutes' where run_id = $1`, [id]);
    expect((await device.step('POST /my/signup', { uuid, resend: true })).workflow).toBe('confirm_email');
    await eventually(() => Promise.resolve(mailsTo(api, email).length === 2), 'the second mail');
    const code = await codeSentTo(api, email);
    expect(reasons(await device.call('POST /my/signup', { uuid, code: old === code ? otherThan(code) : old }))).toEqual(
      [400, 'invalid_code'],
    );
    expect((await device.step('POST /my/signup', { uuid, code })).code).toBe(202);
  });

  it('takes back the mail of a code that still waits when another code is asked for', async () => {
    const device = new Device(api);
    const email = anEmail();
    const enable = (yes: boolean) =>
      api.hub.pool.query(`update connection set enabled = $1 where name = 'sendgrid'`, [yes]);
    await enable(false);
    const uuid = await begin(device);
    await device.step('POST /my/signup', { uuid, ...mainForm(device, email) });
    const { id } = await runOf(uuid);
    await api.hub.pool.query(`update wizard_code set sent_at = now() - interval '2 minutes' where run_id = $1`, [id]);
    await device.step('POST /my/signup', { uuid, resend: true });
    await enable(true);
    const messages = async () =>
      (
        await api.hub.pool.query<{ state: string }>(
          `select state from message where starts_with(key, $1) order by id`,
          [`wizard:${id}:`],
        )
      ).rows.map(({ state }) => state);
    await eventually(
      async () => !(await messages()).some((state) => ['queued', 'sending'].includes(state)),
      'both messages to be over',
    );
    expect(await messages()).toEqual(['cancelled', expect.stringMatching(/accepted|sent|delivered/)]);
    expect(mailsTo(api, email)).toHaveLength(1);
    expect((await device.step('POST /my/signup', { uuid, code: await codeSentTo(api, email) })).code).toBe(202);
  });

  it('does not send more than five codes an hour to one address', async () => {
    const email = anEmail();
    for (let n = 0; n < 5; n++) await atCode(new Device(api), email);
    const device = new Device(api);
    const answer = await device.call('POST /my/signup', { uuid: await begin(device), ...mainForm(device, email) });
    expect(reasons(answer)).toEqual([429, 'resend_too_early']);
  });

  it('sends no code when the whole hub has sent too many within an hour', async () => {
    const spent = `insert into code_sending (recipient_mark, address_mark, type, channel) select '', '', 'spent', 'email' from generate_series(1, 20000)`;
    await api.hub.pool.query(spent);
    const device = new Device(api);
    const answer = await device.call('POST /my/signup', { uuid: await begin(device), ...mainForm(device, anEmail()) });
    await api.hub.pool.query(`delete from code_sending where type = 'spent'`);
    expect(reasons(answer)).toEqual([429, 'resend_too_early']);
  });

  it('hears that an e-mail is taken only of a form that lacks nothing, and only ten times an hour from one address', async () => {
    const { email: taken } = await register(api, new Device(api));
    const heardAgain = () => api.hub.pool.query(`delete from code_sending where type = 'taken'`);
    await heardAgain();
    const device = new Device(api);
    const uuid = await begin(device);
    const lacking = await device.call('POST /my/signup', { uuid, ...mainForm(device, taken, { info: {} }) });
    expect(lacking.status).toBe(400);
    expect(JSON.stringify(lacking.body)).not.toContain('taken');
    for (let n = 0; n < 10; n++) {
      const { body } = await device.call('POST /my/signup', { uuid, ...mainForm(device, taken) });
      expect(body.error.details.map((one: any) => one.issue)).toEqual(['The email has already been taken.']);
    }
    // From now on neither.
    for (const email of [taken, anEmail()]) {
      const answer = await device.call('POST /my/signup', { uuid: await begin(device), ...mainForm(device, email) });
      expect(reasons(answer)).toEqual([429, 'too_many_attempts']);
    }
    await heardAgain();
  });

  it('refuses a code that is too old', async () => {
    const device = new Device(api);
    const { uuid, code } = await atCode(device, anEmail());
    await api.hub.pool.query(`update wizard_code set expires_at = now() where run_id = $1`, [(await runOf(uuid)).id]);
    expect(reasons(await device.call('POST /my/signup', { uuid, code }))).toEqual([400, 'code_expired']);
  });

  it('makes one client when two register with one address at the same time', async () => {
    const email = anEmail();
    const [one, other] = [new Device(api), new Device(api)];
    const a = await atCode(one, email);
    const b = await atCode(other, email.toUpperCase());
    const codes = await eventually(() => {
      const all = codesSentTo(api, email);
      return Promise.resolve(all.length === 2 ? all : null);
    }, 'both codes');
    const answers = await Promise.all(
      [[one, a.uuid] as const, [other, b.uuid] as const].map(async ([device, uuid]) => {
        for (const code of codes) {
          const answer = await device.call('POST /my/signup', { uuid, code });
          if (reasons(answer)[1] !== 'invalid_code') return answer;
        }
        throw new Error('no code fits');
      }),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(reasons(answers.find(({ status }) => status === 409)!)).toEqual([409, 'already_exists']);
  });
});

describe('a registration left in the middle', () => {
  it('goes on on another device after everything that worked on it was stopped and started again', async () => {
    const email = anEmail();
    const { uuid, code } = await atCode(new Device(api), email);
    await api.hub.pause();
    await api.hub.resume();
    const phone = new Device(api, 'Phone');
    expect(await phone.step('POST /my/signup', { uuid, code })).toMatchObject({ code: 202, done: true });
    expect(await clientOf(email)).toBeDefined();
  });

  it('is gone after its lifetime', async () => {
    const { id } = await api.hub.one<{ id: number }>(
      `with changed as (update wizard_definition set version = version + 1, lifetime_seconds = 5 where type = 'registration' returning *)
       insert into wizard_version (definition_id, version, steps, lifetime_seconds, tries) select id, version, steps, lifetime_seconds, tries from changed returning definition_id as id`,
    );
    const device = new Device(api);
    const { uuid, code } = await atCode(device, anEmail());
    await api.hub.pool.query(
      `with changed as (update wizard_definition set version = version + 1, lifetime_seconds = 1800 where id = $1 returning *)
       insert into wizard_version (definition_id, version, steps, lifetime_seconds, tries) select id, version, steps, lifetime_seconds, tries from changed`,
      [id],
    );
    await eventually(async () => (await runOf(uuid)).state === 'expired', 'the run to expire');
    expect(reasons(await device.call('POST /my/signup', { uuid, code }))).toEqual([404, 'wizard_not_found']);
    await api.hub.ends(`wizard:${uuid}`);
  });
});

describe('what Temporal stores of a registration', () => {
  it('is its way: no address, name, password, code or token, even when it is decrypted', async () => {
    const device = new Device(api);
    const email = anEmail();
    const uuid = await begin(device);
    await device.step('POST /my/signup', { uuid, ...mainForm(device, email) });
    const code = await codeSentTo(api, email);
    await device.call('POST /my/signup', { uuid, code: otherThan(code) });
    const { data } = await device.step('POST /my/signup', { uuid, code });
    const { history, decoded } = await payloadsOf(api.hub, `wizard:${uuid}`);
    expect(decoded).toContain('emailConfirmed');
    const { accessToken, refreshToken } = data;
    const secrets = [email, 'Canary', '1990-05-01', PASSWORD, accessToken.token, refreshToken.token];
    for (const secret of [...secrets, code, otherThan(code)]) expect(decoded).not.toContain(secret);
    for (const secret of secrets) expect(history).not.toContain(secret);
    const { rows } = await api.hub.pool.query(
      `select * from wizard_run join wizard_input i on i.run_id = wizard_run.id where uuid = $1`,
      [uuid],
    );
    expect(JSON.stringify(rows)).not.toContain(email);
  });
});

describe('what is sent for another step than the run waits at', () => {
  it('is no mistake in a field: who goes back to the form hears that the code is waited for, and goes on with it', async () => {
    const device = new Device(api);
    const email = anEmail();
    const uuid = await begin(device);
    await device.step('POST /my/signup', { uuid, ...mainForm(device, email) });
    const other = { info: { givenName: 'Anna', familyName: 'Canary', birthday: '1990-05-01' } };
    const back = await device.call('POST /my/signup', { uuid, ...mainForm(device, email, other) });
    expect([...reasons(back), back.body.error.workflow]).toEqual([409, 'wrong_step', 'confirm_email']);
    const odd = await device.call('POST /my/signup', { uuid, kode: '123456' });
    expect(reasons(odd)).toEqual([400, 'validation']);
    const last = await device.step('POST /my/signup', { uuid, code: await codeSentTo(api, email) });
    expect(last.code).toBe(202);
  });
});

describe('two devices with one run', () => {
  it('that send a step at the same moment: one wins, the other is told where the run is', async () => {
    const [one, other] = [new Device(api), new Device(api)];
    const uuid = await begin(one);
    const answers = await Promise.all(
      [one, other].map((device) => device.call('POST /my/signup', { uuid, ...mainForm(device, anEmail()) })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const told = answers.find(({ status }) => status === 409)!;
    expect([told.body.error.details[0].reason, told.body.error.workflow]).toEqual(['wrong_step', 'confirm_email']);
  });
});
