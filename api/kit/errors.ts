import { FAILURES, HubFailure, type FailureType, type RefusalFacts, WrongFields } from '../../domain/failures.ts';
import { REASONS, type Reason } from '../../domain/reasons.ts';
import { isoFrom } from './shapes.ts';

/** One thing that is wrong: `field` in dot form, `reason` and `because` stable for machines, `issue` for people. */
export interface Detail extends Omit<RefusalFacts, 'retryAfter'> {
  reason: Reason;
  issue: string;
}

/** An answer that is not a success. `headers` go out with it. */
export class Problem extends Error {
  readonly status: number;
  readonly details: readonly Detail[];
  readonly headers: Readonly<Record<string, string>>;
  /** The step a wizard waits for. */
  readonly workflow: string | undefined;

  constructor(status: number, details: readonly Detail[], headers: Record<string, string> = {}, workflow?: string) {
    super(details.map((one) => one.issue).join(' '));
    this.name = 'Problem';
    this.status = status;
    this.details = details;
    this.headers = headers;
    this.workflow = workflow;
  }
}

export const problem = (status: number, reason: Reason, issue: string, field?: string): Problem =>
  new Problem(status, [{ reason, issue, ...(field === undefined ? {} : { field }) }]);

/** `what` completes the sentence "There is no such …". */
export const notFound = (what: string, field?: string): HubFailure =>
  new HubFailure('NotFound', 'not_found', `There is no such ${what}.`, field === undefined ? {} : { field });

/** Where the reason says more about the status than the failure's type does. */
const STATUS_OF_REASON: Partial<Record<Reason, number>> = {
  unauthenticated: 401,
  token_expired: 401,
  forbidden: 403,
  restricted: 403,
  address_denied: 403,
  locks_out: 409,
  own_request: 403,
  address_not_whitelisted: 403,
  confirmation_required: 403,
  already_exists: 409,
  already_done: 409,
  fixed: 409,
  not_waiting: 409,
  decided_already: 409,
  wizard_disabled: 403,
  wrong_step: 409,
  resend_too_early: 429,
  idempotency_key_reused: 409,
  operation_key_reused: 409,
  too_many_requests: 429,
  too_many_attempts: 429,
  // It is we who asked too often.
  provider_rate_limited: 503,
};

const TITLES: Record<number, string> = {
  400: 'Validation failed',
  401: 'Unauthenticated',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Body too large',
  415: 'Unsupported media type',
  429: 'Too many requests',
  431: 'Request header fields too large',
  503: 'Service unavailable',
};

const TITLES_OF_REASON: Partial<Record<Reason, string>> = {
  bad_credentials: 'Authorization failed',
  too_many_attempts: 'Too many attempts',
  restricted: 'Not available',
  address_not_whitelisted: 'Not available',
  malformed_json: 'Malformed JSON',
  wizard_not_found: 'Wizard session not found',
  wizard_disabled: 'Not available',
  wrong_step: 'Unexpected wizard step',
  invalid_code: 'Invalid confirmation code',
  code_expired: 'Confirmation code expired',
  resend_too_early: 'Code already sent',
  challenge_not_found: 'Challenge not found',
  confirmation_required: 'Confirmation required',
  qr_expired: 'QR code expired',
};

/** Though their status says that it is about the request. */
const FOR_PEOPLE: ReadonlySet<Reason> = new Set([
  'restricted',
  'own_request',
  'address_not_whitelisted',
  'wizard_not_found',
  'wizard_disabled',
  'challenge_not_found',
  'confirmation_required',
  'invalid_code',
  'qr_expired',
]);

/** The body of every error answer. `code` 0 tells client apps that `details[0].issue` may be shown to the person. */
export const errorBody = (found: Problem, requestId: string) => {
  const reason = found.details[0]?.reason ?? 'internal';
  const forPeople = [400, 409, 429].includes(found.status) || FOR_PEOPLE.has(reason);
  return {
    error: {
      message: TITLES_OF_REASON[reason] ?? TITLES[found.status] ?? 'Internal error',
      code: forPeople ? 0 : found.status,
      requestId,
      details: found.details,
      ...(found.workflow === undefined ? {} : { workflow: found.workflow }),
    },
  };
};

