import pg from 'pg';

/** Statements differ by their text only; more than this many different ones means that somebody builds texts, and those are left alone. */
const MOST_STATEMENTS = 1_000;
const CONNECT_MS = 5_000;
const names = new Map<string, string>();

const nameOf = (text: string): string | undefined => {
  let name = names.get(text);
  if (name === undefined && names.size < MOST_STATEMENTS) {
    name = `hub_${names.size}`;
    names.set(text, name);
  }
  return name;
};

/**
 * Prepares every parametrised statement under a name of its own, so that PostgreSQL parses and plans it once per connection:
 * planning the joins behind a money step costs more than running them.
 */
export class PreparingClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    // A server that is gone must be noticed in seconds, not after the TCP default of minutes.
    super({ ...config, connectionTimeoutMillis: CONNECT_MS });
  }

  override query(...args: unknown[]): never {
    const [text, values, ...rest] = args;
    const name = typeof text === 'string' && Array.isArray(values) ? nameOf(text) : undefined;
    const call = name === undefined ? args : [{ name, text, values }, ...rest];
    return (super.query as (...given: unknown[]) => never).apply(this, call);
  }
}
