import type { NextFunction, Request, RequestHandler, Response } from 'express';

export const MEDIA_TYPE = 'application/vnd.api+json';

/** An answer in their error form. `code` of everyday refusals follows their Django REST words; the numbers are theirs. */
export class WireFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly pointer: string | undefined;
  readonly retryAfter: number | undefined;

  constructor(status: number, code: string, detail: string, more: { pointer?: string; retryAfter?: number } = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.pointer = more.pointer;
    this.retryAfter = more.retryAfter;
  }
}

export const invalid = (field: string, detail: string): WireFailure =>
  new WireFailure(400, 'invalid', detail, { pointer: `/data/attributes/${field}` });

export const answer = (res: Response, status: number, body: unknown): void => {
  res
    .status(status)
    .set('content-type', MEDIA_TYPE)
    .send(Buffer.from(JSON.stringify(body)));
};

/** Last of the router: their error document. What is no WireFailure is our bug and goes on. */
export const answerFailure = (error: unknown, _req: Request, res: Response, next: NextFunction): void => {
  if (!(error instanceof WireFailure)) return next(error);
  const { status, code, message, pointer, retryAfter } = error;
  if (retryAfter !== undefined) res.set('retry-after', String(retryAfter));
  answer(res, status, {
    errors: [{ status: String(status), code, title: code, detail: message, ...(pointer && { source: { pointer } }) }],
  });
};

/** 415 for a body that is not JSON:API, 406 for a caller that takes no JSON:API. */
export const mediaTypes =
  (strict: () => boolean): RequestHandler =>
  (req, _res, next) => {
    if (!strict()) return next();
    const type = (req.headers['content-type'] ?? '').split(';')[0]!.trim();
    if (req.method !== 'GET' && type !== MEDIA_TYPE) {
      throw new WireFailure(415, 'unsupported_media_type', `Unsupported media type "${type}" in request.`);
    }
    const accept = req.headers.accept ?? '*/*';
    if (!/\*\/\*|application\/\*|application\/vnd\.api\+json/.test(accept)) {
      throw new WireFailure(406, 'not_acceptable', 'Could not satisfy the request Accept header.');
    }
    next();
  };

export interface Draft {
  attributes: Record<string, unknown>;
  related(name: string): string | null;
}

/** The JSON:API body of a POST; `type` must be what the path creates. */
export const readDraft = (req: Request, type: string): Draft => {
  let body: unknown;
  try {
    body = JSON.parse((req.body as Buffer).toString('utf8'));
  } catch {
    throw new WireFailure(400, 'parse_error', 'JSON parse error');
  }
  const data = (body as { data?: Record<string, unknown> } | null)?.data;
  if (!data || typeof data !== 'object')
    throw new WireFailure(400, 'parse_error', 'Received document does not contain primary data');
  if (data['type'] !== type) throw new WireFailure(409, 'conflict', `The resource object's type is not ${type}.`);
  const relationships = (data['relationships'] ?? {}) as Record<string, { data?: { id?: unknown } | null }>;
  return {
    attributes: (data['attributes'] ?? {}) as Record<string, unknown>,
    related: (name) => {
      const id = relationships[name]?.data?.id;
      return id === undefined || id === null ? null : String(id);
    },
  };
};

/** `page[number]`, `page[size]` (10, at most 100) and `filter[field]=a,b`; an unknown filter is refused. */
export const answerList = <T>(
  req: Request,
  res: Response,
  items: readonly T[],
  filters: Record<string, (item: T) => unknown>,
  render: (item: T) => unknown,
): void => {
  const query = new URL(req.originalUrl, 'http://sandbox').searchParams;
  let found = items;
  for (const [name, value] of query) {
    const field = /^filter\[(.+)\]$/.exec(name)?.[1];
    if (field === undefined) continue;
    const read = filters[field];
    if (!read) throw new WireFailure(400, 'invalid', `invalid filter[${field}]`);
    const wanted = value.split(',');
    found = found.filter((item) => wanted.includes(String(read(item))));
  }
  const size = Math.min(100, wholeNumber(query.get('page[size]'), 10));
  const page = wholeNumber(query.get('page[number]'), 1);
  const pages = Math.max(1, Math.ceil(found.length / size));
  if (page > pages) throw new WireFailure(404, 'not_found', 'Invalid page.');
  answer(res, 200, {
    data: found.slice((page - 1) * size, page * size).map(render),
    meta: { pagination: { page, pages, count: found.length } },
  });
};

const wholeNumber = (text: string | null, otherwise: number): number => {
  if (text === null) return otherwise;
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new WireFailure(400, 'invalid', 'page must be a whole number');
  return Number(text);
};
