import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Category, Provider } from '../../adapters/kit/manifest.ts';
import { must, type Case } from './case.ts';

const ADAPTERS = resolve(import.meta.dirname, '../../adapters');

/** The instructions a fresh adapter still carries, file by file in the order in which they are written down. */
export const leftToFillIn = (folder: string): string[] =>
  globSync('*.ts', { cwd: folder })
    .toSorted()
    .flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      return [...text.matchAll(/\bfillIn(?:Table)?\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g)].map(([, , what]) => ({
        line: text.slice(0, text.indexOf(what!)).split('\n').length,
        what: what!.replaceAll('\\', ''),
        file: basename(file),
      }));
    })
    .map(({ file, line, what }) => `${file}:${line}  ${what.replace(`${file}, `, '')}`);

/** Packages outside this repository are not read. */
export const nothingLeftToFillIn = <C extends Category>(): Case<C> => ({
  name: 'scaffold: nothing is left to fill in',
  async run(bench) {
    const folder = folderOf(bench.provider as unknown as Provider);
    const left = existsSync(folder) ? leftToFillIn(folder) : [];
    must(left.length === 0, `${left.length} to fill in:\n        ${left.join('\n        ')}`);
  },
});

/** A fresh adapter may stand elsewhere while it is tried out. */
const elsewhere = new Map<string, string>();
export const standsIn = (id: string, folder: string): void => void elsewhere.set(id, folder);
const folderOf = ({ category, id }: Provider): string => elsewhere.get(id) ?? join(ADAPTERS, category, id);
