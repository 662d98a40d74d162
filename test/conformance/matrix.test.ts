import { describe, expect, it } from '@jest/globals';
import { builtIn } from '../../adapters/registry.ts';
import { committed } from './matrix.ts';
import { casesOf } from './suite.ts';

describe('docs/conformance.md (written by `npm run conformance`)', () => {
  it.each(builtIn.map((provider) => [provider.id, provider] as const))(
    'names %s and all its cases',
    (id, { category }) => {
      const marks = committed().get(id);
      if (!marks) throw new Error(`${id} does not stand there: run \`npm run conformance\` for all providers`);
      const names = [...marks.keys()];
      expect(names).toEqual(casesOf(category).map(({ name }) => name));
    },
  );

  it('shows nothing broken', () => {
    const broken = [...committed()].flatMap(([id, marks]) =>
      [...marks].filter(([, mark]) => mark === '✗').map(([name]) => `${id}: ${name}`),
    );
    expect(broken).toEqual([]);
  });
});
