import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import http from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { createHttpClient, type HttpClientOptions, type TranscriptLine } from '../../adapters/kit/http.ts';
import { isHubFailure, type HubFailure } from '../../domain/failures.ts';

const failureOf = async (work: Promise<unknown>): Promise<HubFailure> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!isHubFailure(error)) throw error ?? new Error('it did not fail');
  return error;
};

/** A raw TCP peer: what it does with a connection is the test. */
const peer = async (onRequest: (socket: Socket, count: number) => void) => {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', () => onRequest(socket, ++count));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    port,
    sockets,
    requests: () => count,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
};

const answer = (body: string, head = '200 OK\r\nContent-Type: text/plain') =>
  `HTTP/1.1 ${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

let open: { close(): unknown }[] = [];
const withPeer = async (onRequest: (socket: Socket, count: number) => void) => {
  const made = await peer(onRequest);
  open.push(made);
  return made;
};
/** One that answers the first request, so that the next one goes out on a connection that is there, however little time it has. */
const withKnownPeer = async (onRequest: (socket: Socket) => void) => {
  const made = await withPeer((socket, count) => (count === 1 ? socket.write(answer('first')) : onRequest(socket)));
  const send = client();
  await send({ method: 'GET', url: made.url, effect: 'read' });
  return { ...made, send };
};
const client = (options: Partial<HttpClientOptions> = {}) =>
  createHttpClient({ timeoutMs: 5000, allowPrivate: true, ...options });

beforeEach(() => {
  open = [];
});
afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
});

describe('an answer', () => {
  it('comes back as text with its status, whatever that is', async () => {
    const { url } = await withPeer((socket) => socket.write(answer('{"a":1.10}', '422 Unprocessable\r\nX-Seen: yes')));
    const got = await client()({ method: 'POST', url, body: '{}', effect: 'write' });
    expect(got).toMatchObject({ status: 422, body: '{"a":1.10}', headers: { 'x-seen': 'yes' } });
  });

  it('that redirects is handed over, not followed', async () => {
    const there = await withPeer((socket) => socket.write(answer('never')));
    const { url } = await withPeer((socket) => socket.write(answer('', `302 Found\r\nLocation: ${there.url}`)));
    const got = await client()({ method: 'GET', url, effect: 'read' });
    expect([got.status, got.headers['location'], there.requests()]).toEqual([302, there.url, 0]);
  });

  it('that is not JSON stays what it is', async () => {
    const { url } = await withPeer((socket) => socket.write(answer('\uFEFF<html>')));
    expect((await client()({ method: 'GET', url, effect: 'read' })).body).toBe('\uFEFF<html>');
  });
});

describe('a request that surely never left', () => {
  it.each(['read', 'write'] as const)('is unavailable when the port is closed (%s)', async (effect) => {
    const { url, close } = await peer(() => undefined);
    await close();
    expect((await failureOf(client()({ method: 'POST', url, effect }))).type).toBe('Unavailable');
  });

  it('is unavailable when the name does not resolve', async () => {
    const failure = await failureOf(client()({ method: 'POST', url: 'http://no-such-host.invalid/', effect: 'write' }));
    expect(failure.type).toBe('Unavailable');
  });

  it('is unavailable when the TLS handshake fails', async () => {
    const { port, requests } = await withPeer((socket) => socket.end('this is no TLS\r\n'));
    const failure = await failureOf(client()({ method: 'POST', url: `https://127.0.0.1:${port}/`, effect: 'write' }));
    expect([failure.type, requests()]).toEqual(['Unavailable', 1]);
  });

  it('is unavailable when it was cancelled before', async () => {
    const { url, requests } = await withPeer((socket) => socket.write(answer('ok')));
    const work = client({ signal: AbortSignal.abort() })({ method: 'POST', url, effect: 'write' });
    expect([(await failureOf(work)).type, requests()]).toEqual(['Unavailable', 0]);
  });
});

