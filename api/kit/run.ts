import type { KeyObject } from 'node:crypto';
import type { Request, Response } from 'express';
import type pg from 'pg';
import type { Logger } from 'pino';
import { z } from 'zod';
import { type Access, type Actor, actorName, type UserActor } from './access.ts';
import { bodyReader } from './body.ts';
import { bodyTooLarge, problem } from './errors.ts';
import { FileAnswer, sendFile, type SentFile } from './file-answer.ts';
import { type Answered, type Once, withKey } from './idempotency.ts';
import { assertStorable, readJson } from './json-body.ts';
import { readMultipart } from './multipart.ts';
import type { Call, Procedure } from './procedure.ts';
import { readQuery } from './query.ts';
import { DEFAULT_LIMIT, limiter } from './rate-limit.ts';
import { parsePart } from './validate.ts';

export type Confirm = (actor: UserActor, req: Request, always: boolean) => Promise<boolean>;

export interface RunDeps {
  pool: pg.Pool;
  access: Access;
  log: Logger;
  /** Takes a fresh code of a user's second factor for something risky; false: none is wanted. Throws when it is wrong or missing. */
  confirm: Confirm;
  /** Keys the fingerprints of idempotent bodies. */
  fingerprintSecret: KeyObject;
}

const Nothing = z.strictObject({});
const NothingOrEmpty = z.strictObject({}).optional();
const LARGEST_BODY = 100 * 1024;
const readBody = bodyReader({ most: LARGEST_BODY, tooLarge: bodyTooLarge, unfold: true });
const IdempotencyKey = /^[\x20-\x7e]{1,255}$/;

/** The way of every request: who → may they → how often → what → once → do → answer by schema. */
export const runner = (deps: RunDeps, { method, path, spec }: Procedure) => {
  const countCall = limiter(spec.limit ?? DEFAULT_LIMIT);
  const paramsSchema = spec.params ? z.strictObject(spec.params.shape) : Nothing;
  const querySchema = spec.query ? z.strictObject(spec.query.shape) : Nothing;
  const bodySchema = method === 'GET' ? undefined : (spec.body ?? NothingOrEmpty);
  const status = spec.status ?? (spec.answer === null ? 204 : 200);
  const route = `${method} ${path}`;

  const authenticate = async (req: Request): Promise<Actor | null> => {
    if (spec.access === 'public') return null;
    const actor = await deps.access.identify(req.headers.authorization);
    req.res!.locals['actor'] = actorName(actor);
    deps.access.assertMay(actor, spec.access, spec.permission);
    return actor;
  };

  const answerOf = async (call: Call): Promise<Answered> => {
    const { actor, once } = call;
    if (spec.confirm && actor?.kind === 'user') {
      const confirm = () => deps.confirm(actor, call.req, spec.confirm === 'always');
      await (once ? once.confirm(confirm) : confirm());
    }
    const answer: unknown = await spec.handle(call as never);
    const body: unknown = spec.answer === null ? undefined : spec.answer.parse(answer);
    return {
      status: spec.statusOf?.(body as never) ?? status,
      body,
      isProvisional: spec.isProvisional?.(body as never) ?? false,
    };
  };

  const rawBody = async (req: Request): Promise<unknown> => {
    if (spec.multipart) return readMultipart(req);
    const raw = readJson(await readBody(req), req.headers['content-type']);
    assertStorable(raw);
    return raw;
  };

  return async (req: Request, res: Response): Promise<void> => {
    const actor = await authenticate(req);
    countCall(req, actor);
    const params = { ...req.params };
    const query = readQuery(req.originalUrl);
    assertStorable(params);
    assertStorable(query);
    const raw = bodySchema ? await rawBody(req) : undefined;
    const requestId = res.locals['requestId'] as string;
    const call = new Calling(deps.log, req, {
      actor,
      params: parsePart(paramsSchema, params, 'path'),
      query: parsePart(querySchema, query, 'query'),
      body: bodySchema && parsePart(bodySchema, raw, 'body'),
      requestId,
    });
    const key = spec.idempotent ? keyOf(req) : undefined;
    if (spec.answer === FileAnswer) return sendFile(res, (await spec.handle(call as never)) as SentFile);
    if (key === undefined || actor === null) return send(res, await answerOf(call));
    const outcome = await withKey(
      {
        db: deps.pool,
        secret: deps.fingerprintSecret,
        actor,
        key,
        route: routeOf(route, params),
        body: raw,
        requestId,
      },
      (once: Once) => answerOf(call.under(once)),
    );
    if (outcome.replayed) res.setHeader('Idempotent-Replayed', 'true');
    send(res, outcome);
  };
};

/**
 * What a handler gets. A class because few handlers want `ip` and `log`, which cost: getters written into an object for each call would give it a shape of
 * its own, and V8 keeps a shape, with all its getters hold, until a full collection.
 */
class Calling implements Call {
  readonly actor: Call['actor'];
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly requestId: string;
  readonly req: Request;
  key: string | undefined;
  once: Once | undefined;
  readonly #log: Logger;

  constructor(log: Logger, req: Request, parts: Pick<Call, 'actor' | 'params' | 'query' | 'body' | 'requestId'>) {
    this.actor = parts.actor;
    this.params = parts.params;
    this.query = parts.query;
    this.body = parts.body;
    this.requestId = parts.requestId;
    this.req = req;
    this.key = undefined;
    this.once = undefined;
    this.#log = log;
  }

  get ip(): string {
    return this.req.ip ?? '';
  }

  get log(): Logger {
    return this.#log.child({ requestId: this.requestId });
  }

  under(once: Once): this {
    this.key = once.key;
    this.once = once;
    return this;
  }
}

/** A key for one object's action must not replay for another object. */
const routeOf = (route: string, params: Record<string, unknown>): string =>
  route.replace(/\{(\w+)\}/g, (_all, name: string) => String(params[name]));

const keyOf = (req: Request): string | undefined => {
  const key = req.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && IdempotencyKey.test(key)) return key;
  throw problem(400, 'validation', 'Idempotency-Key must be 1 to 255 printable ASCII characters.', 'Idempotency-Key');
};

const send = (res: Response, { status, body }: { status: number; body: unknown }): void => {
  res.statusCode = status;
  if (status === 204) res.end();
  else sendJson(res, body);
};

/** What Express answers with, without the looks at settings and caches that no answer of ours needs. */
export const sendJson = (res: Response, body: unknown): void => {
  const text = JSON.stringify(body);
  const length = Buffer.byteLength(text);
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', length);
  // One byte for each character: plain ASCII, which is written faster under this name.
  res.end(text, length === text.length ? 'latin1' : 'utf8');
};
