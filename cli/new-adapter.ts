/** `npm run new:adapter -- <category> <name>`: writes the folder of a new provider and registers it. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { adapterFolders, CATEGORIES, isCategory, nameTrouble } from './scaffold/adapter-name.ts';
import { writeAdapter } from './scaffold/write-adapter.ts';

const adapters = resolve(import.meta.dirname, '../adapters');

const refuse = (why: string): never => {
  process.stderr.write(`${why}\n\nUsage: npm run new:adapter -- <${CATEGORIES.join('|')}> <name>\n`);
  process.exit(1);
};

const [category = '', name = '', ...rest] = process.argv.slice(2);
if (!isCategory(category)) refuse(category ? `'${category}' is no category` : 'Which category, and which name?');
else if (rest.length > 0) refuse(`'${rest.join(' ')}' is too much: one category and one name`);
else {
  const trouble = nameTrouble(name, adapterFolders(adapters));
  if (trouble) refuse(trouble);
  const files = await writeAdapter(adapters, category, name);
  for (const generator of ['gen-registry.ts', 'gen-providers.ts'])
    execFileSync(process.execPath, [resolve(import.meta.dirname, generator)], { stdio: 'inherit' });
  process.stdout.write(
    [
      `adapters/${category}/${name}/ has ${files.join(', ')}; adapters/registry.ts and docs/providers.md name it.`,
      '',
      "What to do next, with the vendor's documents at hand (docs/adding-a-provider.md goes through it):",
      `  npm run conformance -- ${name}    red; lists what to fill in, and where`,
      `  npm run sandbox                   its sandbox, to look at: http://127.0.0.1:8090/${name}/__sandbox`,
      '',
    ].join('\n'),
  );
}
