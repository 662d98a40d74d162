/** The wish that a movement of money stops, and who has it. */
import { isPlainText, unknownField } from './decisions.ts';

export interface CancelWish {
  /** 'user:7', 'client:7' */
  by: string;
  comment?: string | undefined;
  /** Of the API's call, for the audit. */
  requestId?: string | undefined;
  /** Made by the API for whom it has signed in. Without it the wish came from Temporal UI, where nobody proves who he is. */
  proof?: string | undefined;
}

/** Who stopped a movement: kept with it. */
export interface CancelledBy {
  /** 'user:7', 'client:7'; 'temporal-ui': somebody there, by a request that names nobody. */
  actor: string;
  via: 'api' | 'temporal-ui';
  comment: string | null;
  requestId: string | null;
}

/** Null when the shape is right, else what is wrong with it. Runs in the validator: Temporal UI sends whatever was typed. */
export const whatIsWrongWithWish = (value: unknown): string | null => {
  if (typeof value !== 'object' || value === null) return 'send an object like {"by": "user:1", "comment": "why"}';
  const unknown = unknownField(value, ['by', 'comment', 'requestId', 'proof']);
  if (unknown) return unknown;
  const { by, comment, requestId, proof } = value as Record<string, unknown>;
  if (proof !== undefined && !isPlainText(proof)) return '"proof" must be a plain text';
  if (proof === undefined && requestId !== undefined) return 'only the API says "requestId"';
  if (requestId !== undefined && !isPlainText(requestId)) return '"requestId" must be a plain text';
  if (typeof by !== 'string' || !(proof === undefined ? /^user:\d{1,9}$/ : /^(user|client):\d+$/).test(by))
    return '"by" must be a Back Office user like "user:1"';
  if (comment !== undefined && !isPlainText(comment))
    return '"comment" must be a text of at most 2000 plain characters';
  return null;
};
