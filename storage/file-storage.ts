/**
 * Where files of clients are kept. Keys are ours ('documents/2026/11/{uuid}'): nothing of a file's own name is in them. `put` never replaces.
 * Failing throws whatever the disk or the network throws.
 */
export interface FileStorage {
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Null when there is no such file. */
  get(key: string): Promise<Buffer | null>;
  /** Fine when it is gone already. */
  remove(key: string): Promise<void>;
}

const KEY = /^[a-z0-9-]+(\/[a-z0-9-]+)*$/;

/** Throws on a key that could lead elsewhere: the mistake would be ours, and it must not be a way out of the folder. */
export const assertKey = (key: string): void => {
  if (!KEY.test(key)) throw new RangeError('a storage key is made of lower-case letters, digits, - and /');
};
