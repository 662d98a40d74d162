import { STATUS_CODES, type RequestListener, type Server, createServer } from 'node:http';
import type { Socket } from 'node:net';
import { errorBody, problem } from './errors.ts';

/** The HTTP server around the application: slow or malformed senders get an end, and an answer where one is possible. */
export const createHttpServer = (app: RequestListener): Server => {
  const server = createServer(
    {
      headersTimeout: 15_000,
      requestTimeout: 60_000,
      keepAliveTimeout: 30_000,
      // Long comma lists in filters are ordinary here.
      maxHeaderSize: 64 * 1024,
    },
    app,
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    socket.end(plainAnswer(STATUS_OF_PARSER[error.code ?? ''] ?? 400));
  });
  return server;
};

const STATUS_OF_PARSER: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** Node gives up on such a request before it is one, so this is written without Express. */
const plainAnswer = (status: number): string => {
  const issue = status === 431 ? 'The address and headers are too long.' : 'The request is malformed.';
  const body = JSON.stringify(errorBody(problem(status, 'validation', issue), 'none'));
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
};
