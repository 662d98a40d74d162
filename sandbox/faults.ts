import type { Response } from 'express';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

export const FaultOrder = z.object({
  /** Empty: every vendor request. `path` is a prefix of the vendor's path, `body` a piece of the raw body. */
  match: z
    .object({ method: z.string().optional(), path: z.string().optional(), body: z.string().optional() })
    .default({}),
  kind: z.enum([
    'timeout_before',
    'timeout_after_commit',
    'reset',
    'reset_after_commit',
    'http_500',
    'http_500_after_commit',
    'http_202_after_commit',
    'http_404',
    'http_404_after_commit',
    'http_429',
    'garbage',
    'garbage_after_commit',
    'empty',
    'slow_ms',
    'slow_drip',
    'swap',
    'echo',
  ]),
  /** slow_ms: delay before the vendor's code runs (1000). slow_drip: pause between two bytes (100). */
  ms: z.int().min(0).optional(),
  /** http_429: seconds of the Retry-After header; without it there is no such header. */
  retryAfter: z.int().min(0).optional(),
  /** swap: this text in the vendor's answer becomes `to`. */
  from: z.string().min(1).optional(),
  to: z.string().optional(),
  /** How many requests it hits. */
  times: z.int().min(1).default(1),
});
export type FaultOrder = z.output<typeof FaultOrder>;

/** An order at work. `hit`: requests it met; for `swap` only those whose answer held the text. */
export interface OpenFault extends FaultOrder {
  hit: number;
}

/** The orders still open; the oldest match wins. */
export class FaultPlan {
  #orders: OpenFault[] = [];

  add(order: FaultOrder): OpenFault {
    const open = { ...order, hit: 0 };
    this.#orders.push(open);
    return open;
  }

  clear(): void {
    this.#orders = [];
  }

  /** Those that still wait for a request. */
  open = (): OpenFault[] => this.#orders.filter(({ times }) => times > 0);

  take(method: string, path: string, body: string): OpenFault | undefined {
    const order = this.#orders.find(
      ({ match, times }) =>
        times > 0 &&
        (match.method === undefined || match.method.toUpperCase() === method) &&
        (match.path === undefined || path.startsWith(match.path)) &&
        (match.body === undefined || body.includes(match.body)),
    );
    if (order) order.times -= 1;
    if (order && order.kind !== 'swap') order.hit += 1;
    return order;
  }
}

type Spoil = (res: Response) => void;

const send = (res: Response, status: number, type: string, body: string): void => {
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  res.statusCode = status;
  res.setHeader('content-type', type);
  res.end(body);
};

const SPOILS: Partial<Record<FaultOrder['kind'], Spoil>> = {
  // The answer never comes; the client gives up or the server is closed.
  timeout_before: () => undefined,
  timeout_after_commit: () => undefined,
  reset: (res) => res.socket?.resetAndDestroy(),
  reset_after_commit: (res) => res.socket?.resetAndDestroy(),
  http_500: (res) => send(res, 500, 'text/html', '<h1>500 Internal Server Error</h1>'),
  http_500_after_commit: (res) => send(res, 500, 'text/html', '<h1>500 Internal Server Error</h1>'),
  // The success of vendors that take an order and work on it later.
  http_202_after_commit: (res) => send(res, 202, 'text/plain', ''),
  // Of something in between, which knows nothing of what was looked for.
  http_404: (res) => send(res, 404, 'text/html', '<h1>404 Not Found</h1>'),
  http_404_after_commit: (res) => send(res, 404, 'text/html', '<h1>404 Not Found</h1>'),
  empty: (res) => send(res, 200, 'application/json', '{}'),
  garbage: (res) => send(res, 200, 'application/json', '{"data": [ \u0000 <!-- upstream'),
  garbage_after_commit: (res) => send(res, 200, 'application/json', '{"data": [ \u0000 <!-- upstream'),
};

/**
 * Spoils the answer to one request. Returns true when the vendor's code shall run: with the response as it is, or with a
 * wrapped one whose effect stays and whose answer is withheld, cut or garbled.
 */
export const spoil = async (order: OpenFault, res: Response): Promise<boolean> => {
  if (order.kind === 'slow_ms') {
    await sleep(order.ms ?? 1000);
    return true;
  }
  if (order.kind === 'slow_drip') {
    drip(res, order.ms ?? 100);
    return true;
  }
  if (order.kind === 'swap') {
    swap(order, res);
    return true;
  }
  if (order.kind === 'echo') {
    const { method, originalUrl, headers, body } = res.req;
    send(res, 400, 'text/plain', `${method} ${originalUrl} ${JSON.stringify(headers)} ${String(body)}`);
    return false;
  }
  if (order.kind === 'http_429') {
    for (const name of res.getHeaderNames()) res.removeHeader(name);
    if (order.retryAfter !== undefined) res.setHeader('retry-after', String(order.retryAfter));
    res.statusCode = 429;
    res.end('Too Many Requests');
    return false;
  }
  const act = SPOILS[order.kind]!;
  if (!order.kind.endsWith('_after_commit')) {
    act(res);
    return false;
  }
  const real = { write: res.write, end: res.end, writeHead: res.writeHead, flushHeaders: res.flushHeaders };
  res.write = () => true;
  res.writeHead = () => res;
  res.flushHeaders = () => undefined;
  res.end = () => {
    Object.assign(res, real);
    act(res);
    return res;
  };
  return true;
};

/** Keeps what the vendor's code writes and hands the whole answer to `send`, with the real way out. */
const intercept = (res: Response, send: (body: Buffer, real: Pick<Response, 'write' | 'end'>) => void): void => {
  const real = { write: res.write.bind(res), end: res.end.bind(res) } as Pick<Response, 'write' | 'end'>;
  const chunks: Buffer[] = [];
  const keep = (chunk: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk as string));
  };
  res.write = (chunk: unknown) => {
    keep(chunk);
    return true;
  };
  res.end = (chunk?: unknown) => {
    keep(chunk);
    send(Buffer.concat(chunks), real);
    return res;
  };
};

/** Sends the vendor's answer byte by byte. */
const drip = (res: Response, pauseMs: number): void =>
  intercept(res, (body, real) => {
    void (async () => {
      // An answer without a body has nothing to drip but its head.
      if (body.length === 0) await sleep(pauseMs * 10, undefined, { ref: false });
      res.flushHeaders();
      for (const byte of body) {
        if (res.destroyed) return;
        real.write(Buffer.of(byte));
        await sleep(pauseMs, undefined, { ref: false });
      }
      real.end();
    })();
  });

/** The vendor says something else than it means. */
const swap = (order: OpenFault, res: Response): void =>
  intercept(res, (body, real) => {
    const text = body.toString('utf8');
    const swapped = text.replaceAll(order.from ?? '', order.to ?? '');
    if (swapped !== text) order.hit += 1;
    if (!res.headersSent) res.setHeader('content-length', Buffer.byteLength(swapped));
    real.end(swapped);
  });
