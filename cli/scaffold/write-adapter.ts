import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import prettier from 'prettier';
import type { Category } from '../../adapters/kit/manifest.ts';
import { camelCase, captionOf } from './adapter-name.ts';

/** Those of `any/` fit every category; a category's own file of the same name goes before. Callbacks are read where the manifest has them. */
const filesFor = (templates: string, category: Category): Map<string, string> => {
  const of = (folder: string) =>
    readdirSync(join(templates, folder)).map((file) => [file, join(templates, folder, file)] as const);
  const files = new Map([...of('any'), ...of(category)]);
  if (!readFileSync(files.get('manifest.ts')!, 'utf8').includes('webhook: {')) files.delete('webhook.ts');
  return files;
};

/** The template speaks of 'Acme'; its parts that serve every category stand in a folder beside it. In one pass: the new name may contain the old one. */
const renamed = (text: string, name: string): string => {
  const caption = captionOf(name);
  const words: Record<string, string> = { acme: name, Acme: caption };
  const parts: Record<string, string> = { acme: camelCase(name), Acme: caption.replaceAll(' ', '') };
  return text
    .replaceAll("'../any/", "'./")
    .replace(/(acme|Acme)([A-Z])?/g, (_, word: string, next?: string) => (next ? parts[word]! + next : words[word]!));
};

/** Writes a new adapter into `folder`, which must not exist and lie two levels below adapters/. Answers the names of its files. */
export const writeAdapter = async (
  adapters: string,
  category: Category,
  name: string,
  folder = join(adapters, category, name),
): Promise<string[]> => {
  if (existsSync(folder)) throw new Error(`${folder} is there already`);
  mkdirSync(folder, { recursive: true });
  const style = await prettier.resolveConfig(join(adapters, 'registry.ts'));
  const files = [...filesFor(join(adapters, 'template'), category)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [file, template] of files) {
    const parser = file.endsWith('.md') ? 'markdown' : 'typescript';
    const text = renamed(readFileSync(template, 'utf8'), name);
    writeFileSync(join(folder, file), await prettier.format(text, { ...style, parser }));
  }
  return files.map(([file]) => file);
};
