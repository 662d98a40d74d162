/** Second factors of Back Office users: switched on, asked for at the sign-in, required, lost, and asked for again before risky things. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { additions } from '../../api/additions.ts';
import { totpAt } from '../../activities/wizards/totp.ts';
import { UserFactors } from '../../api/back-office/sign-in/user-factors.ts';
import { KeyRing } from '../../config/key-ring.ts';
import { openMessage } from '../../db/repositories/messages.ts';
import { connectTemporal } from '../../worker/client.ts';
import { type Answer, type Caller, PASSWORD, type TestApi, randomKeys, startTestApi } from '../kit/api-client.ts';
import { meanwhile as whileHeld } from '../kit/meanwhile.ts';

let api: TestApi;
let ring: KeyRing;
// Runs that send mails are begun there; nobody works on them.
const temporal = connectTemporal({
  temporalAddress: process.env['HUB_TEST_TEMPORAL_ADDRESS']!,
  temporalNamespace: 'default',
  payloadKeys: randomKeys(),
});
beforeAll(async () => {
  api = await startTestApi({ temporal, additions, env: { PASSWORD_MEMORY_KIB: '64' } });
  ring = new KeyRing(api.settings.configKeys);
  await api.sql(
    `with c as (insert into connection (provider, name, caption, config) values ('smtp', 'post', 'Post', '') returning id)
     insert into message_route (channel, connection_id) select 'email', id from c`,
  );
});
afterAll(async () => {
  await api?.stop();
  await temporal.connection.close();
});
beforeEach(async () => {
  await api.sql(`delete from broker_setting`);
  // Each test has a whole time step for itself: a code that is sent as the step ends is not taken any more.
  const now = Date.now;
  const into = now() % 30_000;
  jest.spyOn(Date, 'now').mockImplementation(() => now() - into);
});
afterEach(() => {
  jest.restoreAllMocks();
});

type Operator = Caller & { id: number };
const reasons = ({ status, body }: Answer) => [status, body?.error?.details[0]?.reason];
const set = (name: string, value: unknown) =>
  api.sql(`insert into broker_setting (name, value) values ($1, $2)`, [name, JSON.stringify(value)]);
const emailOf = async ({ id }: Operator): Promise<string> =>
  (await api.sql('select email from hub_user where id = $1', [id]))[0].email;
const signIn = async (user: Operator) =>
  api.call('POST /api/v2/signin', { body: { email: await emailOf(user), password: PASSWORD } });
const confirm = (token: string, code: string) => api.call('POST /api/v2/2fa/confirm', { body: { token, code } });
const audited = async ({ id }: Operator) =>
  (await api.sql(`select action from audit where object = $1 order by id`, [`user:${id}`])).map(
    ({ action }: { action: string }) => action,
  );
const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const bytesOf = (key: string): Buffer => {
  const bits = key
    .split('')
    .map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => parseInt(eight, 2)));
};
/** What the app shows; each code is newer than the one before. */
const app = (key: string) => {
  const secret = bytesOf(key);
  let last = 0;
  return () => {
    last = Math.max(last + 1, Math.floor(Date.now() / 30_000) - 1);
    return totpAt(secret, last);
  };
};
/** Codes of three time steps are taken at any moment; then the clock would have to go on. */
const forgetSteps = ({ id }: Operator) => api.sql(`update hub_user_totp set last_step = 0 where user_id = $1`, [id]);
/** Its own door is not what is meant. */
const otherAddress = () => api.sql(`delete from sign_in_guard where address is not null`);
const mailed = async ({ id }: Operator): Promise<string> => {
  const [{ sealed }] = await api.sql(`select sealed from message where user_id = $1 order by id desc limit 1`, [id]);
  return openMessage(ring, sealed).parameters['code']!;
};
const withApp = async (permissions?: string[]): Promise<{ user: Operator; code: () => string; key: string }> => {
  const user = await api.operator(permissions);
  const begun = await user.call('POST /api/v2/2fa/totp', { password: PASSWORD });
  const { token, setUp } = begun.body;
  const code = app(setUp.key);
  const answer = await user.call('POST /api/v2/2fa/totp/confirm', { token, code: code() });
  expect(answer).toMatchObject({ status: 200, body: { twoFactor: 'totp' } });
  await forgetSteps(user);
  return { user, code: app(setUp.key), key: setUp.key };
};

