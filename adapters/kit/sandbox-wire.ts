import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import { isObject, readJson, word, type Json } from './json.ts';
import type { PlacedOrder } from './sandbox-psp.ts';
import type { SandboxCallback, SandboxDesk, SandboxMessage } from './sandbox.ts';

/** Thrown inside a sandbox; its own error handler makes the vendor's body of it. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  /** What else the vendor's body tells. `retryAfter`: seconds, goes into the header of that name. */
  readonly more: { readonly retryAfter?: number; readonly [fact: string]: unknown };

  constructor(status: number, code: string, text: string, more: Refusal['more'] = {}) {
    super(text);
    this.status = status;
    this.code = code;
    this.more = more;
  }
}

export function assure(
  holds: unknown,
  status: number,
  code: string,
  text: string,
  more?: Refusal['more'],
): asserts holds {
  if (!holds) throw new Refusal(status, code, text, more);
}

/** The body as plain JSON; undefined when it is none. */
export const parsedBody = (req: Request): unknown => {
  try {
    return JSON.parse((req.body as Buffer).toString('utf8'));
  } catch {
    return undefined;
  }
};

/** The request's JSON object, numbers as texts with their digits. Names the vendor does not know are refused, as are missing ones. */
export const jsonBody = (req: Request, required: readonly string[], optional: readonly string[] = []) => {
  assure(
    /^application\/json(;|$)/.test(req.get('content-type') ?? ''),
    415,
    'media_type',
    'application/json is wanted',
  );
  const body = readJson((req.body as Buffer).toString('utf8'));
  assure(isObject(body), 400, 'malformed', 'The body is no JSON object');
  for (const name of Object.keys(body))
    assure(required.includes(name) || optional.includes(name), 400, 'unknown_field', `Unknown field ${name}`);
  for (const name of required) assure(word(body[name]) !== '', 400, 'missing_field', `${name} is required`);
  return body;
};

/** The JSON body as strictly as `shape` says. `refuse` makes the vendor's refusal of the first `issue`, or of what is no JSON at all. */
export const shapedBody = <T>(shape: z.ZodType<T>, req: Request, refuse: (issue?: z.core.$ZodIssue) => Refusal): T => {
  const given = parsedBody(req);
  if (given === undefined) throw refuse();
  const known = shape.safeParse(given);
  if (known.success) return known.data;
  throw refuse(known.error.issues[0]);
};

/** Two decimals at most, positive: as most vendors write major units. */
export const assureAmount = (value: Json | undefined): string => {
  const amount = word(value);
  assure(/^\d{1,12}(\.\d{1,2})?$/.test(amount) && /[1-9]/.test(amount), 400, 'amount', 'amount is not valid');
  return amount;
};

type Send = (res: Response, status: number, body: unknown) => void;

/** JSON of a vendor's own media type. */
export const sendAs =
  (mediaType: string): Send =>
  (res, status, body) =>
    // Bytes: of a text Express would add a charset to the type.
    void res
      .status(status)
      .set('content-type', mediaType)
      .send(Buffer.from(JSON.stringify(body)));

/** Last of a router: answers a `Refusal` as `say` writes it. What is no refusal is our bug and goes on. */
export const refusals =
  (say: (refusal: Refusal) => unknown, send: Send = (res, status, body) => void res.status(status).json(body)) =>
  (error: unknown, _req: Request, res: Response, next: NextFunction): void => {
    if (!(error instanceof Refusal)) return next(error);
    const { retryAfter } = error.more;
    if (retryAfter !== undefined) res.set('retry-after', String(retryAfter));
    send(res, error.status, say(error));
  };

/** Every request must pass; `holds` throws or answers false for a stranger. */
export const guarded =
  (holds: (req: Request) => boolean): RequestHandler =>
  (req, _res, next) => {
    assure(holds(req), 401, 'unauthorized', 'Unknown credentials');
    next();
  };

/** An answer that must never come although all was done (.09). */
export const neverAnswer = (res: Response): void => void res.socket?.destroy();

const EARLY_MS = 300;

/** The answer to a placed order of `SandboxPsp`, which may have to come late or never. */
export const answerPlaced = (
  res: Response,
  placed: Exclude<PlacedOrder, { refused: unknown }>,
  body: unknown,
): void => {
  const answer = () => void res.status(201).json(body);
  if (!placed.answer) neverAnswer(res);
  else if (placed.early) setTimeout(answer, EARLY_MS).unref();
  else answer();
};

const A_WEEK_MS = 7 * 86_400_000;

type Habits = Pick<SandboxCallback, 'retryDelaysMs' | 'answerWithinMs' | 'isTaken'>;

/**
 * A callback to `url`; to nobody when there is none. `write` makes it as of `time` (milliseconds); not `honest` it is signed by somebody who does not
 * know the secret.
 */
export const callBack = (
  desk: SandboxDesk,
  url: string | null | undefined,
  write: (time: number, honest: boolean) => SandboxMessage,
  habits: Habits,
): void => {
  if (!url) return;
  const now = desk.now();
  const [forge, stale] = [() => write(now, false), () => write(now - A_WEEK_MS, true)];
  desk.callback({ url, message: write(now, true), forge, stale, ...habits });
};

/** With spaces, as many vendors write it and `JSON.stringify` does not: whoever verifies over JSON written anew fails. */
const spaced = (message: unknown): string => JSON.stringify(message, null, 1).replace(/\n */g, ' ');

/** A JSON callback. `sign` gives the headers that prove it was sent at `time` (milliseconds). */
export const signedCallback = (
  desk: SandboxDesk,
  url: string,
  message: unknown,
  sign: (body: string, time: number) => Record<string, string>,
  habits: Habits,
): void => {
  const body = spaced(message);
  const write = (time: number, honest: boolean): SandboxMessage => ({
    headers: { 'content-type': 'application/json', ...sign(honest ? body : `${body} `, time) },
    body,
  });
  callBack(desk, url, write, habits);
};
