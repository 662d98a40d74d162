import { beforeAll, describe, expect, it } from '@jest/globals';
import { casesOf, judgeAll, sideBySide, type Finding } from '../suite.ts';
import { brokenPayments } from './b2binpay.ts';
import { brokenTrading } from './mt5.ts';
import { brokenPaper } from './paper.ts';
import { brokenStripe } from './stripe.ts';
import { brokenKyc } from './sumsub.ts';

const mutants = [...brokenPayments, ...brokenStripe, ...brokenTrading, ...brokenPaper, ...brokenKyc];
/** Mutants at work at the same time: noticing a lost answer is mostly waiting. */
const SIDE_BY_SIDE = 4;

/** The suite is worth as much as what it notices: every broken copy turns exactly the cases red that are about what it breaks. */
describe('a broken copy of a sound adapter', () => {
  let findings: Promise<Finding[]>[];
  beforeAll(() => {
    findings = sideBySide(mutants, SIDE_BY_SIDE, ({ provider, touched }) =>
      Promise.all(
        judgeAll(
          provider,
          casesOf(provider.category).filter(({ name }) => touched.test(name)),
        ),
      ),
    );
  });

  it.each(mutants.map(({ does }, n) => [does, n] as const))('that %s is noticed', async (_does, n) => {
    const { noticed } = mutants[n]!;
    const red = (await findings[n]!).filter(({ mark }) => mark === '✗').map(({ name }) => name);
    expect(noticed.filter((pattern) => !red.some((name) => pattern.test(name)))).toEqual([]);
    expect(red.filter((name) => !noticed.some((pattern) => pattern.test(name)))).toEqual([]);
  });
});
