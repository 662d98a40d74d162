import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { HubFailure } from '../../../domain/failures.ts';
import * as answers from '../../kit/answers.ts';
import type { AdapterContext } from '../../kit/context.ts';
import { isObject, readJson, word, type Json } from '../../kit/json.ts';
import type { Row } from '../../kit/rows.ts';
import { hash, sameText } from '../../kit/signing.ts';
import type { Mt5Config } from './config.ts';
import { failureOf, type Effect } from './map.ts';

export type Context = AdapterContext<Mt5Config>;

interface Command {
  path: string;
  /** Goes into the URL, which servers log: never a password. */
  query?: Record<string, string>;
  /** Sent as JSON in a POST. */
  body?: Row;
  effect: Effect;
  /** Retcodes besides 0 and 1 that the caller understands itself. */
  accept?: readonly number[];
}

interface Reply {
  retcode: number;
  answer: Json | undefined;
}

/** The vendor's server keeps a silent connection for 180 s. We trust it for less. */
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
      if (error instanceof HubFailure && ['OutcomeUnknown', 'Unavailable', 'Config'].includes(error.type)) drop(desk);
      throw error;
    }
  });
  desk.queue = turn.catch(() => undefined);
  return turn;
};

interface Desk {
  /** Which server, manager and password it was made for. */
  credentials: string;
  queue: Promise<unknown>;
  session: { agent: OneSocket; usedAt: number } | null;
  refused: { until: number; failure: HubFailure } | null;
}

const deskOf = (ctx: Context): Desk => {
  const credentials = hash('sha256', JSON.stringify(ctx.config));
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

const sessionOf = async (ctx: Context, desk: Desk): Promise<NonNullable<Desk['session']>> => {
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
    if (error instanceof HubFailure && error.type === 'Config')
      desk.refused = { until: ctx.now() + REST_AFTER_REFUSAL_MS, failure: error };
    throw error;
  }
};

// Sign-in (MD5 challenge of the vendor's Web API) -------------------------------------------------------------------------

const md5 = (...parts: (Buffer | string)[]): Buffer => {
  const sum = createHash('md5');
  for (const part of parts) sum.update(part);
  return sum.digest();
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
  const who = { version: String(version), agent: ctx.config.agent, login: managerLogin, type: 'manager' };
  const serverRandom = word((await step('/api/auth/start', who))['srv_rand']);
  if (!/^[0-9a-f]{32}$/i.test(serverRandom))
    throw answers.garbage({ provider: 'MT5', what: 'sign in', effect: 'read' });
  const ours = randomBytes(16).toString('hex');
  const proof = challengeAnswer(managerPassword, serverRandom);
  const finish = await step('/api/auth/answer', { srv_rand_answer: proof, cli_rand: ours });
  if (!sameText(challengeAnswer(managerPassword, ours), word(finish['cli_rand_answer']).toLowerCase()))
    throw new HubFailure('Config', 'provider_misconfigured', 'the server could not prove that it knows the password');
};

// The wire ----------------------------------------------------------------------------------------------------------------

/** The answer's JSON, which surely has a retcode. */
const call = async (ctx: Context, agent: OneSocket, { path, query, body, effect }: Command): Promise<Row> => {
  const pairs = Object.entries(query ?? {}).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const answer = await ctx.http({
    // Vendor: both methods are interchangeable. Writes go as POST, which nothing on the way repeats by itself.
    method: body || effect === 'write' ? 'POST' : 'GET',
    url: ctx.config.url + path + (pairs.length > 0 ? `?${pairs.join('&')}` : ''),
    headers: { Accept: '*/*', Connection: 'keep-alive', 'Content-Type': 'application/x-www-form-urlencoded' },
    effect,
    agent: agent.http,
    ...(body && { body: JSON.stringify(body) }),
    ...(effect === 'read' && { timeoutMs: READ_TIMEOUT_MS }),
  });
  const asked: answers.Asked = { provider: 'MT5', what: path, effect };
  // Any other status comes from something in front of the server; its own refusals are retcodes.
  if (answer.status !== 200) throw answers.failureOf(ctx, answer, asked, null);
  const said = readJson(answer.body);
  if (!isObject(said) || retcodeOf(said) < 0) throw answers.garbage(asked);
  return said;
};

/** Only the number counts: the English text behind it differs between builds (vendor). −1: there is none. */
const retcodeOf = (body: Row): number => Number(/^\d+/.exec(word(body['retcode']))?.[0] ?? -1);

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
