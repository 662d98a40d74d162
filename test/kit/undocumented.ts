import type { Server } from 'node:http';
import type { Response } from 'express';
import { openApiDocument } from '../../api/kit/openapi.ts';
import type { Procedure } from '../../api/kit/procedure.ts';

/**
 * Listens to all that a server answers. What comes back says, at the end, which statuses the document does not name: 'GET /api/v2/my/deals: 404'. Paths and
 * methods that there are not are left out.
 */
export const watchAnswers = (server: Server, procedures: readonly Procedure[]): (() => string[]) => {
  const seen = new Map<string, { method: string; route: string; status: number }>();
  server.on('request', ({ method = '' }, response) => {
    response.once('close', () => {
      if (!response.headersSent) return;
      const { route = '' } = (response as Response).locals as { route?: string };
      const status = response.statusCode;
      seen.set(`${method} ${route}: ${status}`, { method, route, status });
    });
  });
  return () => {
    const paths = openApiDocument(procedures, {}).paths as Record<string, Record<string, { responses: object }>>;
    return [...seen].flatMap(([what, { method, route, status }]) => {
      const operation = paths[route]?.[method.toLowerCase()];
      return operation && !(String(status) in operation.responses) ? [what] : [];
    });
  };
};
