import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Category, Provider } from '../../adapters/kit/manifest.ts';
import { providers } from '../../adapters/installed.ts';
import type { Case } from './case.ts';
import { committed } from './matrix.ts';
import { casesOf, judgeAll, type Finding } from './suite.ts';

/**
 * The cases of a category as tests, for every installed provider of it. A case that says nothing about a provider is '–' in the matrix
 * (`npm run conformance` writes docs/conformance.md, with the reasons); its test passes as long as the committed matrix does not say '✓' there.
 */
export const describeConformance = (category: Category): void => {
  const cases = casesOf(category);
  it(`${category}: every case has a name of its own`, () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });
  for (const provider of providers.filter((one) => one.category === category)) describeProvider(provider, cases);
};

const describeProvider = (provider: Provider, cases: readonly Case[]): void => {
  describe(`${provider.category}: ${provider.id}`, () => {
    const known = committed().get(provider.id);
    let findings: Promise<Finding>[];
    beforeAll(() => {
      findings = judgeAll(provider);
    });
    it.each(cases.map(({ name }, n) => [name, n] as const))('%s', async (name, n) => {
      const { mark, why } = await findings[n]!;
      if (mark === '✗') throw new Error(why);
      if (mark === '–' && known?.get(name) === '✓') {
        throw new Error(
          `docs/conformance.md says ✓, and the case no longer says anything about ${provider.id} (${why}): run \`npm run conformance\` if that is meant`,
        );
      }
    });
  });
};
