import { globSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { CAPABILITIES } from '../../adapters/kit/capabilities.ts';
import type { Category } from '../../adapters/kit/manifest.ts';

export const CATEGORIES = Object.keys(CAPABILITIES) as Category[];

/** Words of the language, which cannot name what the registry imports, and paths of the sandbox server's own. */
const RESERVED = new Set(
  (
    'await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in ' +
    'instanceof interface let new null package private protected provider public return static super switch this throw true try typeof undefined var ' +
    'void while with yield eval arguments kit template any acme builtin mailbox phone'
  ).split(' '),
);

/** 'match-trader' → 'matchTrader'. */
export const camelCase = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** 'match-trader' → 'Match Trader'. */
export const captionOf = (name: string): string =>
  name.replace(/(^|-)(.)/g, (_, dash: string, letter: string) => (dash && ' ') + letter.toUpperCase());

/** Folders of adapters that exist: 'payments/stripe'. */
export const adapterFolders = (adapters: string): string[] =>
  globSync(`{${CATEGORIES.join(',')}}/*/manifest.ts`, { cwd: adapters }).map((manifest) => dirname(manifest));

export const isCategory = (word: string): word is Category => (CATEGORIES as string[]).includes(word);

/** Why no adapter can be called so; null when one can. */
export const nameTrouble = (name: string, folders: readonly string[]): string | null => {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length < 2 || name.length > 32)
    return `'${name.slice(0, 40)}' is no name: small letters, digits and single dashes, 2 to 32 of them, a letter first (match-trader)`;
  if (RESERVED.has(name)) return `'${name}' is a word that means something else here: take another name`;
  const taken = folders.find((folder) => camelCase(basename(folder)) === camelCase(name));
  return taken ? `'${name}' is taken by adapters/${taken}: ids are unique over all categories` : null;
};
