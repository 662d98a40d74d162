import type { Request, Response } from 'express';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { z } from 'zod';
import { KeyRing } from '../../config/key-ring.ts';
import { gather } from '../../db/gather.ts';
import { type IncomingWebhook, storeWebhooks } from '../../db/repositories/webhooks.ts';
import { timingsNamed } from '../../domain/timings.ts';
import { lendTools } from '../../worker/tools.ts';
import type { Mount } from '../kit/app.ts';
import { bodyReader } from '../kit/body.ts';
import { problem } from '../kit/errors.ts';
import { errorAnswer } from '../kit/openapi.ts';
import { addressOf, counting, perActor } from '../kit/rate-limit.ts';
import type { MoneyDeps } from '../money/hub.ts';
import { createDeliveries } from './deliveries.ts';
import { webhookHeaders } from './headers.ts';
import { rememberedReceivers } from './receivers.ts';

const readBody = bodyReader({
  most: 1024 * 1024,
  tooLarge: () => problem(413, 'body_too_large', 'The body must not exceed 1 MiB.'),
});
const KEPT_OF_STRANGERS = 4 * 1024;
/** Of one address; a provider whose secret has changed sends fewer, and again. */
const STRANGERS = perActor('300/m');
const KEPT_AT_ONCE = 50;
/** So many that are being kept are a flood. */
const FLOOD = 4;
/** So many do not wait for the insert under way; fewer go together after it, with one commit. */
const CROWD = 12;

/**
 * POST /webhooks/{connectionId}: where providers call. Verified over the raw bytes, kept, answered at once, and only then
 * brought to the run that waits. What comes at the same time is kept with one insert; nobody is answered before it is committed.
 * What is not proved is kept as rejected and told nothing; of a flood of it not all is kept.
 */
export const webhookMount = (deps: MoneyDeps): Mount => {
  const { pool, settings, log } = deps;
  const receivers = rememberedReceivers(deps.memory, pool, new KeyRing(settings.configKeys), settings.publicUrl);
  const keep = gather((incoming: IncomingWebhook[]) => storeWebhooks(pool, incoming), {
    most: KEPT_AT_ONCE,
    lanes: 2,
    crowd: CROWD,
  });
  const strangers = counting(STRANGERS);
  let beingKept = 0;
  let tools: ReturnType<typeof lendTools> | undefined;
  const deliver = createDeliveries(
    () =>
      (tools ??= lendTools(settings, pool, deps.temporal.client, deps.timings ?? timingsNamed(settings.hubTimings))),
    log,
    () => beingKept >= FLOOD,
  );

  const receive = async (req: Request, res: Response): Promise<void> => {
    const connectionId = connectionIn(req.params as Record<string, string>);
    const body = await readBody(req);
    const { raw, storable } = webhookHeaders(req.headers);
    const receiver = await receivers(connectionId);
    const verdict = receiver?.verify({ headers: raw, body }) ?? { ok: false as const, reason: 'unknown_connection' };
    const answer = (): void => {
      const { status, headers = {}, body: said } = receiver?.reply(verdict.ok ? 'accepted' : 'rejected') ?? NO;
      res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(said) }).end(said);
    };
    const { over } = verdict.ok ? { over: 0 } : strangers(addressOf(req));
    if (over === 1)
      log.warn({ connectionId }, 'a flood of callbacks that prove nothing: the rest of this minute is not kept');
    if (over > 0) return answer();
    beingKept += 1;
    const kept = await keep({
      connectionId,
      headers: storable,
      // Anybody can post to a connection that does not exist: enough to see what it was, too little to fill a disk.
      body: receiver ? body : body.subarray(0, KEPT_OF_STRANGERS),
      remoteAddress: req.ip ?? null,
      verdict,
    }).finally(() => (beingKept -= 1));
    answer();
    if (!kept?.fresh) return;
    const unsigned = verdict.ok && verdict.trust === 'none';
    deliver({ ...kept, connectionId, headers: storable, body, status: 'received', attempts: 0, unsigned });
  };
  return { path: '/webhooks', post: { path: '/{connectionId}', run: receive }, paths: PATHS };
};

const NO: { status: number; headers?: Record<string, string>; body: string } = { status: 401, body: '' };

const connectionIn = ({ connectionId = '' }: Record<string, string>): number => {
  const id = Number(connectionId);
  if (/^[1-9]\d{0,9}$/.test(connectionId) && id <= 2_147_483_647) return id;
  throw problem(404, 'unknown_route', 'There is no such method.');
};

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
        '403': errorAnswer(403),
        '404': errorAnswer(404),
        '413': errorAnswer(413),
        '415': errorAnswer(415),
        '500': errorAnswer(500),
        '503': errorAnswer(503),
      },
    },
  },
};
