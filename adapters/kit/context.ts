import type { Agent } from 'node:http';
import type { Socket } from 'node:net';

/** What the engine lends to an adapter for one call. Adapters keep no state of their own, retry nothing and log nothing. */
export interface AdapterContext<Config = unknown> {
  connectionId: number;
  /** Decrypted configuration, already checked against the manifest's schema. */
  config: Config;
  http: HttpClient;
  /** For providers that speak no HTTP (SMTP). */
  connect: Connector;
  /** Milliseconds since the epoch. Sandboxes have a clock of their own; providers' clocks are never trusted. */
  now(): number;
  /** Where this connection's provider may call us: '{public url}/webhooks/{connectionId}'. */
  callbackUrl: string;
  /**
   * Their words made fit for a message: without this connection's secrets, without anything long enough to be a key, a token or an address, at most
   * 160 characters.
   */
  scrub(text: string): string;
  /** Survives between calls of one connection in one process: tokens, sockets. Losing it must only cost a new sign-in, or one more attempt that does nothing. */
  session: Map<string, unknown>;
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  /** Sent as it is: adapters serialise themselves, because signatures cover bytes. */
  body?: string | Buffer;
  /**
   * `read`: repeating it is harmless, so a lost answer is `Unavailable`.
   * `write`: a lost answer is `OutcomeUnknown`, unless the request surely never left.
   */
  effect: 'read' | 'write';
  /** Longest wait for the whole answer; default is the manifest's timeout, and never beyond the activity's own deadline. */
  timeoutMs?: number;
  /** A socket of its own to reuse, for providers whose session is the connection (MT5). */
  agent?: Agent;
}

export interface HttpAnswer {
  status: number;
  headers: Record<string, string>;
  /** The body as text, at most 1 MiB. Use `exactJson` to read numbers without losing digits. */
  body: string;
}

/**
 * Sends one request and returns whatever HTTP answer came, of any status.
 * Throws HubFailure: `Unavailable` (refused, DNS, TLS, connect timeout: surely not sent; or a read without answer),
 * `OutcomeUnknown` (a write whose answer was lost). Follows no redirect, reads at most 1 MiB.
 */
export type HttpClient = (request: HttpRequest) => Promise<HttpAnswer>;

/**
 * Opens a TCP connection, without TLS yet. It is cut when the call is cancelled or its time is over.
 * Throws HubFailure: `Unavailable` (nothing was said to anybody), `Config` for an address that may not be reached.
 */
export type Connector = (to: { host: string; port: number }) => Promise<Socket>;
