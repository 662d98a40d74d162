import type { Request } from 'express';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { AccessKind, ClientActor, UserActor } from './access.ts';
import type { Once } from './idempotency.ts';
import type { Limit } from './rate-limit.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type RouteText = `${Method} /${string}`;

type ActorOf<K extends AccessKind> = K extends 'user' ? UserActor : K extends 'client' ? ClientActor : null;
type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;

/** What a handler gets: parsed values only. */
export interface Call<K extends AccessKind = AccessKind, P = unknown, Q = unknown, B = unknown> {
  actor: ActorOf<K>;
  params: P;
  query: Q;
  body: B;
  /** Unique name of this operation, '{actor}:{Idempotency-Key}', when the caller sent a key. Store it beside what is made. */
  key: string | undefined;
  once: Once | undefined;
  requestId: string;
  ip: string;
  log: Logger;
  req: Request;
}

interface ProcedureSpec<
  K extends AccessKind,
  P extends z.ZodObject | undefined,
  Q extends z.ZodObject | undefined,
  B extends z.ZodType | undefined,
  A extends z.ZodType | null,
> {
  summary: string;
  description?: string;
  tags: [string, ...string[]];
  /** Whose token opens it. `public`: nobody's. */
  access: K;
  /** '<resource>.<action>' a user needs; required for access 'user' unless the method is about the caller alone. */
  permission?: string;
  /**
   * Risky: moves money by hand, changes secrets, rights or what guards them. Where the broker's setting says so, a user who has a second factor sends a fresh code of it as
   * `X-Confirmation-Code`. `always`: whatever the setting says.
   */
  confirm?: true | 'always';
  /** Path parameters, named as in the route: `idText()` and friends. */
  params?: P;
  /** Flat query: keys such as `filter[clientId]`. Unknown parameters are refused. */
  query?: Q;
  /** Unknown fields are refused. Make the schema optional where a call without body is fine. */
  body?: B;
  /** The body is multipart/form-data: files come as `Upload`, all else as text. */
  multipart?: boolean;
  /** What is answered; anything the schema does not name is left out. null = no body (204). */
  answer: A;
  /** Status of success: default 200, 204 when there is no answer body. */
  status?: number;
  /** When success has more than one status: which one this answer has, and in `alsoAnswers` the others. */
  statusOf?: (answer: A extends z.ZodType ? z.output<A> : undefined) => number;
  alsoAnswers?: number[];
  /** Further statuses this method answers with the error body, beside those every method of its kind has. */
  errors?: number[];
  /** Honours Idempotency-Key. */
  idempotent?: boolean;
  /** Of one that is harmless to repeat by `key` itself: whether there is more to hear, so that a repeat under the same key asks anew. */
  isProvisional?: (answer: A extends z.ZodType ? z.output<A> : undefined) => boolean;
  limit?: Limit;
  /** Outside /api/v2. */
  root?: boolean;
  handle: (call: Call<K, Parsed<P>, Parsed<Q>, Parsed<B>>) => Promise<A extends z.ZodType ? z.input<A> : void>;
}

export interface Procedure {
  method: Method;
  /** Full path in OpenAPI form: '/api/v2/accounts/{accountId}'. */
  path: string;
  spec: ProcedureSpec<
    AccessKind,
    z.ZodObject | undefined,
    z.ZodObject | undefined,
    z.ZodType | undefined,
    z.ZodType | null
  >;
}

export const PREFIX = '/api/v2';

/** Declares one method of the API: its route, OpenAPI entry, checks and handler. `route`: 'POST /my/withdrawals'. */
export const procedure = <
  K extends AccessKind,
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
  A extends z.ZodType | null = null,
>(
  route: RouteText,
  spec: ProcedureSpec<K, P, Q, B, A>,
): Procedure => {
  const [method, path] = route.split(' ') as [Method, string];
  return { method, path: spec.root ? path : `${PREFIX}${path}`, spec: spec as unknown as Procedure['spec'] };
};

/** PUT and PATCH mean the same in this API: one declaration, two methods. */
export const updateProcedures = <
  P extends z.ZodObject | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
  A extends z.ZodType | null = null,
  K extends AccessKind = 'user',
>(
  path: `/${string}`,
  spec: ProcedureSpec<K, P, undefined, B, A>,
): Procedure[] => [procedure(`PUT ${path}`, spec), procedure(`PATCH ${path}`, spec)];
