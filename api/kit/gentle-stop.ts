import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Stops a server without cutting anybody off; called before it listens. A proxy keeps connections open and goes on to use them, and Node serves them: whoever
 * closes them in the end cuts what is under way. So each answer from the stop on says that its connection is over.
 */
export const gentleStop = (server: Server): ((graceMs: number) => Promise<void>) => {
  const underWay = new Set<ServerResponse>();
  // WebSockets too, which the server does not close by itself.
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  let stopping = false;
  server.prependListener('request', (_request, response: ServerResponse) => {
    underWay.add(response);
    if (stopping) response.shouldKeepAlive = false;
    response.once('close', () => {
      underWay.delete(response);
      // Its head may have been out before the stop, and have promised more.
      if (stopping) server.closeIdleConnections();
    });
  });
  return async (graceMs) => {
    stopping = true;
    for (const response of underWay) response.shouldKeepAlive = false;
    const forced = setTimeout(() => open.forEach((socket) => socket.destroy()), graceMs).unref();
    await new Promise<void>((closed) => {
      server.close(() => closed());
      server.closeIdleConnections();
    });
    clearTimeout(forced);
  };
};
