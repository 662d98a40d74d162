/** A client signs in to a browser by the phone on which he is signed in; and out of everything at once. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ListeningApp } from '../api/listening-app.ts';
import type { Answer, MoneyApi } from '../api/money-hub.ts';
import { meanwhile } from '../kit/meanwhile.ts';
import { Device, register, startWizardApi, END, reasons } from './devices.ts';
import { setBroker } from './signed-in.ts';

let api: MoneyApi;
beforeAll(async () => {
  api = await startWizardApi();
});
afterAll(() => api?.stop());
beforeEach(async () => {
  await api.hub.pool.query(`delete from code_sending`);
  await api.hub.pool.query(`delete from broker_setting`);
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const history = async (clientId: number) =>
  (
    await api.hub.pool.query<{ line: string }>(
      `select concat_ws(': ', status, reason) as line from authorization_record where client_id = $1 order by id`,
      [clientId],
    )
  ).rows.map(({ line }) => line);

/** A client with his phone, signed in there. */
const somebody = async () => {
  const phone = new Device(api);
  const { email, answer } = await register(api, phone);
  const { id } = await api.hub.one<{ id: number }>(`select client_id as id from client where email = $1`, [email]);
  const token = answer.data.accessToken.token as string;
  const read = (channel: string) => phone.call('POST /my/signin/tokens', { channel }, bearer(token));
  return { id, email, phone, token, read };
};
const shownIn = async (browser: Device) =>
  (await browser.step('GET /my/signin/qrcodes')) as { channel: string; qr: string; expiresAt: string; secret: string };
const news = (browser: Device, channel: string, secret: string) =>
  browser.call(`GET /my/signin/qrcodes/${channel}`, undefined, { channelsecret: secret });
const enter = (browser: Device, channel: string, token: string, fingerprint = browser.fingerprint) =>
  browser.call('POST /my/signin/qrcodes', { channel, token, device_fingerprint: fingerprint });
const NOBODYS = '00000000-0000-4000-8000-000000000000';

