import { Refusal } from '../../../kit/sandbox-wire.ts';

export const stripeError = (
  status: number,
  code: string,
  message: string,
  param?: string,
  type = 'invalid_request_error',
): Refusal => new Refusal(status, code, message, { param, type });

export const missing = (what: string, id: string, param = 'id', status = 404): Refusal =>
  stripeError(status, 'resource_missing', `No such ${what}: '${id.slice(0, 40)}'`, param);

export const insufficient = (): Refusal =>
  stripeError(400, 'balance_insufficient', 'You have insufficient available funds in your Stripe account.');

/** As they write it. Not every refusal has a code. */
export const errorOf = ({ code, message, more: { type, param } }: Refusal) => ({
  error: { type, code: code || undefined, message, param },
});
