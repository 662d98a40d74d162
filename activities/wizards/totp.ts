import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const STEP_SECONDS = 30;
const DIGITS = 6;
/** RFC 4226 wants at least 16 bytes and recommends 20. */
const SECRET_BYTES = 20;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export const newTotpSecret = (): Buffer => randomBytes(SECRET_BYTES);

/** RFC 4648, without padding: how people type a secret into an app. */
export const base32 = (bytes: Uint8Array): string => {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[parseInt(five.padEnd(5, '0'), 2)]).join('');
};

/** What the QR code of an app says; https://github.com/google/google-authenticator/wiki/Key-Uri-Format. */
export const totpUri = (secret: Uint8Array, issuer: string, account: string): string =>
  `otpauth://totp/${encodeURIComponent(issuer)}:${encodeURIComponent(account)}?secret=${base32(secret)}&issuer=${encodeURIComponent(issuer)}`;

/** RFC 6238 with SHA-1, 30 seconds, 6 digits: what every authenticator app does. `counter`: the time step. */
export const totpAt = (secret: Uint8Array, counter: number): string => {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac('sha1', secret).update(message).digest();
  const offset = mac.at(-1)! & 0x0f;
  return String((mac.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** DIGITS).padStart(DIGITS, '0');
};

/** The time step at this moment (milliseconds). */
export const totpStepAt = (now: number): number => Math.floor(now / 1_000 / STEP_SECONDS);

/** The time step a code belongs to, with one step of tolerance each way; null when it is wrong. Takes the same time for every six digits. */
export const totpStepOf = (secret: Uint8Array, code: string, now: number): number | null => {
  const present = totpStepAt(now);
  // Of another alphabet its bytes are more than its characters.
  if (!/^[0-9]{6}$/.test(code)) return null;
  const given = Buffer.from(code);
  const right = [present - 1, present, present + 1].filter((step) =>
    timingSafeEqual(Buffer.from(totpAt(secret, step)), given),
  );
  return right.at(-1) ?? null;
};
