import { connect, isIP, type Socket } from 'node:net';
import { HubFailure } from '../../domain/failures.ts';
import type { Connector } from './context.ts';
import { isPrivate, PRIVATE_ADDRESS, privateAddress, publicOnly } from './http.ts';

/** Makes `ctx.connect`: plain TCP under the rules of `ctx.http`. The deadline covers the socket's whole life, not only its opening. */
export const createConnector =
  (options: { timeoutMs: number; allowPrivate: boolean; signal?: AbortSignal }): Connector =>
  async ({ host, port }) => {
    // A literal address is never looked up.
    if (!options.allowPrivate && isIP(host) && isPrivate(host)) throw privateAddress();
    const deadline = AbortSignal.timeout(options.timeoutMs);
    const socket = connect({
      host,
      port,
      signal: options.signal ? AbortSignal.any([options.signal, deadline]) : deadline,
      ...(!options.allowPrivate && { lookup: publicOnly }),
    });
    try {
      await connected(socket);
      return socket;
    } catch (error) {
      socket.destroy();
      const { code } = error as NodeJS.ErrnoException;
      if (code === PRIVATE_ADDRESS) throw privateAddress();
      const why = deadline.aborted ? 'timed out' : (code ?? 'connection failed');
      throw new HubFailure('Unavailable', 'provider_unavailable', `no connection: ${why}`);
    }
  };

const connected = (socket: Socket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    // Stays: a socket that is cut after it was given away must not bring the process down.
    socket.on('error', reject);
  });
