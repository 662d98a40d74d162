import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { HttpMetrics } from './metrics.ts';

const SANE = /^[A-Za-z0-9._:-]{1,100}$/;

/** Gives the request its id (the caller's, when it is a sane one) and echoes it. */
export const requestId: RequestHandler = (req, res, next) => {
  const given = req.headers['x-request-id'];
  const id = typeof given === 'string' && SANE.test(given) ? given : randomUUID();
  res.locals['requestId'] = id;
  res.setHeader('X-Request-Id', id);
  next();
};

/** One line per answer. The route's pattern, never the address: ids, filters and tokens in it may be personal. */
export const accessLog =
  (log: Logger, metrics: HttpMetrics): RequestHandler =>
  (req, res, next) => {
    const begun = process.hrtime.bigint();
    res.once('close', () => {
      const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
      const route = (res.locals['route'] as string | undefined) ?? 'none';
      metrics.observe(req.method, route, res.statusCode, seconds);
      log.info(
        {
          requestId: res.locals['requestId'] as string,
          method: req.method,
          route,
          status: res.statusCode,
          ms: Math.round(seconds * 1e4) / 10,
          actor: res.locals['actor'] as string | undefined,
          ...(res.writableFinished ? {} : { aborted: true }),
        },
        'request',
      );
    });
    next();
  };
