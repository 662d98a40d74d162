import type { Request } from 'express';
import { assure, parsedBody, refusals } from './sandbox-wire.ts';

/** As `assure`, in the order our own contracts read best; most of their refusals are 422. */
export const demand = (holds: unknown, code: string, message = '', status = 422): void => {
  assure(holds, status, code, message);
};

/** A JSON object with the names the vendor knows and nothing else; unlike that of sandbox-wire.ts it keeps numbers apart from texts, because amounts must be texts here. */
export const jsonBody = (
  req: Request,
  names: readonly string[],
  required: readonly string[] = names,
): Record<string, unknown> => {
  demand(/^application\/json(;|$)/.test(req.get('content-type') ?? ''), 'INVALID', 'JSON is wanted', 415);
  const body = parsedBody(req);
  demand(typeof body === 'object' && body !== null && !Array.isArray(body), 'INVALID', 'an object is wanted', 400);
  const fields = body as Record<string, unknown>;
  for (const name of Object.keys(fields)) demand(names.includes(name), 'INVALID', `unknown field ${name}`, 400);
  for (const name of required) demand(fields[name] !== undefined, 'INVALID', `${name} is required`, 400);
  return fields;
};

/** Error handler of a router: refusals become `{code, message}`. */
export const answerRefusals = refusals(({ code, message }) => ({ code, message }));
