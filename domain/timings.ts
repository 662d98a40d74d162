/** How long the money workflows wait. Milliseconds; one place, so that tests can shorten a story without changing it. */
export interface Timings {
  /** How long the opening call waits for something worth answering. */
  firstAnswer: number;
  /** After a lost answer: when to ask whether it arrived. After the last one an operator is asked. */
  probes: readonly number[];
  /** Longer than any attempt: until it is over, the write may still be on the wire, and not finding it proves nothing. */
  settleAfter: number;
  /** Two looks this far apart must both miss before a write is repeated at a provider that keeps no key of ours. */
  secondLook: number;
  /** While the provider works: when to ask how far it is, besides its own news. The last one repeats. */
  polls: readonly number[];
  /** After waiting this long for a provider a person should look, even if nothing is wrong yet. */
  worryAfter: number;
  /** How long a verification's run stays after the client was there last; his next step begins another. */
  quietAfter: number;
  /** While the provider cannot be reached: when to try again. The last one repeats. */
  retries: readonly number[];
  /** How long to try to reach the provider before giving up what was surely not sent. */
  sendFor: number;
  /** How long a client may take to pay. */
  payWithin: number;
  /** How long a client may take to say where a payout shall go whose rate is fixed: as long as a quote stands. */
  fixedRateStands: number;
  /** How long one step on our own books may take. */
  ownStep: number;
  /** How soon a dead worker is noticed: while it takes a step of ours or speaks with a provider, while it holds a run. */
  heartbeat: number;
  stickyTask: number;
  /** Longest exchange with a provider; its manifest may say less. */
  providerAnswer: number;
  /** Longest talk over a socket of its own (SMTP); a manifest may say less. Below the longest call of an activity. */
  providerTalk: number;
  /** A provider that does not answer is left alone: how long before each trial. The last one repeats. */
  breakerPauses: readonly number[];
  /** Whoever sends an unsigned callback may wake the run it is about: how long until the next one may. The last one repeats. */
  unsignedWakes: readonly number[];
  /** Reconciliation: what a provider's books show for less time may still be on its way into ours, and the other way round. */
  booksSettle: number;
  /** After this long an open run whose money the provider has moved is a difference. */
  runSettle: number;
  /** How often an open difference is looked at again. */
  differenceLooks: readonly number[];
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

export const TIMINGS: Timings = {
  firstAnswer: 10 * second,
  probes: [2 * second, 10 * second, 30 * second, minute, 5 * minute, 15 * minute, hour, 6 * hour, day],
  settleAfter: 90 * second,
  secondLook: 5 * second,
  polls: [minute, 5 * minute, 15 * minute, hour, hour, hour, hour, 6 * hour],
  worryAfter: day,
  quietAfter: day,
  retries: [second, 5 * second, 15 * second, minute, 5 * minute, 15 * minute],
  sendFor: day,
  payWithin: 7 * day,
  fixedRateStands: 15 * minute,
  ownStep: 20 * second,
  heartbeat: 6 * second,
  stickyTask: 10 * second,
  providerAnswer: 15 * second,
  providerTalk: minute,
  breakerPauses: [5 * second, 10 * second, 30 * second, minute, 2 * minute, 5 * minute],
  unsignedWakes: [minute, 4 * minute, 16 * minute, 64 * minute],
  booksSettle: hour,
  runSettle: 7 * day,
  differenceLooks: [hour, 6 * hour, day],
};

/** Waits that let a story, and what a fault does to it, run in seconds. For tests and fault campaigns only (HUB_TIMINGS). */
export const QUICK_TIMINGS: Partial<Timings> = {
  probes: [100, 200, 300, 400],
  settleAfter: 5_000,
  secondLook: 300,
  polls: [150, 300],
  worryAfter: 20_000,
  quietAfter: 3_000,
  retries: [100, 200, 500],
  // Longer than everything may be down on a busy machine: who was kept from sending has not tried.
  sendFor: 120_000,
  ownStep: 3_000,
  heartbeat: 2_000,
  stickyTask: 1_500,
  providerAnswer: 1_500,
  providerTalk: 1_500,
  breakerPauses: [1_000, 1_500, 2_000],
  unsignedWakes: [500, 1_000, 2_000],
  booksSettle: 1_000,
  runSettle: 2_000,
  differenceLooks: [20_000],
};

/** The waits a process was told to use; undefined = the ordinary ones. */
export const timingsNamed = (name: 'normal' | 'quick'): Partial<Timings> | undefined =>
  name === 'quick' ? QUICK_TIMINGS : undefined;

/** The n-th of a list of delays; past its end the last one. */
export const delay = (list: readonly number[], n: number): number => list[Math.min(n, list.length - 1)] ?? 0;

/**
 * After a lost answer: how long to wait before the n-th look (from 0). `left`: until the attempt is surely over; one look falls on that moment, for only from
 * then on a miss says something. `missed`: a look has missed since then, and the second one must too.
 */
export const untilLook = (
  { probes, secondLook }: Pick<Timings, 'probes' | 'secondLook'>,
  { n, left, missed }: { n: number; left: number; missed: boolean },
): number => {
  if (missed) return secondLook;
  return left > 0 ? Math.min(delay(probes, n), left) : delay(probes, n);
};
