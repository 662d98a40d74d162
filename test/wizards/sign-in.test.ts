/** How clients sign in: password, second factors, a new password that is wanted, tokens of a device. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { networkOf } from '../../activities/wizards/device.ts';
import { totpAt, totpStepOf } from '../../activities/wizards/totp.ts';
import { KeyRing } from '../../config/key-ring.ts';
import { knock } from '../../db/repositories/sign-in-guard.ts';
import { closeTotpSteps, useTotpStep } from '../../db/repositories/factors.ts';
import { savePhone } from '../../db/repositories/client-phones.ts';
import { HUB_QUEUE } from '../../domain/queues.ts';
import type { MoneyApi } from '../api/money-hub.ts';
import { oneCommitUnanswered } from '../kit/commits-unanswered.ts';
import { eventually } from '../kit/hub.ts';
import { CONFIG_KEYS } from '../kit/keys.ts';
import { meanwhile } from '../kit/meanwhile.ts';
import {
  anEmail,
  codeSentTo,
  codesSentTo,
  Device,
  mailsTo,
  otherThan,
  PASSWORD,
  register,
  startWizardApi,
  END,
  reasons,
  nextCodeTo,
} from './devices.ts';

let api: MoneyApi;
beforeAll(async () => {
  api = await startWizardApi([], { trustProxy: 1 });
});
afterAll(() => api?.stop());
// All come from one address, which would have had its codes.
beforeEach(() => api.hub.pool.query(`delete from code_sending`));

const registered = async (device: Device) => (await register(api, device)).email;
const idOf = async (email: string) =>
  (await api.hub.one<{ id: number }>(`select client_id as id from client where email = $1`, [email])).id;
const begin = async (device: Device): Promise<string> => (await device.step('GET /my/signin/wizard')).uuid;
const credentials = (device: Device, uuid: string, email: string, password = PASSWORD) => ({
  ...{ uuid, email, password, device_fingerprint: device.fingerprint },
});
const SECRET = Buffer.from('12345678901234567890');
const switchOn = async (email: string, ...factors: string[]) => {
  const id = await idOf(email);
  for (const type of factors)
    await api.hub.pool.query(`insert into client_factor (client_id, type) values ($1, $2)`, [id, type]);
  if (factors.includes('google'))
    await api.hub.pool.query(`insert into client_totp (client_id, sealed) values ($1, $2)`, [
      id,
      new KeyRing(CONFIG_KEYS).seal(SECRET, 'totp'),
    ]);
  await savePhone(api.hub.pool, id, { number: '+995555123456' });
};
const history = async (email: string) =>
  (
    await api.hub.pool.query(`select status, reason from authorization_record where client_id = $1 order by id`, [
      await idOf(email),
    ])
  ).rows.map(({ status, reason }) => (reason ? `${status}: ${reason}` : status));
const presentCode = () => totpAt(SECRET, Math.floor(Date.now() / 30_000));

describe('a client', () => {
  it('signs in with e-mail and password, whatever the case of the e-mail', async () => {
    const device = new Device(api);
    const email = await registered(device);
    const first = await device.step('GET /my/signin/wizard');
    expect(first).toEqual({
      code: 200,
      data: { recaptcha: { enabled: false, key: null }, is_qr_available: true, is_password_recovery_available: true },
      done: true,
      uuid: expect.any(String),
      workflow: 'login',
    });
    const body = credentials(device, first.uuid, email.toUpperCase());
    const last = await device.step('POST /my/signin', body);
    const token = { token: expect.any(String), createdAt: expect.any(String), expiresAt: expect.any(String) };
    expect(last).toEqual({
      code: 202,
      data: { accessToken: token, refreshToken: token, tfaProviders: [] },
      done: true,
      uuid: first.uuid,
      workflow: END,
    });
    expect(await device.step('POST /my/signin', body)).toEqual(last);
    const bearer = { authorization: `Bearer ${last.data.accessToken.token}` };
    expect((await device.call('GET /my/accounts', undefined, bearer)).status).toBe(200);
    expect(await history(email)).toEqual(['success']);
    expect((await device.call('POST /my/signout', undefined, bearer)).status).toBe(204);
    expect((await device.call('GET /my/accounts', undefined, bearer)).status).toBe(401);
  });

  it('is let in once, though nobody hears that he was', async () => {
    const device = new Device(api);
    const email = await registered(device);
    await api.hub.pause();
    const over = oneCommitUnanswered(api.hub.pool, 'insert into authorization_record');
    await api.hub.resume(over.pool);
    try {
      const answer = await device.step('POST /my/signin', credentials(device, await begin(device), email));
      expect(answer.code).toBe(202);
      expect(over.lost()).toBe(true);
      expect(await history(email)).toEqual(['success']);
    } finally {
      await api.hub.pause();
      await api.hub.resume();
    }
  });

  it('hears the same for a wrong password and for an e-mail that nobody has', async () => {
    const device = new Device(api);
    const email = await registered(device);
    const uuid = await begin(device);
    const [wrong, nobody] = [
      await device.call('POST /my/signin', credentials(device, uuid, email, 'Wrong12345')),
      await device.call('POST /my/signin', credentials(device, uuid, anEmail(), PASSWORD)),
    ];
    for (const { status, body } of [wrong, nobody]) {
      expect(status).toBe(400);
      expect({ ...body.error, requestId: '' }).toEqual({
        code: 0,
        message: 'Authorization failed',
        requestId: '',
        details: [{ field: 'password', reason: 'bad_credentials', issue: 'Incorrect email or password.' }],
      });
    }
    expect((await device.step('POST /my/signin', credentials(device, uuid, email))).code).toBe(202);
    expect(await history(email)).toEqual(['failure: bad_credentials', 'success']);
  });

  it('is kept out after five wrong passwords from one address, and gets in again by a new password', async () => {
    const device = new Device(api);
    const email = await registered(device);
    const codes = codesSentTo(api, email).length;
    const uuid = await begin(device);
    const tries = await Promise.all(
      Array.from({ length: 7 }, (_, n) =>
        device.call('POST /my/signin', credentials(device, uuid, email, `Wrong1234${n}`)),
      ),
    );
    expect(tries.filter(({ status }) => status === 400)).toHaveLength(5);
    const closed = await device.call('POST /my/signin', credentials(device, await begin(device), email));
    expect(reasons(closed)).toEqual([429, 'too_many_attempts']);
    expect(Number(closed.headers.get('retry-after'))).toBeGreaterThan(500);
    // The session is over as well.
    expect(reasons(await device.call('POST /my/signin', credentials(device, uuid, email)))).toEqual([
      404,
      'wizard_not_found',
    ]);

    const { token } = await device.step(
      `GET /my/2fa/unauthorized/challenge?businessProcess=restorePassword&email=${email}`,
    );
    const { successToken } = await device.step('POST /my/2fa/challenge', {
      token,
      code: await nextCodeTo(api, email, codes),
    });
    await device.call('POST /my/password/restore', { password: 'NewSecret123' }, { successtoken: successToken });
    expect(
      (await device.step('POST /my/signin', credentials(device, await begin(device), email, 'NewSecret123'))).code,
    ).toBe(202);
  });

  it('who gives the right password has not guessed, however often he does without going on', async () => {
    const device = new Device(api);
    const email = await registered(device);
    await switchOn(email, 'google');
    for (let n = 0; n < 7; n++) {
      const answer = await device.step('POST /my/signin', credentials(device, await begin(device), email));
      expect(answer.workflow).toBe('2fa_google');
    }
  });

  it('brings no guess back by giving the right password between them', async () => {
    const device = new Device(api);
    const email = await registered(device);
    await switchOn(email, 'google');
    const guesses: number[] = [];
    for (let n = 0; n < 6; n++) {
      const uuid = await begin(device);
      guesses.push((await device.call('POST /my/signin', credentials(device, uuid, email, `Wrong1234${n}`))).status);
      if (n < 4) await device.step('POST /my/signin', credentials(device, uuid, email));
    }
    expect(guesses).toEqual([400, 400, 400, 400, 400, 429]);
  });

  it('whose app sends the same three times at once has tried once', async () => {
    const device = new Device(api);
    const email = await registered(device);
    const uuid = await begin(device);
    // Counted by an API that died before it compared.
    const asked = { side: 'client', email, network: networkOf('127.0.0.1') } as const;
    for (let n = 0; n < 4; n++) await knock(api.hub.pool, new KeyRing(CONFIG_KEYS), asked);
    const body = credentials(device, uuid, email);
    const answers = await Promise.all([1, 2, 3].map(() => device.step('POST /my/signin', body)));
    expect(answers[0].code).toBe(202);
    expect(answers).toEqual([answers[0], answers[0], answers[0]]);
  });

  it('whose e-mail would have other than plain letters is nobody, and all of those are one', async () => {
    const device = new Device(api);
    const uuid = await begin(device);
    const tries: number[] = [];
    for (const letter of ['İ', 'ı', 'ß', 'é', 'К', 'ａ'])
      tries.push((await device.call('POST /my/signin', credentials(device, uuid, `${letter}@client.example`))).status);
    expect(tries).toEqual([400, 400, 400, 400, 400, 429]);
  });

  it('who is not active hears it only with the right password', async () => {
    const device = new Device(api);
    const email = await registered(device);
    await api.hub.pool.query(`update client set status = 'inactive' where email = $1`, [email]);
    const uuid = await begin(device);
    expect(reasons(await device.call('POST /my/signin', credentials(device, uuid, email, 'Wrong12345')))).toEqual([
      400,
      'bad_credentials',
    ]);
    expect(reasons(await device.call('POST /my/signin', credentials(device, uuid, email)))).toEqual([
      403,
      'restricted',
    ]);
  });

  it('cannot have another device go on with his sign-in', async () => {
    const [device, other] = [new Device(api), new Device(api)];
    const email = await registered(device);
    await switchOn(email, 'google');
    const uuid = await begin(device);
    expect(reasons(await other.call('POST /my/signin', credentials(other, uuid, email)))).toEqual([
      404,
      'wizard_not_found',
    ]);
    await device.step('POST /my/signin', credentials(device, uuid, email));
    expect(reasons(await other.call('POST /my/2fa/google', { uuid, code: presentCode() }))).toEqual([
      404,
      'wizard_not_found',
    ]);
    expect((await device.step('POST /my/2fa/google', { uuid, code: presentCode() })).code).toBe(202);
  });
});

describe('a second factor', () => {
  it('an app: its code is taken once, by whomever', async () => {
    const device = new Device(api);
    const email = await registered(device);
    await switchOn(email, 'google');
    const atApp = async () => {
      const uuid = await begin(device);
      const answer = await device.step('POST /my/signin', credentials(device, uuid, email));
      expect(answer).toMatchObject({
        workflow: '2fa_google',
        data: { accessToken: null, refreshToken: null, tfaProviders: ['google'] },
        done: false,
      });
      return uuid;
    };
    const [one, other] = [await atApp(), await atApp()];
    const code = presentCode();
    expect((await device.step('POST /my/2fa/google', { uuid: one, code })).code).toBe(202);
    const replayed = await device.call('POST /my/2fa/google', { uuid: other, code });
    expect(reasons(replayed)).toEqual([400, 'invalid_code']);
    expect(replayed.body.error.details[0].issue).toBe('The code is incorrect. Attempts left: 4.');
    expect(await history(email)).toEqual(['success', 'failure: invalid_code']);
  });

  it('an app: its code is right again where it was taken but could not be kept, and nowhere else', async () => {
    const device = new Device(api);
    const email = await registered(device);
    await switchOn(email, 'google');
    const atApp = async () => {
      const uuid = await begin(device);
      await device.step('POST /my/signin', credentials(device, uuid, email));
      return uuid;
    };
    const [one, other] = [await atApp(), await atApp()];
    const code = presentCode();
    await api.hub.pool.query(
      `create function lose() returns trigger language plpgsql as $$ begin raise exception 'lost'; end $$;
       create trigger lose before insert on wizard_input execute function lose()`,
    );
    try {
      expect((await device.call('POST /my/2fa/google', { uuid: one, code })).status).toBe(500);
    } finally {
      await api.hub.pool.query(`drop function lose cascade`);
    }
    expect(reasons(await device.call('POST /my/2fa/google', { uuid: other, code }))).toEqual([400, 'invalid_code']);
    expect((await device.step('POST /my/2fa/google', { uuid: one, code })).code).toBe(202);
    expect(reasons(await device.call('POST /my/2fa/google', { uuid: other, code }))).toEqual([400, 'invalid_code']);
  });

  it('is right for all who send it at once, also by two ways: what was right once is not wrong then', async () => {
    const [device, train] = [new Device(api), '198.51.100.20'];
    const email = await registered(device);
    await switchOn(email, 'google');
    const uuid = await begin(device);
    await device.step('POST /my/signin', credentials(device, uuid, email));
    const ways = [device, new Device(api, device.agent, train)];
    const code = presentCode();
    const [one, other] = await meanwhile(
      api.hub.pool,
      async (db) => db.query(`select from client_totp where client_id = $1 for update`, [await idOf(email)]),
      () => Promise.all(ways.map((way) => way.call('POST /my/2fa/google', { uuid, code }))),
      { many: 2 },
    );
    expect([one!.status, one!.body.code]).toEqual([200, 202]);
    expect(other!.body).toEqual(one!.body);
  });

  it('is six plain digits: another alphabet is a wrong field, not a fault', async () => {
    const device = new Device(api);
    const email = await registered(device);
    await switchOn(email, 'google');
    const uuid = await begin(device);
    await device.step('POST /my/signin', credentials(device, uuid, email));
    for (const code of ['１２３４５６', '١٢٣٤٥٦', '12345é', '12345', '1234567']) {
      const { status, body } = await device.call('POST /my/2fa/google', { uuid, code });
      expect([status, body.error.details[0].field]).toEqual([400, 'code']);
      expect(totpStepOf(SECRET, code, Date.now())).toBeNull();
    }
  });

  it('by e-mail still comes after others have begun recoveries for the client', async () => {
    const device = new Device(api);
    const email = await registered(device);
    await switchOn(email, 'email');
    const recovery = `GET /my/2fa/unauthorized/challenge?businessProcess=restorePassword&email=${email}`;
    for (let n = 0; n < 5; n++) await device.step(recovery);
    expect(reasons(await device.call(recovery))).toEqual([429, 'resend_too_early']);
    const uuid = await begin(device);
    expect((await device.step('POST /my/signin', credentials(device, uuid, email))).workflow).toBe('2fa_email');
  });

  it('cannot be guessed without end: neither another run nor the right password brings tries back', async () => {
    const device = new Device(api);
    const email = await registered(device);
    await switchOn(email, 'google');
    const wrong = otherThan(presentCode());
    const guesses: number[] = [];
    for (let run = 0; run < 5; run++) {
      // Another address each time: its own door is not what is meant here.
      await api.hub.pool.query(`delete from sign_in_guard where address is not null`);
      const uuid = await begin(device);
      await device.step('POST /my/signin', credentials(device, uuid, email));
      for (let n = 0; n < 4; n++)
        guesses.push((await device.call('POST /my/2fa/google', { uuid, code: wrong })).status);
    }
    expect(guesses).toEqual(Array(20).fill(400));
    await api.hub.pool.query(`delete from sign_in_guard where address is not null`);
    const uuid = await begin(device);
    await device.step('POST /my/signin', credentials(device, uuid, email));
    const closed = await device.call('POST /my/2fa/google', { uuid, code: presentCode() });
    expect(reasons(closed)).toEqual([429, 'too_many_attempts']);
    expect(Number(closed.headers.get('retry-after'))).toBeGreaterThan(500);
  });

  it('that is shown forgets the wrong ones', async () => {
    const device = new Device(api);
    const email = await registered(device);
    await switchOn(email, 'google');
    const uuid = await begin(device);
    await device.step('POST /my/signin', credentials(device, uuid, email));
    await device.call('POST /my/2fa/google', { uuid, code: otherThan(presentCode()) });
    expect((await device.step('POST /my/2fa/google', { uuid, code: presentCode() })).code).toBe(202);
    const left = await api.hub.pool.query(`select from sign_in_guard where client_id = $1`, [await idOf(email)]);
    expect(left.rowCount).toBe(0);
  });

  it('of two is chosen; a code for one does not do for the other', async () => {
    const device = new Device(api);
    const email = await registered(device);
    await switchOn(email, 'google', 'sms');
    const uuid = await begin(device);
    const early = await device.call('POST /my/2fa/sms', { uuid, code: '123456' });
    expect([...reasons(early), early.body.error.workflow]).toEqual([409, 'wrong_step', 'login']);
    expect(await device.step('POST /my/signin', credentials(device, uuid, email))).toMatchObject({
      workflow: '2fa_choose',
      data: { tfaProviders: ['google', 'sms'] },
    });
    const wrong = await device.call('POST /my/signin/2fa', { uuid, type: 'email' });
    expect([wrong.status, wrong.body.error.details[0].field]).toEqual([400, 'type']);
    expect(await device.step('POST /my/signin/2fa', { uuid, type: 'sms' })).toMatchObject({
      workflow: '2fa_sms',
      data: { confirmationChannel: 'sms', recipient: '+9955****3456' },
    });
    expect(reasons(await device.call('POST /my/2fa/google', { uuid, code: presentCode() }))).toEqual([
      409,
      'wrong_step',
    ]);
    const code = await codeSentTo(api, '+995555123456');
    expect((await device.step('POST /my/2fa/sms', { uuid, code })).code).toBe(202);
  });

  it('by e-mail', async () => {
    const device = new Device(api);
    const email = await registered(device);
    await switchOn(email, 'email');
    const codes = codesSentTo(api, email).length;
    const uuid = await begin(device);
    expect((await device.step('POST /my/signin', credentials(device, uuid, email))).workflow).toBe('2fa_email');
    expect((await device.step('POST /my/2fa/email', { uuid, code: await nextCodeTo(api, email, codes) })).code).toBe(
      202,
    );
  });
});

describe('a sign-in that waits at its second factor', () => {
  const changes: [string, (email: string) => Promise<unknown>][] = [
    [
      'whose password is changed meanwhile',
      (email) => api.hub.pool.query(`update client set password_hash = 'another' where email = $1`, [email]),
    ],
    [
      'whose client is closed meanwhile',
      (email) => api.hub.pool.query(`update client set status = 'inactive' where email = $1`, [email]),
    ],
    [
      'of whom a new password is wanted meanwhile',
      async (email) => (await api.operator()).call(`POST /clients/${await idOf(email)}/reset-password`),
    ],
  ];
  it.each(changes)('%s, gives no tokens', async (_, change) => {
    const device = new Device(api);
    const email = await registered(device);
    await switchOn(email, 'google');
    const uuid = await begin(device);
    await device.step('POST /my/signin', credentials(device, uuid, email));
    await change(email);
    const refused = await device.call('POST /my/2fa/google', { uuid, code: presentCode() });
    expect(reasons(refused)).toEqual([403, 'restricted']);
    expect(await history(email)).toEqual([]);
    const { state } = await api.hub.one<{ state: string }>(`select state from wizard_run where uuid = $1`, [uuid]);
    expect(state).toBe('failed');
  });
});

describe('a sign-in that waits for the code of an app which an operator switches off', () => {
  it('is begun anew: no code would be right', async () => {
    const device = new Device(api);
    const email = await registered(device);
    await switchOn(email, 'google');
    const uuid = await begin(device);
    await device.step('POST /my/signin', credentials(device, uuid, email));
    const off = { isEnabled: false };
    expect((await (await api.operator()).call(`PUT /clients/${await idOf(email)}/2fa/google`, off)).status).toBe(200);
    const refused = await device.call('POST /my/2fa/google', { uuid, code: presentCode() });
    expect(reasons(refused)).toEqual([403, 'restricted']);
    const anew = await begin(device);
    expect((await device.step('POST /my/signin', credentials(device, anew, email))).code).toBe(202);
  });
});

describe('somebody who can write to Temporal', () => {
  const forge = async (steps: object[]) => {
    const device = new Device(api);
    const victim = await registered(device);
    const uuid = await begin(device);
    const { id } = await api.hub.one<{ id: number }>(`select id from wizard_run where uuid = $1`, [uuid]);
    const facts = { clientId: await idOf(victim), factor: 'none', mustReset: false };
    const plan = { steps, lifetimeSeconds: 60, tries: 5 };
    const forged = { runId: id, type: 'authorization', plan, silent: ['sign-in'], facts, inputs: [] };
    await api.hub.client.workflow
      .execute('wizard', {
        taskQueue: HUB_QUEUE,
        workflowId: `forged:${uuid}`,
        args: [forged],
        workflowExecutionTimeout: '10s',
      })
      .catch(() => undefined);
    return {
      run: await api.hub.one<object>(`select state, step, client_id from wizard_run where id = $1`, [id]),
      victim,
    };
  };

  it('signs nobody in: what a run found out is taken from its sealed inputs', async () => {
    const step = (name: string, kind: string) => ({ name, kind, when: null, settings: {} });
    for (const steps of [[], [step('sign-in', 'sign-in')], [step('reset-password', 'new-password')]]) {
      const { run, victim } = await forge(steps);
      expect(run).toEqual({ state: 'failed', step: 'login', client_id: null });
      expect(await history(victim)).toEqual([]);
    }
  });
});

describe('a client who must set a new password', () => {
  it('does so at his next sign-in, after a code by e-mail', async () => {
    const device = new Device(api);
    const email = await registered(device);
    const codes = codesSentTo(api, email).length;
    await api.hub.pool.query(`update client set must_reset_password = true where email = $1`, [email]);
    const uuid = await begin(device);
    expect(await device.step('POST /my/signin', credentials(device, uuid, email))).toEqual({
      ...{ code: 200, data: null, done: false, uuid, workflow: 'password_reset' },
    });
    expect(reasons(await device.call('POST /my/signin/password/reset', { uuid, password: 'NewSecret123' }))).toEqual([
      409,
      'wrong_step',
    ]);
    expect((await device.step('POST /my/signin/password/restore', { uuid })).workflow).toBe('confirm_email');
    const code = await nextCodeTo(api, email, codes);
    expect((await device.step('POST /my/signin/password/restore', { uuid, code })).workflow).toBe('password_form');
    const password = 'NewSecret123';
    const last = await device.step('POST /my/signin/password/reset', {
      uuid,
      password,
      password_confirmation: password,
    });
    expect(last.code).toBe(202);
    const bearer = { authorization: `Bearer ${last.data.accessToken.token}` };
    expect((await device.call('GET /my/accounts', undefined, bearer)).status).toBe(200);
    expect((await device.step('POST /my/signin', credentials(device, await begin(device), email, password))).code).toBe(
      202,
    );
  });
});

describe('an operator', () => {
  it('sees who signed in, switches a lost factor off and wants a new password', async () => {
    const device = new Device(api);
    const email = await registered(device);
    const id = await idOf(email);
    await switchOn(email, 'google');
    const olga = await api.operator();
    expect((await olga.call(`GET /clients/${id}/2fa`)).body.data[0]).toEqual({
      ...{ caption: 'Google Authenticator', isEnabled: true, name: 'google' },
    });
    expect((await olga.call(`PATCH /clients/${id}/2fa/google`)).body.isEnabled).toBe(false);
    expect((await olga.call(`PATCH /clients/${id}/2fa/google`)).status).toBe(409);
    const signedIn = await device.step('POST /my/signin', credentials(device, await begin(device), email));
    const bearer = { authorization: `Bearer ${signedIn.data.accessToken.token}` };
    const mine = (await device.call('GET /my/authorizations', undefined, bearer)).body.data;
    expect(mine).toEqual([expect.objectContaining({ clientId: id, status: 'success', userAgent: device.agent })]);
    expect(
      (await olga.call(`GET /clients/authorizations?filter[clientId]=${id}&filter[status]=success`)).body.total,
    ).toBe(1);

    expect((await olga.call(`POST /clients/${id}/reset-password`)).status).toBe(204);
    await eventually(
      async () => (await device.call('GET /my/accounts', undefined, bearer)).status === 401,
      'the sign-in to end',
    );
    const next = await device.step('POST /my/signin', credentials(device, await begin(device), email));
    expect(next.workflow).toBe('password_reset');
    const tagged = await api.operator(['clients.read']);
    expect((await tagged.call(`POST /clients/${id}/reset-password`)).status).toBe(403);
  });
});

describe('a refresh token of a client', () => {
  const signIn = async (device: Device, email: string) =>
    (await device.step('POST /my/signin', credentials(device, await begin(device), email))).data.refreshToken
      .token as string;

  it('works once on its device; used again, both sides are signed out and the owner is told', async () => {
    const device = new Device(api);
    const email = await registered(device);
    const refreshToken = await signIn(device, email);
    const next = await device.step('POST /my/refresh', { refreshToken, deviceFingerprint: device.fingerprint });
    expect(next).toMatchObject({ code: 202, workflow: END, accessToken: { token: next.data.accessToken.token } });
    const bearer = { authorization: `Bearer ${next.accessToken.token}` };
    expect((await device.call('GET /my/accounts', undefined, bearer)).status).toBe(200);

    expect((await device.call('POST /my/refresh', { refreshToken })).status).toBe(401);
    expect((await device.call('POST /my/refresh', { refreshToken: next.refreshToken.token })).status).toBe(401);
    await eventually(
      async () => (await device.call('GET /my/accounts', undefined, bearer)).status === 401,
      'the sign-in to end',
    );
    expect(await history(email)).toContain('failure: token_reused');
    await eventually(
      () => Promise.resolve(mailsTo(api, email).some((one) => one.startsWith('You were signed out'))),
      'the mail',
    );
  });

  it('works on after an update of the browser or app, which is the same device', async () => {
    const device = new Device(api, 'Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0.6099.71 Safari/537.36');
    const refreshToken = await signIn(device, await registered(device));
    const updated = new Device(api, 'Mozilla/5.0 (X11; Linux x86_64) Chrome/121.0.6167.85 Safari/537.36');
    const { refreshToken: next } = await updated.step('POST /my/refresh', { refreshToken });
    const other = new Device(api, 'Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0');
    expect((await other.call('POST /my/refresh', { refreshToken: next.token })).status).toBe(401);
  });

  it('that is being renewed at the moment of a revocation does not survive it', async () => {
    const device = new Device(api);
    const email = await registered(device);
    await signIn(device, email);
    const subject = `client:${await idOf(email)}`;
    const olga = await api.operator();
    const revoked = await meanwhile(
      api.hub.pool,
      // What a refresh does.
      async (db) => {
        await db.query(`select from refresh_token where subject = $1 for update`, [subject]);
        await db.query(`update refresh_token set used_at = now() where subject = $1`, [subject]);
        await db.query(
          `insert into refresh_token (subject, family, token_hash, expires_at) select subject, family, 'next', expires_at from refresh_token where subject = $1 limit 1`,
          [subject],
        );
      },
      async () => olga.call(`POST /clients/${await idOf(email)}/reset-password`),
    );
    expect(revoked.status).toBe(204);
    const alive = `select count(*)::int as n from refresh_token where subject = $1 and revoked_at is null`;
    expect(await api.hub.one(alive, [subject])).toEqual({ n: 0 });
  });

  it('is ended with all others also while its client is being banned', async () => {
    const device = new Device(api);
    const email = await registered(device);
    await signIn(device, email);
    const [id, olga] = [await idOf(email), await api.operator()];
    const ended = await meanwhile(
      api.hub.pool,
      (db) => db.query(`select from client where client_id = $1 for update`, [id]),
      () => olga.call(`DELETE /clients/${id}/sessions`),
      { more: (db) => db.query(`update refresh_token set revoked_at = now() where subject = $1`, [`client:${id}`]) },
    );
    expect(ended.status).toBe(204);
  });

  it('that comes from another device ends the sign-in', async () => {
    const [device, thief] = [new Device(api), new Device(api)];
    const email = await registered(device);
    const refreshToken = await signIn(device, email);
    expect((await thief.call('POST /my/refresh', { refreshToken, deviceFingerprint: thief.fingerprint })).status).toBe(
      401,
    );
    expect((await device.call('POST /my/refresh', { refreshToken })).status).toBe(401);
    const another = await signIn(device, email);
    expect((await thief.call('POST /my/refresh', { refreshToken: another })).status).toBe(401);
  });

  it('is none of the Back Office, and one of there is none of here', async () => {
    const device = new Device(api);
    const refreshToken = await signIn(device, await registered(device));
    expect((await device.call('POST /refresh', { refreshToken })).status).toBe(401);
    expect((await device.step('POST /my/refresh', { refreshToken })).code).toBe(202);
  });
});

describe('addresses', () => {
  it('of one IPv6 network are counted as one', () => {
    expect(networkOf('2001:db8:1:2::1')).toBe(networkOf('2001:db8:1:2:ffff::9'));
    expect(networkOf('2001:db8:1:2::1')).not.toBe(networkOf('2001:db8:2:2::1'));
    expect(networkOf('192.0.2.1')).not.toBe(networkOf('192.0.2.2'));
  });
});

describe('codes of authenticator apps', () => {
  it('are those of RFC 6238', () => {
    const vectors = [
      [59, '287082'],
      [1_111_111_109, '081804'],
      [1_111_111_111, '050471'],
      [1_234_567_890, '005924'],
      [2_000_000_000, '279037'],
      [20_000_000_000, '353130'],
    ] as const;
    for (const [seconds, code] of vectors) expect(totpAt(SECRET, Math.floor(seconds / 30))).toBe(code);
  });

  it('that were taken are taken again at the same step of the same run only, until what they were given for is replaced', async () => {
    const email = await registered(new Device(api));
    await switchOn(email, 'google');
    const id = await idOf(email);
    const take = (step: number, runId: number, wizardStep = '2fa') =>
      useTotpStep(api.hub.pool, id, step, { runId, wizardStep });
    expect([await take(7, 1), await take(7, 1)]).toEqual([true, true]);
    expect([await take(7, 2), await take(7, 1, 'another'), await take(6, 1)]).toEqual([false, false, false]);
    expect([await take(8, 2), await take(7, 1), await take(8, 1)]).toEqual([true, false, false]);
    await closeTotpSteps(api.hub.pool, id, 7);
    expect([await take(8, 2), await take(9, 2)]).toEqual([false, true]);
  });
});
