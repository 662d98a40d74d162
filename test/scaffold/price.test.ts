import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { builtIn } from '../../adapters/registry.ts';
import { folderSize, isOverPrice, PRICE, unexplained } from '../../cli/scaffold/folder-size.ts';

const ADAPTERS = resolve(import.meta.dirname, '../../adapters');
const temporary = mkdtempSync(join(tmpdir(), 'folder-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

let made = 0;
/** A folder of code files with so many lines each, and a README. */
const folder = (files: Record<string, number>, readme: string): string => {
  const path = join(temporary, String(++made));
  mkdirSync(join(path, 'sandbox'), { recursive: true });
  for (const [name, lines] of Object.entries(files)) writeFileSync(join(path, name), 'line\n'.repeat(lines));
  writeFileSync(join(path, 'README.md'), readme);
  return path;
};
const complaints = (path: string) => unexplained(new Map([['acme', folderSize(path)]]));

describe('the price of a provider', () => {
  it.each(builtIn.map(({ category, id }) => [id, join(ADAPTERS, category, id)]))(
    '%s keeps it, or says why not',
    (_id, path) => expect(complaints(path)).toEqual([]),
  );

  it('counts every file, and the lines of code with and without the sandbox', () => {
    const path = folder({ 'adapter.ts': 100, 'sandbox.ts': 50, 'sandbox/pages.ts': 25 }, '# Acme\n');
    expect(folderSize(path)).toEqual({ files: 4, lines: 175, sandboxLines: 75, why: '' });
  });

  it('is broken by one line or one file too many, unless the README has a reason', () => {
    const exact = { 'adapter.ts': PRICE.lines - 100, 'sandbox.ts': 100 };
    expect(isOverPrice(folderSize(folder(exact, '# Acme\n')))).toBe(false);
    const long = { ...exact, 'map.ts': 1 };
    expect(complaints(folder(long, '# Acme\n'))).toEqual([expect.stringMatching(/^acme has 4 files and 601 lines/)]);
    const names = Array.from({ length: PRICE.files }, (_, n) => [`file-${n}.ts`, 1]);
    expect(complaints(folder(Object.fromEntries(names), '# Acme\n'))).toHaveLength(1);
    expect(complaints(folder(long, '# Acme\n\n## Size\n\n## Sources\n\nA book.\n'))).toHaveLength(1);
    const explained = folder(long, '# Acme\n\n## Size\n\nIt has two\nwires.\n\n## Sources\n');
    expect([complaints(explained), folderSize(explained).why]).toEqual([[], 'It has two wires.']);
  });
});
