import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HubFailure } from '../domain/failures.ts';

/** Longer than any line: 40 digits, a colon, a count. */
const CHUNK = 256;
/** Digits by which a list may name a hash; with fewer it would refuse innocent passwords. */
const LEAST_DIGITS = 10;

let list: { path: string; isFolder: boolean } | null = null;

/** Once in each process that takes new passwords. Throws when there is nothing at `path`; undefined: no list. */
export const useBreachedPasswords = async (path: string | undefined): Promise<void> => {
  list = path === undefined ? null : { path, isFolder: (await stat(path)).isDirectory() };
};

/** Whether this password is in the list of those that were stolen somewhere. Looked up in files of ours: nobody is asked. */
export const isBreached = async (password: string): Promise<boolean> => {
  if (list === null) return false;
  const digits = createHash('sha1').update(password).digest('hex').toUpperCase();
  return list.isFolder ? isInFolder(list.path, digits) : isInFile(list.path, digits);
};

/** `{folder}/21BD1.txt`, or without `.txt`: the other 35 digits and how often, one a line (haveibeenpwned.com's range API and its downloader). */
const isInFolder = async (folder: string, digits: string): Promise<boolean> => {
  const [first, rest] = [digits.slice(0, 5), digits.slice(5)];
  const lines = (await textOf(join(folder, `${first}.txt`))) ?? (await textOf(join(folder, first))) ?? '';
  return lines
    .toUpperCase()
    .split('\n')
    .some((line) => line.split(':', 1)[0]!.trim() === rest);
};

const textOf = async (path: string): Promise<string | null> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

/** One line a hash, in order: all 40 digits or the first ones, and perhaps how often. The file has gigabytes, so it is halved until the line is found. */
const isInFile = async (path: string, digits: string): Promise<boolean> => {
  const file = await open(path);
  try {
    let low = 0;
    let high = (await file.stat()).size;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const line = await lineFrom(file, middle);
      if (line === null || line.begins >= high) high = middle;
      else if (digits.startsWith(line.digits)) return true;
      else if (line.digits < digits) low = line.ends;
      else high = middle;
    }
    return false;
  } finally {
    await file.close();
  }
};

/** The first line that begins at `offset` or later. */
const lineFrom = async (
  file: FileHandle,
  offset: number,
): Promise<{ begins: number; ends: number; digits: string } | null> => {
  const from = Math.max(0, offset - 1);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(CHUNK), position: from });
  const text = buffer.toString('latin1', 0, bytesRead);
  const begins = offset === 0 ? 0 : text.indexOf('\n') + 1;
  if (begins >= text.length || (offset > 0 && begins === 0)) return null;
  const [line = ''] = text.slice(begins).split('\n', 1);
  const [digits = ''] = line.trim().toUpperCase().split(':', 1);
  if (!/^[0-9A-F]{1,40}$/.test(digits) || digits.length < LEAST_DIGITS)
    throw new HubFailure('Config', 'unavailable', 'BREACHED_PASSWORDS is no list of SHA-1 hashes, one a line');
  return { begins: from + begins, ends: from + begins + line.length + 1, digits };
};
