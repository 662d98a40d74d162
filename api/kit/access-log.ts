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

interface Line {
  requestId: string;
  method: string;
  route: string;
  status: number;
  ms: number;
  actor?: string;
  aborted?: true;
}

/** One line per answer. The route's pattern, never the address: ids, filters and tokens in it may be personal. */
export const accessLog =
  (log: Logger, metrics: HttpMetrics) =>
  (req: Request, res: Response): void => {
    const begun = performance.now();
    res.on('close', () => {
      const ms = performance.now() - begun;
      const { method } = req;
      const { statusCode: status } = res;
      const { route = 'none', requestId, actor } = res.locals as { route?: string; requestId: string; actor?: string };
      metrics.observe(method, route, status, ms / 1000);
      const line: Line = { requestId, method, route, status, ms: Math.round(ms * 10) / 10 };
      if (actor !== undefined) line.actor = actor;
      if (!res.writableFinished) line.aborted = true;
      log.info(line, 'request');
    });
  };
