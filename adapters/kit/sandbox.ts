import type { Router } from 'express';

/** A provider's sandbox: speaks its real wire protocol under `/{id}` of the sandbox server, behind one control plane. */
export interface SandboxModule {
  id: string;
  /** The connection settings under which it can be reached; `origin` is e.g. 'http://127.0.0.1:8090'. */
  defaultConfig(origin: string): Record<string, unknown>;
  /** Mounts the vendor's paths. Called once per server; all state lives in `desk.state` so that reset can drop it. */
  mount(desk: SandboxDesk): Router;
  /** Clears state and seeds it. */
  reset(): void;
  /** A provider that was restarted gives no number twice: numbers go on from `since`, seconds that only grow. */
  numberFrom?(since: number): void;
  /** Acts as the payer. */
  pay?(id: string, how: { amount?: string; currency?: string; confirmations?: number }): Promise<unknown> | unknown;
  /** Forces a state. */
  advance?(id: string, to: string): Promise<unknown> | unknown;
  /** The provider's books, for invariant checks: every money movement that took effect. */
  books(): SandboxBookEntry[];
  /** Called whenever the virtual clock moves or a tick passes. */
  tick?(now: number): void;
}

export interface SandboxBookEntry {
  kind: 'deposit' | 'payout' | 'balance';
  /** Our reference as the provider holds it: tracking id, or the key at the start of an MT5 comment. */
  reference: string;
  /** Signed for balance operations. */
  amount: string;
  currency: string;
  state: string;
  id: string;
  /** Login, for balance operations. */
  account?: string;
}

/** What the sandbox server lends to a module. */
export interface SandboxDesk {
  /** Virtual clock, milliseconds. Real time plus whatever was advanced. */
  now(): number;
  /** Runs `task` when the virtual clock reaches now + `ms`. */
  later(ms: number, task: () => void): void;
  /** Sends a callback under the vendor's retry policy (delays in ms between attempts) and the control plane's callback mode. */
  callback(call: SandboxCallback): void;
}

export interface SandboxCallback {
  url: string;
  headers: Record<string, string>;
  /** Signed and serialised now; `forge` gives the same message with a wrong signature, `stale` with an old time. */
  body: string;
  forge(): string;
  stale(): string;
  retryDelaysMs: readonly number[];
}
