import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import prettier from 'prettier';
import { builtIn } from '../adapters/registry.ts';
import { folderSize, unexplained } from './scaffold/folder-size.ts';
import { providersPage } from './scaffold/providers-page.ts';

/** Writes docs/providers.md from the folders of adapters/; with --check only says whether it is up to date, and whether every folder keeps the price. */
const target = resolve(import.meta.dirname, '../docs/providers.md');

const sizes = new Map(
  builtIn
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ category, id }) => [id, folderSize(resolve(import.meta.dirname, '../adapters', category, id))]),
);

const text = await prettier.format(providersPage(builtIn, sizes), {
  ...(await prettier.resolveConfig(target)),
  parser: 'markdown',
});
if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (current() !== text) {
  process.stderr.write('docs/providers.md differs from the folders of adapters/: run `npm run gen:providers`.\n');
  process.exitCode = 1;
}
if (process.argv.includes('--check')) {
  for (const complaint of unexplained(sizes)) {
    process.stderr.write(`${complaint}\n`);
    process.exitCode = 1;
  }
}

function current(): string | undefined {
  try {
    return readFileSync(target, 'utf8');
  } catch {
    return undefined;
  }
}
