import { type Logger, destination, pino } from 'pino';

/** Log of an API process: JSON lines on stdout, many in one write when many come at once, the last ones before the process ends. */
export const createLog = (level: string): Logger =>
  pino(
    { level, base: { app: 'api' }, serializers: { err: safeError } },
    destination({ dest: 1, sync: false, minLength: 4_096, periodicFlush: 100 }),
  );

/**
 * An error as it may be written down. What the database and its drivers say holds values of rows, so of them only code,
 * constraint and stack frames are kept.
 */
export const safeError = (error: unknown): Record<string, unknown> => {
  if (!(error instanceof Error)) return { name: typeof error };
  const { code, constraint, table } = error as { code?: unknown; constraint?: unknown; table?: unknown };
  const speaksOfRows =
    constraint !== undefined ||
    /^[0-9A-Z]{5}$/.test(String(code ?? '')) ||
    /Exception$|DatabaseError$|^error$/.test(error.name);
  return {
    name: error.name,
    ...(code === undefined ? {} : { code }),
    ...(constraint === undefined ? {} : { constraint, table }),
    ...(speaksOfRows ? {} : { message: error.message.slice(0, 2000) }),
    frames: (error.stack ?? '')
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 12)
      .map((line) => line.trim()),
    ...(error.cause instanceof Error ? { cause: safeError(error.cause) } : {}),
  };
};
