import type { Duplex } from 'node:stream';
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Router } from 'express';
import type { Logger } from 'pino';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { accessLog, giveRequestId } from './access-log.ts';
import { letBrowsersCall } from './browsers.ts';
import { docsAssets, showDocs } from './docs-page.ts';
import { Problem, errorBody, problem, toProblem } from './errors.ts';
import type { Gate } from './gate.ts';
import type { HttpMetrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import type { Procedure } from './procedure.ts';
import { createRoutes } from './routes.ts';
import { type RunDeps, runner } from './run.ts';
import { setDataHeaders } from './security-headers.ts';

type Run = (req: express.Request, res: express.Response) => Promise<void>;

/** A piece that reads its own requests (webhooks, the codec): a router under its path, or one method on one path. */
export interface Mount {
  /** As logs and figures name it. */
  path: string;
  router?: Router;
  /** For programs, not for browsers. `path`: under the mount's, `{name}` for a parameter. */
  post?: { path: string; run: Run };
  /** For requests under its path that want to become a WebSocket. Throws why not. */
  webSocket?: (req: express.Request, socket: Duplex, head: Buffer) => void;
  /** Ends what stays open, so that a process can stop. */
  hangUp?: () => void;
  /** Its OpenAPI entries, full paths. */
  paths: ZodOpenApiPathsObject;
}

interface AppParts extends RunDeps {
  /** Load balancers in front of us whose word about the caller's address is taken. */
  trustProxy: number;
  /** From which origins browsers may call. */
  corsOrigins: readonly string[];
  /** Who is let in at all. */
  gate: Gate;
  metrics: HttpMetrics;
  procedures: readonly Procedure[];
  mounts?: readonly Mount[];
}

/** The whole HTTP application: what it answers is declared by its procedures and mounts. */
export const createApp = (parts: AppParts): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', parts.trustProxy);
  app.set('query parser', false);
  app.set('case sensitive routing', true);
  app.use(everyRequest(parts));
  // Each step of Express costs: this one only where browsers of other origins may call.
  if (parts.corsOrigins.length > 0) app.use(letBrowsersCall(parts.corsOrigins));
  app.use(methods(parts));
  for (const { path, router } of parts.mounts ?? []) if (router) app.use(path, named(path), router);
  mountDocuments(app, parts);
  app.use(() => {
    throw problem(404, 'unknown_route', 'There is no such method.');
  });
  app.use(errorHandler(parts.log));
  return app;
};

/** One step before all others: each step of Express costs. */
const everyRequest = ({ log, metrics, gate, mounts = [] }: AppParts): RequestHandler => {
  const logAnswer = accessLog(log, metrics);
  const forPrograms = mounts.flatMap(({ path, post }) => (post ? [`${path}/`] : []));
  return (req, res, next) => {
    giveRequestId(req, res);
    logAnswer(req, res);
    // They tell browsers what to do; a provider that calls back is none, and there they would be most of the answer.
    if (!forPrograms.some((path) => req.url.startsWith(path))) setDataHeaders(res);
    const waits = gate.pass(req);
    return waits ? afterwards(waits, next) : next();
  };
};

const afterwards = async (waits: Promise<void>, next: express.NextFunction): Promise<void> => {
  await waits;
  next();
};

const named =
  (route: string): RequestHandler =>
  (_req, res, next) => {
    res.locals['route'] = route;
    next();
  };

interface Route {
  /** For logs and figures. */
  name: string;
  names: string[];
  served: Map<string, Served>;
  otherwise: RequestHandler;
}

interface Served {
  run: Run;
  /** Whether these can be parameters of its path: 'roles' is no client's id. */
  takes: (params: Readonly<Record<string, string>>) => boolean;
}

const routeOf = (name: string, served: [method: string, served: Served][]): Route => {
  const [names, all] = [served.map(([method]) => method), new Map(served)];
  // Whoever may read may ask for the head only; Node leaves the body out.
  if (all.has('GET')) all.set('HEAD', all.get('GET')!);
  return { name, names, served: all, otherwise: onlyMethods(names) };
};

const servedBy = (parts: AppParts, procedure: Procedure): Served => ({
  run: runner(parts, procedure),
  takes: (params) => procedure.spec.params?.safeParse(params).success ?? true,
});

