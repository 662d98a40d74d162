import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import type { HttpMetrics } from './metrics.ts';

const SANE = /^[A-Za-z0-9._:-]{1,100}$/;

/** Gives the request its id (the caller's, when it is a sane one) and echoes it. */
export const giveRequestId = (req: Request, res: Response): void => {
  const given = req.headers['x-request-id'];
  const id = typeof given === 'string' && SANE.test(given) ? given : randomUUID();
  res.locals['requestId'] = id;
  res.setHeader('X-Request-Id', id);
};

/** One line per answer. The route's pattern, never the address: ids, filters and tokens in it may be personal. */
export const accessLog =
  (log: Logger, metrics: HttpMetrics) =>
  (req: Request, res: Response): void => {
    const begun = performance.now();
    res.once('close', () => {
      const ms = performance.now() - begun;
      const locals = res.locals as { route?: string; requestId: string; actor?: string };
      const { route = 'none', requestId: id, actor } = locals;
      metrics.observe(req.method, route, res.statusCode, ms / 1000);
      const line = { requestId: id, method: req.method, route, status: res.statusCode, ms: Math.round(ms * 10) / 10 };
      log.info({ ...line, ...(actor && { actor }), ...(res.writableFinished ? {} : { aborted: true }) }, 'request');
    });
  };
