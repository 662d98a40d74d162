/** Say who calls, not what is said: never kept. */
const NEVER_KEPT = /^(authorization|proxy-authorization|cookie|x-api-key)$/;

/** Headers of a callback as they are kept: all that may carry a signature, nothing that opens doors. */
export const storableHeaders = (
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([key, value]) =>
      value === undefined || NEVER_KEPT.test(key) ? [] : [[key, String(value).replaceAll('\u0000', '')]],
    ),
  );
