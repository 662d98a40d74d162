import { HubFailure } from '../../domain/failures.ts';
import { failureOf, garbage, lookFailure, type Asked, type Said } from './answers.ts';
import type { AdapterContext, HttpAnswer, HttpRequest } from './context.ts';
import { isObject, listOf, objectOf, readJson, word, type Json } from './json.ts';
import { withToken, type Token } from './shared-token.ts';

/** An object of a JSON:API (jsonapi.org). Numbers are the text they were written as. */
export interface Resource {
  type: string;
  /** '' for answers that are no stored object (a token, a quote). */
  id: string;
  attributes: Record<string, Json>;
  relationships: Record<string, Json>;
}

export interface Document {
  data: Resource | Resource[] | null;
  included: Resource[];
  meta: Record<string, Json>;
}

/** An object we are about to create: without id. */
export interface Draft {
  type: string;
  attributes: Record<string, unknown>;
  relationships?: Record<string, { data: { type: string; id: string } }>;
}

export const MEDIA_TYPE = 'application/vnd.api+json';

const resource = (value: Json | undefined): Resource | null => {
  if (!isObject(value) || typeof value.type !== 'string') return null;
  const { type, id, attributes, relationships } = value;
  return { type, id: word(id), attributes: objectOf(attributes), relationships: objectOf(relationships) };
};

/** Null when `text` is not a JSON:API document with well-formed `data`. */
export const readDocument = (text: string): Document | null => {
  const body = readJson(text);
  if (!isObject(body) || body.data === undefined) return null;
  const list = Array.isArray(body.data) ? body.data.map(resource) : null;
  if (list?.includes(null)) return null;
  const data = list ? (list as Resource[]) : resource(body.data);
  if (data === null && body.data !== null) return null;
  const included = listOf(body.included).map(resource);
  return { data, included: included.filter((one) => one !== null), meta: objectOf(body.meta) };
};

/** Id of a to-one relationship, or ''. */
export const relatedId = (from: Resource, name: string): string =>
  word(objectOf(objectOf(from.relationships[name]).data).id);

/** The first error of an error document; only `code` and `detail` can be relied upon. Null when the body is something else. */
const errorIn = (text: string): Said | null => {
  const [first] = listOf(objectOf(readJson(text)).errors);
  if (!isObject(first)) return null;
  const field = word(objectOf(first.source).pointer).split('/').at(-1);
  const detail = word(first.detail) || word(first.title);
  return { code: word(first.code), text: [detail, field && `(${field})`].filter(Boolean).join(' ') };
};

interface Setup<Config, T extends Token> {
  /** For messages. */
  provider: string;
  /** Without a slash at the end. */
  url(config: Config): string;
  signIn(ctx: AdapterContext<Config>, old?: T): Promise<T>;
  /** Codes of refusals that are about us and no order: wrong credentials, an address that is not on their list. */
  aboutUs: ReadonlySet<string>;
}

interface Call {
  method: 'GET' | 'POST';
  path: string;
  effect: 'read' | 'write';
  data?: Draft;
  headers?: Record<string, string>;
}

const PAGE_SIZE = 100;

