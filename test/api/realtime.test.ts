/** Apps that listen, with the Socket.IO 2 client that B2Core's apps use. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connect as connectTo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../kit/hub.ts';
import { ListeningApp } from './listening-app.ts';
import { type Caller, MoneyApi } from './money-hub.ts';

const USD = 840;
const USDT = 2145;

let api: MoneyApi;
let olga: Caller;
let tetherInvoice: number;
let bankTransfer: number;
const apps: ListeningApp[] = [];

beforeAll(async () => {
  api = await MoneyApi.start();
  olga = await api.operator();
  tetherInvoice = await api.methodId('usdt-invoice');
  bankTransfer = await api.methodId('bank-transfer');
});
afterEach(() => apps.splice(0).forEach((app) => app.close()));
afterAll(() => api.stop());

const app = (transports?: string[]): ListeningApp => {
  const one = new ListeningApp(api.url, transports);
  apps.push(one);
  return one;
};
const invoice = (wallet: number) => ({
  accountId: wallet,
  methodId: tetherInvoice,
  amount: 10,
  currencyCode: USDT,
});
const byBank = (wallet: number) => ({ accountId: wallet, methodId: bankTransfer, amount: 25, currencyCode: USD });
const ofThis = (transactionId: number) => (payload: any) => payload.transactionId === transactionId;

describe('an app that listens', () => {
  it('is told where to pay an asynchronous deposit, and that it is done, under the uuid of the order', async () => {
    const ann = await api.clientWith('0', 'USDT');
    const phone = app();
    expect(await phone.listenTo(ann)).toBe('ok');

    const { body } = await ann.call('POST /my/deposits', invoice(ann.wallet));
    expect(body).toMatchObject({ workflow: 'deposit_async', done: false });
    const { transactionId } = body.data;
    const told = await phone.hears('deposit_action', ofThis(transactionId));
    expect(told).toMatchObject({
      uuid: body.uuid,
      action: {
        workflow: 'deposit_redirect',
        data: { transaction: { transactionId }, redirect: { url: expect.stringContaining('http'), method: 'GET' } },
      },
    });

    await api.hub.sandbox('b2binpay').pay(await api.hub.providerId(transactionId), {});
    expect(await phone.hears('deposit_done', ofThis(transactionId))).toEqual({
      uuid: body.uuid,
      transactionId,
      status: 'done',
      accountId: ann.wallet,
      methodId: tetherInvoice,
      message: null,
      action: null,
      transaction: (await ann.call(`GET /my/transactions/${transactionId}`)).body,
    });
    const credited = await phone.hears('account_updated', ({ statement }) => Number(statement.availableBalance) > 0);
    expect(credited).toEqual({
      accountId: ann.wallet,
      statement: (await ann.call(`GET /my/accounts/${ann.wallet}`)).body.statement,
      opening: null,
    });
    const statuses = phone.heard.filter(({ name }) => name === 'transaction_updated').map((one) => one.payload.status);
    expect(statuses).toEqual(['inProgress', 'done']);
    expect(new Set(phone.heard.map(({ channel }) => channel))).toEqual(new Set([`private-frontend_users.${ann.id}`]));
  });

  it('is told why a deposit failed, and what was decided about its request', async () => {
    const ann = await api.clientWith('0', 'USD');
    const phone = app();
    await phone.listenTo(ann);
    const { body } = await ann.call('POST /my/deposits', byBank(ann.wallet));
    const { transactionId } = body.data;
    expect(await phone.hears('deposit_action', ofThis(transactionId))).toMatchObject({
      action: { workflow: 'deposit_instruction', data: { html: expect.stringContaining('Reference') } },
    });
    const { id } = await api.hub.openRequest(transactionId);
    expect(await phone.hears('request_updated')).toEqual({
      requestId: id,
      type: 'deposit',
      status: 'pending',
      resolution: null,
    });
    const [resolution] = (await olga.call('GET /resolutions')).body.data;
    await olga.call(`POST /applications/${id}/reject`, { resolutionId: resolution.id });
    expect(await phone.hears('request_updated', ({ status }) => status === 'rejected')).toMatchObject({
      requestId: id,
      resolution: resolution.description ?? resolution.name,
    });
    const failed = await phone.hears('deposit_failed', ofThis(transactionId));
    expect(failed).toMatchObject({ uuid: body.uuid, status: 'rejected', transaction: { status: 'rejected' } });
    // Who was away reads it.
    const mine = {
      ...{ requestId: id, type: 'deposit', status: 'rejected', resolution: resolution.description ?? resolution.name },
      ...{ createTime: expect.any(String), updateTime: expect.any(String) },
    };
    expect((await ann.call('GET /my/requests?filter[status]=rejected')).body).toEqual({ total: 1, data: [mine] });
    expect((await ann.call('GET /my/requests?filter[status]=pending,approved')).body.total).toBe(0);
    expect((await ann.call(`GET /my/requests/${id}`)).body).toEqual(mine);
    const ben = await api.clientWith('0', 'USD');
    expect((await ben.call(`GET /my/requests/${id}`)).status).toBe(404);
    expect((await ben.call('GET /my/requests')).body.total).toBe(0);
    expect(failed.message).toBe(failed.transaction.resolution);
    expect(failed.message).toEqual(expect.any(String));
  });

  it('is told of what happens at another API process, and of another level', async () => {
    const ann = await api.clientWith('50', 'USD');
    const phone = app(['websocket']);
    await phone.listenTo(ann);
    const elsewhere = await api.another(ann);
    const { body } = await elsewhere.call('POST /my/deposits', byBank(ann.wallet));
    await elsewhere.stop();
    await phone.hears('transaction_updated', ofThis(body.data.transactionId));

    const { id, name } = await api.hub.one<{ id: number; name: string }>(
      `select id, name from verification_level where id <> (select verification_level_id from client where client_id = $1) limit 1`,
      [ann.id],
    );
    await api.hub.pool.query(`update client set verification_level_id = $2 where client_id = $1`, [ann.id, id]);
    expect(await phone.hears('verification_updated')).toEqual({ currentLevel: { id, name } });
  });

  it('is told nothing of anybody else', async () => {
    const [ann, ben] = [await api.clientWith('0', 'USD'), await api.clientWith('0', 'USD')];
    const [hers, his] = [app(), app()];
    await Promise.all([hers.listenTo(ann), his.listenTo(ben)]);
    const { body } = await ann.call('POST /my/deposits', byBank(ann.wallet));
    await hers.hears('transaction_updated', ofThis(body.data.transactionId));
    await hers.hears('account_updated');
    const accounts = his.heard.flatMap(({ payload }) => (payload === undefined ? [] : [payload.accountId]));
    expect(accounts.every((id) => id === ben.wallet)).toBe(true);
  });

  it('hears once more what it missed, when it says since when', async () => {
    const ann = await api.clientWith('0', 'USD');
    const since = new Date().toISOString();
    const { body } = await ann.call('POST /my/deposits', byBank(ann.wallet));
    await api.hub.reaches(body.data.transactionId, 'awaiting_approval');
    // By then it was told to those that listened.
    await sleep(600);
    const late = app();
    await late.listenTo(ann, { since });
    await late.hears('transaction_updated', ofThis(body.data.transactionId));
  });

  it('misses nothing of a transaction that was begun before another and committed after it', async () => {
    const [ann, ben] = [await api.clientWith('0', 'USD'), await api.clientWith('0', 'USD')];
    const [phone, other] = [app(), app()];
    await Promise.all([phone.listenTo(ann), other.listenTo(ben)]);
    const slow = await api.hub.pool.connect();
    const { id: level } = await api.hub.one<{ id: number }>(`select id from verification_level limit 1`);
    const tellOf = `insert into realtime_event (channel, kind, about) values ($1, 'level', $2)`;
    await slow.query('begin');
    await slow.query(tellOf, [`client:${ann.id}`, level]);
    await api.hub.pool.query(tellOf, [`client:${ben.id}`, level]);
    // What is told is told in one order: nobody runs ahead of what is not over.
    await sleep(600);
    expect(other.names()).not.toContain('verification_updated');
    await slow.query('commit');
    slow.release();
    await other.hears('verification_updated');
    await phone.hears('verification_updated');
  });

  it('is told no more after it has unsubscribed', async () => {
    const ann = await api.clientWith('0', 'USD');
    const [one, two] = [app(), app()];
    await Promise.all([one.listenTo(ann), two.listenTo(ann)]);
    one.socket.emit('unsubscribe', { channel: `private-frontend_users.${ann.id}`, auth: { headers: {} } });
    // Its wishes are heard one after the other.
    expect(await one.subscribe('nothing')).toBe(404);
    const { body } = await ann.call('POST /my/deposits', byBank(ann.wallet));
    await two.hears('transaction_updated', ofThis(body.data.transactionId));
    expect(one.names()).not.toContain('transaction_updated');
  });
});

describe('whoever may not listen', () => {
  it('is refused: no token, a bad one, an operator’s, another client’s channel, one that there is not', async () => {
    const [ann, ben] = [await api.clientWith('0', 'USD'), await api.clientWith('0', 'USD')];
    const phone = app();
    const hers = `private-frontend_users.${ann.id}`;
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    expect(await phone.subscribe(hers)).toBe(401);
    phone.heard.length = 0;
    expect(await phone.subscribe(hers, bearer('nonsense'))).toBe(401);
    phone.heard.length = 0;
    expect(await phone.subscribe(hers, bearer(olga.token))).toBe(403);
    phone.heard.length = 0;
    expect(await phone.subscribe(hers, bearer(ben.token))).toBe(403);
    expect(await phone.subscribe('private-frontend_users', bearer(ann.token), { clientId: ben.id })).toBe(403);
    expect(await phone.subscribe('private-users.1', bearer(ann.token))).toBe(404);
    expect(await phone.subscribe('private-frontend_users.x', bearer(ann.token))).toBe(404);
    phone.heard.length = 0;
    expect(await phone.subscribe('private-frontend_users', bearer(ann.token), { clientId: ann.id })).toBe('ok');
  });

  it('is told that he is signed out, and nothing any more', async () => {
    const ann = await api.clientWith('0', 'USD');
    const [phone, witness] = [app(), app()];
    await phone.listenTo(ann);
    // Tokens of before, as renewing leaves them.
    await api.hub.pool.query(
      `insert into refresh_token (subject, family, token_hash, expires_at, used_at)
       select subject, family, decode(md5(n::text || family), 'hex'), expires_at, now() from refresh_token, generate_series(1, 5) n where subject = $1`,
      [`client:${ann.id}`],
    );
    const again = await api.another(ann);
    await witness.listenTo(again);
    expect((await ann.call('POST /my/signout')).status).toBe(204);
    expect(await phone.hears('signed_out')).toEqual({ reason: 'signed_out' });
    expect(await phone.hears('subscription_error')).toBe(401);
    // Once, however many tokens the sign-in has had.
    expect(await api.count(`realtime_event where channel = 'client:${ann.id}' and kind = 'rights'`)).toBe(1);
    const before = phone.heard.length;
    const { body } = await again.call('POST /my/deposits', byBank(ann.wallet));
    await again.stop();
    await witness.hears('transaction_updated', ofThis(body.data.transactionId));
    expect(phone.heard).toHaveLength(before);
  });

  it('leaves no seat behind when he goes before he is answered', async () => {
    const ann = await api.clientWith('0', 'USD');
    const again = await api.another(ann);
    await again.stop();
    const apps = Array.from({ length: 5 }, () => app(['websocket']));
    await eventually(async () => apps.every(({ socket }) => socket.connected), 'the connections to be open');
    const busy = await api.hub.pool.connect();
    await busy.query('begin');
    await busy.query('lock table refresh_token in access exclusive mode');
    // A token that is not known yet is looked up first.
    const headers = { Authorization: `Bearer ${again.token}` };
    for (const { socket } of apps)
      socket.emit('subscribe', { channel: `private-frontend_users.${ann.id}`, auth: { headers } });
    await sleep(200);
    for (const one of apps) one.close();
    await sleep(200);
    await busy.query('commit');
    busy.release();
    await sleep(200);
    expect(await app(['websocket']).listenTo(again)).toBe('ok');
  });

  it('is let go: the sixth connection of one client, frames nobody understands, and too many wishes', async () => {
    const ann = await api.clientWith('0', 'USD');
    for (let n = 0; n < 5; n += 1) expect(await app(['websocket']).listenTo(ann)).toBe('ok');
    expect(await app(['websocket']).listenTo(ann)).toBe(429);

    const strange = app(['websocket']);
    await eventually(async () => strange.socket.connected, 'the connection to be open');
    strange.socket.emit('shout', 'hello');
    await strange.isCut();
    const broken = app();
    await eventually(async () => broken.socket.connected, 'the connection to be open');
    broken.socket.emit('subscribe', { channel: 12 });
    await broken.isCut();
    const huge = app(['websocket']);
    await eventually(async () => huge.socket.connected, 'the connection to be open');
    huge.socket.emit('subscribe', { channel: 'x'.repeat(70_000) });
    await huge.isCut();

    const busy = app(['websocket']);
    const verdicts = [];
    for (let n = 0; n < 21; n += 1) verdicts.push(await busy.subscribe(`nothing.${n}`));
    expect(verdicts).toEqual([...Array(20).fill(404), 429]);
  });

  it('is not let in at all from an address that is on the black list', async () => {
    await api.hub.pool.query(
      `insert into security_policy (permission, ip, route, active) values ('deny', '127.0.0.1', '/socket.io*', true)`,
    );
    try {
      await eventually(
        async () => (await fetch(`${api.url}/socket.io/?EIO=3&transport=polling`)).status === 403,
        'the list to be known',
      );
      const shut = new WebSocket(`${api.url.replace('http', 'ws')}/socket.io/?EIO=3&transport=websocket`);
      await new Promise((failed) => shut.addEventListener('error', failed));
      expect(shut.readyState).toBe(WebSocket.CLOSED);
    } finally {
      await api.hub.pool.query(`delete from security_policy`);
      const letsIn = async () => (await fetch(`${api.url}/socket.io/?EIO=3&transport=polling`)).status === 200;
      await eventually(letsIn, 'the list to be forgotten');
    }
  });
});

describe('the frames of Engine.IO 3', () => {
  const origin = () => api.url.replace('http', 'ws');
  const opened = async (query: string) => {
    const socket = new WebSocket(`${origin()}/socket.io/?EIO=3&transport=websocket${query}`);
    const frames: string[] = [];
    let code: number | undefined;
    socket.addEventListener('message', ({ data }) => frames.push(String(data)));
    socket.addEventListener('close', (end) => (code = end.code));
    await new Promise((open) => socket.addEventListener('open', open));
    const comes = (frame: string | RegExp) =>
      eventually(
        async () => frames.some((one) => (typeof frame === 'string' ? one === frame : frame.test(one))),
        `${frame}`,
      );
    return {
      socket,
      frames,
      comes,
      closed: () => eventually(async () => code !== undefined, 'the end').then(() => code),
    };
  };

  it('are those of the documents: a handshake by polling, the upgrade with and without a probe, a heartbeat', async () => {
    for (const probe of [true, false]) {
      const shaken = await fetch(`${api.url}/socket.io/?EIO=3&transport=polling&t=OEUZJMz`);
      const [, open] = /^\d+:0(\{.*?\})(?:2:40)?$/.exec(await shaken.text())!;
      const { sid, ...terms } = JSON.parse(open!);
      expect(terms).toEqual({ upgrades: ['websocket'], pingInterval: 25_000, pingTimeout: 5_000, maxPayload: 65_536 });
      const { socket, comes } = await opened(`&sid=${sid}`);
      if (probe) {
        socket.send('2probe');
        await comes('3probe');
      }
      socket.send('5');
      socket.send('2');
      await comes('3');
      const ann = await api.clientWith('0', 'USD');
      const channel = `private-frontend_users.${ann.id}`;
      const auth = { headers: { Authorization: `Bearer ${ann.token}` } };
      socket.send(`42${JSON.stringify(['subscribe', { channel, auth }])}`);
      await comes(`42["subscription_succeeded","${channel}"]`);
      socket.close();
    }
  });

  it('are taken on a WebSocket from the first one on, and what is none of them ends it with 1003', async () => {
    const { socket, comes, closed } = await opened('');
    await comes(/^0\{"sid":/);
    await comes('40');
    socket.send('42["shout"]');
    expect(await closed()).toBe(1003);
    const talkedOut = await opened('');
    await talkedOut.comes('40');
    talkedOut.socket.send('41');
    await talkedOut.closed();
  });

  it('are taken as long as somebody reads what is answered: a flood ends the connection', async () => {
    const ask = (query: string, body: string | null = null) =>
      fetch(`${api.url}/socket.io/?EIO=3&transport=polling${query}`, { method: body === null ? 'GET' : 'POST', body });
    const { sid } = JSON.parse(/0(\{.*?\})/.exec(await (await ask('')).text())![1]!);
    expect((await ask(`&sid=${sid}`, '1:2'.repeat(20))).status).toBe(200);
    await ask(`&sid=${sid}`, '1:2'.repeat(20_000));
    expect((await ask(`&sid=${sid}`)).status).toBe(400);

    const second = JSON.parse(/0(\{.*?\})/.exec(await (await ask('')).text())![1]!);
    const { socket, closed } = await opened(`&sid=${second.sid}`);
    for (let n = 0; n < 200; n += 1) socket.send('2probe');
    await closed();
    expect((await ask(`&sid=${second.sid}`)).status).toBe(400);
  });

  it('leave other upgrades to HTTP, and no socket open behind a refusal', async () => {
    const { port } = new URL(api.url);
    const answered = (target: string, protocol: string): Promise<string> =>
      new Promise((done, failed) => {
        const socket = connectTo({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
        let said = '';
        socket.on('data', (part) => (said += String(part))).on('error', failed);
        // Our side stays open: it is theirs to end it, and to be rid of it.
        socket.on('end', () => {
          done(said);
          setTimeout(() => socket.destroy(), 50);
        });
        socket.write(
          `GET ${target} HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade, close\r\nUpgrade: ${protocol}\r\n\r\n`,
        );
      });
    expect(await answered('/livez', 'h2c')).toMatch(/^HTTP\/1.1 200 [^]*"alive":true/);
    expect(await answered('/livez', 'websocket')).toMatch(/^HTTP\/1.1 200 /);
    expect(await answered('/socket.io/?transport=pigeon', 'websocket')).toMatch(
      /^HTTP\/1.1 400 [^]*"field":"transport"/,
    );
    expect((await fetch(`${api.url}/socket.io//`)).status).toBe(400);
  });

  it('are not taken for a session of another place, nor for one that there is not', async () => {
    const refused = async (query: string, method = 'GET', body: string | null = null) => {
      const answer = await fetch(`${api.url}/socket.io/?${query}`, { method, body });
      return [answer.status, ((await answer.json()) as any).error?.details[0].field];
    };
    expect(await refused('EIO=3&transport=polling&sid=nobodys')).toEqual([400, 'sid']);
    expect(await refused('EIO=3&transport=polling&sid=__proto__')).toEqual([400, 'sid']);
    expect(await refused('EIO=3&transport=polling', 'POST')).toEqual([400, 'sid']);
    expect(await refused('EIO=3&transport=websocket')).toEqual([400, 'transport']);
    expect(await refused('EIO=3&transport=pigeon')).toEqual([400, 'transport']);
    expect(await refused('EIO=5&transport=polling')).toEqual([400, 'EIO']);
    expect(await refused('EIO=3&transport=polling&sid=nobodys', 'POST', 'x'.repeat(65_537))).toEqual([413, undefined]);
    expect(await refused('EIO=3&transport=polling', 'PUT')).toEqual([405, undefined]);
    expect((await fetch(`${api.url}/socket.io/elsewhere`)).status).toBe(404);
    const notOurs = new WebSocket(`${origin()}/elsewhere`);
    await new Promise((failed) => notOurs.addEventListener('error', failed));
    expect(notOurs.readyState).toBe(WebSocket.CLOSED);
  });
});
