import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { additions } from '../../api/additions.ts';
import { PREFIX } from '../../api/kit/procedure.ts';
import { type TestApi, startTestApi, unreachableTemporal } from '../kit/api-client.ts';

/** Which methods of B2Core's API there are (test/fixtures/methods.tsv), and which of them we serve. */
let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ temporal: unreachableTemporal(), additions });
});
afterAll(() => api?.stop());

const fixture = (name: string) => resolve(import.meta.dirname, '../fixtures', name);
/** Only grows. `SERVED=write npm test -- test/api/methods-served` adds what is new. */
const LISTED = fixture('methods-served.txt');

interface Listed {
  area: string;
  /** 'PUT /users/{}': parameters may be called as one likes. */
  method: string;
}

const anyName = (path: string): string => path.replace(/\{\w+\}/g, '{}').replace(/\/$/, '');

const spec = (): Listed[] => {
  const [, ...lines] = readFileSync(fixture('methods.tsv'), 'utf8').trim().split('\n');
  return lines.flatMap((line) => {
    const [side, generation, section, , verbs, path] = line.split('\t') as [string, ...string[]];
    return verbs!
      .split('|')
      .map((verb) => ({ area: `${side} ${generation}: ${section}`, method: `${verb} ${anyName(path!)}` }));
  });
};

const served = (): Set<string> =>
  new Set(api.procedures.map(({ method, path }) => `${method} ${anyName(path.replace(PREFIX, ''))}`));

describe('the methods of the specification', () => {
  it('that were served once are served still', () => {
    const now = served();
    const all = spec();
    const ours = [...new Set(all.filter(({ method }) => now.has(method)).map(({ method }) => method))].sort();
    if (process.env['SERVED'] === 'write') writeFileSync(LISTED, `${ours.join('\n')}\n`);
    tell(all, now);
    const listed = readFileSync(LISTED, 'utf8').trim().split('\n');
    expect(listed.length).toBeGreaterThan(150);
    expect(listed.filter((method) => !ours.includes(method))).toEqual([]);
  });

  it('are changed with PUT as with PATCH where the specification has both', () => {
    const now = served();
    const half = spec().filter(({ method }) => {
      const other = method.startsWith('PUT ') ? method.replace('PUT', 'PATCH') : method.replace('PATCH', 'PUT');
      return other !== method && now.has(method) !== now.has(other) && spec().some((one) => one.method === other);
    });
    expect(half).toEqual([]);
  });
});

/** For whoever reads the run: how much of each section is there, and what is not. */
const tell = (all: readonly Listed[], now: ReadonlySet<string>): void => {
  const lines = [...Map.groupBy(all, ({ area }) => area)].map(([area, methods]) => {
    const missing = methods.filter(({ method }) => !now.has(method));
    const rest = missing.length === 0 ? '' : `  not yet: ${missing.map(({ method }) => method).join(', ')}`;
    return `${String(methods.length - missing.length).padStart(3)} of ${String(methods.length).padStart(2)}  ${area}${rest}`;
  });
  const there = all.filter(({ method }) => now.has(method)).length;
  process.stdout.write(`${lines.join('\n')}\n${there} of ${all.length} methods are served.\n`);
};