describe('an answer that was lost', () => {
  const losses: [string, (socket: Socket) => void][] = [
    ['the peer resets the connection', (socket) => socket.resetAndDestroy()],
    ['the peer hangs up without a word', (socket) => socket.end()],
    ['the answer stops in the middle', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')],
    ['the answer is not HTTP', (socket) => socket.end('SMTP ready\r\n\r\n')],
    ['no answer comes in time', () => undefined],
  ];
  it.each(losses)('leaves a write in doubt and a read unavailable: %s', async (_name, lose) => {
    const { url, send } = await withKnownPeer(lose);
    const write = { method: 'POST', url, body: 'x', effect: 'write', timeoutMs: 300 } as const;
    expect((await failureOf(send(write))).type).toBe('OutcomeUnknown');
    expect((await failureOf(send({ method: 'GET', url, effect: 'read', timeoutMs: 300 }))).type).toBe('Unavailable');
  });

  it('leaves a write in doubt when a kept-alive socket dies under it', async () => {
    const { url, sockets, send } = await withKnownPeer((socket) => socket.resetAndDestroy());
    const failure = await failureOf(send({ method: 'POST', url, effect: 'write' }));
    expect([failure.type, sockets.size]).toEqual(['OutcomeUnknown', 0]);
  });

  it('leaves a write in doubt when it is cancelled under way, and hangs up', async () => {
    const cancel = new AbortController();
    const { url, sockets } = await withPeer(() => cancel.abort());
    const work = client({ signal: cancel.signal })({ method: 'POST', url, effect: 'write' });
    expect((await failureOf(work)).type).toBe('OutcomeUnknown');
    while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('is cut by the total deadline when it drips, however steadily', async () => {
    const { url, sockets, send } = await withKnownPeer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n');
      const dripping = setInterval(() => socket.write('.'), 20);
      socket.once('close', () => clearInterval(dripping));
    });
    const failure = await failureOf(send({ method: 'POST', url, effect: 'write', timeoutMs: 300 }));
    expect(failure).toMatchObject({ type: 'OutcomeUnknown', message: 'the answer was lost: timed out' });
    while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('is lost too when it exceeds 1 MiB', async () => {
    const { url } = await withPeer((socket) => socket.write(answer('x'.repeat(1024 * 1024 + 1))));
    const write = await failureOf(client()({ method: 'POST', url, effect: 'write' }));
    const read = await failureOf(client()({ method: 'GET', url, effect: 'read' }));
    expect([write.type, read.type, read.reason]).toEqual(['OutcomeUnknown', 'Unavailable', 'provider_garbage']);
  });
});

describe('a client kept out of private networks', () => {
  const guarded = client({ allowPrivate: false });
  it.each([
    'http://127.0.0.1:1/',
    'http://0x7f.1/',
    'http://10.1.2.3/',
    'http://169.254.169.254/latest',
    'http://[::1]/',
    'http://[::ffff:192.168.0.1]/',
    'http://[fd00::1]/',
  ])('refuses %s', async (url) => {
    expect((await failureOf(guarded({ method: 'GET', url, effect: 'read' }))).type).toBe('Config');
  });

  it('refuses a name that resolves there, before connecting', async () => {
    const { port, sockets, requests } = await withPeer((socket) => socket.write(answer('inside')));
    const failure = await failureOf(guarded({ method: 'GET', url: `http://localhost:${port}/`, effect: 'read' }));
    expect([failure.type, sockets.size, requests()]).toEqual(['Config', 0, 0]);
  });

  it('refuses what is not a web address', async () => {
    expect((await failureOf(guarded({ method: 'GET', url: 'file:///etc/hosts', effect: 'read' }))).type).toBe('Config');
  });
});

it('tells the transcript method, address without values, status and duration, and nothing else', async () => {
  const lines: TranscriptLine[] = [];
  const { url } = await withPeer((socket) => socket.write(answer('secret answer')));
  await client({ onTranscript: (line) => lines.push(line) })({
    method: 'POST',
    url: `${url}pay?token=secret&id=7`,
    headers: { authorization: 'Bearer secret' },
    body: 'secret body',
    effect: 'write',
  });
  expect(lines).toEqual([
    { method: 'POST', url: `${url}pay?token&id`, status: 200, durationMs: expect.any(Number) as unknown },
  ]);
});

it('sends the body byte for byte and no content type of its own', async () => {
  let seen: { headers: http.IncomingHttpHeaders; body: string } | undefined;
  const server = http.createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    seen = { headers: req.headers, body: Buffer.concat(chunks).toString() };
    res.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({ close: () => (server.closeAllConnections(), server.close()) });
  const { port } = server.address() as AddressInfo;
  await client()({ method: 'POST', url: `http://127.0.0.1:${port}/`, body: '{"b":1, "a":2}', effect: 'write' });
  expect(seen?.body).toBe('{"b":1, "a":2}');
  expect(seen?.headers['content-type']).toBeUndefined();
});
