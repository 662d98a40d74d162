import { JsonNumber } from '../../domain/json-number.ts';
import { problem } from './errors.ts';

const DEEPEST = 32;
/** May hold a number that is not a plain whole one, or `__proto__` as a key, however it is written. Seldom, so most bodies are parsed fast. */
const NEEDS_CARE = /(^|[:,[])\s*-?\d+[.eE]|\d{16}|__proto__|\\u/;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The JSON in a body, or undefined when there is none. Numbers that are not plain whole ones come as JsonNumber. */
export const readJson = (bytes: Buffer, contentType: string | undefined): unknown => {
  if (bytes.length === 0) return undefined;
  if (contentType !== 'application/json' && !isJson(contentType)) {
    throw problem(415, 'unsupported_media_type', 'Send the body as application/json.');
  }
  try {
    const text = utf8.decode(bytes);
    if (!NEEDS_CARE.test(text)) return JSON.parse(text) as unknown;
    return JSON.parse(text, keepLiterals as (this: unknown, key: string, value: unknown) => unknown);
  } catch {
    // Syntax, bytes that are not UTF-8, or nesting deep enough to exhaust the parser's stack.
    throw problem(400, 'malformed_json', 'The body is not valid JSON.');
  }
};

const isJson = (type: string | undefined): boolean =>
  /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(type ?? '');

function keepLiterals(key: string, value: unknown, context: { source?: string }): unknown {
  if (key === '__proto__') throw new SyntaxError('__proto__ is not a field');
  if (typeof value !== 'number') return value;
  const source = context.source ?? String(value);
  return Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? value : new JsonNumber(source);
}

/** Refuses what PostgreSQL cannot store: null bytes and half surrogate pairs; and nesting nobody means. */
export const assertStorable = (value: unknown, field = '', depth = 0): void => {
  if (typeof value === 'string') {
    if (value.includes('\u0000') || !value.isWellFormed()) {
      throw problem(400, 'validation', 'The text has characters that cannot be stored.', field || undefined);
    }
  } else if (typeof value === 'object' && value !== null && !(value instanceof JsonNumber)) {
    if (depth >= DEEPEST) throw problem(400, 'validation', `The body is nested deeper than ${DEEPEST} levels.`);
    for (const [key, inner] of Object.entries(value)) {
      assertStorable(key, field || undefined, depth + 1);
      assertStorable(inner, field ? `${field}.${key}` : key, depth + 1);
    }
  }
};

/** JSON with sorted keys: equal for equal content, whatever order the client wrote it in. */
export const canonical = (value: unknown): string => {
  if (value instanceof JsonNumber) return value.literal;
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
};
