import { type RequestListener, type Server, createServer } from 'node:http';
import type { Socket } from 'node:net';
import { type Problem, problem } from './errors.ts';
import { plainAnswer } from './plain-answer.ts';
import type { Upgrade } from './upgrade.ts';

/** The HTTP server around the application: slow or malformed senders get an end, and an answer where one is possible. */
export const createHttpServer = (app: RequestListener, upgrade?: Upgrade): Server => {
  const server = createServer(
    {
      headersTimeout: 15_000,
      requestTimeout: 60_000,
      keepAliveTimeout: 30_000,
      // Long comma lists in filters are ordinary here.
      maxHeaderSize: 64 * 1024,
      shouldUpgradeCallback: (req) => upgrade?.wants(req) ?? false,
    },
    app,
  );
  if (upgrade) server.on('upgrade', upgrade.take);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    socket.end(plainAnswer(malformed(STATUS_OF_PARSER[error.code ?? ''] ?? 400)));
  });
  return server;
};

const STATUS_OF_PARSER: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

const malformed = (status: number): Problem =>
  problem(status, 'validation', status === 431 ? 'The address and headers are too long.' : 'The request is malformed.');
