import { HubFailure } from '../../../domain/failures.ts';
import { isObject, objectOf, readJson, word } from '../../kit/json.ts';
import { sameText } from '../../kit/signing.ts';
import type {
  ProviderNews,
  RawWebhook,
  Reception,
  Verdict,
  WebhookReply,
  WebhookTranslator,
} from '../../kit/webhooks.ts';
import { CONTENT_TYPE, type Members, seconds, sign, VERSION } from './client.ts';
import type { PraxisConfig } from './config.ts';

interface Notification {
  frame: Members;
  session: Members;
  /** Null: the session ran out. */
  transaction: Members | null;
}

/** Null when this is no notification of theirs. Numbers stay as they were written: the signature covers their text. */
const read = (raw: RawWebhook): Notification | null => {
  const frame = readJson(raw.body.toString('utf8'));
  if (!isObject(frame)) return null;
  const session = objectOf(frame.session);
  const transaction = isObject(frame.transaction) ? frame.transaction : null;
  if (word(session.order_id) === '' || (!transaction && frame.transaction !== null)) return null;
  return transaction && word(transaction.tid) === '' ? null : { frame, session, transaction };
};

export const notificationSign = (secret: string, { frame, session, transaction }: Notification): string => {
  const { tid, currency, amount, conversion_rate, processed_currency, processed_amount } = transaction ?? {};
  const about = [frame.merchant_id, frame.application_key, frame.timestamp, objectOf(frame.customer).customer_token];
  const money = [tid, currency, amount, conversion_rate, processed_currency, processed_amount];
  return sign(secret, ...about, session.order_id, ...money);
};

const said = ({ session, transaction }: Notification): string =>
  transaction ? word(transaction.transaction_status) : `session ${word(session.session_status)}`;

/**
 * The signature covers who, which transaction and how much, but not the status: `partial`. They set no age limit and resend for as long as they
 * are not answered well.
 */
const verify = ({ config }: Reception<PraxisConfig>, raw: RawWebhook): Verdict => {
  const heard = read(raw);
  if (!heard) return { ok: false, reason: 'malformed' };
  const { frame, session, transaction } = heard;
  const ours = word(frame.merchant_id) === config.merchantId && word(frame.application_key) === config.applicationKey;
  const signature = (raw.headers['gt-authentication'] ?? '').toLowerCase();
  if (!ours || !sameText(notificationSign(config.merchantSecret, heard), signature))
    return { ok: false, reason: 'bad_signature' };
  const of = transaction ? word(transaction.tid) : word(session.order_id);
  return { ok: true, trust: 'partial', dedupeKey: `${of}:${said(heard)}` };
};

const translate = (_config: PraxisConfig, raw: RawWebhook): ProviderNews[] => {
  const heard = read(raw);
  if (!heard) throw new HubFailure('InvalidInput', 'malformed_json', 'This is no Praxis notification');
  const { session, transaction } = heard;
  const [type, status, tid] = ['transaction_type', 'transaction_status', 'tid'].map((name) =>
    word(transaction?.[name]),
  );
  const payout = type === 'payout' || word(session.intent) === 'withdrawal';
  const reference = word(session.order_id);
  return [
    {
      kind: payout ? 'payout' : 'deposit',
      reference,
      ...(payout ? tid && { providerId: tid } : { providerId: reference, ...(tid && { paymentId: tid }) }),
      // One that was credited and is anything else by now.
      ...(transaction && (type === 'refund' || status !== 'approved') && { reverses: true }),
      said: said(heard),
    },
  ];
};

/** They read our answer: signed, status 0. Anything else and they send again after about five minutes. */
const reply = ({ config, now }: Reception<PraxisConfig>, outcome: 'accepted' | 'rejected'): WebhookReply => {
  const [status, description] = outcome === 'accepted' ? [0, 'Ok'] : [-1, 'Not accepted'];
  const timestamp = seconds(now);
  return {
    status: outcome === 'accepted' ? 200 : 401,
    headers: {
      'content-type': CONTENT_TYPE,
      'gt-authentication': sign(config.merchantSecret, String(status), timestamp),
    },
    body: JSON.stringify({ status, description, version: VERSION, timestamp: Number(timestamp) }),
  };
};

export const webhook: WebhookTranslator<PraxisConfig> = { verify, translate, reply };
