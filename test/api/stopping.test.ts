import { EventEmitter, once } from 'node:events';
import { Agent, get, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { gentleStop } from '../../api/kit/gentle-stop.ts';
import { createHttpServer } from '../../api/kit/server.ts';

interface Heard {
  status: number;
  /** What the server says about the connection: 'keep-alive', 'close'. */
  connection: string | undefined;
}

let server: Server;
let proxy: Agent;

/** A server that is stopped, and a proxy that keeps one connection to it. `asked`: the next request has come, and waits for its answer. */
const serving = async () => {
  const arriving = new EventEmitter();
  server = createHttpServer((_request, response) => void arriving.emit('request', response));
  const asked = async () => ((await once(arriving, 'request')) as [ServerResponse])[0];
  const stop = gentleStop(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  proxy = new Agent({ keepAlive: true, maxSockets: 1 });
  const { port } = server.address() as AddressInfo;
  const ask = () =>
    new Promise<Heard | string>((heard) => {
      get({ host: '127.0.0.1', port, agent: proxy }, (response) => {
        response
          .resume()
          .once('end', () => heard({ status: response.statusCode!, connection: response.headers.connection }));
        response.once('error', () => heard('cut'));
      }).once('error', (error: NodeJS.ErrnoException) => heard(error.code!));
    });
  return { stop, ask, asked };
};

afterEach(() => {
  proxy.destroy();
  server.closeAllConnections();
  server.close();
});

describe('an API process that stops behind a proxy that keeps connections open', () => {
  it('answers what is under way, says that the connection is over, and is gone at once', async () => {
    const { stop, ask, asked } = await serving();
    const [first, before] = [asked(), ask()];
    (await first).end('done');
    await before;
    const [second, underWay] = [asked(), ask()];
    const response = await second;
    const began = Date.now();
    const stopped = stop(10_000);
    response.end('done');

    expect(await underWay).toEqual({ status: 200, connection: 'close' });
    await stopped;
    expect(Date.now() - began).toBeLessThan(2_000);
    // Refused, for a proxy to ask another process: not taken, and cut.
    expect(await ask()).toBe('ECONNREFUSED');
  });

  it('does not wait for a connection whose answer had begun before', async () => {
    const { stop, ask, asked } = await serving();
    const [request, underWay] = [asked(), ask()];
    const response = await request;
    response.write('half ');
    const began = Date.now();
    const stopped = stop(10_000);
    response.end('done');

    expect(await underWay).toMatchObject({ status: 200 });
    await stopped;
    expect(Date.now() - began).toBeLessThan(2_000);
  });
});
