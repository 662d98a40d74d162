import { createServer, connect, type Server, type Socket } from 'node:net';

/**
 * How what passes is treated. `half-open`: nothing passes and nobody is told, as when a router forgets a connection. `unanswered`: what is asked is done and
 * stays done, but the connection breaks before its answer comes.
 */
export type Weather =
  | { is: 'fine' }
  | { is: 'refusing' }
  | { is: 'half-open' }
  | { is: 'unanswered' }
  | { is: 'drip'; bytesPer10Ms: number }
  | { is: 'latency'; ms: number };

interface Pair {
  near: Socket;
  far: Socket;
}

/** A TCP proxy that can do to connections what networks do. Stands between the hub's processes and PostgreSQL. */
export class Proxy {
  private readonly server: Server;
  private readonly target: number;
  private readonly pairs = new Set<Pair>();
  /** Connections that met half-open weather: they never come back, as in life. */
  private readonly lost = new Set<Pair>();
  private weather: Weather = { is: 'fine' };
  private selects = 0;

  private constructor(target: number) {
    this.target = target;
    this.server = createServer((near) => this.accept(near));
  }

  static async start(port: number, target: number): Promise<Proxy> {
    const proxy = new Proxy(target);
    await new Promise<void>((done, fail) => proxy.server.once('error', fail).listen(port, '127.0.0.1', done));
    return proxy;
  }

  /** For connections there are and new ones. */
  set(weather: Weather): void {
    this.weather = weather;
    if (weather.is === 'half-open') for (const pair of this.pairs) this.lost.add(pair);
  }

  /** Fine again. What was half-open is reset: its router woke up. */
  heal(): void {
    this.weather = { is: 'fine' };
    for (const pair of this.lost) this.end(pair, 'reset');
  }

  /** Ends every connection, politely or not; new ones are welcome. */
  drop(how: 'cut' | 'reset'): void {
    for (const pair of this.pairs) this.end(pair, how);
  }

  async close(): Promise<void> {
    this.drop('cut');
    await new Promise((done) => this.server.close(done));
  }

  private accept(near: Socket): void {
    if (this.weather.is === 'refusing') {
      near.resetAndDestroy();
      return;
    }
    const far = connect(this.target, '127.0.0.1');
    const pair = { near, far };
    this.pairs.add(pair);
    if (this.weather.is === 'half-open') this.lost.add(pair);
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.end(pair, 'cut'));
      socket.on('close', () => this.end(pair, 'cut'));
    }
    this.pump(pair, near, far);
    this.pump(pair, far, near);
  }

  /** One piece after the other, each in the weather of its moment. */
  private pump(pair: Pair, from: Socket, to: Socket): void {
    let turn = Promise.resolve();
    from.on('data', (piece: Buffer) => {
      from.pause();
      turn = turn.then(() => this.pass(pair, piece, to)).finally(() => from.resume());
    });
  }

  private async pass(pair: Pair, piece: Buffer, to: Socket): Promise<void> {
    if (this.lost.has(pair)) return;
    const { weather } = this;
    if (weather.is === 'unanswered' && to === pair.near && this.swallows(piece)) return this.end(pair, 'reset');
    if (weather.is === 'latency') await pause(weather.ms);
    if (weather.is === 'drip') {
      while (piece.length > weather.bytesPer10Ms && this.weather === weather) {
        write(to, piece.subarray(0, weather.bytesPer10Ms));
        piece = piece.subarray(weather.bytesPer10Ms);
        await pause(10);
      }
    }
    write(to, piece);
  }

  /** Whether this piece says that something written is kept. A SELECT may have written by a function or a CTE: every third is taken for one. */
  private swallows(piece: Buffer): boolean {
    if (!piece.includes(IDLE)) return false;
    if (WRITTEN.some((tag) => piece.includes(tag))) return true;
    return piece.includes(SELECTED) && ++this.selects % 3 === 0;
  }

  private end(pair: Pair, how: 'cut' | 'reset'): void {
    if (!this.pairs.delete(pair)) return;
    this.lost.delete(pair);
    for (const socket of [pair.near, pair.far]) {
      if (how === 'reset') socket.resetAndDestroy();
      else socket.destroy();
    }
  }
}

/** Of PostgreSQL's protocol (chapter 54.7, Message Formats): ReadyForQuery outside a transaction; the tags of CommandComplete. */
const IDLE = Buffer.from('Z\0\0\0\x05I', 'latin1');
const WRITTEN = ['COMMIT\0', 'INSERT 0 ', 'UPDATE ', 'DELETE '].map((tag) => Buffer.from(tag, 'latin1'));
const SELECTED = Buffer.from('SELECT ', 'latin1');

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

const write = (to: Socket, piece: Buffer): void => {
  if (piece.length > 0 && !to.destroyed) to.write(piece);
};
