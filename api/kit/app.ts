import express, { type ErrorRequestHandler, type Express, type Router } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { accessLog, requestId } from './access-log.ts';
import { docsAssets, showDocs } from './docs-page.ts';
import { Problem, bodyTooLarge, errorBody, problem, toProblem } from './errors.ts';
import type { HttpMetrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import type { Method, Procedure } from './procedure.ts';
import { type RunDeps, runner } from './run.ts';

const LARGEST_BODY = 100 * 1024;

/** A piece that reads its own requests (webhooks, the codec), mounted before JSON parsing. */
export interface Mount {
  path: string;
  router: Router;
  /** Its OpenAPI entries, full paths. */
  paths: ZodOpenApiPathsObject;
}

interface AppParts extends RunDeps {
  /** Load balancers in front of us whose word about the caller's address is taken. */
  trustProxy: number;
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
  app.use(requestId, accessLog(parts.log, parts.metrics), securityHeaders);
  const mounts = parts.mounts ?? [];
  for (const mount of mounts) {
    app.use(
      mount.path,
      (_req, res, next) => {
        res.locals['route'] = mount.path;
        next();
      },
      mount.router,
    );
  }
  mountDocuments(app, parts);
  app.use(refuseLargeBody, express.raw({ type: () => true, limit: LARGEST_BODY }));
  mountProcedures(app, parts);
  app.use(() => {
    throw problem(404, 'unknown_route', 'There is no such method.');
  });
  app.use(errorHandler(parts.log));
  return app;
};

const securityHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      // Swagger UI sets style attributes on its own elements.
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
    },
  },
  // The hub itself speaks plain HTTP; whoever terminates TLS in front of it knows the right policy.
  strictTransportSecurity: false,
});

/** Answered before a byte is read when the length is announced; Node then drops the rest as it comes. */
const refuseLargeBody: express.RequestHandler = (req, _res, next) => {
  next(Number(req.headers['content-length'] ?? 0) > LARGEST_BODY ? bodyTooLarge() : undefined);
};

/** Static segments come before parameters, so that /resolutions/types is not taken for a resolution. */
const byPath = (a: string, b: string): number => {
  const [left, right] = [a.replaceAll('{', '~'), b.replaceAll('{', '~')];
  return left < right ? -1 : left > right ? 1 : 0;
};

const mountProcedures = (app: Express, parts: AppParts): void => {
  for (const [path, ofPath] of [...Map.groupBy(parts.procedures, (one) => one.path)].sort(([a], [b]) => byPath(a, b))) {
    const route = app.route(path.replace(/\{(\w+)\}/g, ':$1'));
    route.all((_req, res, next) => {
      res.locals['route'] = path;
      next();
    });
    for (const one of ofPath) {
      const run = runner(parts, one);
      route[one.method.toLowerCase() as Lowercase<Method>]((req, res) => run(req, res));
    }
    const methods = ofPath.map((one) => one.method as string);
    route.all(onlyMethods(methods));
  }
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
  const named: express.RequestHandler = (req, res, next) => {
    res.locals['route'] = req.path.startsWith('/docs') ? '/docs' : req.path;
    next();
  };
  app
    .route('/openapi.json')
    .all(named)
    .get((_req, res) => void res.type('json').send(document))
    .all(onlyMethods(['GET']));
  app
    .route('/metrics')
    .all(named)
    .get(async (_req, res) => void res.type(metrics.registry.contentType).send(await metrics.registry.metrics()))
    .all(onlyMethods(['GET']));
  app
    .route('/docs')
    .all(named)
    .get(showDocs)
    .all(onlyMethods(['GET']));
  app.use('/docs', named, docsAssets());
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
    const found = toProblem(error);
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
