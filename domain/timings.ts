/** How long the money workflows wait. Milliseconds; one place, so that tests can shorten a story without changing it. */
export interface Timings {
  /** How long the opening call waits for something worth answering. */
  firstAnswer: number;
  /** After a lost answer: when to ask whether it arrived. After the last one an operator is asked. */
  probes: readonly number[];
  /** An attempt may still be on the wire this long after it began: until then, not finding it proves nothing. */
  settleAfter: number;
  /** Two looks this far apart must both miss before a write is repeated at a provider that keeps no key of ours. */
  secondLook: number;
  /** While the provider works: when to ask how far it is, besides its own news. The last one repeats. */
  polls: readonly number[];
  /** While the provider cannot be reached: when to try again. The last one repeats. */
  retries: readonly number[];
  /** How long to try to reach the provider before giving up what was surely not sent. */
  sendFor: number;
  /** How long a client may take to pay. */
  payWithin: number;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

export const TIMINGS: Timings = {
  firstAnswer: 10 * second,
  probes: [2 * second, 10 * second, 30 * second, minute, 5 * minute, 15 * minute, hour, 6 * hour, day],
  settleAfter: minute,
  secondLook: 5 * second,
  polls: [minute, 5 * minute, 15 * minute, hour],
  retries: [second, 5 * second, 15 * second, minute, 5 * minute, 15 * minute],
  sendFor: day,
  payWithin: 7 * day,
};

/** The n-th of a list of delays; past its end the last one. */
export const delay = (list: readonly number[], n: number): number => list[Math.min(n, list.length - 1)] ?? 0;
