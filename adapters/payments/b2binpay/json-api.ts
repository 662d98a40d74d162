/** JSON:API as B2BINPAY speaks it. Every number is kept as the text that was received: signatures and money need its digits. */
type Scalar = string | boolean | null;
export type Json = Scalar | Json[] | { [key: string]: Json };

export interface Resource {
  type: string;
  /** '' for answers that are no stored object (token, quote). */
  id: string;
  attributes: Record<string, Json>;
  relationships: Record<string, Json>;
}

export interface Document {
  data: Resource | Resource[] | null;
  included: Resource[];
  meta: Record<string, Json>;
}

export const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

/** Parses without making numbers of digits: `1.00` becomes '1.00'. Throws SyntaxError. */
export const exactJson = (text: string): Json => {
  // The third argument of a reviver (the source text) is in the runtime but not yet in lib.d.ts.
  const keepDigits: Reviver = (_key, value, context) => (typeof value === 'number' ? context.source : value);
  return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown) as Json;
};

const resource = (value: Json | undefined): Resource | null => {
  if (!isObject(value) || typeof value.type !== 'string') return null;
  return {
    type: value.type,
    id: word(value.id),
    attributes: isObject(value.attributes) ? value.attributes : {},
    relationships: isObject(value.relationships) ? value.relationships : {},
  };
};

/** Null when `text` is not a JSON:API document with well-formed `data`. */
export const readDocument = (text: string): Document | null => {
  let body: Json;
  try {
    body = exactJson(text);
  } catch {
    return null;
  }
  if (!isObject(body) || body.data === undefined) return null;
  const list = Array.isArray(body.data) ? body.data.map(resource) : null;
  if (list?.includes(null)) return null;
  const data = list ? (list as Resource[]) : resource(body.data);
  if (data === null && body.data !== null) return null;
  return {
    data,
    included: (Array.isArray(body.included) ? body.included : []).map(resource).filter((r) => r !== null),
    meta: isObject(body.meta) ? body.meta : {},
  };
};

/** Text of a scalar attribute; absent, null, true and structures are ''. */
export const word = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** Id of a to-one relationship, or ''. */
export const relatedId = (from: Resource, name: string): string => {
  const link = from.relationships[name];
  return isObject(link) && isObject(link.data) ? word(link.data.id) : '';
};

export interface WireError {
  code: string;
  detail: string;
  pointer: string;
}

/** The first error of an error document; only `code` and `detail` can be relied upon. Null when the body is something else. */
export const readError = (text: string): WireError | null => {
  let body: Json;
  try {
    body = exactJson(text);
  } catch {
    return null;
  }
  const first = isObject(body) && Array.isArray(body.errors) ? body.errors[0] : undefined;
  if (!isObject(first)) return null;
  const source = isObject(first.source) ? first.source : {};
  return { code: word(first.code), detail: word(first.detail) || word(first.title), pointer: word(source.pointer) };
};
