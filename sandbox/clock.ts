interface Task {
  due: number;
  run: () => void;
}

/** Longest delay a Node timer can hold. */
const LONGEST = 2 ** 31 - 1;

/** Real time plus whatever was advanced. Tasks fire when this time passes, in order of their due times. */
export class VirtualClock {
  #offset = 0;
  #tasks: Task[] = [];
  #timer: NodeJS.Timeout | undefined;
  #byHand = false;

  now = (): number => Date.now() + this.#offset;

  later = (ms: number, run: () => void): void => {
    this.#tasks.push({ due: this.now() + ms, run });
    this.#tasks.sort((a, b) => a.due - b.due);
    this.#arm();
  };

  /**
   * Moves the clock `ms` ahead, stopping at every task on the way, so that a task which plans another one inside the span
   * sees it run. `settled` is awaited after each stop: callbacks in flight plan their retries from the answer.
   */
  async advance(ms: number, settled: () => Promise<void>): Promise<void> {
    const target = this.now() + ms;
    await settled();
    for (let next = this.#tasks[0]; next && next.due <= target; next = this.#tasks[0]) {
      this.#offset = Math.max(this.#offset, next.due - Date.now());
      this.#runDue();
      await settled();
    }
    this.#offset = Math.max(this.#offset, target - Date.now());
    this.#runDue();
  }

  /** From now on no task fires before the clock is advanced: what is told of the time before it does not hang on how fast a machine is. */
  byHand(): void {
    this.#byHand = true;
    clearTimeout(this.#timer);
  }

  reset(): void {
    this.#tasks = [];
    this.#offset = 0;
    this.#byHand = false;
    clearTimeout(this.#timer);
  }

  #runDue(): void {
    for (let next = this.#tasks[0]; next && next.due <= this.now(); next = this.#tasks[0]) {
      this.#tasks.shift();
      next.run();
    }
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const next = this.#tasks[0];
    if (!next || this.#byHand) return;
    const wait = Math.min(Math.max(next.due - this.now(), 0), LONGEST);
    this.#timer = setTimeout(() => this.#runDue(), wait).unref();
  }
}

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** '500ms', '30s', '15m', '2h', '1d' in milliseconds; null when it is none of these. */
export const durationMs = (text: string): number | null => {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(text);
  return match ? Number(match[1]) * UNITS[match[2]!]! : null;
};
