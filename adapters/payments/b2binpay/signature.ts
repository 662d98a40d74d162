import { createHash } from 'node:crypto';
import { hmac } from '../../kit/signing.ts';
import { type B2binpayConfig, keyMode } from './config.ts';

type KeyConfig = Pick<B2binpayConfig, 'version' | 'callbackKeyMode' | 'callbackSecret' | 'login' | 'password'>;

/** v2's key: the 32 raw bytes, not their hex text. */
export const passwordKey = (login: string, password: string): Buffer =>
  createHash('sha256')
    .update(login + password)
    .digest();

/** How v2 signs its token answers: lower-case hex over `meta.time` and the refresh token. */
export const tokenSign = (key: Buffer, time: string, refresh: string): string => hmac('sha256', key, time + refresh);

/** v3 signs with the callback secret as text (seen in integration code), v2 with the 32 raw bytes of SHA-256(login + password). */
export const callbackKey = (config: KeyConfig): Buffer =>
  keyMode(config) === 'secret'
    ? Buffer.from(config.callbackSecret!, 'utf8')
    : passwordKey(config.login!, config.password!);

/** What a callback's signature covers: four values as they were received, glued together. */
interface SignedValues {
  status: string;
  amount: string;
  trackingId: string;
  time: string;
}

/** Lower-case hex HMAC-SHA256. */
export const callbackSign = (key: Buffer, { status, amount, trackingId, time }: SignedValues): string =>
  hmac('sha256', key, status + amount + trackingId + time);
