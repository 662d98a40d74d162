import pg from 'pg';

/** However well told of changes, nothing is believed for longer. */
const BELIEVED_MS = 5_000;
const AGAIN_MS = 1_000;

interface Facts<K, V> {
  /** A change in one of these tables makes a fact doubtful. */
  tables: readonly string[];
  load: (key: K) => Promise<V>;
  /** Which rows, '{table} {key}', a fact is about, where the table tells which of its rows changed; else any change counts. */
  about?: (key: K, value: V) => readonly string[];
  /** Then all are forgotten: callers make keys up. */
  most?: number;
}

interface Known<V> {
  until: number;
  answer: Promise<V>;
  /** There once it is loaded; a change before that makes it doubtful as well. */
  value?: V;
}

export interface Remembered<K, V> {
  get: (key: K) => Promise<V>;
  /** What is known already, without waiting. */
  now: (key: K) => V | undefined;
  /** Those a caller knows to be wrong. */
  forget: (which: (value: V) => boolean) => void;
}

/**
 * Facts that change seldom, kept in this process: which methods there are, who somebody is. Whoever changes a row, in whatever process, triggers
 * tell of it (db/migrations/0011-told-of-changes.sql), and what depends on it is forgotten. While nobody listens, because the
 * connection is lost, nothing is remembered at all. What decides about money is never asked here: it is read under lock.
 */
export class Memory {
  private readonly databaseUrl: string;
  private readonly lost: (error: Error) => void;
  private readonly all: { tables: readonly string[]; changed: (row: string | null) => void }[] = [];
  private listener: pg.Client | null = null;
  private listening = false;
  private closed = false;
  private again: NodeJS.Timeout | undefined;

  /** `lost` hears of a broken connection; it is opened again by itself. */
  constructor(databaseUrl: string, lost: (error: Error) => void) {
    this.databaseUrl = databaseUrl;
    this.lost = lost;
  }

  /** Begins to listen, and to remember. */
  async listen(): Promise<void> {
    const listener = new pg.Client({
      connectionString: this.databaseUrl,
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
    });
    this.listener = listener;
    listener.on('error', (error) => this.deaf(listener, error));
    listener.on('end', () => this.deaf(listener));
    listener.on('notification', ({ payload = '' }) => this.changed(payload));
    try {
      await listener.connect();
      await listener.query('listen changed');
      if (this.listener === listener) this.listening = true;
    } catch (error) {
      this.deaf(listener, error as Error);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    this.listening = false;
    clearTimeout(this.again);
    await this.listener?.end().catch(() => undefined);
  }

  remember<K, V>({ tables, load, about, most = 10_000 }: Facts<K, V>): Remembered<K, V> {
    const known = new Map<K, Known<V>>();
    const forget = (doubtful: (key: K, value: V) => boolean): void => {
      for (const [key, { value }] of known) if (value === undefined || doubtful(key, value)) known.delete(key);
    };
    const keep = async (key: K, entry: Known<V>): Promise<void> => {
      try {
        entry.value = await entry.answer;
      } catch {
        // Whoever asked hears why.
      }
      // Of a row that is yet to come nobody would be told.
      const nothing = entry.value === undefined || (about !== undefined && entry.value === null);
      if (nothing && known.get(key) === entry) known.delete(key);
    };
    const changed = (row: string | null): void => {
      if (row === null || !about) known.clear();
      else forget((key, value) => about(key, value).includes(row));
    };
    this.all.push({ tables, changed });
    return {
      get: (key) => {
        const found = known.get(key);
        if (found && found.until > Date.now()) return found.answer;
        const answer = load(key);
        if (!this.listening) return answer;
        if (known.size >= most) known.clear();
        const entry: Known<V> = { until: Date.now() + BELIEVED_MS, answer };
        known.set(key, entry);
        void keep(key, entry);
        return answer;
      },
      now: (key) => {
        const found = known.get(key);
        return found && found.until > Date.now() ? found.value : undefined;
      },
      forget: (which) => forget((_key, value) => which(value)),
    };
  }

  /** `payload`: '{table}' or '{table} {key}'; '' after a pause in listening, when anything may have changed. */
  private changed(payload: string): void {
    const table = payload.split(' ', 1)[0]!;
    for (const one of this.all)
      if (payload === '' || one.tables.includes(table)) one.changed(payload.includes(' ') ? payload : null);
  }

  private deaf(listener: pg.Client, error?: Error): void {
    if (this.listener !== listener) return;
    this.listener = null;
    this.listening = false;
    this.changed('');
    listener.end().catch(() => undefined);
    if (this.closed) return;
    if (error) this.lost(error);
    this.again = setTimeout(() => void this.listen(), AGAIN_MS).unref();
  }
}
