import { createHmac, timingSafeEqual } from 'node:crypto';

const STEP_SECONDS = 30;
const DIGITS = 6;

/** RFC 6238 with SHA-1, 30 seconds, 6 digits: what every authenticator app does. `counter`: the time step. */
export const totpAt = (secret: Uint8Array, counter: number): string => {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac('sha1', secret).update(message).digest();
  const offset = mac.at(-1)! & 0x0f;
  return String((mac.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** DIGITS).padStart(DIGITS, '0');
};

/** The time step a code belongs to, with one step of tolerance each way; null when it is wrong. Takes the same time for every six digits. */
export const totpStepOf = (secret: Uint8Array, code: string, now: number): number | null => {
  const present = Math.floor(now / 1_000 / STEP_SECONDS);
  // Of another alphabet its bytes are more than its characters.
  if (!/^[0-9]{6}$/.test(code)) return null;
  const given = Buffer.from(code);
  const right = [present - 1, present, present + 1].filter((step) =>
    timingSafeEqual(Buffer.from(totpAt(secret, step)), given),
  );
  return right.at(-1) ?? null;
};