describe('an app', () => {
  it('is switched on by its first code, and asked for at each sign-in from then on', async () => {
    const user = await api.operator();
    expect((await user.call('GET /api/v2/2fa')).body).toEqual({ twoFactor: null, required: false });
    const { status, body } = await user.call('POST /api/v2/2fa/totp', { password: PASSWORD });
    expect([status, body]).toEqual([
      200,
      {
        token: expect.any(String),
        provider: 'totp',
        expiresAt: expect.stringMatching(/\+00:00$/),
        setUp: {
          key: expect.stringMatching(/^[A-Z2-7]{32}$/),
          uri: expect.stringMatching(
            /^otpauth:\/\/totp\/Brokerhub:operator\d+%40example.com\?secret=[A-Z2-7]{32}&issuer=Brokerhub$/,
          ),
          qr: expect.stringMatching(/^data:image\/png;base64,/),
        },
      },
    ]);
    expect((await signIn(user)).body['2faRequired']).toBe(false);
    const code = app(body.setUp.key);
    await user.call('POST /api/v2/2fa/totp/confirm', { token: body.token, code: code() });

    const asked = await signIn(user);
    expect(asked).toMatchObject({
      status: 200,
      body: { '2faRequired': true, '2faDetails': { provider: 'totp', setUp: null } },
    });
    expect(JSON.stringify(asked.body)).not.toContain('accessToken');
    const { token } = asked.body['2faDetails'];
    const signedIn = await confirm(token, code());
    expect(signedIn).toMatchObject({ status: 200, body: { accessToken: { token: expect.any(String) } } });
    expect((await api.call('GET /api/v2/2fa', { token: signedIn.body.accessToken.token })).body).toEqual({
      twoFactor: 'totp',
      required: false,
    });
    expect(await audited(user)).toEqual(['users.signin', 'users.2fa-on', 'users.signin']);
    const admin = await api.operator(['users.read']);
    expect((await admin.call(`GET /api/v2/users/${user.id}`)).body.twoFactor).toBe('totp');
    // The challenge did once.
    expect(reasons(await confirm(token, code()))).toEqual([404, 'challenge_not_found']);
  });

  it('is not switched on without the password, with a wrong code, twice, or by somebody else', async () => {
    const [user, other] = [await api.operator(), await api.operator()];
    expect(reasons(await user.call('POST /api/v2/2fa/totp', { password: 'wrong' }))).toEqual([400, 'bad_credentials']);
    expect(reasons(await user.call('POST /api/v2/2fa/fax', { password: PASSWORD }))).toEqual([400, 'validation']);
    const { token, setUp } = (await user.call('POST /api/v2/2fa/totp', { password: PASSWORD })).body;
    const code = app(setUp.key);
    const send = (by: Operator, sent: string, of = token) =>
      by.call('POST /api/v2/2fa/totp/confirm', { token: of, code: sent });
    expect(reasons(await send(user, wrong(code())))).toEqual([400, 'invalid_code']);
    expect(reasons(await send(user, code(), '00000000-0000-4000-8000-000000000000'))).toEqual([
      404,
      'challenge_not_found',
    ]);
    // To sign in it does nothing.
    expect(reasons(await confirm(token, code()))).toEqual([404, 'challenge_not_found']);
    expect(reasons(await send(other, '123456'))).toEqual([404, 'challenge_not_found']);
    const { token: again, setUp: anew } = (await user.call('POST /api/v2/2fa/totp', { password: PASSWORD })).body;
    expect((await send(user, app(anew.key)(), again)).status).toBe(200);
    expect(reasons(await user.call('POST /api/v2/2fa/email', { password: PASSWORD }))).toEqual([409, 'already_done']);
  });

  it('gives codes that do once, also at the same moment', async () => {
    const { user, code } = await withApp();
    const tokens = await Promise.all([signIn(user), signIn(user)]);
    const present = code();
    const answers = await Promise.all(tokens.map(({ body }) => confirm(body['2faDetails'].token, present)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
  });

  it('whose code was taken before the connection broke lets its user in by the same code, there and nowhere else', async () => {
    const { user, code } = await withApp();
    const [here, there] = [await signIn(user), await signIn(user)].map(
      ({ body }) => body['2faDetails'].token as string,
    );
    const present = code();
    const broken = Object.assign(Object.create(api.deps.pool), {
      query: api.deps.pool.query.bind(api.deps.pool),
      connect: () => Promise.reject(new Error('Connection terminated unexpectedly')),
    });
    const first = new UserFactors(broken, ring, { startWaiting: () => Promise.resolve() } as never);
    const answered = first.answer({ token: here!, code: present }, { purposes: ['sign-in'] }, () => Promise.resolve());
    await expect(answered).rejects.toThrow('Connection terminated');
    expect(reasons(await confirm(there!, present))).toEqual([400, 'invalid_code']);
    expect((await confirm(here!, present)).status).toBe(200);
    expect(reasons(await confirm(here!, present))).toEqual([404, 'challenge_not_found']);
    expect(reasons(await confirm(there!, present))).toEqual([400, 'invalid_code']);
  });

  it('cannot be guessed: five tries for a sign-in, twenty for a user in a day', async () => {
    const { user, code } = await withApp();
    const right = code();
    const { token } = (await signIn(user)).body['2faDetails'];
    const left: string[] = [];
    for (let n = 0; n < 5; n++) left.push((await confirm(token, wrong(right))).body.error.details[0].issue);
    expect(left).toEqual([4, 3, 2, 1, 0].map((n) => `The code is incorrect. Attempts left: ${n}.`));
    const sixth = await confirm(token, right);
    expect([...reasons(sixth), sixth.headers.get('retry-after')]).toEqual([429, 'too_many_attempts', '600']);
    expect(reasons(await confirm(token, right))).toEqual([404, 'challenge_not_found']);
    for (let n = 0; n < 14; n++) {
      await otherAddress();
      const { token: next } = (await signIn(user)).body['2faDetails'];
      await confirm(next, wrong(right));
    }
    await otherAddress();
    const { token: last } = (await signIn(user)).body['2faDetails'];
    expect(reasons(await confirm(last, right))).toEqual([429, 'too_many_attempts']);
  });

  it('is switched off with a code of it only', async () => {
    const { user, code } = await withApp();
    const off = (sent?: string) =>
      user.call('DELETE /api/v2/2fa', undefined, sent === undefined ? {} : { 'x-confirmation-code': sent });
    expect(reasons(await off())).toEqual([403, 'confirmation_required']);
    const right = code();
    expect(reasons(await off(wrong(right)))).toEqual([403, 'invalid_code']);
    expect((await off(right)).body).toEqual({ twoFactor: null, required: false });
    expect(await api.sql(`select from hub_user_totp where user_id = $1`, [user.id])).toEqual([]);
    expect((await signIn(user)).body['2faRequired']).toBe(false);
    expect(reasons(await off())).toEqual([409, 'already_done']);
    expect(await audited(user)).toEqual(['users.2fa-on', 'users.2fa-off', 'users.signin']);
  });

  it('has its secret, and no code or token of a challenge, in clear in no row', async () => {
    const { user, key } = await withApp();
    const { token } = (await signIn(user)).body['2faDetails'];
    const rows = JSON.stringify([
      await api.sql(`select * from hub_user_totp`),
      await api.sql(`select * from user_challenge`),
      await api.sql(`select * from audit`),
    ]);
    for (const secret of [key, bytesOf(key).toString('hex'), JSON.stringify([...bytesOf(key)]).slice(1, -1), token])
      expect(rows).not.toContain(secret);
  });
});

describe('a code by e-mail', () => {
  it('is a second factor as well', async () => {
    const user = await api.operator();
    const { token } = (await user.call('POST /api/v2/2fa/email', { password: PASSWORD })).body;
    const code = await mailed(user);
    expect(reasons(await user.call('POST /api/v2/2fa/email/confirm', { token, code: wrong(code) }))).toEqual([
      400,
      'invalid_code',
    ]);
    expect((await user.call('POST /api/v2/2fa/email/confirm', { token, code })).body.twoFactor).toBe('email');

    const asked = (await signIn(user)).body['2faDetails'];
    expect(asked).toMatchObject({ provider: 'email', setUp: null });
    // The code of before was for something else.
    expect(reasons(await confirm(asked.token, code))).toEqual([400, 'invalid_code']);
    expect((await confirm(asked.token, await mailed(user))).status).toBe(200);
  });

  it('expires', async () => {
    const user = await api.operator();
    await api.sql(`update hub_user set two_factor = 'email' where id = $1`, [user.id]);
    const { token } = (await signIn(user)).body['2faDetails'];
    await api.sql(`update user_challenge set expires_at = now() where user_id = $1`, [user.id]);
    expect(reasons(await confirm(token, await mailed(user)))).toEqual([404, 'challenge_not_found']);
  });

  it('that cannot be mailed lets nobody in', async () => {
    const user = await api.operator();
    await api.sql(`update hub_user set two_factor = 'email' where id = $1`, [user.id]);
    await api.sql(`update message_route set enabled = false`);
    expect(reasons(await signIn(user))).toEqual([503, 'unavailable']);
    await api.sql(`update message_route set enabled = true`);
  });
});

describe('a second factor that is required', () => {
  const addsOne = async (user: Operator) => {
    const asked = await signIn(user);
    expect(asked.body).toMatchObject({
      '2faRequired': true,
      '2faDetails': { provider: 'totp', setUp: { key: expect.any(String) } },
    });
    const { token, setUp } = asked.body['2faDetails'];
    const code = app(setUp.key);
    expect(reasons(await confirm(token, wrong(code())))).toEqual([400, 'invalid_code']);
    const signedIn = await confirm(token, code());
    expect(signedIn.status).toBe(200);
    return { ...signedIn.body, code };
  };

  it('by a setting is added at the next sign-in, before anything else, and stays', async () => {
    const user = await api.operator();
    await set('backOffice.twoFactorRequired', true);
    const { accessToken, code } = await addsOne(user);
    expect(await audited(user)).toEqual(['users.2fa-on', 'users.signin']);
    const off = await api.call('DELETE /api/v2/2fa', {
      token: accessToken.token,
      headers: { 'x-confirmation-code': code() },
    });
    expect(reasons(off)).toEqual([403, 'restricted']);
    expect((await signIn(user)).body['2faDetails'].setUp).toBeNull();
  });

  it('by a group is for its users only', async () => {
    const [admin, inside, outside] = [await api.operator(), await api.operator(), await api.operator()];
    const { body: group } = await admin.call('POST /api/v2/groups', {
      name: 'Cashiers',
      permissions: [],
      twoFactorRequired: true,
    });
    expect(group.twoFactorRequired).toBe(true);
    await api.sql(`insert into hub_user_group values ($1, $2)`, [inside.id, group.id]);
    expect((await inside.call('GET /api/v2/2fa')).body).toEqual({ twoFactor: null, required: true });
    await addsOne(inside);
    expect((await signIn(outside)).body['2faRequired']).toBe(false);
  });
});

describe('a user who lost his device', () => {
  it('is helped by an administrator: the factor goes, his sign-ins end, and it is written down', async () => {
    const { user } = await withApp([]);
    const admin = await api.operator();
    const { token } = (await signIn(user)).body['2faDetails'];
    expect((await admin.call(`POST /api/v2/users/${user.id}/2fa/reset`)).status).toBe(204);
    expect((await user.call('GET /api/v2/2fa')).status).toBe(401);
    expect(reasons(await confirm(token, '123456'))).toEqual([404, 'challenge_not_found']);
    expect((await signIn(user)).body['2faRequired']).toBe(false);
    expect(
      await api.sql(`select actor from audit where action = 'users.2fa-reset' and object = $1`, [`user:${user.id}`]),
    ).toEqual([{ actor: `user:${admin.id}` }]);
    expect(reasons(await admin.call(`POST /api/v2/users/${user.id}/2fa/reset`))).toEqual([409, 'already_done']);
  });

  it('is not helped by himself, by somebody with fewer rights, or without the right to', async () => {
    const { user } = await withApp();
    const [lesser, none] = [await api.operator(['users.update']), await api.operator(['users.read'])];
    for (const by of [user, lesser, none])
      expect(reasons(await by.call(`POST /api/v2/users/${user.id}/2fa/reset`))).toEqual([403, 'forbidden']);
    const admin = await api.operator();
    expect(reasons(await admin.call('POST /api/v2/users/999999/2fa/reset'))).toEqual([404, 'not_found']);
    expect((await signIn(user)).body['2faRequired']).toBe(true);
  });
});

describe('a user who is changed while he signs in', () => {
  /** Somebody else holds the user and changes him, and the call comes to it meanwhile. */
  const meanwhile = async ({ id }: Operator, call: () => Promise<Answer>, change: string): Promise<Answer> => {
    const other = await api.deps.pool.connect();
    try {
      await other.query('begin');
      await other.query(`select from hub_user where id = $1 for no key update`, [id]);
      const so = { far: 'waits' };
      const answer = call().finally(() => (so.far = 'answered'));
      const waits = `select from pg_locks where not granted and pid in (select pid from pg_stat_activity where datname = current_database())`;
      while (so.far === 'waits' && (await api.sql(waits)).length === 0)
        await new Promise((done) => setTimeout(done, 10));
      await other.query(change, [id]);
      await other.query(`delete from user_challenge where user_id = $1`, [id]);
      await other.query('commit');
      return await answer;
    } finally {
      other.release();
    }
  };
  const changes = [
    `update hub_user set password_hash = 'another' where id = $1`,
    `update hub_user set active = false where id = $1`,
  ];

  it.each([...changes, `update hub_user set two_factor = 'email' where id = $1`])(
    'gets no tokens for his password of before: %s',
    async (change) => {
      const user = await api.operator();
      expect(reasons(await meanwhile(user, () => signIn(user), change))).toEqual([403, 'restricted']);
      expect(await audited(user)).not.toContain('users.signin');
    },
  );

  it.each([...changes, `update hub_user set two_factor = null where id = $1`])(
    'is asked for no code, and gets no tokens for one: %s',
    async (change) => {
      const { user, code } = await withApp();
      const { token } = (await signIn(user)).body['2faDetails'];
      const confirmed = await meanwhile(user, () => confirm(token, code()), change);
      expect(reasons(confirmed)).toEqual([404, 'challenge_not_found']);
      const { user: other } = await withApp();
      expect(reasons(await meanwhile(other, () => signIn(other), change))).toEqual([403, 'restricted']);
    },
  );
});

describe('a user for whom somebody else begins an app with the same password', () => {
  it('switches on no other app than the one that showed the code', async () => {
    const user = await api.operator();
    const begin = async () => (await user.call('POST /api/v2/2fa/totp', { password: PASSWORD })).body;
    const { token, setUp } = await begin();
    const confirmed = await whileHeld(
      api.deps.pool,
      (db) => db.query(`select from hub_user where id = $1 for no key update`, [user.id]),
      () => user.call('POST /api/v2/2fa/totp/confirm', { token, code: app(setUp.key)() }),
      // What beginning another does.
      {
        more: (db) =>
          db.query(`update hub_user_totp set sealed = $2, last_step = 0 where user_id = $1`, [user.id, 'another']),
      },
    );
    expect(reasons(confirmed)).toEqual([404, 'challenge_not_found']);
    expect(await api.sql(`select active from hub_user_totp where user_id = $1`, [user.id])).toEqual([
      { active: false },
    ]);
    expect((await user.call('GET /api/v2/2fa')).body.twoFactor).toBeNull();
  });
});

describe('a user who is held while he asks for a code', () => {
  it('gets one once he is free', async () => {
    const user = await api.operator();
    await api.sql(`update hub_user set two_factor = 'email' where id = $1`, [user.id]);
    await user.call('POST /api/v2/2fa/code');
    const asked = await whileHeld(
      api.deps.pool,
      (db) => db.query(`select from hub_user where id = $1 for update`, [user.id]),
      () => user.call('POST /api/v2/2fa/code'),
      { more: (db) => db.query(`delete from user_challenge where user_id = $1`, [user.id]) },
    );
    expect(asked).toMatchObject({ status: 200, body: { provider: 'email' } });
  });
});

describe('something risky', () => {
  const makeGroup = (by: Operator, name: string, headers: Record<string, string> = {}) =>
    by.call('POST /api/v2/groups', { name, permissions: [] }, headers);
  const groupsNamed = async (name: string) =>
    (await api.sql(`select count(*)::int as n from user_group where name = $1`, [name]))[0].n;

  it('wants a fresh code where the broker says so, and does nothing without', async () => {
    const { user, code } = await withApp();
    expect((await makeGroup(user, 'Before')).status).toBe(201);
    await set('backOffice.confirmRisky', true);
    expect(reasons(await makeGroup(user, 'Risky'))).toEqual([403, 'confirmation_required']);
    const right = code();
    expect(reasons(await makeGroup(user, 'Risky', { 'x-confirmation-code': wrong(right) }))).toEqual([
      403,
      'invalid_code',
    ]);
    expect(await groupsNamed('Risky')).toBe(0);
    // A body that is wrong costs no code.
    const broken = await user.call('POST /api/v2/groups', { name: 1 }, { 'x-confirmation-code': right });
    expect(reasons(broken)).toEqual([400, 'validation']);
    expect((await makeGroup(user, 'Risky', { 'x-confirmation-code': right })).status).toBe(201);
    expect(reasons(await makeGroup(user, 'More', { 'x-confirmation-code': right }))).toEqual([403, 'invalid_code']);
    expect(await groupsNamed('More')).toBe(0);
    // What only reads wants none.
    expect((await user.call('GET /api/v2/groups')).status).toBe(200);
  });

  it('under an Idempotency-Key is refused without using the key up, and its repeat needs no other code', async () => {
    const { user, code } = await withApp();
    await set('backOffice.confirmRisky', true);
    const key = { 'idempotency-key': 'risky-1' };
    expect(reasons(await makeGroup(user, 'Once', key))).toEqual([403, 'confirmation_required']);
    const right = code();
    expect(reasons(await makeGroup(user, 'Once', { ...key, 'x-confirmation-code': wrong(right) }))).toEqual([
      403,
      'invalid_code',
    ]);
    const made = await makeGroup(user, 'Once', { ...key, 'x-confirmation-code': right });
    expect(made.status).toBe(201);
    const again = await makeGroup(user, 'Once', { ...key, 'x-confirmation-code': right });
    expect([again.status, again.body.id]).toEqual([201, made.body.id]);
  });

  it('is confirmed by none of many under one Idempotency-Key without the right code, and by the right one among them', async () => {
    const { user, code } = await withApp();
    await set('backOffice.confirmRisky', true);
    const right = code();
    const send = (sent: string) =>
      makeGroup(user, 'Twins', { 'idempotency-key': 'risky-2', 'x-confirmation-code': sent });
    const refused = await Promise.all(Array.from({ length: 5 }, () => send(wrong(right))));
    expect(refused.map(({ status }) => status)).toEqual(Array(5).fill(403));
    expect(await groupsNamed('Twins')).toBe(0);
    const [made] = await Promise.all([send(right), send(wrong(right)), send(wrong(right))]);
    expect(made.status).toBe(201);
    expect(await groupsNamed('Twins')).toBe(1);
  });

  it('takes a code that was mailed for it', async () => {
    const user = await api.operator();
    await api.sql(`update hub_user set two_factor = 'email' where id = $1`, [user.id]);
    await set('backOffice.confirmRisky', true);
    expect(reasons(await makeGroup(user, 'Mailed', { 'x-confirmation-code': '123456' }))).toEqual([
      403,
      'invalid_code',
    ]);
    expect((await user.call('POST /api/v2/2fa/code')).body.provider).toBe('email');
    const first = await mailed(user);
    await user.call('POST /api/v2/2fa/code');
    const second = await mailed(user);
    if (first !== second)
      expect(reasons(await makeGroup(user, 'Mailed', { 'x-confirmation-code': first }))).toEqual([403, 'invalid_code']);
    expect((await makeGroup(user, 'Mailed', { 'x-confirmation-code': second })).status).toBe(201);
    const { user: other } = await withApp();
    expect(reasons(await other.call('POST /api/v2/2fa/code'))).toEqual([400, 'unsupported']);
  });

  it('is done without by a user who has no second factor', async () => {
    await set('backOffice.confirmRisky', true);
    expect((await makeGroup(await api.operator(), 'Free')).status).toBe(201);
  });

  it('is whatever moves money by hand, changes secrets, rights, settings, and how people sign in; what lets rights out, or codes to others, or silences warnings', () => {
    const risky = api.procedures
      .filter(({ spec }) => spec.confirm)
      .map(({ method, path }) => `${method} ${path.slice(7)}`);
    const written = risky.filter((route) => !risky.includes(route.replace('PUT', 'PATCH')) || !route.startsWith('PUT'));
    expect(written.sort()).toEqual([
      'DELETE /2fa',
      'DELETE /approval-policies/{policyId}',
      'DELETE /connections/{connectionId}',
      'DELETE /groups/{groupId}',
      'DELETE /messages/routes/{routeId}',
      'DELETE /phones/{phoneId}',
      'DELETE /security/policies/{policyId}',
      'DELETE /settings/{name}',
      'DELETE /storage/values/{valueId}',
      'DELETE /templates/{templateId}',
      'DELETE /users/{userId}',
      'DELETE /users/{userId}/sessions',
      'GET /groups/export',
      'PATCH /approval-policies/{policyId}',
      'PATCH /clients/{clientId}',
      'PATCH /clients/{clientId}/2fa/{type}',
      'PATCH /clients/{clientId}/password',
      'PATCH /connections/{connectionId}',
      'PATCH /groups/{groupId}',
      'PATCH /messages/routes/{routeId}',
      'PATCH /phones/{phoneId}',
      'PATCH /security/policies/{policyId}',
      'PATCH /settings/{name}',
      'PATCH /storage/values/{valueId}',
      'PATCH /templates/types/{typeId}',
      'PATCH /templates/{templateId}',
      'PATCH /users/{userId}',
      'POST /accounts/{accountId}/corrections',
      'POST /approval-policies',
      'POST /clients/reset-password',
      'POST /clients/{clientId}/reset-password',
      'POST /connections',
      'POST /deposits',
      'POST /groups',
      'POST /groups/import',
      'POST /messages/routes',
      'POST /phones',
      'POST /security/policies',
      'POST /storage/values',
      'POST /templates',
      'POST /transactions/{transactionId}/refund',
      'POST /transfers',
      'POST /users',
      'POST /users/{userId}/2fa/reset',
      'POST /withdrawals',
      'POST /wizards/runs/{runId}/confirm',
      'PUT /accounts/{accountId}/password',
      'PUT /clients/{clientId}/permissions',
    ]);
  });
});

describe('signing out everywhere', () => {
  it('ends all sign-ins of a user, those of others not', async () => {
    const [user, other] = [await api.operator(), await api.operator()];
    const second = (await signIn(user)).body;
    expect((await user.call('POST /api/v2/signout/everywhere')).status).toBe(204);
    for (const token of [user.token, second.accessToken.token])
      expect((await api.call('GET /api/v2/2fa', { token })).status).toBe(401);
    const refreshed = await api.call('POST /api/v2/refresh', { body: { refreshToken: second.refreshToken.token } });
    expect(refreshed.status).toBe(401);
    expect((await other.call('GET /api/v2/2fa')).status).toBe(200);
    expect(await audited(user)).toEqual(['users.signin', 'users.signout-everywhere']);
  });

  it('is done by an administrator for a user with no more rights than he has', async () => {
    const [admin, lesser, user] = [await api.operator(), await api.operator(['users.update']), await api.operator()];
    expect(reasons(await lesser.call(`DELETE /api/v2/users/${user.id}/sessions`))).toEqual([403, 'forbidden']);
    expect((await user.call('GET /api/v2/2fa')).status).toBe(200);
    expect((await admin.call(`DELETE /api/v2/users/${user.id}/sessions`)).status).toBe(204);
    expect((await user.call('GET /api/v2/2fa')).status).toBe(401);
    expect(reasons(await admin.call('DELETE /api/v2/users/999999/sessions'))).toEqual([404, 'not_found']);
  });
});

describe('a stolen refresh token of a user', () => {
  it('signs out the thief and the owner, is written down, and the owner is told by mail', async () => {
    const user = await api.operator();
    const first = (await signIn(user)).body;
    const refresh = (token: string) => api.call('POST /api/v2/refresh', { body: { refreshToken: token } });
    const thief = await refresh(first.refreshToken.token);
    const owner = await refresh(first.refreshToken.token);
    expect([thief.status, owner.status]).toEqual([200, 401]);
    expect((await refresh(thief.body.refreshToken.token)).status).toBe(401);
    for (const token of [thief.body.accessToken.token, first.accessToken.token])
      expect((await api.call('GET /api/v2/2fa', { token })).status).toBe(401);
    expect(await audited(user)).toEqual(['users.signin', 'users.token-reused']);
    expect(await api.sql(`select type from message where user_id = $1`, [user.id])).toEqual([{ type: 'signInEnded' }]);
  });
});
