import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assertKey, type FileStorage } from './file-storage.ts';

/** Files below one folder of this machine, readable by the hub's own account only. A file is there whole or not at all. */
export const localFolder = (folder: string): FileStorage => {
  const pathOf = (key: string): string => {
    assertKey(key);
    return join(folder, key);
  };
  return {
    async put(key, bytes) {
      const path = pathOf(key);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(halfOf(path), 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(halfOf(path), path);
    },
    get: (key) => readFile(pathOf(key)).catch(nothingThere),
    async remove(key) {
      const path = pathOf(key);
      for (const one of [path, halfOf(path)]) await rm(one, { force: true });
    },
  };
};

/** What is there while a file is put; whoever dies then leaves it. */
const halfOf = (path: string): string => `${path}.part`;

const nothingThere = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT') return null;
  throw error;
};
