import type { Request, RequestHandler, Response } from 'express';
import { MEDIA_TYPE, readDocument, relatedId } from './json-api.ts';
import { assure, parsedBody, Refusal, refusals, sendAs } from './sandbox-wire.ts';

/** For sandboxes that speak JSON:API. `Refusal.more.pointer`: which member of the document is wrong. */
export const answer = sendAs(MEDIA_TYPE);

export const answerRefusals = refusals(({ status, code, message, more: { pointer } }) => {
  const source = pointer === undefined ? {} : { source: { pointer } };
  return { errors: [{ status: String(status), code, title: code, detail: message, ...source }] };
}, answer);

export const invalid = (field: string, detail: string): Refusal =>
  new Refusal(400, 'invalid', detail, { pointer: `/data/attributes/${field}` });

/** 415 for a body that is not JSON:API, 406 for a caller that takes no JSON:API. */
export const mediaTypes =
  (strict: () => boolean): RequestHandler =>
  (req, _res, next) => {
    if (!strict()) return next();
    const type = (req.headers['content-type'] ?? '').split(';')[0]!.trim();
    const isSent = req.method === 'GET' || type === MEDIA_TYPE;
    assure(isSent, 415, 'unsupported_media_type', `Unsupported media type "${type}" in request.`);
    const isTaken = /\*\/\*|application\/\*|application\/vnd\.api\+json/.test(req.headers.accept ?? '*/*');
    assure(isTaken, 406, 'not_acceptable', 'Could not satisfy the request Accept header.');
    next();
  };

/** What a POST wants made. Attributes are plain JSON: the vendor judges their types. */
export interface SentDraft {
  attributes: Record<string, unknown>;
  related(name: string): string | null;
}

/** The JSON:API body of a POST; `type` must be what the path creates. */
export const readDraft = (req: Request, type: string): SentDraft => {
  const body = parsedBody(req);
  assure(body !== undefined, 400, 'parse_error', 'JSON parse error');
  const data = readDocument((req.body as Buffer).toString('utf8'))?.data;
  assure(data && !Array.isArray(data), 400, 'parse_error', 'Received document does not contain primary data');
  assure(data.type === type, 409, 'conflict', `The resource object's type is not ${type}.`);
  const { attributes = {} } = (body as { data: { attributes?: Record<string, unknown> } }).data;
  return { attributes, related: (name) => relatedId(data, name) || null };
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
    if (name === 'page[number]' || name === 'page[size]') continue;
    const read = filters[/^filter\[(.+)\]$/.exec(name)?.[1] ?? ''];
    assure(read, 400, 'invalid', `invalid ${name}`);
    const wanted = value.split(',');
    found = found.filter((item) => wanted.includes(String(read(item))));
  }
  const size = Math.min(100, wholeNumber(query.get('page[size]'), 10));
  const page = wholeNumber(query.get('page[number]'), 1);
  const pages = Math.max(1, Math.ceil(found.length / size));
  assure(page <= pages, 404, 'not_found', 'Invalid page.');
  answer(res, 200, {
    data: found.slice((page - 1) * size, page * size).map(render),
    meta: { pagination: { page, pages, count: found.length } },
  });
};

const wholeNumber = (text: string | null, otherwise: number): number => {
  if (text === null) return otherwise;
  assure(/^[1-9]\d{0,5}$/.test(text), 400, 'invalid', 'page must be a whole number');
  return Number(text);
};
