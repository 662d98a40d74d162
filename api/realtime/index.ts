import { Server as Engine, type Socket as EngineSocket } from 'engine.io';
import { type Request, type RequestHandler, Router } from 'express';
import { Server as Sockets, type Socket } from 'socket.io';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import { type Mount, onlyMethods } from '../kit/app.ts';
import { problem, toProblem } from '../kit/errors.ts';
import { errorAnswer } from '../kit/openapi.ts';
import { addressOf, counting, perActor } from '../kit/rate-limit.ts';
import { parsePart } from '../kit/validate.ts';
import { Wish } from './channels.ts';
import { createListeners } from './listeners.ts';

const PATH = '/socket.io';
const LARGEST_FRAME = 64 * 1024;
/** Of one address: behind one of a carrier are thousands of people. */
const HANDSHAKES = perActor('600/m');
const WISHES = perActor('20/m');
/** Of one connection: its wishes, and a heartbeat now and then. */
const PACKETS = perActor('120/m');
/** Whoever is seen twice in a row to listen to nothing has no use for the connection. */
const UNSEATED_MS = 30_000;
const Asked = z.looseObject({
  EIO: z.enum(['3', '4']).optional(),
  transport: z.enum(['polling', 'websocket']),
  sid: z.string().optional(),
});
const unfit = (field: string, issue: string) => problem(400, 'validation', `${field} ${issue}.`, field);

/** "Unsupported data" (RFC 6455 §7.4.1). */
const UNSUPPORTED = 1003;

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
  sockets.on('connection', (socket) => serve(deps, listeners, socket));

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
      // Without the farewell of Socket.IO, after which apps do not connect again.
      engine.close();
    },
    paths: PATHS,
  };
};

const serve = ({ log }: ApiDeps, listeners: ReturnType<typeof createListeners>, socket: Socket): void => {
  const wishes = counting(WISHES);
  let wasSeated = true;
  const looking = setInterval(() => {
    const isSeated = listeners.isSeated(socket);
    if (!isSeated && !wasSeated) socket.conn.close();
    wasSeated = isSeated;
  }, UNSEATED_MS).unref();

  const subscribe = async (wish: Wish): Promise<void> => {
    try {
      if (wishes('').over > 0)
        throw problem(429, 'too_many_requests', 'Too many subscriptions. Try again in a minute.');
      const seat = await listeners.join(socket, wish);
      socket.emit('subscription_succeeded', seat.name);
      if (wish.since !== undefined) await listeners.replay(socket, seat, new Date(wish.since));
    } catch (error) {
      const { status } = toProblem(error);
      if (status >= 500) log.warn({ err: error }, 'an app cannot be told what happens');
      socket.emit('subscription_error', wish.channel, status);
    }
  };

  // One after the other: who subscribes and thinks better of it is not left with a seat.
  let last = Promise.resolve();
  const then = (work: () => void | Promise<void>) => void (last = last.then(work));
  socket.on('subscribe', (sent: unknown) => {
    const wish = Wish.safeParse(sent);
    if (wish.success) then(() => subscribe(wish.data));
    else refuse(socket);
  });
  socket.on('unsubscribe', (sent: unknown) => {
    const wish = Wish.pick({ channel: true }).safeParse(sent);
    if (wish.success) then(() => listeners.leave(socket, wish.data.channel));
    else refuse(socket);
  });
  socket.onAny((name: unknown) => {
    if (name !== 'subscribe' && name !== 'unsubscribe') refuse(socket);
  });
  socket.on('disconnect', () => {
    clearInterval(looking);
    listeners.gone(socket);
    // A connection without a conversation is of no use, and nothing here would look at it again.
    socket.conn.close();
  });
};

/** Nothing we understand. */
const refuse = (socket: Socket): void => {
  const { transport } = socket.conn as unknown as {
    transport: { name: string; socket?: { close(code: number): void } };
  };
  if (transport.name === 'websocket') transport.socket!.close(UNSUPPORTED);
  else socket.disconnect(true);
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
