import type { Category } from '../../adapters/kit/manifest.ts';
import type { Bench } from './bench.ts';

/** One promise every provider of a category has to keep. Its name is a sentence; `run` throws when the promise is broken. */
export interface Case<C extends Category = Category> {
  name: string;
  run(bench: Bench<C>): Promise<void>;
}

/** The case says nothing about this provider: shown as '–' with the reason, never as passed. */
export class DoesNotApply extends Error {}

/** The provider claims something and does not say what is needed to test it. The message is an instruction. */
export class MissingFacts extends Error {}

/** The promise is broken. */
export class Broken extends Error {}

export const doesNotApply = (why: string): never => {
  throw new DoesNotApply(why);
};

export function must(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Broken(message);
}
