import type { KeyRing } from '../../config/key-ring.ts';

/** Keyed hashes by which an address or phone is known again without being kept, the first one by the key of today. */
export const recipientMarks = (ring: KeyRing, channel: string, to: string): [Buffer, ...Buffer[]] =>
  ring.marks(`${channel}:${to.toLowerCase()}`, 'recipient');
