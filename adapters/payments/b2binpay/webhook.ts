import { HubFailure } from '../../../domain/failures.ts';
import {
  plainReply,
  type ProviderNews,
  type RawWebhook,
  type Reception,
  type Verdict,
  type WebhookTranslator,
} from '../../kit/webhooks.ts';
import { type Document, type Resource, readDocument, relatedId } from '../../kit/json-api.ts';
import { word } from '../../kit/json.ts';
import { hmac, sameText } from '../../kit/signing.ts';
import { passwordKey } from './client.ts';
import { type B2binpayConfig, keyMode } from './config.ts';

/** Status of a transfer. */
const CONFIRMED = '2';

type KeyConfig = Pick<B2binpayConfig, 'version' | 'callbackKeyMode' | 'callbackSecret' | 'login' | 'password'>;

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

interface Callback {
  about: Resource & { type: 'deposit' | 'payout' };
  /** The one the callback tells of. Absent: one of their unsigned "no transfer" callbacks. */
  transfer?: Resource;
  /** It names a transfer, so it has to be signed. */
  signedType: boolean;
  document: Document;
}

/** Null when this is no callback of theirs. */
const read = (raw: RawWebhook): Callback | null => {
  const document = readDocument(raw.body.toString('utf8'));
  const about = document?.data;
  if (!document || !about || Array.isArray(about) || about.id === '') return null;
  if (about.type !== 'deposit' && about.type !== 'payout') return null;
  const named = relatedId(about, 'transfer');
  const transfers = document.included.filter(({ type, id }) => type === 'transfer' && (named === '' || id === named));
  if (transfers.length > 1) return null;
  const [transfer] = transfers;
  return {
    about: about as Callback['about'],
    ...(transfer && { transfer }),
    signedType: named !== '' || transfer !== undefined,
    document,
  };
};

/**
 * Their signature covers status, amount, tracking id and time: `partial`. Callbacks without a transfer (expiry, wrong amount, payout not
 * approved) carry no signature at all: `none`. They set no age limit and resend by hand days later, so old ones are
 * taken: whatever a callback says, the object is read again before money moves.
 */
const verify = ({ config }: Reception<B2binpayConfig>, raw: RawWebhook): Verdict => {
  const callback = read(raw);
  if (!callback) return { ok: false, reason: 'malformed' };
  const { about, transfer, document } = callback;
  const time = word(document.meta.time);
  if (!callback.signedType) {
    return { ok: true, trust: 'none', dedupeKey: `${about.type}:${about.id}:${word(about.attributes.status)}:${time}` };
  }
  // The transfer's values are what is signed: without them nothing can be proved.
  if (!transfer) return { ok: false, reason: 'bad_signature' };
  const { status, amount, confirmations } = transfer.attributes;
  const expected = callbackSign(callbackKey(config), {
    status: word(status),
    amount: word(amount),
    trackingId: word(about.attributes.tracking_id),
    time,
  });
  if (!sameText(expected, word(document.meta.sign))) return { ok: false, reason: 'bad_signature' };
  return { ok: true, trust: 'partial', dedupeKey: `transfer:${transfer.id}:${word(status)}:${word(confirmations)}` };
};

const translate = (_config: B2binpayConfig, raw: RawWebhook): ProviderNews[] => {
  const callback = read(raw);
  if (!callback) throw new HubFailure('InvalidInput', 'malformed_json', 'This is no B2BINPAY callback');
  const { about, transfer } = callback;
  const reference = word(about.attributes.tracking_id);
  const status = word(about.attributes.status);
  return [
    {
      kind: about.type,
      ...(reference && { reference }),
      providerId: about.id,
      ...(transfer && { paymentId: transfer.id }),
      // Failed, kept back, or on a chain that was reorganised: one that was credited may not be there any more.
      ...(transfer && word(transfer.attributes.status) !== CONFIRMED && { reverses: true }),
      said: transfer ? `${status}, transfer ${word(transfer.attributes.status)}` : status,
    },
  ];
};

/** Anything but 200 makes them send again. */
const reply: WebhookTranslator['reply'] = (_at, outcome) => plainReply(outcome);

export const webhook: WebhookTranslator<B2binpayConfig> = { verify, translate, reply };
