import { ipKeyGenerator } from 'express-rate-limit';
import type { KeyRing } from '../../config/key-ring.ts';
import { WrongFields } from '../../domain/failures.ts';

/** What a sign-in is bound to, as keyed hashes. */
export interface DeviceMarks {
  deviceMark: Buffer;
  agentMark: Buffer;
}

const PURPOSE = 'device';

export const markOf = (ring: KeyRing, what: string): Buffer => ring.marks(what, PURPOSE)[0];

/** A browser or an app without its version: after tomorrow's update it is the same one. */
export const programOf = (userAgent: string): string => userAgent.replace(/\d+([._]\d+)*/g, '');

/** What one household or machine has of addresses: of IPv6 its network, for it may call from each of them. As the rate limits count. */
export const networkOf = (ip: string): string => ipKeyGenerator(ip);

/** Whether a mark is of this; also one that was made with a key of before. */
export const isMarkOf = (ring: KeyRing, mark: Buffer, what: string): boolean =>
  ring.marks(what, PURPOSE).some((one) => one.equals(mark));

/** Base64 of JSON with `user_agent`, or a signed text like a JWT with `userAgent`: the program's name in a fingerprint. Throws WrongFields. */
export const userAgentIn = (fingerprint: string): string => {
  const [, middle] = fingerprint.split('.');
  for (const part of [fingerprint, middle ?? '']) {
    const found = agentOf(part);
    if (found) return found;
  }
  throw new WrongFields([
    { field: 'device_fingerprint', issue: 'device_fingerprint must be Base64 of JSON with user_agent.' },
  ]);
};

const agentOf = (encoded: string): string | undefined => {
  try {
    const said = JSON.parse(Buffer.from(encoded, 'base64').toString()) as Record<string, unknown> | null;
    const agent = said?.['user_agent'] ?? said?.['userAgent'];
    // Neither is kept: NUL and half a pair of surrogates are no text to a database.
    return typeof agent === 'string' ? agent.slice(0, 500).replace(/[\p{Cc}\p{Cs}]/gu, '') : undefined;
  } catch {
    return undefined;
  }
};

/** What a step keeps of the device, for the tokens that are given at the end. */
export const keptDevice = (
  ring: KeyRing,
  fingerprint: string,
  { userAgent, ip }: { userAgent: string; ip: string },
) => ({
  device: {
    deviceMark: markOf(ring, fingerprint).toString('base64'),
    agentMark: markOf(ring, programOf(userAgent)).toString('base64'),
    userAgent: userAgentIn(fingerprint),
    ip,
  },
});
export type KeptDevice = ReturnType<typeof keptDevice>['device'];