/**
 * Any thrown thing as an answer. What is not ours to show becomes a 500 or 503 with a generic text. `toOperator`: somebody who works here reads it and may
 * mend what is wrong, so he is told which setting or provider it is.
 */
export const toProblem = (error: unknown, toOperator = false): Problem => {
  if (error instanceof Problem) return error;
  if (error instanceof WrongFields)
    return new Problem(
      400,
      error.fields.map(({ field, issue }) => ({ field, reason: 'validation', issue })),
    );
  const failure = error instanceof HubFailure ? error : failureInside(error);
  if (failure) return fromFailure(failure, toOperator);
  if (isHttpError(error)) return fromHttpError(error);
  if (databaseSaysNo(error)) return problem(400, 'validation', 'A value is out of range.');
  if (isOutage(error)) return problem(503, 'unavailable', 'The service is not available now. Try again later.');
  return problem(500, 'internal', 'Something went wrong on our side. Quote the request id when you report it.');
};

const fromFailure = (failure: HubFailure, toOperator: boolean): Problem => {
  const status = STATUS_OF_REASON[failure.reason] ?? FAILURES[failure.type].http;
  // What is wrong inside is no client's business; that there is no rate, or no question yet, is the caller's.
  const telling = status !== 503 || toOperator || ['rate_unavailable', 'not_ready'].includes(failure.reason);
  const issue = telling ? failure.message : 'The service is not available now. Try again later.';
  const { retryAfter, until, providerCode: _ours, ...facts } = failure.facts;
  return new Problem(
    status,
    [{ reason: failure.reason, issue, ...facts, ...(until !== undefined && { until: isoFrom(until) }) }],
    retryAfter === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfter)) },
  );
};

/** A failure that came through Temporal: an ApplicationFailure whose type is one of ours, however deep it is wrapped. */
const failureInside = (error: unknown): HubFailure | undefined => {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    const { type, details } = inner as { type?: unknown; details?: unknown };
    if (inner.name !== 'ApplicationFailure' || typeof type !== 'string' || !(type in FAILURES)) continue;
    const { reason = '', ...facts } = ((Array.isArray(details) ? details[0] : undefined) ?? {}) as RefusalFacts & {
      reason?: string;
    };
    const known = (REASONS as readonly string[]).includes(reason) ? (reason as Reason) : 'validation';
    return new HubFailure(type as FailureType, known, inner.message, facts);
  }
  return undefined;
};

/** What Express and body-parser throw: an Error with `status` and `type`. */
const isHttpError = (error: unknown): error is Error & { status: number; type?: string } =>
  error instanceof Error && typeof (error as { status?: unknown }).status === 'number';

const fromHttpError = (error: Error & { status: number; type?: string }): Problem => {
  if (error.status === 413) return bodyTooLarge();
  if (error.status === 415) return problem(415, 'unsupported_media_type', 'This encoding is not supported.');
  if (error.status >= 400 && error.status < 500) return problem(400, 'validation', 'The request is malformed.');
  return problem(500, 'internal', 'Something went wrong on our side. Quote the request id when you report it.');
};

export const bodyTooLarge = (): Problem => problem(413, 'body_too_large', 'The body must not exceed 100 kB.');

const databaseSaysNo = (error: unknown): boolean => ['22003', '22008', '22P05'].includes(codeOf(error));

/**
 * Connection lost, refused or exhausted, a statement that waited too long, one of two that waited for each other (SQLSTATE classes 08, 53, 57, 40), a server that
 * takes no writes (25006), and Temporal's UNAVAILABLE (gRPC code 14).
 */
const isOutage = (error: unknown): boolean => {
  const code = codeOf(error);
  if (/^(08|40|53|57|25006$|ECONNREFUSED$|ECONNRESET$|ETIMEDOUT$|EPIPE$)/.test(code)) return true;
  if (!(error instanceof Error)) return false;
  if (
    /timeout exceeded when trying to connect|timeout expired|Query read timeout|Connection terminated|Client has encountered a connection error/.test(
      error.message,
    )
  )
    return true;
  if (
    ['ServiceError', 'DriverException', 'ConnectionException'].includes(error.name) ||
    (error as { code?: unknown }).code === 14
  ) {
    return (error as { code?: unknown }).code === 14 || (error.cause !== undefined && isOutage(error.cause));
  }
  return false;
};

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '');
