import { median } from './load.ts';
import type { Stack } from './stack.ts';

/** One way of doing the work. A round does it for a while, asserts that it was done right, and answers the value. */
export interface Way {
  name: string;
  round: () => Promise<number>;
}

export interface Target {
  /** Name of the reference. */
  against: string;
  /** What ours divided by the reference must be. */
  atLeast?: number;
  atMost?: number;
}

/** What is measured: our way beside its references, in one unit. */
export interface Figure {
  name: string;
  unit: string;
  ours: Way;
  references: Way[];
  targets: Target[];
  /** Rounds that are not counted: an API that runs has done the work often, one that has just begun does it in code that is not compiled yet. */
  warmUps?: number;
  /** A round is done in so many parts, one way beside the other, so that what the machine does meanwhile concerns all alike. */
  parts?: number;
  /** Worth knowing to read the numbers; asked after the rounds. */
  notes?: () => Promise<string[]>;
}

/** Several figures that share their set-up. */
export interface Bench {
  name: string;
  setUp: (stack: Stack) => Promise<Figure[]>;
}

export interface Spread {
  min: number;
  median: number;
  max: number;
}

export interface Measured {
  name: string;
  unit: string;
  ways: { name: string; values: number[]; spread: Spread }[];
  /** Ours divided by each reference, round by round. */
  ratios: { against: string; spread: Spread; target: string; met: boolean | null }[];
  notes: string[];
}

const spreadOf = (values: readonly number[]): Spread => ({
  min: Math.min(...values),
  median: median(values),
  max: Math.max(...values),
});

/** Rounds that are not counted, one if nothing else is said, then `rounds` interleaved ones: A B C, A B C, … */
export const measure = async (figure: Figure, rounds: number, afterRound: () => Promise<void>): Promise<Measured> => {
  const { warmUps = 1, parts = 1 } = figure;
  const ways = [figure.ours, ...figure.references];
  const values = ways.map((): number[] => []);
  for (let n = -warmUps; n < rounds; n++) {
    const ofRound = ways.map((): number[] => []);
    for (let part = 0; part < parts; part++) {
      for (const [i, way] of ways.entries()) {
        ofRound[i]!.push(await way.round());
        await afterRound();
      }
    }
    if (n >= 0) ofRound.forEach((some, i) => values[i]!.push(median(some)));
  }
  const ratios = figure.references.map(({ name }, i) => {
    const spread = spreadOf(values[0]!.map((ours, n) => ours / values[i + 1]![n]!));
    const target = figure.targets.find(({ against }) => against === name);
    const { atLeast, atMost } = target ?? {};
    return {
      against: name,
      spread,
      target: atLeast !== undefined ? `≥ ${atLeast}` : atMost !== undefined ? `≤ ${atMost}` : '',
      met: target ? spread.median >= (atLeast ?? 0) && spread.median <= (atMost ?? Infinity) : null,
    };
  });
  return {
    name: figure.name,
    unit: figure.unit,
    ways: ways.map(({ name }, i) => ({ name, values: values[i]!, spread: spreadOf(values[i]!) })),
    ratios,
    notes: (await figure.notes?.()) ?? [],
  };
};
