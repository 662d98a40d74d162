import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { OBSTACLES, REASONS } from '../../domain/reasons.ts';
import { FileAnswer } from './file-answer.ts';
import type { Procedure } from './procedure.ts';

/** Every answer that is not a success has this body (B2Core's, with our `reason` and `requestId`). */
const ErrorAnswer = z
  .object({
    error: z.object({
      message: z.string(),
      code: z.int().meta({ description: '0: details[0].issue may be shown to the person; else the HTTP status.' }),
      requestId: z.string(),
      details: z.array(
        z.object({
          field: z.string().optional().meta({ description: 'Request field in dot form.' }),
          reason: z.enum(REASONS).meta({ id: 'Reason' }),
          issue: z.string(),
          because: z
            .enum(OBSTACLES)
            .optional()
            .meta({ id: 'Obstacle', description: 'With `restricted`: what stands in the way, where an app can tell.' }),
          until: z.string().optional().meta({ description: 'From when on it may be tried again.' }),
        }),
      ),
      workflow: z.string().optional().meta({ description: 'With `wrong_step`: the step a wizard waits for.' }),
    }),
  })
  .meta({ id: 'Error' });

const MEANING: Record<number, string> = {
  200: 'Done',
  201: 'Created',
  202: 'Accepted, goes on in the background',
  204: 'Done, no body',
  400: 'Refused: something in the request is wrong, or a rule says no',
  401: 'No valid access token',
  403: 'Not allowed for this caller, or from this address',
  404: 'No such object, or not yours',
  405: 'The path exists, the method does not',
  409: 'Contradicts the present state or an earlier request',
  413: 'The body is too large: more than 100 kB, or a file of more than 10 MiB',
  415: 'The body is not of the type this method takes',
  431: 'The address and headers exceed 64 kB',
  429: 'Too many requests; Retry-After says when to come again',
  500: 'Our fault; logged under the request id',
  503: 'Something we need is down; Retry later',
};

export const errorAnswer = (status: number) => ({
  description: MEANING[status] ?? 'Error',
  ...(status === 429 ? { headers: z.object({ 'Retry-After': z.string() }) } : {}),
  content: { 'application/json': { schema: ErrorAnswer } },
});

/** Error statuses this method can answer. */
const CONFIRMED = 'May want a fresh code of the second factor: `X-Confirmation-Code`.';

const errorsOf = ({ method, spec }: Procedure): number[] => {
  // 403: also where a black or white list says no to the address, which is before everything else.
  const found = new Set([400, 403, 429, 500, 503, ...(spec.errors ?? [])]);
  if (spec.access !== 'public') found.add(401);
  if (Object.keys(spec.params?.shape ?? {}).length > 0) found.add(404);
  if (method !== 'GET') for (const status of [413, 415]) found.add(status);
  if (spec.idempotent) found.add(409);
  if (spec.query) found.add(431);
  return [...found].sort();
};

const operation = (one: Procedure): ZodOpenApiOperationObject => {
  const { method, path, spec } = one;
  const status = spec.status ?? (spec.answer === null ? 204 : 200);
  const key = z.object({
    'Idempotency-Key': z
      .string()
      .regex(/^[\x20-\x7e]{1,255}$/)
      .optional()
      .meta({ description: 'The first outcome under a key is kept for 30 days and answered again to every repeat.' }),
  });
  return {
    operationId: operationId(method, path),
    summary: spec.summary,
    tags: spec.tags,
    ...describing(one),
    security: spec.access === 'public' ? [] : [{ bearer: [] }],
    requestParams: {
      ...(spec.params ? { path: spec.params } : {}),
      ...(spec.query ? { query: spec.query } : {}),
      ...(spec.idempotent ? { header: key } : {}),
    },
    ...(spec.body
      ? {
          requestBody: {
            required: !spec.body.safeParse(undefined).success,
            content: { [spec.multipart ? 'multipart/form-data' : 'application/json']: { schema: spec.body } },
          },
        }
      : {}),
    responses: {
      [String(status)]: {
        description: MEANING[status] ?? 'Success',
        ...(spec.answer === null ? {} : { content: contentOf(spec.answer) }),
      },
      ...Object.fromEntries(errorsOf(one).map((error) => [String(error), errorAnswer(error)])),
      ...Object.fromEntries(
        (spec.alsoAnswers ?? []).map((also) => [
          String(also),
          { description: MEANING[also] ?? 'Success', content: { 'application/json': { schema: spec.answer } } },
        ]),
      ),
    } as ZodOpenApiOperationObject['responses'],
  };
};

/** A file is of whatever type it was kept as. */
const contentOf = (answer: z.ZodType) => ({
  [answer === FileAnswer ? '*/*' : 'application/json']: { schema: answer },
});

const describing = ({ spec }: Procedure) => {
  const lines = [
    spec.description,
    spec.permission && `Permission: \`${spec.permission}\`.`,
    spec.confirm && CONFIRMED,
  ].filter(Boolean);
  return lines.length > 0 ? { description: lines.join('\n\n') } : {};
};

const operationId = (method: string, path: string): string =>
  method.toLowerCase() +
  path
    .replace(/^\/api\/v2/, '')
    .replace(/[{}]/g, '')
    .replace(/(^|[/.-]+)(\w)/g, (_all, _mark, letter: string) => letter.toUpperCase());

/** The whole document. `paths`: what is mounted beside the procedures (webhooks, documents themselves). */
export const openApiDocument = (procedures: readonly Procedure[], paths: ZodOpenApiPathsObject) => {
  const all: ZodOpenApiPathsObject = { ...paths };
  for (const one of procedures) {
    all[one.path] = { ...all[one.path], [one.method.toLowerCase()]: operation(one) };
  }
  const document = {
    openapi: '3.1.0' as const,
    info: {
      title: 'Brokerhub',
      version: '2.0.0',
      description:
        'B2Core-compatible API. Lists answer `{total, data}`; money is a decimal string with 18 places; times are ISO 8601 with offset. Every answer carries `X-Request-Id`.',
    },
    servers: [{ url: '/' }],
    components: { securitySchemes: { bearer: { type: 'http' as const, scheme: 'bearer', bearerFormat: 'JWT' } } },
    paths: all,
  };
  // Amounts are custom schemas inside a documented one.
  return createDocument(document, { allowEmptySchema: { custom: true } });
};
