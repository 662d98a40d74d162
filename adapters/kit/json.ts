/** JSON whose numbers keep their digits: signatures and money need them as they were written. */
export type Json = string | boolean | null | Json[] | { [key: string]: Json };

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

/** A number that a double does not give back digit by digit: a fraction, an exponent, more than fifteen digits, `-0`. What stands in a string may look so too. */
const NEEDS_CARE = /(?:^|"\s*:|[[,])\s*(?:-0|-?\d+[.eE]|-?\d{16})/;

/** Parses without making numbers of digits: `1.00` becomes '1.00'. Throws SyntaxError. */
export const exactJson = (text: string): Json => {
  // A reviver makes parsing five times slower, and most messages keep their amounts in strings.
  if (!NEEDS_CARE.test(text)) return wholeNumbersAsText(JSON.parse(text) as Numeric);
  // The third argument of a reviver (the source text) is in the runtime but not yet in lib.d.ts.
  const keepDigits: Reviver = (_key, value, context) => (typeof value === 'number' ? context.source : value);
  return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown) as Json;
};

type Numeric = string | boolean | null | number | Numeric[] | { [key: string]: Numeric };

const wholeNumbersAsText = (value: Numeric): Json => {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  const members = value as { [key: string]: Numeric };
  for (const key of Object.keys(members)) {
    const member = members[key]!;
    if (typeof member === 'number' || typeof member === 'object') members[key] = wholeNumbersAsText(member);
  }
  return value as Json;
};

/** `exactJson`, or undefined when it is none. */
export const readJson = (text: string): Json | undefined => {
  try {
    return exactJson(text);
  } catch {
    return undefined;
  }
};

/** For `JSON.stringify`: a decimal that goes on the wire as a JSON number, digit by digit. Throws SyntaxError when it is no number. */
export const jsonNumber = (decimal: string): unknown =>
  // In the runtime (V8's JSON.rawJSON), not yet in lib.d.ts.
  (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(decimal);

export const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A member that must be an object to go on; {} for anything else. */
export const objectOf = (value: Json | undefined): { [key: string]: Json } => (isObject(value) ? value : {});

/** A member that must be a list to go on; [] for anything else. Never for "not found": there a list that is none was not read. */
export const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);

/** Text of a scalar, numbers as they were written; absent, null, booleans and structures are ''. */
export const word = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/**
 * A number as JSON may write it, exponents included ('250.0', '1E-05'), as a plain decimal of the same digits; null for anything else.
 * Servers that keep amounts as doubles write small and large ones with an exponent.
 */
export const plainNumber = (value: Json | undefined): string | null => {
  const match = /^(-?)(\d{1,30})(?:\.(\d{1,30}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(word(value));
  if (!match) return null;
  const [, sign, whole, fraction = '', exponent = '0'] = match;
  const point = whole!.length + Number(exponent);
  const before = '0'.repeat(Math.max(1 - point, 0));
  const digits = before + whole! + fraction + '0'.repeat(Math.max(point - whole!.length - fraction.length, 0));
  const at = Math.max(point, 1);
  return `${sign}${digits.slice(0, at).replace(/^0+(?=\d)/, '')}${digits.length > at ? `.${digits.slice(at)}` : ''}`;
};
