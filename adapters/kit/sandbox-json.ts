import type { NextFunction, Request, Response } from 'express';

/** Thrown while a sandbox serves a request: the vendor's no. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message = '') {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const demand = (holds: unknown, code: string, message = '', status = 422): void => {
  if (!holds) throw new Refusal(status, code, message);
};

/** A JSON object with the names the vendor knows and nothing else. */
export const jsonBody = (
  req: Request,
  names: readonly string[],
  required: readonly string[] = names,
): Record<string, unknown> => {
  demand(/^application\/json(;|$)/.test(req.get('content-type') ?? ''), 'INVALID', 'JSON is wanted', 415);
  let body: unknown;
  try {
    body = JSON.parse((req.body as Buffer).toString('utf8'));
  } catch {
    throw new Refusal(400, 'INVALID', 'malformed JSON');
  }
  demand(typeof body === 'object' && body !== null && !Array.isArray(body), 'INVALID', 'an object is wanted', 400);
  const fields = body as Record<string, unknown>;
  for (const name of Object.keys(fields)) demand(names.includes(name), 'INVALID', `unknown field ${name}`, 400);
  for (const name of required) demand(fields[name] !== undefined, 'INVALID', `${name} is required`, 400);
  return fields;
};

/** Error handler of a router: refusals become `{code, message}`. */
export const answerRefusals = (error: unknown, _req: Request, res: Response, go: NextFunction): void => {
  if (!(error instanceof Refusal)) return go(error);
  res.status(error.status).json({ code: error.code, message: error.message });
};
