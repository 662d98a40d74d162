import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { HubFailure } from '../../../domain/failures.ts';
import type { AdapterContext, HttpRequest } from '../../kit/context.ts';
import type { Mt5Config } from './config.ts';
import { failureOf, lostAnswer, rateLimited, retcodeOf, type Effect } from './map.ts';

export type Context = AdapterContext<Mt5Config>;

export interface Command {
  path: string;
  /** Goes into the URL, which servers log: never a password. */
  query?: Record<string, string>;
  /** Sent as JSON in a POST. */
  body?: Record<string, string>;
  effect: Effect;
  /** Retcodes besides 0 and 1 that the caller understands itself. */
  accept?: readonly number[];
}

export interface Reply {
  retcode: number;
  answer: unknown;
}

/** Lengths the vendor's server keeps a silent connection: 180 s. We trust it for less. */
const TRUST_IDLE_MS = 150_000;
/** Servers count failed sign-ins per address and lock it out ("antiflood"): after one, we do not knock again for a while. */
const REST_AFTER_REFUSAL_MS = 30_000;
const READ_TIMEOUT_MS = 10_000;

/** One command in the session of this connection, after signing in when there is none. Commands wait for each other: the server answers in order. */
export const command = (ctx: Context, order: Command): Promise<Reply> => {
  const desk = deskOf(ctx);
  const turn = desk.queue.then(async () => {
    const session = await sessionOf(ctx, desk);
    try {
      const body = await call(ctx, session.agent, order);
      session.usedAt = ctx.now();
      const retcode = retcodeOf(body);
      if (retcode > 1 && !order.accept?.includes(retcode)) throw failureOf(retcode, order.effect);
      return { retcode, answer: body['answer'] };
    } catch (error) {
      // After a lost answer the next answer on this socket might be the lost one.
      if (error instanceof HubFailure && endsSession(error)) drop(desk);
      throw error;
    }
  });
  desk.queue = turn.catch(() => undefined);
  return turn;
};

const endsSession = ({ type }: HubFailure) => type === 'OutcomeUnknown' || type === 'Unavailable' || type === 'Config';

interface Session {
  agent: OneSocket;
  usedAt: number;
}

interface Desk {
  /** Which server, manager and password it was made for. */
  credentials: string;
  queue: Promise<unknown>;
  session: Session | null;
  refused: { until: number; failure: HubFailure } | null;
}

const deskOf = (ctx: Context): Desk => {
  const { url, managerLogin, managerPassword } = ctx.config;
  const credentials = createHash('sha256')
    .update(JSON.stringify([url, managerLogin, managerPassword]))
    .digest('hex');
  const known = ctx.session.get('mt5') as Desk | undefined;
  if (known?.credentials === credentials) return known;
  if (known) drop(known);
  const desk: Desk = { credentials, queue: Promise.resolve(), session: null, refused: null };
  ctx.session.set('mt5', desk);
  return desk;
};

const drop = (desk: Desk): void => {
  desk.session?.agent.http.destroy();
  desk.session = null;
};

const sessionOf = async (ctx: Context, desk: Desk): Promise<Session> => {
  const { session } = desk;
  if (session?.agent.alive() && ctx.now() - session.usedAt < TRUST_IDLE_MS) return session;
  drop(desk);
  if (desk.refused && ctx.now() < desk.refused.until) throw desk.refused.failure;
  const agent = oneSocket(ctx.config.url);
  try {
    await signIn(ctx, agent);
    desk.refused = null;
    desk.session = { agent, usedAt: ctx.now() };
    return desk.session;
  } catch (error) {
    agent.http.destroy();
    if (error instanceof HubFailure && error.type === 'Config') {
      desk.refused = { until: ctx.now() + REST_AFTER_REFUSAL_MS, failure: error };
    }
    throw error;
  }
};

// Sign-in (MD5 challenge of the vendor's Web API) -------------------------------------------------------------------------

