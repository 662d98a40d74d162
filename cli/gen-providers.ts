import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import prettier from 'prettier';
import { builtIn } from '../adapters/registry.ts';
import { providersPage } from './scaffold/providers-page.ts';

/** Writes docs/providers.md from the manifests; with --check only says whether it is up to date. */
const target = resolve(import.meta.dirname, '../docs/providers.md');

const text = await prettier.format(providersPage(builtIn), {
  ...(await prettier.resolveConfig(target)),
  parser: 'markdown',
});
if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (current() !== text) {
  process.stderr.write('docs/providers.md differs from the manifests of adapters/: run `npm run gen:providers`.\n');
  process.exitCode = 1;
}

function current(): string | undefined {
  try {
    return readFileSync(target, 'utf8');
  } catch {
    return undefined;
  }
}
