import type { SandboxBookEntry, SandboxDesk, SandboxModule } from '../adapters/kit/sandbox.ts';
import { CallbackSender, type CallbackMode, type CallbackRecord } from './callbacks.ts';
import { VirtualClock, durationMs } from './clock.ts';
import { FaultOrder, FaultPlan, type OpenFault } from './faults.ts';
import type { z } from 'zod';

export interface ReceivedRequest {
  at: string;
  method: string;
  /** The vendor's path with query, without '/{id}'. */
  url: string;
  headers: Record<string, string | string[] | undefined>;
  /** Raw body as UTF-8. */
  body: string;
  /** Absent while no answer went out. */
  status?: number;
}

const KEPT = 500;
const TICK_MS = 1000;

/** One provider's sandbox with its control plane: what `/{id}/__sandbox/…` does, and what tests in the same process call. */
export class SandboxControl {
  readonly vendor: SandboxModule;
  readonly desk: SandboxDesk;
  readonly faults = new FaultPlan();
  latencyMs = 0;
  received: ReceivedRequest[] = [];
  readonly #clock = new VirtualClock();
  readonly #sender = new CallbackSender(this.#clock);
  readonly #ticking: NodeJS.Timeout;
  #maintenanceUntil = 0;

  constructor(vendor: SandboxModule) {
    this.vendor = vendor;
    this.desk = { now: this.#clock.now, later: this.#clock.later, callback: this.#sender.send };
    this.#ticking = setInterval(() => vendor.tick?.(this.#clock.now()), TICK_MS).unref();
  }

  /** Everything as freshly started: state, faults, callbacks, records, clock. */
  reset(): void {
    this.#clock.reset();
    this.#sender.reset();
    this.faults.clear();
    this.received = [];
    this.latencyMs = 0;
    this.#maintenanceUntil = 0;
    this.vendor.reset();
  }

  record(request: ReceivedRequest): void {
    this.received = [...this.received, request].slice(-KEPT);
  }

  async pay(id: string, how: { amount?: string; currency?: string; confirmations?: number } = {}): Promise<unknown> {
    if (!this.vendor.pay) throw new Error(`${this.vendor.id} has nothing to pay`);
    return this.vendor.pay(id, how);
  }

  async advance(id: string, to: string): Promise<unknown> {
    if (!this.vendor.advance) throw new Error(`${this.vendor.id} has no states to force`);
    return this.vendor.advance(id, to);
  }

  setCallbacks(mode: CallbackMode, copies?: number): void {
    this.#sender.setMode(mode, copies);
  }

  callbackMode(): CallbackMode {
    return this.#sender.mode;
  }

  callbacks(): CallbackRecord[] {
    return this.#sender.records;
  }

  /** Resolves when no callback is on its way. */
  callbacksSettled(): Promise<void> {
    return this.#sender.settled();
  }

  fault(order: z.input<typeof FaultOrder>): OpenFault {
    return this.faults.add(FaultOrder.parse(order));
  }

  /** '15m', '1d': whatever falls due on the way happens, in order, retries of callbacks included. */
  async advanceClock(by: string): Promise<number> {
    const ms = durationMs(by);
    if (ms === null) throw new Error(`'${by.slice(0, 20)}' is no duration such as 500ms, 30s, 15m, 2h, 1d`);
    await this.#clock.advance(ms, this.#sender.settled);
    this.vendor.tick?.(this.#clock.now());
    return this.#clock.now();
  }

  /** Whatever is to happen later waits, until a reset, for `advanceClock`. */
  onlyByHand(): void {
    this.#clock.byHand();
  }

  /** For `ms` of virtual time every vendor request is answered 503. */
  maintenance(ms: number): void {
    this.#maintenanceUntil = this.#clock.now() + ms;
  }

  inMaintenance(): boolean {
    return this.#clock.now() < this.#maintenanceUntil;
  }

  books(): SandboxBookEntry[] {
    return this.vendor.books();
  }

  now(): number {
    return this.#clock.now();
  }

  close(): void {
    clearInterval(this.#ticking);
    this.#clock.reset();
    this.#sender.reset();
  }
}
