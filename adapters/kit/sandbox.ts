import type { Router } from 'express';
import type { ConformanceFacts } from './conformance.ts';

/** A provider's sandbox: speaks its real wire protocol under `/{id}` of the sandbox server, behind one control plane. */
export interface SandboxModule {
  id: string;
  /** A path that leads to the same without `/{id}`, e.g. '/v1': the vendor's own client may be told a host and a port, but no path. */
  root?: string;
  /** The connection settings under which it can be reached; `origin` is e.g. 'http://127.0.0.1:8090'. */
  defaultConfig(origin: string): Record<string, unknown>;
  /** External connections of the demo brokerage, when one with `defaultConfig` is not what a newcomer should see. */
  demoConnections?(origin: string): readonly { name: string; caption: string; config: Record<string, unknown> }[];
  /** Mounts the vendor's paths. Called once per server; all state lives in `desk.state` so that reset can drop it. */
  mount(desk: SandboxDesk): Router;
  /**
   * For vendors that speak no HTTP (SMTP): a server of its own. `origin` is the sandbox server's, `port` its port + 1, or 0: any free one.
   * Answers how to close it.
   */
  listen?(
    desk: SandboxDesk,
    at: { origin: string; host: string; port: number },
  ): Promise<{ port: number; close(): Promise<void> }>;
  /** Clears state and seeds it. */
  reset(): void;
  /** A provider that was restarted gives no number twice: numbers go on from `since`, seconds that only grow. */
  numberFrom?(since: number): void;
  /** Acts as the payer. */
  pay?(id: string, how: { amount?: string; currency?: string; confirmations?: number }): Promise<unknown> | unknown;
  /** Forces a state: the vendor's own words, and those of `conformance`. */
  advance?(id: string, to: string): Promise<unknown> | unknown;
  /** The provider's books, for invariant checks: every money movement that took effect. Empty where no money moves. */
  books(): SandboxBookEntry[];
  /** What a person sees on the sandbox's page, newest first, with the buttons that fit its state. */
  things?(): SandboxThing[];
  /** Called whenever the virtual clock moves or a tick passes. */
  tick?(now: number): void;
  /** What the conformance suite has to know of it. */
  conformance?: ConformanceFacts;
}

export interface SandboxBookEntry {
  kind: 'deposit' | 'payout' | 'refund' | 'balance';
  /** Our reference as the provider holds it: tracking id, or the key at the start of an MT5 comment. */
  reference: string;
  /** Signed for balance operations. */
  amount: string;
  currency: string;
  state: string;
  id: string;
  /** Of a deposit: what the provider has kept of it for itself, with what it charged for taking it back. */
  fee?: string;
  /** Login, for balance operations. */
  account?: string;
}

/** A payment, an applicant, a message: one line on the sandbox's page. */
export interface SandboxThing {
  id: string;
  /** 'deposit', 'applicant', 'e-mail' */
  kind: string;
  /** '100.00 USDT for KABC…' */
  title: string;
  /** The vendor's word. */
  state: string;
  /** Shown when the line is opened: the text of a mail, an SMS. */
  text?: string;
  html?: string;
  /** `to`: sent to `advance`; absent: `pay`. */
  buttons: readonly { caption: string; to?: string }[];
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
  /** Signed and serialised now; `forge` gives the same message with a wrong signature, `stale` with an old time, rightly signed. */
  message: SandboxMessage;
  forge(): SandboxMessage;
  stale(): SandboxMessage;
  retryDelaysMs: readonly number[];
  /** How long this vendor waits for the answer. */
  answerWithinMs: number;
  /** Whether the answer counts as taken; absent: any 2xx. */
  isTaken?(answer: { status: number; headers: Record<string, string>; body: string }): boolean;
}

export interface SandboxMessage {
  headers: Record<string, string>;
  body: string;
}
