import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { isObject, readJson, word, type Json } from './json.ts';
import type { PlacedOrder } from './sandbox-psp.ts';
import type { SandboxCallback, SandboxDesk, SandboxMessage } from './sandbox.ts';

/** Thrown inside a sandbox; its own error handler makes the vendor's body of it. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, text: string) {
    super(text);
    this.status = status;
    this.code = code;
  }
}

export function assure(holds: unknown, status: number, code: string, text: string): asserts holds {
  if (!holds) throw new Refusal(status, code, text);
}

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

/** Two decimals at most, positive: as most vendors write major units. */
export const assureAmount = (value: Json | undefined): string => {
  const amount = word(value);
  assure(/^\d{1,12}(\.\d{1,2})?$/.test(amount) && /[1-9]/.test(amount), 400, 'amount', 'amount is not valid');
  return amount;
};

/** Answers a `Refusal` as `say` writes it. */
export const refusals =
  (say: (refusal: Refusal) => unknown) =>
  (error: unknown, _req: Request, res: Response, next: NextFunction): void => {
    if (error instanceof Refusal) res.status(error.status).json(say(error));
    else next(error);
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

const DAY_MS = 86_400_000;

/** A JSON callback. `sign` gives the headers that prove it was sent at `time` (milliseconds). */
export const signedCallback = (
  desk: SandboxDesk,
  url: string,
  message: unknown,
  sign: (body: string, time: number) => Record<string, string>,
  habits: Pick<SandboxCallback, 'retryDelaysMs' | 'answerWithinMs' | 'isTaken'>,
): void => {
  const body = JSON.stringify(message);
  const signed = (what: string, time = desk.now()): SandboxMessage => ({
    headers: { 'content-type': 'application/json', ...sign(what, time) },
    body,
  });
  const stale = () => signed(body, desk.now() - DAY_MS);
  desk.callback({ url, message: signed(body), forge: () => signed(`${body} `), stale, ...habits });
};
