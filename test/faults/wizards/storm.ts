import { Random, seedOfRun } from '../random.ts';
import type { Fault } from '../scenario.ts';
import { PAYOUT_WALKS } from './payout-walks.ts';
import { type Walk, WALKS } from './walks.ts';

type Strike = Extract<Fault, { does: 'kill' | 'database' }>;

/** What hits a procedure; each run has one of these. */
export const STORMS = [
  'calm',
  'worker',
  'api',
  'temporal',
  'everything',
  'cut',
  'reset',
  'terminate',
  'half-open',
  'unanswered',
  'latency',
] as const;
export type Storm = (typeof STORMS)[number];

/** One run of the campaign, decided before it begins. */
export interface Journey {
  run: number;
  walk: Walk;
  storm: Storm;
  /** At which step, and how long after it was sent. */
  step: number;
  afterMs: number;
  strikes: readonly Strike[];
  /** How often each step is sent at the same moment. */
  copies: number;
}

const NOW = { at: 'time', afterMs: 0 } as const;

const strikesOf = (random: Random, storm: Storm): Strike[] => {
  const kill = (what: 'worker' | 'api' | 'temporal'): Strike => ({
    does: 'kill',
    what,
    when: NOW,
    downMs: random.whole(0, 600),
  });
  switch (storm) {
    case 'calm':
      return [];
    case 'everything':
      return [kill('worker'), kill('api'), kill('temporal')];
    case 'worker':
    case 'api':
    case 'temporal':
      return [kill(storm)];
    case 'unanswered':
      // A guess counts before it is judged, whether or not its answer is lost: shorter than the walker takes to send the same again, for he may not be locked out.
      return [{ does: 'database', how: storm, when: NOW, forMs: random.whole(10, 120) }];
    default:
      return [{ does: 'database', how: storm, when: NOW, forMs: random.whole(100, 1_200) }];
  }
};

/** Every step of every procedure under every storm, each as often as the runs suffice: a strike before it is taken, meanwhile, or just after. */
export const journeyOf = (seed: number, run: number, only?: Storm): Journey => {
  const random = new Random(seedOfRun(seed, run));
  const places = [...WALKS, ...PAYOUT_WALKS].flatMap((walk) => walk.steps.map((_, step) => ({ walk, step })));
  const [round, at] = [Math.floor(run / places.length), run % places.length];
  const place = places[at]!;
  const storm = only ?? STORMS[(round + at) % STORMS.length]!;
  const afterMs = random.weighted([
    [1, 0],
    [3, random.whole(1, 40)],
    [1, random.whole(40, 250)],
  ] as const);
  const copies = random.weighted([
    [3, 1],
    [1, random.whole(2, 3)],
  ] as const);
  return { run, ...place, storm, afterMs, strikes: strikesOf(random, storm), copies };
};
