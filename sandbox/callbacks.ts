import type { SandboxCallback, SandboxMessage } from '../adapters/kit/sandbox.ts';
import type { VirtualClock } from './clock.ts';

export const CALLBACK_MODES = ['normal', 'hold', 'duplicate', 'reorder', 'bad_signature', 'stale', 'drop'] as const;
export type CallbackMode = (typeof CALLBACK_MODES)[number];

export interface CallbackAttempt {
  at: string;
  mode: CallbackMode;
  /** What was sent: differs from the record's body for forged and stale ones. */
  body: string;
  status?: number;
  answer?: string;
  error?: string;
}

export interface CallbackRecord {
  id: number;
  url: string;
  body: string;
  state: 'held' | 'sending' | 'retrying' | 'delivered' | 'given_up' | 'dropped';
  attempts: CallbackAttempt[];
}

interface Parcel {
  record: CallbackRecord;
  call: SandboxCallback;
  /** Sendings so far; the vendor's delays are counted by it. */
  rounds: number;
}

const KEPT = 500;

/** Sends a provider's callbacks: the vendor's retries on the virtual clock, every attempt on record, trouble on demand. */
export class CallbackSender {
  mode: CallbackMode = 'normal';
  copies = 2;
  records: CallbackRecord[] = [];
  #held: Parcel[] = [];
  #inFlight = new Set<Promise<void>>();
  #next = 1;
  #life = new AbortController();
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  send = (call: SandboxCallback): void => {
    const record: CallbackRecord = {
      id: this.#next++,
      url: call.url,
      body: call.message.body,
      state: 'sending',
      attempts: [],
    };
    this.records = [...this.records, record].slice(-KEPT);
    const parcel = { record, call, rounds: 0 };
    if (this.mode === 'drop') record.state = 'dropped';
    else if (this.mode === 'hold' || this.mode === 'reorder') this.#hold(parcel);
    else this.#track(this.#deliver(parcel));
  };

  /** Leaving `hold` or `reorder` lets go what was kept: held ones in their order, reordered ones backwards. */
  setMode(mode: CallbackMode, copies = 2): void {
    const backwards = this.mode === 'reorder';
    this.mode = mode;
    this.copies = copies;
    if (mode !== 'hold' && mode !== 'reorder') this.#release(backwards);
  }

  /** Resolves when no callback is on its way. */
  settled = async (): Promise<void> => {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  };

  /** Forgets everything; what is in flight is cut. */
  reset(): void {
    this.#life.abort();
    this.#life = new AbortController();
    this.mode = 'normal';
    this.copies = 2;
    this.records = [];
    this.#held = [];
  }

  #hold(parcel: Parcel): void {
    parcel.record.state = 'held';
    this.#held.push(parcel);
    if (this.mode === 'reorder' && this.#held.length >= 2) this.#release(true);
  }

  /** One after the other, because the order of arrival is the point. */
  #release(backwards: boolean): void {
    const parcels = backwards ? this.#held.toReversed() : this.#held;
    this.#held = [];
    const oneByOne = async () => {
      for (const parcel of parcels) await this.#deliver(parcel);
    };
    if (parcels.length > 0) this.#track(oneByOne());
  }

  #track(work: Promise<void>): void {
    const entry = work.finally(() => this.#inFlight.delete(entry));
    this.#inFlight.add(entry);
  }

  async #deliver(parcel: Parcel): Promise<void> {
    const { record, call } = parcel;
    const life = this.#life.signal;
    const message = this.mode === 'bad_signature' ? call.forge() : this.mode === 'stale' ? call.stale() : call.message;
    const copies = this.mode === 'duplicate' ? this.copies : 1;
    record.state = 'sending';
    const answers = await Promise.all(Array.from({ length: copies }, () => this.#attempt(record, call, message, life)));
    if (life.aborted) return;
    if (answers.some((answered) => answered)) {
      record.state = 'delivered';
      return;
    }
    const delay = call.retryDelaysMs[parcel.rounds];
    parcel.rounds += 1;
    record.state = delay === undefined ? 'given_up' : 'retrying';
    if (delay !== undefined) this.#clock.later(delay, () => this.#again(parcel));
  }

  /** A retry meets the mode of its own time. */
  #again(parcel: Parcel): void {
    if (this.mode === 'drop') parcel.record.state = 'dropped';
    else if (this.mode === 'hold' || this.mode === 'reorder') this.#hold(parcel);
    else this.#track(this.#deliver(parcel));
  }

  async #attempt(
    record: CallbackRecord,
    call: SandboxCallback,
    { headers, body }: SandboxMessage,
    life: AbortSignal,
  ): Promise<boolean> {
    const attempt: CallbackAttempt = { at: new Date(this.#clock.now()).toISOString(), mode: this.mode, body };
    record.attempts.push(attempt);
    try {
      const signal = AbortSignal.any([life, AbortSignal.timeout(call.answerWithinMs)]);
      const answer = await fetch(call.url, { method: 'POST', headers, body, redirect: 'manual', signal });
      attempt.status = answer.status;
      const text = await answer.text();
      attempt.answer = text.slice(0, 2000);
      const { status } = answer;
      return call.isTaken?.({ status, headers: Object.fromEntries(answer.headers), body: text }) ?? answer.ok;
    } catch (error) {
      attempt.error =
        error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : 'failed';
      return false;
    }
  }
}
