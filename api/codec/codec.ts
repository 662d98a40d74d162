import { type Request, type RequestHandler, type Router as RouterType, Router, json } from 'express';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import { actorName } from '../kit/access.ts';
import { type Mount, onlyMethods } from '../kit/app.ts';
import { letBrowsersCall } from '../kit/browsers.ts';
import { problem } from '../kit/errors.ts';
import { errorAnswer } from '../kit/openapi.ts';
import { parsePart } from '../kit/validate.ts';

/** A page of Temporal UI may hold many payloads of up to 2 MB each. */
const LARGEST_BODY = '8mb';
const LOOPBACK = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

const PayloadJson = z
  .object({ metadata: z.record(z.string(), z.base64()).optional(), data: z.base64().optional() })
  .meta({ id: 'Payload' });
const Payloads = z.object({ payloads: z.array(PayloadJson) }).meta({ id: 'Payloads' });

type Wire = z.infer<typeof PayloadJson>;

const fromWire = ({ metadata = {}, data = '' }: Wire): Payload => ({
  metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value, 'base64')])),
  data: Buffer.from(data, 'base64'),
});
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const toWire = ({ metadata, data }: Payload): Wire => ({
  metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([key, value]) => [key, base64(value)])),
  data: base64(data ?? new Uint8Array()),
});

/** POST /codec/encode and /codec/decode: Temporal UI's remote codec, so that only those who may read payloads do. */
export const codecMount = (deps: ApiDeps, codec: PayloadCodec): Mount => {
  // As the gate reads paths: what is closed to an address is not open under other letters.
  const router: RouterType = Router({ caseSensitive: true });
  const body = json({ limit: LARGEST_BODY });
  const origins = originsOf(deps.settings.temporalUiUrl);
  router.use(onlyTemporalUi(origins), letBrowsersCall(origins, { methods: ['POST'], withCookies: true }));
  for (const direction of ['encode', 'decode'] as const) {
    const answer: RequestHandler = async (req, res) => {
      const { payloads } = parsePart(Payloads, req.body, 'body');
      deps.log.info(
        {
          requestId: res.locals['requestId'] as string,
          actor: (res.locals['actor'] as string | undefined) ?? 'local',
          direction,
          count: payloads.length,
        },
        'payloads read',
      );
      const done = await coded(codec, direction, payloads);
      res.json({ payloads: done.map(toWire) });
    };
    router
      .route(`/${direction}`)
      .post(mayRead(deps), body, answer)
      .all(onlyMethods(['POST']));
  }
  return {
    path: '/codec',
    router,
    paths: { '/codec/encode': documented(deps, 'encode'), '/codec/decode': documented(deps, 'decode') },
  };
};

const coded = async (
  codec: PayloadCodec,
  direction: 'encode' | 'decode',
  payloads: readonly Wire[],
): Promise<Payload[]> => {
  try {
    return await codec[direction](payloads.map(fromWire));
  } catch {
    throw problem(400, 'validation', 'A payload was not made by this hub or its key is gone.', 'payloads');
  }
};

/** 127.0.0.1 and localhost are the same UI to people, and different origins to browsers. */
const originsOf = (uiUrl: string): readonly string[] => {
  const { origin } = new URL(uiUrl);
  return [origin, origin.replace('//127.0.0.1', '//localhost'), origin.replace('//localhost', '//127.0.0.1')];
};

const onlyTemporalUi =
  (origins: readonly string[]): RequestHandler =>
  (req, res, next) => {
    const { origin } = req.headers;
    res.vary('Origin');
    if (origin !== undefined && !origins.includes(origin))
      throw problem(403, 'forbidden', 'Only Temporal UI may ask from a browser.');
    res.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    next();
  };

/** Where a proxy or a tunnel of this machine stands in between, everybody seems to sit at it. */
const sitsHere = ({ headers, socket }: Request): boolean =>
  LOOPBACK.has(socket.remoteAddress ?? '') &&
  headers['x-forwarded-for'] === undefined &&
  headers['forwarded'] === undefined;

/**
 * On a developer's machine whoever sits there; in production a user with the permission payloads.read. A payload does not say whose it is, nor where in it
 * people are named: who may not see all of that reads none.
 */
const mayRead =
  ({ settings, access }: ApiDeps): RequestHandler =>
  async (req, res, next) => {
    if (settings.hubMode === 'embedded' && req.headers.authorization === undefined) {
      if (!sitsHere(req)) throw problem(403, 'forbidden', 'Only from this machine, or signed in.');
      next();
      return;
    }
    const actor = await access.identify(req.headers.authorization);
    res.locals['actor'] = actorName(actor);
    access.assertMay(actor, 'user', 'payloads.read');
    if (actor.kind === 'user' && (actor.maskData || actor.tagIds.length > 0))
      throw problem(403, 'forbidden', 'Payloads name clients whom you do not see.');
    next();
  };

const documented = ({ settings }: ApiDeps, direction: 'encode' | 'decode') => ({
  post: {
    operationId: `postCodec${direction === 'encode' ? 'Encode' : 'Decode'}`,
    summary: `Temporal payloads: ${direction}`,
    description:
      "Temporal's remote codec protocol. Permission: `payloads.read`, for users without tags and masked data; in embedded mode open on the machine itself, without a proxy in between.",
    tags: ['Temporal'],
    security: settings.hubMode === 'embedded' ? [{ bearer: [] }, {}] : [{ bearer: [] }],
    requestBody: { required: true, content: { 'application/json': { schema: Payloads } } },
    responses: {
      '200': { description: 'Done', content: { 'application/json': { schema: Payloads } } },
      ...Object.fromEntries([400, 401, 403, 413, 415, 500, 503].map((status) => [String(status), errorAnswer(status)])),
    },
  },
});