/** All procedures, and what mounts answer by themselves. `routes` names them: 'get /livez'. */
const methods = (parts: AppParts): RequestHandler & { routes: string[] } => {
  const all = [
    ...[...Map.groupBy(parts.procedures, ({ path }) => path)].map(
      ([path, ofPath]) =>
        [
          path,
          routeOf(
            path,
            ofPath.map((one) => [one.method, servedBy(parts, one)]),
          ),
        ] as const,
    ),
    ...(parts.mounts ?? []).flatMap(({ path, post }) =>
      post ? [[`${path}${post.path}`, routeOf(path, [['POST', { run: post.run, takes: () => true }]])] as const] : [],
    ),
  ];
  const find = createRoutes<Route>(all);
  const handler: RequestHandler = (req, res, next) => {
    const { method } = req;
    const serves = ({ served }: Route, named?: Record<string, string>): boolean => {
      const one = served.get(method);
      return one !== undefined && (named === undefined || one.takes(named));
    };
    const found = find(req.path, serves) ?? find(req.path);
    if (!found) return next();
    const { route, params } = found;
    res.locals['route'] = route.name;
    req.params = params;
    const served = route.served.get(method);
    return served ? served.run(req, res) : route.otherwise(req, res, next);
  };
  const named = all.flatMap(([path, { names }]) => names.map((method) => `${method.toLowerCase()} ${path}`));
  return Object.assign(handler, { routes: named });
};

/** 405 with Allow for every other method; OPTIONS is answered. */
export const onlyMethods = (methods: readonly string[]): express.RequestHandler => {
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  return (req, res) => {
    if (req.method === 'OPTIONS') {
      res.setHeader('Allow', allow);
      res.status(204).end();
      return;
    }
    throw new Problem(405, [{ reason: 'method_not_allowed', issue: `Only ${allow} are possible here.` }], {
      Allow: allow,
    });
  };
};

/** /openapi.json, /docs and /metrics: documents rather than methods. */
const mountDocuments = (app: Express, { procedures, mounts = [], metrics }: AppParts): void => {
  const paths = Object.assign({}, DOCUMENTS, ...mounts.map((one) => one.paths)) as ZodOpenApiPathsObject;
  const document = JSON.stringify(openApiDocument(procedures, paths));
  app
    .route('/openapi.json')
    .all(named('/openapi.json'))
    .get((_req, res) => void res.type('json').send(document))
    .all(onlyMethods(['GET']));
  app
    .route('/metrics')
    .all(named('/metrics'))
    .get(async (_req, res) => void res.type(metrics.registry.contentType).send(await metrics.registry.metrics()))
    .all(onlyMethods(['GET']));
  app
    .route('/docs')
    .all(named('/docs'))
    .get(showDocs)
    .all(onlyMethods(['GET']));
  app.use('/docs', named('/docs'), docsAssets());
};

const text = (type: string) => ({ [type]: { schema: { type: 'string' as const } } });
const DOCUMENTS: ZodOpenApiPathsObject = {
  '/openapi.json': {
    get: {
      operationId: 'getOpenapi',
      summary: 'This document',
      tags: ['Service'],
      security: [],
      responses: {
        '200': { description: 'OpenAPI 3.1', content: { 'application/json': { schema: { type: 'object' } } } },
      },
    },
  },
  '/docs': {
    get: {
      operationId: 'getDocs',
      summary: 'This document for people',
      tags: ['Service'],
      security: [],
      responses: { '200': { description: 'A page', content: text('text/html') } },
    },
  },
  '/metrics': {
    get: {
      operationId: 'getMetrics',
      summary: 'Figures for Prometheus',
      tags: ['Service'],
      security: [],
      responses: { '200': { description: 'Prometheus text', content: text('text/plain') } },
    },
  },
};

const errorHandler =
  (log: Logger): ErrorRequestHandler =>
  (error: unknown, req, res, next) => {
    const found = toProblem(error, String(res.locals['actor'] ?? '').startsWith('user:'));
    const id = res.locals['requestId'] as string;
    if (found.status >= 500)
      log.error(
        { requestId: id, route: res.locals['route'] as string | undefined, method: req.method, err: error },
        'request failed',
      );
    if (res.headersSent) {
      next(error);
      return;
    }
    for (const [key, value] of Object.entries(found.headers)) res.setHeader(key, value);
    if (found.status === 401) res.setHeader('WWW-Authenticate', 'Bearer');
    res.status(found.status).json(errorBody(found, id));
  };
