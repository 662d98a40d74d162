import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** Git-ignored; what was fetched or built once is kept here. */
export const CACHE = resolve(import.meta.dirname, '../../.cache');

export type Say = (line: string) => void;

/** One place a program may come from. Undefined: nothing there. */
export type Way = [name: string, find: () => Promise<string | undefined>];

export async function firstThatWorks(ways: Way[], otherwise: string): Promise<string> {
  const failures: string[] = [];
  for (const [name, find] of ways) {
    try {
      const path = await find();
      if (path !== undefined) return path;
      failures.push(`${name}: nothing there`);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      failures.push(`${name}: ${words.trim().split('\n').at(-1)}`);
    }
  }
  throw new Error([otherwise, ...failures.map((line) => `  tried ${line}`)].join('\n'));
}

export function onPath(program: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface NamedProgram {
  program: string;
  version: string;
}

/** The name under which a program is kept: another version is another file. */
export const keptAs = ({ program, version }: NamedProgram): string => `${program}-${version}`;

export function cached(wanted: NamedProgram): string | undefined {
  const path = join(CACHE, keptAs(wanted));
  return isExecutable(path) ? path : undefined;
}
