/** Say who calls, not what is said: never kept. */
const NEVER_KEPT: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie', 'x-api-key']);

type Headers = Record<string, string>;

/** Headers of a callback as they came, for its proof, and as they are kept: all that may carry a signature, nothing that opens doors. */
export const webhookHeaders = (
  headers: Readonly<Record<string, string | string[] | undefined>>,
): { raw: Headers; storable: Headers } => {
  const [raw, storable]: [Headers, Headers] = [{}, {}];
  for (const [key, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const text = String(value);
    raw[key] = text;
    if (!NEVER_KEPT.has(key)) storable[key] = text.includes('\u0000') ? text.replaceAll('\u0000', '') : text;
  }
  return { raw, storable };
};
