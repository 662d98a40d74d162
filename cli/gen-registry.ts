import { readFileSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import prettier from 'prettier';
import { adapterFolders, camelCase } from './scaffold/adapter-name.ts';

/** Writes adapters/registry.ts from the folders that hold a manifest; with --check only says whether it is up to date. */
const adapters = resolve(import.meta.dirname, '../adapters');
const target = resolve(adapters, 'registry.ts');

const folders = adapterFolders(adapters).toSorted((a, b) => (basename(a) < basename(b) ? -1 : 1));

const names = folders.map((folder) => camelCase(basename(folder)));
const twice = names.find((name, n) => names.indexOf(name) !== n);
if (twice) throw new Error(`two adapters are called '${twice}': ids are unique over all categories`);

const page = [
  '/** Generated from the folders of adapters/ by `npm run gen:registry`; do not edit. */',
  "import type { Provider } from './kit/manifest.ts';",
  ...folders.map((folder, n) => `import ${names[n]} from './${folder}/manifest.ts';`),
  '',
  `export const builtIn: readonly Provider[] = [${names.join(', ')}];`,
  '',
].join('\n');

const text = await prettier.format(page, { ...(await prettier.resolveConfig(target)), parser: 'typescript' });
if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
  process.stderr.write('adapters/registry.ts differs from the folders of adapters/: run `npm run gen:registry`.\n');
  process.exitCode = 1;
}
