import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a provider's folder may cost, its sandbox included. More is allowed to who says why, under `## Size` of the README. */
export const PRICE = { files: 8, lines: 600 } as const;

export interface FolderSize {
  /** Everything in the folder, the README too. */
  files: number;
  /** Of code. */
  lines: number;
  sandboxLines: number;
  /** What the README says of it, in one paragraph; '' when nothing. */
  why: string;
}

/** The size of a provider's folder. */
export const folderSize = (folder: string): FolderSize => {
  const files = globSync('**/*.*', { cwd: folder });
  const code = files.filter((file) => file.endsWith('.ts'));
  const linesOf = (some: string[]) =>
    some.reduce((sum, file) => sum + readFileSync(join(folder, file), 'utf8').trimEnd().split('\n').length, 0);
  const readme = files.includes('README.md') ? readFileSync(join(folder, 'README.md'), 'utf8') : '';
  return {
    files: files.length,
    lines: linesOf(code),
    sandboxLines: linesOf(code.filter((file) => file.startsWith('sandbox'))),
    why: (/^## Size\n+((?:(?!#).+\n?)+)/m.exec(readme)?.[1] ?? '').trim().replace(/\s+/g, ' '),
  };
};

export const isOverPrice = ({ files, lines }: FolderSize): boolean => files > PRICE.files || lines > PRICE.lines;

/** Complaints about folders that cost more than the price and do not say why. `folders` by provider. */
export const unexplained = (folders: ReadonlyMap<string, FolderSize>): string[] =>
  [...folders]
    .filter(([, size]) => isOverPrice(size) && size.why === '')
    .map(
      ([id, { files, lines }]) =>
        `${id} has ${files} files and ${lines} lines; the price is ${PRICE.files} and ${PRICE.lines}. Make it smaller, or say why not under '## Size' of its README.md.`,
    );