/** How one speaks with a JSON:API that wants a bearer token: objects, lists to their end, and what an error means. */
export const jsonApi = <Config, T extends Token = Token>({ provider, url, signIn, aboutUs }: Setup<Config, T>) => {
  type Context = AdapterContext<Config>;

  /** Ids and query strings stay out of messages: one line per kind of trouble. */
  const asked = ({ method, path, effect }: Call): Asked => {
    const what = `${method} ${path.replace(/\?.*/, '').replace(/\d+/g, '{id}')}`;
    return { provider, what, effect };
  };

  const request = (ctx: Context, { method, path, effect, data, headers }: Call, more: HttpRequest['headers'] = {}) =>
    ctx.http({
      method,
      url: url(ctx.config) + path,
      headers: { accept: MEDIA_TYPE, 'content-type': MEDIA_TYPE, ...more, ...headers },
      ...(data !== undefined && { body: JSON.stringify({ data }) }),
      effect,
    });

  const send = (ctx: Context, call: Call): Promise<HttpAnswer> =>
    withToken(
      ctx,
      (old?: T) => signIn(ctx, old),
      (access) => request(ctx, call, { authorization: `Bearer ${access}` }),
    );

  const refusal = (ctx: Context, answer: HttpAnswer, call: Call): HubFailure => {
    const said = errorIn(answer.body);
    const config = (text: string, facts: HubFailure['facts']) =>
      new HubFailure('Config', 'provider_misconfigured', text, facts);
    if (said === null && answer.status === 404 && call.effect === 'read')
      return config(`${provider} has no ${asked(call).what}: 404`, { providerCode: '404' });
    // Their word for it counts, whatever the status is.
    const status = said?.code === 'throttled' ? 429 : answer.status;
    const failure = failureOf(ctx, { ...answer, status }, asked(call), said);
    return aboutUs.has(said?.code ?? '') ? config(failure.message, failure.facts) : failure;
  };
  const refusedLook = (ctx: Context, answer: HttpAnswer, call: Call) => lookFailure(refusal(ctx, answer, call));

  const post = async (ctx: Context, call: Call): Promise<Resource> => {
    const answer = await send(ctx, call);
    if (answer.status < 200 || answer.status > 299) throw refusal(ctx, answer, call);
    const made = readDocument(answer.body)?.data;
    const isThere = made && !Array.isArray(made) && (call.effect === 'read' || made.id !== '');
    if (!isThere) throw garbage(asked(call));
    return made;
  };

  return {
    /** Null when they do not know it. */
    async getOne(ctx: Context, path: string): Promise<Resource | null> {
      const call: Call = { method: 'GET', path, effect: 'read' };
      const answer = await send(ctx, call);
      // In their words: the page of something in between knows nothing of it.
      if (answer.status === 404 && errorIn(answer.body)) return null;
      if (answer.status !== 200) throw refusedLook(ctx, answer, call);
      const data = readDocument(answer.body)?.data;
      if (!data || Array.isArray(data) || data.id === '') throw garbage(asked(call));
      return data;
    },

    /** Every page of a filtered list. An object that moves between pages while we read may be there twice. */
    async getAll(ctx: Context, path: string, filters: Record<string, string>): Promise<Resource[]> {
      const found: Resource[] = [];
      for (let page = 1, pages = 1; page <= pages; page++) {
        const query = [
          ...Object.entries(filters).map(([field, value]) => `filter[${field}]=${encodeURIComponent(value)}`),
          `page[number]=${page}`,
          `page[size]=${PAGE_SIZE}`,
        ].join('&');
        const call: Call = { method: 'GET', path: `${path}?${query}`, effect: 'read' };
        const answer = await send(ctx, call);
        // The list became shorter while we read it.
        if (answer.status === 404 && page > 1) break;
        if (answer.status !== 200) throw refusedLook(ctx, answer, call);
        const document = readDocument(answer.body);
        if (!document || !Array.isArray(document.data)) throw garbage(asked(call));
        found.push(...document.data);
        const told = word(objectOf(document.meta.pagination).pages);
        pages = /^\d{1,6}$/.test(told) ? Number(told) : 1;
      }
      return found;
    },

    /** A question that is asked by POST and changes nothing. */
    ask: (ctx: Context, path: string, data: Draft): Promise<Resource> =>
      post(ctx, { method: 'POST', path, effect: 'read', data }),

    /** Creates an object: `OutcomeUnknown` when it may exist although we cannot say so. */
    create: (ctx: Context, path: string, data: Draft, headers: Record<string, string> = {}): Promise<Resource> =>
      post(ctx, { method: 'POST', path, effect: 'write', data, headers }),

    /** For `signIn`: attributes and meta of a token answer. Null for a status of `otherwise`. */
    async tokenFrom(ctx: Context, path: string, attributes: Record<string, string>, otherwise: readonly number[] = []) {
      const call: Call = { method: 'POST', path, effect: 'read', data: { type: 'auth-token', attributes } };
      const answer = await request(ctx, call);
      if (otherwise.includes(answer.status)) return null;
      if (answer.status !== 200 && answer.status !== 201) throw refusedLook(ctx, answer, call);
      const document = readDocument(answer.body);
      if (!document?.data || Array.isArray(document.data) || !word(document.data.attributes.access))
        throw garbage(asked(call));
      return { attributes: document.data.attributes, meta: document.meta };
    },
  };
};
