import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, type TestApi, startTestApi } from '../kit/api-client.ts';

let api: TestApi;
const emailOf = async (id: number) =>
  (await api.sql('select email from hub_user where id = $1', [id]))[0].email as string;
const signIn = (email: string, password = PASSWORD) => api.call('POST /api/v2/signin', { body: { email, password } });
const refresh = (refreshToken: string) => api.call('POST /api/v2/refresh', { body: { refreshToken } });

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const times = { createdAt: expect.stringMatching(/\+00:00$/), expiresAt: expect.stringMatching(/\+00:00$/) };
const pair = {
  accessToken: { token: expect.any(String), ...times },
  refreshToken: { token: expect.any(String), ...times },
};

describe('signing in', () => {
  it('gives a short access token and a refresh token, whatever the case of the e-mail', async () => {
    const { id } = await api.operator();
    const answer = await signIn((await emailOf(id)).toUpperCase());
    expect(answer).toMatchObject({ status: 200, body: { '2faRequired': false, ...pair } });
    const [header, claims] = answer.body.accessToken.token
      .split('.')
      .slice(0, 2)
      .map((part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()));
    expect(header).toMatchObject({ alg: 'EdDSA', kid: expect.any(String) });
    expect(claims).toMatchObject({
      sub: String(id),
      typ: 'user',
      iss: api.settings.publicUrl,
      iat_mt: expect.stringMatching(/^\d+\.\d{6}$/),
    });
    expect(claims.exp - claims.iat).toBe(api.settings.accessTokenSeconds);
    expect((await api.call('GET /api/v2/currencies', { token: answer.body.accessToken.token })).status).toBe(200);
    expect((await api.sql('select logged_at from hub_user where id = $1', [id]))[0].logged_at).not.toBeNull();
  });

  it('answers the same for a wrong password, an unknown e-mail and a user who left', async () => {
    const [known, left] = [await api.operator(), await api.operator()];
    await api.sql('update hub_user set active = false where id = $1', [left.id]);
    const answers = [
      await signIn(await emailOf(known.id), 'wrong'),
      await signIn('nobody@example.com'),
      await signIn(await emailOf(left.id)),
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(400);
      expect({ ...body.error, requestId: '' }).toEqual({ ...answers[0]!.body.error, requestId: '' });
    }
    expect(answers[0]!.body.error).toMatchObject({
      code: 0,
      message: 'Authorization failed',
      details: [{ field: 'password', reason: 'bad_credentials' }],
    });
  });

  it('is closed for ten minutes after five wrong tries, for the right password too, also when they come at once', async () => {
    const email = await emailOf((await api.operator()).id);
    const other = await emailOf((await api.operator()).id);
    const tries = await Promise.all(Array.from({ length: 9 }, () => signIn(email, 'wrong')));
    expect(tries.map((one) => one.status).sort()).toEqual([400, 400, 400, 400, 400, 429, 429, 429, 429]);
    const closed = await signIn(email);
    expect(closed).toMatchObject({
      status: 429,
      body: { error: { code: 0, message: 'Too many attempts', details: [{ reason: 'too_many_attempts' }] } },
    });
    expect(Number(closed.headers.get('retry-after'))).toBeGreaterThan(500);
    expect((await signIn(other)).status).toBe(200);
  });
});

describe('a refresh token', () => {
  it('works once; used again, it ends the whole sign-in', async () => {
    const first = (await signIn(await emailOf((await api.operator()).id))).body;
    const second = await refresh(first.refreshToken.token);
    expect(second).toMatchObject({ status: 200, body: pair });

    expect(await refresh(first.refreshToken.token)).toMatchObject({
      status: 401,
      body: { error: { details: [{ reason: 'unauthenticated' }] } },
    });
    expect((await refresh(second.body.refreshToken.token)).status).toBe(401);
    expect((await api.call('GET /api/v2/currencies', { token: second.body.accessToken.token })).status).toBe(401);
  });

  it('is stored as a hash only', async () => {
    const { refreshToken } = (await signIn(await emailOf((await api.operator()).id))).body;
    expect(JSON.stringify(await api.sql('select * from refresh_token'))).not.toContain(refreshToken.token);
    expect((await refresh('x'.repeat(43))).status).toBe(401);
  });

  it('dies with signing out, and so does the access token', async () => {
    const { accessToken, refreshToken } = (await signIn(await emailOf((await api.operator()).id))).body;
    expect((await api.call('POST /api/v2/signout', { token: accessToken.token })).status).toBe(204);
    expect((await refresh(refreshToken.token)).status).toBe(401);
    expect((await api.call('GET /api/v2/currencies', { token: accessToken.token })).status).toBe(401);
  });
});

describe('an access token', () => {
  it('that has expired says so', async () => {
    const short = await startTestApi({ env: { ACCESS_TOKEN_SECONDS: '10' } });
    const { id } = await short.operator();
    const realNow = Date.now;
    Date.now = () => realNow() - 60_000;
    const old = await short.deps.tokens.open({ kind: 'user', id }).finally(() => (Date.now = realNow));
    expect(await short.call('GET /api/v2/currencies', { token: old.accessToken.token })).toMatchObject({
      status: 401,
      body: { error: { code: 401, details: [{ reason: 'token_expired' }] } },
    });
    await short.stop();
  });
});

describe('the development route for client tokens', () => {
  it('gives an operator the tokens of a client, and leaves an audit row', async () => {
    const [operator, client] = [await api.operator(['clients.update']), await api.client()];
    const answer = await operator.call('POST /api/v2/dev/client-token', { clientId: client.id });
    expect(answer).toMatchObject({ status: 201, body: pair });
    expect((await api.call('GET /api/v2/my/accounts', { token: answer.body.accessToken.token })).status).toBe(200);
    expect(await api.sql(`select actor from audit where action = 'clients.dev-token'`)).toEqual([
      { actor: `user:${operator.id}` },
    ]);
    expect((await operator.call('POST /api/v2/dev/client-token', { clientId: 999_999 })).status).toBe(404);
  });

  it('does not exist in production', async () => {
    const production = await startTestApi({ env: { HUB_MODE: 'production' } });
    const operator = await production.operator();
    expect(await operator.call('POST /api/v2/dev/client-token', { clientId: 1 })).toMatchObject({
      status: 404,
      body: { error: { details: [{ reason: 'unknown_route' }] } },
    });
    await production.stop();
  });
});
