/** For sandboxes: how many calls a vendor admits in a span of its time. */
export class CallLimit {
  #calls: number[] = [];
  readonly #spanMs: number;

  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  /** Counts a call and answers 0; when `most` were counted in the span before `now`, answers the milliseconds until there is room again. */
  take(now: number, most: number): number {
    this.#calls = this.#calls.filter((at) => at > now - this.#spanMs);
    if (this.#calls.length >= most) return (this.#calls[0] ?? now) + this.#spanMs - now;
    this.#calls.push(now);
    return 0;
  }

  reset(): void {
    this.#calls = [];
  }
}
