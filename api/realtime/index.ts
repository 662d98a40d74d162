import { Server as Engine, type Socket as EngineSocket } from 'engine.io';
import { type Request, type RequestHandler, Router } from 'express';
import { Server as Sockets } from 'socket.io';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import { type Mount, onlyMethods } from '../kit/app.ts';
import { problem } from '../kit/errors.ts';
import { errorAnswer } from '../kit/openapi.ts';
import { addressOf, counting, perActor } from '../kit/rate-limit.ts';
import { parsePart } from '../kit/validate.ts';
import { converse } from './conversation.ts';
import { createListeners } from './listeners.ts';
import { shutOut } from './shut-out.ts';

const PATH = '/socket.io';
const LARGEST_FRAME = 64 * 1024;
/** Of one address: behind one of a carrier are thousands of people. */
const HANDSHAKES = perActor('600/m');
/** Of one connection: its wishes, and a heartbeat now and then. */
const PACKETS = perActor('120/m');

const Asked = z.looseObject({
  EIO: z.enum(['3', '4']).optional(),
  transport: z.enum(['polling', 'websocket']),
  sid: z.string().optional(),
});
const unfit = (field: string, issue: string) => problem(400, 'validation', `${field} ${issue}.`, field);

/**
 * /socket.io: apps are told what happens to what is theirs (objects-front-office §6), by Engine.IO 3 and Socket.IO 2, which B2Core's apps speak, and by their
 * successors. A hint at the state of things, sent at least once: money is read by REST.
 */
export const realtimeMount = (deps: ApiDeps): Mount => {
  const engine = new Engine({
    allowEIO3: true,
    pingInterval: 25_000,
    pingTimeout: 5_000,
    maxHttpBufferSize: LARGEST_FRAME,
    transports: ['polling', 'websocket'],
    httpCompression: false,
  });
  const sockets = new Sockets({ serveClient: false }).bind(engine);
  const listeners = createListeners(deps);
  const shut = shutOut(deps, engine);
  const handshakes = counting(HANDSHAKES);
  const addresses = new WeakMap<object, string>();
  let stopping = false;

  /** Throws when this request is none of a connection's, or one too many. */
  const admit = (req: Request, transports: readonly string[]): void => {
    if (Number(req.headers['content-length'] ?? 0) > LARGEST_FRAME)
      throw problem(413, 'body_too_large', 'The body must not exceed 64 KiB.');
    if (stopping) throw problem(503, 'unavailable', 'This process is about to stop. Connect again.');
    const asked = parsePart(Asked, Object.fromEntries(new URLSearchParams(req.url.split('?')[1])), 'query');
    if (!transports.includes(asked.transport)) throw unfit('transport', `must be ${transports.join(' or ')} here`);
    const address = addressOf(req);
    if (asked.sid === undefined) {
      if (req.method === 'POST') throw unfit('sid', 'is missing');
      if (handshakes(address).over > 0)
        throw problem(429, 'too_many_requests', 'Too many connections. Try again in a minute.');
      addresses.set(req, address);
      shut.note(req);
      return;
    }
    const sessions = (engine as unknown as { clients: Record<string, { request: object }> }).clients;
    if (!Object.hasOwn(sessions, asked.sid)) throw unfit('sid', 'is of no session: it is over, or at another process');
    // Who has read a session's id elsewhere cannot go on with it from where he is.
    if (addresses.get(sessions[asked.sid]!.request) !== address)
      throw problem(403, 'forbidden', 'This session is of another address.');
  };

  // Who sends without reading what is answered would fill our memory with answers.
  engine.on('connection', (connection: EngineSocket) => {
    const packets = counting(PACKETS);
    const isFlood = () => packets('').over > 0;
    connection.on('packet', () => isFlood() && connection.close(true));
    // What tries an upgrade is no packet of the connection yet, and is answered; in that moment it cannot be closed.
    connection.on('upgrading', () => isFlood() && setImmediate(() => connection.close(true)));
  });
  sockets.on('connection', (socket) => converse(deps, listeners, socket));

  const router = Router({ caseSensitive: true });
  const poll: RequestHandler = (req, res) => {
    admit(req, ['polling']);
    engine.handleRequest(req as never, res);
  };
  router
    .route('/')
    .get(poll)
    .post(poll)
    .all(onlyMethods(['GET', 'POST']));
  return {
    path: PATH,
    router,
    webSocket: (req, socket, head) => {
      admit(req, ['websocket']);
      engine.handleUpgrade(req as never, socket as never, head);
    },
    hangUp: () => {
      stopping = true;
      listeners.close();
      shut.close();
      // Without the farewell of Socket.IO, after which apps do not connect again.
      engine.close();
    },
    paths: PATHS,
  };
};

const inQuery = { query: Asked };
const PATHS: ZodOpenApiPathsObject = {
  '/socket.io/': {
    get: {
      operationId: 'getSocketIo',
      summary: 'What happens, as it happens',
      description:
        'Socket.IO 2 (Engine.IO 3) or later; docs/realtime.md says how. A handshake or a poll by HTTP; with `transport=websocket` and an Upgrade a WebSocket.',
      tags: ['Realtime'],
      security: [],
      requestParams: inQuery,
      responses: {
        '200': { description: 'Packets of Engine.IO', content: { 'text/plain': { schema: { type: 'string' } } } },
        '400': errorAnswer(400),
        '403': errorAnswer(403),
        '429': errorAnswer(429),
        '503': errorAnswer(503),
      },
    },
    post: {
      operationId: 'postSocketIo',
      summary: 'Packets of an app that polls',
      tags: ['Realtime'],
      security: [],
      requestParams: inQuery,
      requestBody: { required: true, content: { 'text/plain': { schema: { type: 'string' } } } },
      responses: {
        '200': { description: 'ok', content: { 'text/html': { schema: { type: 'string' } } } },
        '400': errorAnswer(400),
        '403': errorAnswer(403),
        '413': errorAnswer(413),
        '503': errorAnswer(503),
      },
    },
  },
};
