import type { Category, Provider, ProviderOf } from '../../adapters/kit/manifest.ts';
import { Bench } from './bench.ts';
import { DoesNotApply, type Case } from './case.ts';
import { paymentCases } from './payments.ts';

type Cases = { [C in Category]?: Case<C>[] };

const CASES: Cases = { payments: paymentCases };

export const casesOf = (category: Category): readonly Case[] => (CASES[category] ?? []) as readonly Case[];

/** What came of one case for one provider: kept, broken, or not about it. */
export interface Finding {
  name: string;
  mark: '✓' | '✗' | '–';
  /** Why it is broken, or why it does not apply. */
  why?: string;
}

const LONGEST_MS = 30_000;

/** Runs one case on a bench of its own. Never throws. */
export const judge = async (provider: Provider, one: Case): Promise<Finding> => {
  const { name } = one;
  let bench: Bench | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    bench = (await Bench.open(provider as ProviderOf<Category>)) as Bench;
    const work = one.run(bench);
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`it is not over after ${LONGEST_MS / 1000} s`)), LONGEST_MS);
    });
    await Promise.race([work, tooLong]);
    return { name, mark: '✓' };
  } catch (error) {
    if (error instanceof DoesNotApply) return { name, mark: '–', why: error.message };
    return { name, mark: '✗', why: whyOf(error) };
  } finally {
    clearTimeout(timer);
    await bench?.close();
  }
};

/** Failures of the adapter that no case expected carry their type. */
const whyOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return ['Error', 'MissingFacts', 'Broken'].includes(error.name) && error.constructor !== Error
    ? error.message
    : `${error.name}: ${error.message}`;
};

/** Cases at work at the same time: most of them wait for a deadline. */
const SIDE_BY_SIDE = 12;

/** Runs `cases` side by side; each has its own sandbox. The findings come as promises, in the order of the cases. */
export const judgeAll = (
  provider: Provider,
  cases: readonly Case[] = casesOf(provider.category),
): Promise<Finding>[] => {
  const findings = cases.map(() => Promise.withResolvers<Finding>());
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < cases.length; n = next++) findings[n]!.resolve(await judge(provider, cases[n]!));
  };
  for (let n = 0; n < SIDE_BY_SIDE; n++) void worker();
  return findings.map(({ promise }) => promise);
};
