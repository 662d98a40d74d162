import express, { type RequestHandler, type Router as RouterType, Router } from 'express';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { z } from 'zod';
import { KeyRing } from '../../config/key-ring.ts';
import { storeWebhook } from '../../db/repositories/webhooks.ts';
import { timingsNamed } from '../../domain/timings.ts';
import { lendTools } from '../../worker/tools.ts';
import { type Mount, onlyMethods } from '../kit/app.ts';
import { problem } from '../kit/errors.ts';
import { errorAnswer } from '../kit/openapi.ts';
import type { MoneyDeps } from '../money/hub.ts';
import { createDeliveries } from './deliveries.ts';
import { storableHeaders } from './headers.ts';
import { createReceivers } from './receivers.ts';

const LARGEST_BODY = 1024 * 1024;
const KEPT_OF_STRANGERS = 4 * 1024;

/**
 * POST /webhooks/{connectionId}: where providers call. Verified over the raw bytes, kept with one insert, answered at once, and only then
 * brought to the run that waits. What is not proved is kept as rejected and told nothing.
 */
export const webhookMount = (deps: MoneyDeps): Mount => {
  const { pool, settings, log } = deps;
  const receivers = createReceivers(pool, new KeyRing(settings.configKeys), settings.publicUrl);
  let tools: ReturnType<typeof lendTools> | undefined;
  const deliver = createDeliveries(
    () =>
      (tools ??= lendTools(settings, pool, deps.temporal.client, deps.timings ?? timingsNamed(settings.hubTimings))),
    log,
  );

  const receive: RequestHandler = async (req, res) => {
    const connectionId = Number(req.params['connectionId']);
    const body = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
    const headers = storableHeaders(req.headers);
    const receiver = await receivers(connectionId);
    const verdict = receiver?.verify({ headers: rawHeaders(req.headers), body }) ?? {
      ok: false as const,
      reason: 'unknown_connection',
    };
    const { id, fresh } = await storeWebhook(pool, {
      connectionId,
      headers,
      // Anybody can post to a connection that does not exist: enough to see what it was, too little to fill a disk.
      body: receiver ? body : body.subarray(0, KEPT_OF_STRANGERS),
      remoteAddress: req.ip ?? null,
      verdict,
    });
    const reply = receiver?.reply(verdict.ok ? 'accepted' : 'rejected') ?? { status: 401, body: '' };
    res
      .status(reply.status)
      .set(reply.headers ?? {})
      .end(reply.body);
    if (verdict.ok && fresh) deliver(id);
  };

  const router: RouterType = Router();
  router
    .route('/:connectionId')
    .post(knownPath, refuseLarge, express.raw({ type: () => true, limit: LARGEST_BODY, inflate: false }), receive)
    .all(onlyMethods(['POST']));
  router.use(tooLarge);
  return { path: '/webhooks', router, paths: PATHS };
};

const knownPath: RequestHandler = (req, _res, next) => {
  const id = String(req.params['connectionId']);
  const possible = /^[1-9]\d{0,9}$/.test(id) && Number(id) <= 2_147_483_647;
  next(possible ? undefined : problem(404, 'unknown_route', 'There is no such method.'));
};

const bodyTooLarge = () => problem(413, 'body_too_large', 'The body must not exceed 1 MiB.');

/** Refused before a byte is read when the length is announced. */
const refuseLarge: RequestHandler = (req, _res, next) => {
  next(Number(req.headers['content-length'] ?? 0) > LARGEST_BODY ? bodyTooLarge() : undefined);
};

const tooLarge: express.ErrorRequestHandler = (error: unknown, _req, _res, next) => {
  next((error as { type?: string }).type === 'entity.too.large' ? bodyTooLarge() : error);
};

const rawHeaders = (headers: Record<string, string | string[] | undefined>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  );

const PATHS: ZodOpenApiPathsObject = {
  '/webhooks/{connectionId}': {
    post: {
      operationId: 'postWebhook',
      summary: 'Callback of a provider',
      description: 'Any body up to 1 MiB, signed as the provider signs. The answer is what that provider expects.',
      tags: ['Webhooks'],
      security: [],
      requestParams: { path: z.object({ connectionId: z.int().min(1).max(2_147_483_647) }) },
      requestBody: { required: true, content: { '*/*': { schema: {} } } },
      responses: {
        '200': { description: 'Kept' },
        '401': { description: 'Not proved to come from the provider' },
        '404': errorAnswer(404),
        '413': errorAnswer(413),
        '415': errorAnswer(415),
        '500': errorAnswer(500),
        '503': errorAnswer(503),
      },
    },
  },
};
