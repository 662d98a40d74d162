/** What ends it: a token that runs out, a process that stops, an app that does not fetch. Behind a proxy, where addresses differ. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../kit/hub.ts';
import { ListeningApp } from './listening-app.ts';
import { MoneyApi } from './money-hub.ts';

let api: MoneyApi;
let stopped = false;
beforeAll(async () => {
  api = await MoneyApi.start({}, [], { accessTokenSeconds: 4, trustProxy: 1 });
});
afterAll(async () => {
  if (!stopped) await api.stop();
});

/** An app that polls by hand. */
const polling = async (address: string) => {
  const headers = { 'x-forwarded-for': address };
  const ask = (query: string, body?: string) =>
    fetch(`${api.url}/socket.io/?EIO=3&transport=polling${query}`, {
      headers,
      ...(body !== undefined && { method: 'POST', body: `${body.length}:${body}` }),
    });
  const { sid } = JSON.parse(/0(\{.*?\})/.exec(await (await ask('')).text())![1]!);
  return {
    sid: sid as string,
    fetch: () => ask(`&sid=${sid}`),
    send: (body: string) => ask(`&sid=${sid}`, body),
  };
};

it('a session goes on only from the address it was begun at', async () => {
  const { sid, fetch: poll } = await polling('203.0.113.7');
  const thief = await fetch(`${api.url}/socket.io/?EIO=3&transport=polling&sid=${sid}`, {
    headers: { 'x-forwarded-for': '203.0.113.8' },
  });
  expect(thief.status).toBe(403);
  expect(await thief.json()).toMatchObject({ error: { details: [{ reason: 'forbidden' }] } });
  expect((await poll()).status).toBe(200);
});

it('an app that does not fetch what it is told is let go, and its session with it', async () => {
  const ann = await api.clientWith('0', 'USD');
  const app = await polling('203.0.113.9');
  const wish = {
    channel: `private-frontend_users.${ann.id}`,
    auth: { headers: { Authorization: `Bearer ${ann.token}` } },
  };
  await app.send(`42${JSON.stringify(['subscribe', wish])}`);
  await api.hub.pool.query(
    `insert into realtime_event (channel, kind, about) select $1, 'account', $2 from generate_series(1, 1100)`,
    [`client:${ann.id}`, ann.wallet],
  );
  await eventually(async () => (await app.send('2')).status === 400, 'the session to be over');
});

/** A WebSocket from this address, and how it ended. */
const webSocketFrom = async (address: string) => {
  const socket = new WebSocket(`${api.url.replace('http', 'ws')}/socket.io/?EIO=3&transport=websocket`, {
    headers: { 'x-forwarded-for': address },
  } as unknown as string[]);
  const heard: string[] = [];
  let end: { code: number; reason: string } | undefined;
  socket.addEventListener('message', ({ data }) => heard.push(String(data)));
  socket.addEventListener('close', ({ code, reason }) => (end = { code, reason }));
  await eventually(async () => heard.includes('40'), 'the connection');
  const comes = (frame: string) => eventually(async () => heard.some((one) => one.startsWith(frame)), frame);
  return { socket, comes, ended: () => end };
};

it('a connection from an address that is let in no more is ended, whoever and whatever else goes on', async () => {
  const lists = (permission: 'allow' | 'deny', ip: string, route: string) =>
    api.hub.pool.query(`insert into security_policy (permission, ip, route) values ($1, $2, $3)`, [
      permission,
      ip,
      route,
    ]);
  const [denied, other, unlisted] = [
    await webSocketFrom('203.0.113.21'),
    await webSocketFrom('203.0.114.21'),
    await webSocketFrom('2001:db8::7'),
  ];
  const poller = await polling('203.0.113.22');
  await poller.fetch();
  const waiting = poller.fetch();
  try {
    await lists('deny', '203.0.113.0/24', '/socket.io*');
    await lists('deny', '203.0.114.21', '/api/*');
    await eventually(async () => denied.ended() !== undefined, 'the end of what is on the black list');
    expect(denied.ended()).toEqual({ code: 1008, reason: 'address_denied' });
    await waiting;
    expect((await poller.fetch()).status).toBe(403);
    other.socket.send('2');
    await other.comes('3');

    await lists('allow', '203.0.114.0/24', '/socket.io*');
    await eventually(async () => unlisted.ended() !== undefined, 'the end of what is not on the white list');
    other.socket.send('2');
    expect(other.ended()).toBeUndefined();
  } finally {
    await api.hub.pool.query(`delete from security_policy`);
    other.socket.close();
    await eventually(async () => (await poller.fetch()).status !== 403, 'the lists to be forgotten');
  }
});

it('an access token that has run out wants a new one, and nobody is signed out by that', async () => {
  const ann = await api.clientWith('0', 'USD');
  const phone = new ListeningApp(api.url);
  expect(await phone.listenTo(ann)).toBe('ok');
  expect(await phone.hears('subscription_error')).toBe(401);
  await api.hub.pool.query(`insert into realtime_event (channel, kind, about) values ($1, 'account', $2)`, [
    `client:${ann.id}`,
    ann.wallet,
  ]);
  await sleep(2_500);
  expect(phone.names().filter((name) => name !== 'account_updated')).toEqual([
    'subscription_succeeded',
    'subscription_error',
  ]);
  phone.heard.length = 0;
  const again = await api.another(ann);
  expect(await phone.listenTo(again)).toBe('ok');
  await again.stop();
  phone.close();
});

it('a process that stops lets apps go, to connect again elsewhere, and does not wait for them', async () => {
  const ann = await api.clientWith('0', 'USD');
  const apps = [
    new ListeningApp(api.url),
    new ListeningApp(api.url, ['polling']),
    new ListeningApp(api.url, ['websocket']),
  ];
  await Promise.all(apps.map((one) => one.listenTo(ann)));
  stopped = true;
  await api.stop();
  await Promise.all(apps.map((one) => one.isCut()));
  for (const { ended } of apps) expect(ended).toMatch(/^transport/);
});
