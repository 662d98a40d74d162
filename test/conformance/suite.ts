import type { Category, Provider, ProviderOf } from '../../adapters/kit/manifest.ts';
import { Bench } from './bench.ts';
import { DoesNotApply, type Case } from './case.ts';
import { captchaCases } from './captcha.ts';
import { kycCases } from './kyc.ts';
import { messagingCases } from './messaging.ts';
import { paymentCases } from './payments.ts';
import { ratesCases } from './rates.ts';
import { screeningCases } from './screening.ts';
import { tradingCases } from './trading.ts';

const CASES: { [C in Category]: readonly Case<C>[] } = {
  captcha: captchaCases,
  kyc: kycCases,
  messaging: messagingCases,
  payments: paymentCases,
  rates: ratesCases,
  screening: screeningCases,
  trading: tradingCases,
};

export const casesOf = (category: Category): readonly Case[] => CASES[category] as readonly Case[];

/** What came of one case for one provider: kept, broken, or not about it. */
export interface Finding {
  name: string;
  mark: '✓' | '✗' | '–';
  /** Why it is broken, or why it does not apply. */
  why?: string;
}

const LONGEST_MS = 30_000;

/**
 * Runs one case on a bench of its own. Never throws. A case that failed with a short deadline is judged again with a longer one: on a busy machine the
 * deadline may have passed before the request was out.
 */
export const judge = async (provider: Provider, one: Case): Promise<Finding> => {
  const first = await attempt(provider, one, 1);
  return first.hurried && first.finding.mark === '✗' ? (await attempt(provider, one, 5)).finding : first.finding;
};

const attempt = async (
  provider: Provider,
  one: Case,
  patience: number,
): Promise<{ finding: Finding; hurried: boolean }> => {
  const { name } = one;
  let bench: Bench | undefined;
  let timer: NodeJS.Timeout | undefined;
  const found = (mark: Finding['mark'], why?: string) => ({
    finding: { name, mark, ...(why !== undefined && { why }) },
    hurried: bench?.hurried ?? false,
  });
  try {
    bench = (await Bench.open(provider as ProviderOf<Category>, patience)) as Bench;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`it is not over after ${LONGEST_MS / 1000} s`)), LONGEST_MS);
    });
    await Promise.race([one.run(bench), tooLong]);
    return found('✓');
  } catch (error) {
    return error instanceof DoesNotApply ? found('–', error.message) : found('✗', whyOf(error));
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
const SIDE_BY_SIDE = 10;

/** Runs `cases` side by side; each has its own sandbox. The findings come as promises, in the order of the cases. */
export const judgeAll = (provider: Provider, cases: readonly Case[] = casesOf(provider.category)): Promise<Finding>[] =>
  sideBySide(cases, SIDE_BY_SIDE, (one) => judge(provider, one));

/** At most `width` at a time; `work` does not throw. */
export const sideBySide = <T, R>(all: readonly T[], width: number, work: (one: T) => Promise<R>): Promise<R>[] => {
  const results = all.map(() => Promise.withResolvers<R>());
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < all.length; n = next++) results[n]!.resolve(await work(all[n]!));
  };
  for (let n = 0; n < width; n++) void worker();
  return results.map(({ promise }) => promise);
};