describe('a QR code', () => {
  it('signs the client in to the browser that shows it, once his phone has read it', async () => {
    const [client, browser] = [await somebody(), new Device(api)];
    const shown = await shownIn(browser);
    expect(shown).toEqual({
      channel: expect.stringMatching(/^qr\.[0-9a-f-]{36}$/),
      qr: expect.stringMatching(/^data:image\/png;base64,/),
      expiresAt: expect.stringMatching(/\+00:00$/),
      secret: expect.any(String),
    });
    const { channel, secret } = shown;
    expect((await news(browser, channel, secret)).body).toMatchObject({ event: null, token: null });
    const { body } = await client.read(channel);
    const told = await news(browser, channel, secret);
    expect(told.body).toMatchObject({ event: 'qr_authorized', token: body.token });

    const last = await enter(browser, channel, told.body.token);
    expect(last).toMatchObject({
      status: 200,
      body: { code: 202, done: true, workflow: END, data: { tfaProviders: [] } },
    });
    const { accessToken, refreshToken } = last.body.data;
    expect((await browser.call('GET /my/accounts', undefined, bearer(accessToken.token))).status).toBe(200);
    expect(await history(client.id)).toEqual(['success']);
    const { body: devices } = await browser.call('GET /my/devices', undefined, bearer(accessToken.token));
    expect(devices.data.filter((one: any) => one.isCurrent)).toMatchObject([{ userAgent: browser.agent }]);
    // Its tokens belong to the browser.
    const { agent, fingerprint } = browser;
    expect(fingerprint).toContain(Buffer.from(agent).toString('base64').slice(0, 4));
    const renewed = await browser.step('POST /my/refresh', {
      refreshToken: refreshToken.token,
      deviceFingerprint: fingerprint,
    });
    expect(renewed.code).toBe(202);
    expect(
      await api.hub.one(`select action from audit where actor = $1 and action like '%qr%'`, [`client:${client.id}`]),
    ).toEqual({ action: 'clients.qr-authorize' });
  });

  it('tells a browser that listens with its secret, and nobody who only knows the channel', async () => {
    const [client, browser] = [await somebody(), new Device(api)];
    const { channel, secret } = await shownIn(browser);
    const [page, thief] = [new ListeningApp(api.url), new ListeningApp(api.url)];
    expect(await page.subscribe(channel, { channelSecret: secret })).toBe('ok');
    expect(await thief.subscribe(channel)).toBe(403);
    expect(await thief.subscribe(channel, { channelSecret: NOBODYS })).toBe(403);
    const { token } = (await client.read(channel)).body;
    expect(await page.hears('qr_authorized')).toEqual({ token });
    expect(thief.names()).not.toContain('qr_authorized');
    expect((await enter(browser, channel, token)).status).toBe(200);
    page.close();
    thief.close();
  });

  it('does once', async () => {
    const [client, browser] = [await somebody(), new Device(api)];
    const { channel, secret } = await shownIn(browser);
    const { token } = (await client.read(channel)).body;
    const both = await Promise.all([enter(browser, channel, token), enter(browser, channel, token)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 404]);
    expect(reasons(await enter(browser, channel, token))).toEqual([404, 'qr_expired']);
    expect(reasons(await news(browser, channel, secret))).toEqual([404, 'qr_expired']);
    expect(reasons(await client.read(channel))).toEqual([404, 'qr_expired']);
  });

  it('does nothing in another browser, with a token of another one, or before a phone has read it', async () => {
    const [client, browser, thief] = [await somebody(), new Device(api), new Device(api)];
    const { channel, secret } = await shownIn(browser);
    expect(reasons(await enter(browser, channel, NOBODYS))).toEqual([404, 'qr_expired']);
    const { token } = (await client.read(channel)).body;
    expect(reasons(await enter(thief, channel, token))).toEqual([404, 'qr_expired']);
    const other = await shownIn(browser);
    const { token: ofOther } = (await client.read(other.channel)).body;
    expect(reasons(await enter(browser, channel, ofOther))).toEqual([404, 'qr_expired']);
    // Whoever photographs the code has no secret to listen with.
    for (const guess of [NOBODYS, other.secret, token, 'é'])
      expect(reasons(await news(thief, channel, Buffer.from(guess).toString('latin1')))).toEqual([404, 'qr_expired']);
    expect(reasons(await thief.call(`GET /my/signin/qrcodes/${channel}`))).toEqual([404, 'qr_expired']);
    expect((await news(browser, channel, secret)).body.event).toBe('qr_authorized');
    expect((await enter(browser, channel, token)).status).toBe(200);
  });

  it('is read by one client only; his phone may ask again', async () => {
    const [client, other, browser] = [await somebody(), await somebody(), new Device(api)];
    const { channel } = await shownIn(browser);
    const first = await client.read(channel);
    expect((await client.read(channel)).body).toEqual(first.body);
    expect(reasons(await other.read(channel))).toEqual([409, 'already_done']);
    await enter(browser, channel, first.body.token);
    expect([await history(client.id), await history(other.id)]).toEqual([['success'], []]);
  });

  it('expires after the minutes that are set', async () => {
    const [client, browser] = [await somebody(), new Device(api)];
    await setBroker(api, 'mobile.qrCodeLifetime', 7);
    const { channel, secret } = await shownIn(browser);
    const { minutes } = await api.hub.one<{ minutes: number }>(
      `select round(extract(epoch from expires_at - create_time) / 60)::int as minutes from qr_channel where id = $1`,
      [channel.slice(3)],
    );
    expect(minutes).toBe(7);
    const { token } = (await client.read(channel)).body;
    await api.hub.pool.query(`update qr_channel set expires_at = now() where id = $1`, [channel.slice(3)]);
    for (const answer of [
      await client.read(channel),
      await news(browser, channel, secret),
      await enter(browser, channel, token),
    ])
      expect(reasons(answer)).toEqual([404, 'qr_expired']);
  });

  it('is worth nothing once the phone is signed out, or the client closed', async () => {
    const [gone, banned, browser] = [await somebody(), await somebody(), new Device(api)];
    const first = await shownIn(browser);
    const { token } = (await gone.read(first.channel)).body;
    await gone.phone.call('POST /my/signout', {}, bearer(gone.token));
    expect(reasons(await enter(browser, first.channel, token))).toEqual([404, 'qr_expired']);
    const second = await shownIn(browser);
    const { token: ofBanned } = (await banned.read(second.channel)).body;
    await api.hub.pool.query(`update client set status = 'inactive' where client_id = $1`, [banned.id]);
    expect(reasons(await enter(browser, second.channel, ofBanned))).toEqual([403, 'restricted']);
  });

  it('does not outlive what signs its phone out at the same moment, or closes the client', async () => {
    for (const [what, status, reason] of [
      [`update refresh_token set revoked_at = now() where subject = 'client:' || $1`, 404, 'qr_expired'],
      [`update client set must_reset_password = true where client_id = $1::text::int`, 403, 'restricted'],
      [
        `with c as (select from client where client_id = $1::text::int for update)
         update refresh_token set revoked_at = now() where subject = 'client:' || $1 and exists (select from c)`,
        404,
        'qr_expired',
      ],
    ] as const) {
      const [client, browser] = [await somebody(), new Device(api)];
      const { channel } = await shownIn(browser);
      const { token } = (await client.read(channel)).body;
      const entered = await meanwhile(
        api.hub.pool,
        (db) => db.query(what, [String(client.id)]),
        () => enter(browser, channel, token),
      );
      expect(reasons(entered)).toEqual([status, reason]);
    }
  });

  it('is offered where the broker wants it, and the sign-in form tells the truth', async () => {
    const browser = new Device(api);
    const offered = async () => (await browser.step('GET /my/signin/wizard')).data.is_qr_available;
    expect(await offered()).toBe(true);
    const { channel } = await shownIn(browser);
    await setBroker(api, 'mobile.qrSignIn', false);
    expect(await offered()).toBe(false);
    expect(reasons(await browser.call('GET /my/signin/qrcodes'))).toEqual([403, 'wizard_disabled']);
    expect(reasons(await enter(browser, channel, NOBODYS))).toEqual([403, 'wizard_disabled']);
  });

  it('of another form, or without a fingerprint, is refused by its field', async () => {
    const [client, browser] = [await somebody(), new Device(api)];
    const field = ({ status, body }: Answer) => [status, body.error.details[0].field];
    expect(field(await client.read('qr.1'))).toEqual([400, 'channel']);
    expect(field(await enter(browser, `qr.${NOBODYS}`, 'x'))).toEqual([400, 'token']);
    expect(field(await enter(browser, `qr.${NOBODYS}`, NOBODYS, 'none'))).toEqual([400, 'device_fingerprint']);
    expect((await browser.call('POST /my/signin/tokens', { channel: `qr.${NOBODYS}` })).status).toBe(401);
  });

  it('leaves neither its secret nor its token in a row', async () => {
    const [client, browser] = [await somebody(), new Device(api)];
    const { channel, secret } = await shownIn(browser);
    const { token } = (await client.read(channel)).body;
    await enter(browser, channel, token);
    const rows = JSON.stringify([
      (await api.hub.pool.query(`select * from qr_channel`)).rows,
      (await api.hub.pool.query(`select * from audit`)).rows,
    ]);
    expect(rows).toContain(channel.slice(3));
    for (const word of [secret, token]) expect(rows).not.toContain(word);
  });
});

