import { type Json, isObject, readJson, word } from '../../kit/json.ts';

/** JSON:API as B2BINPAY speaks it: an object of theirs. */
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
  const body = readJson(text);
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
  const body = readJson(text);
  const first = isObject(body) && Array.isArray(body.errors) ? body.errors[0] : undefined;
  if (!isObject(first)) return null;
  const source = isObject(first.source) ? first.source : {};
  return { code: word(first.code), detail: word(first.detail) || word(first.title), pointer: word(source.pointer) };
};