const md5 = (...parts: (Buffer | string)[]): Buffer => {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** MD5( MD5( MD5(utf16le(password)) ‖ "WebAPI" ) ‖ random ), hex. `random` is hex too. */
export const challengeAnswer = (password: string, random: string): string =>
  md5(md5(md5(Buffer.from(password, 'utf16le')), 'WebAPI'), Buffer.from(random, 'hex')).toString('hex');

/** Signing in changes nothing, so its lost answers are `Unavailable` whatever the command behind it was. */
const signIn = async (ctx: Context, agent: OneSocket): Promise<void> => {
  const { managerLogin, managerPassword, version } = ctx.config;
  const step = async (path: string, query: Record<string, string>) => {
    const body = await call(ctx, agent, { path, query, effect: 'read' });
    const retcode = retcodeOf(body);
    if (retcode !== 0) throw failureOf(retcode, 'sign-in');
    return body;
  };
  const start = await step('/api/auth/start', {
    version: String(version),
    agent: ctx.config.agent,
    login: managerLogin,
    type: 'manager',
  });
  const serverRandom = String(start['srv_rand']);
  if (!/^[0-9a-f]{32}$/i.test(serverRandom)) throw lostAnswer('read', 'no challenge');
  const ours = randomBytes(16).toString('hex');
  const finish = await step('/api/auth/answer', {
    srv_rand_answer: challengeAnswer(managerPassword, serverRandom),
    cli_rand: ours,
  });
  const proof = Buffer.from(String(finish['cli_rand_answer']), 'hex');
  const expected = Buffer.from(challengeAnswer(managerPassword, ours), 'hex');
  if (proof.length !== expected.length || !timingSafeEqual(proof, expected)) {
    throw new HubFailure('Config', 'provider_misconfigured', 'the server could not prove that it knows the password');
  }
};

// The wire ----------------------------------------------------------------------------------------------------------------

const call = async (ctx: Context, agent: OneSocket, order: Command): Promise<Record<string, unknown>> => {
  const query = Object.entries(order.query ?? {})
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  const request: HttpRequest = {
    // Vendor: both methods are interchangeable. Writes go as POST, which nothing on the way repeats by itself.
    method: order.body || order.effect === 'write' ? 'POST' : 'GET',
    url: ctx.config.url.replace(/\/$/, '') + order.path + (query && `?${query}`),
    headers: { Accept: '*/*', Connection: 'keep-alive', 'Content-Type': 'application/x-www-form-urlencoded' },
    effect: order.effect,
    agent: agent.http,
    ...(order.body && { body: JSON.stringify(order.body) }),
    ...(order.effect === 'read' && { timeoutMs: READ_TIMEOUT_MS }),
  };
  const answer = await ctx.http(request);
  if (answer.status === 429) throw rateLimited(answer.headers['retry-after']);
  if (answer.status !== 200) throw lostAnswer(order.effect, `HTTP ${answer.status}`);
  try {
    const body: unknown = JSON.parse(answer.body);
    if (body && typeof body === 'object' && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    // falls through: not JSON is garbage like any other shape
  }
  throw lostAnswer(order.effect, 'not the JSON of the Web API');
};

interface OneSocket {
  http: http.Agent;
  alive(): boolean;
}

/**
 * The session is the physical connection (vendor), so an agent may connect once and never again: a command that would need a
 * new socket fails before anything is sent, instead of reaching the server without a session.
 */
const oneSocket = (url: string): OneSocket => {
  const options = { keepAlive: true, maxSockets: 1 };
  const agent = url.startsWith('https:') ? new https.Agent(options) : new http.Agent(options);
  const connect = agent.createConnection.bind(agent);
  let socket: Duplex | null | undefined;
  agent.createConnection = (connectOptions, done) => {
    if (socket) {
      done?.(new Error('the session of this socket is over'), undefined as never);
      return undefined;
    }
    socket = connect(connectOptions, done);
    return socket;
  };
  return { http: agent, alive: () => socket?.destroyed === false };
};