describe('signing out everywhere', () => {
  it('ends every sign-in of a client, and is written down', async () => {
    const [client, other, browser] = [await somebody(), await somebody(), new Device(api)];
    const { channel } = await shownIn(browser);
    const { token } = (await client.read(channel)).body;
    const { accessToken, refreshToken } = (await enter(browser, channel, token)).body.data;
    expect((await client.phone.call('POST /my/signout/everywhere', {}, bearer(client.token))).status).toBe(204);
    for (const one of [client.token, accessToken.token])
      expect((await browser.call('GET /my/accounts', undefined, bearer(one))).status).toBe(401);
    expect((await browser.call('POST /my/refresh', { refreshToken: refreshToken.token })).status).toBe(401);
    expect((await other.phone.call('GET /my/accounts', undefined, bearer(other.token))).status).toBe(200);
    expect(await history(client.id)).toEqual(['success', 'success: signed_out_everywhere']);
    const subject = `client:${client.id}`;
    expect(
      await api.hub.one(`select actor from audit where object = $1 and action = 'clients.signout-everywhere'`, [
        subject,
      ]),
    ).toEqual({ actor: subject });
  });

  it('is done by an operator for a client he sees', async () => {
    const client = await somebody();
    const [olga, without] = [await api.operator(['clients.update']), await api.operator(['clients.read'])];
    expect(reasons(await without.call(`DELETE /clients/${client.id}/sessions`))).toEqual([403, 'forbidden']);
    expect(reasons(await olga.call('DELETE /clients/999999/sessions'))).toEqual([404, 'not_found']);
    expect((await olga.call(`DELETE /clients/${client.id}/sessions`)).status).toBe(204);
    expect((await client.phone.call('GET /my/accounts', undefined, bearer(client.token))).status).toBe(401);
    expect(await history(client.id)).toEqual(['success: signed_out_by_operator']);
    expect(
      await api.hub.one(`select actor from audit where object = $1 and action = 'clients.signout-everywhere'`, [
        `client:${client.id}`,
      ]),
    ).toEqual({ actor: `user:${olga.id}` });
  });
});
