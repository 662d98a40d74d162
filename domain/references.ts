/**
 * Our name for a money movement at a provider: 'K' and 12 base32 characters. 13 characters fit the tightest place it must go
 * (the 31 usable characters of a MetaTrader comment) and 60 bits never meet twice.
 */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** `bytes`: at least 12 random bytes. */
export const referenceFrom = (bytes: Uint8Array): string =>
  'K' + Array.from(bytes.subarray(0, 12), (byte) => ALPHABET[byte & 31]).join('');
