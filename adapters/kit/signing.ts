import { createHash, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';

type Digest = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';
type Bytes = string | Buffer;

/** Text is taken as UTF-8, for keys too. */
export const hmac = (digest: Digest, key: Bytes, message: Bytes, encoding: 'hex' | 'base64' = 'hex'): string =>
  // Node takes five times as long to find out what bytes are than to make a key of them.
  createHmac(digest, typeof key === 'string' ? key : createSecretKey(key))
    .update(message)
    .digest(encoding);

export const hash = (digest: Digest, message: Bytes, encoding: 'hex' | 'base64' = 'hex'): string =>
  createHash(digest).update(message).digest(encoding);

/** Constant time for texts of equal length; a text of another length is no secret. */
export const sameText = (expected: string, received: string): boolean => {
  const a = Buffer.from(expected);
  const b = Buffer.from(received);
  return a.length === b.length && timingSafeEqual(a, b);
};
