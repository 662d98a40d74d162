import { beforeAll, describe, it } from '@jest/globals';
import type { Category } from '../../adapters/kit/manifest.ts';
import { providers } from '../../adapters/installed.ts';
import { casesOf, judgeAll, type Finding } from './suite.ts';

/**
 * The cases of a category as tests, for every installed provider of it. A case that says nothing about a provider ends its test early; the matrix
 * (`npm run conformance`, docs/conformance.md) shows it as '–' with the reason.
 */
export const describeConformance = (category: Category): void => {
  const cases = casesOf(category);
  const ours = providers.filter((provider) => provider.category === category);
  describe.each(ours.map((provider) => [provider.id, provider] as const))(`${category}: %s`, (_id, provider) => {
    let findings: Promise<Finding>[];
    beforeAll(() => {
      findings = judgeAll(provider);
    });
    it.each(cases.map(({ name }, n) => [name, n] as const))('%s', async (_name, n) => {
      const { mark, why } = await findings[n]!;
      if (mark === '✗') throw new Error(why);
    });
  });
};
