import { describe, expect, it } from '@jest/globals';
import { casesOf, judgeAll } from '../suite.ts';
import { mutants } from './b2binpay.ts';

/** The suite is worth as much as what it notices: every broken copy turns exactly the cases red that are about what it breaks. */
describe('a broken copy of a sound adapter', () => {
  it.each(mutants.map((mutant) => [mutant.does, mutant] as const))('that %s is noticed', async (_does, mutant) => {
    const { provider, touched, noticed } = mutant;
    const cases = casesOf(provider.category).filter(({ name }) => touched.test(name));
    const findings = await Promise.all(judgeAll(provider, cases));
    const red = findings.filter(({ mark }) => mark === '✗').map(({ name }) => name);
    expect(noticed.filter((pattern) => !red.some((name) => pattern.test(name)))).toEqual([]);
    expect(red.filter((name) => !noticed.some((pattern) => pattern.test(name)))).toEqual([]);
  });
});
