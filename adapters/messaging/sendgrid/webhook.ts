import { verify } from 'node:crypto';
import { HubFailure } from '../../../domain/failures.ts';
import { withoutAddresses } from '../../kit/answers.ts';
import { isObject, readJson, word, type Json } from '../../kit/json.ts';
import type { DeliveryState, MessageReport } from '../../kit/messaging.ts';
import { hash } from '../../kit/signing.ts';
import { plainReply, type ProviderNews, type WebhookTranslator } from '../../kit/webhooks.ts';
import { publicKeyFrom, type SendgridConfig } from './config.ts';

/** They repeat for 24 hours, and do not say whether a repeat is signed anew. */
const OLDEST_MS = 25 * 3_600_000;
const CLOCKS_APART_MS = 600_000;

const STATES: Record<string, DeliveryState> = {
  processed: 'accepted',
  deferred: 'accepted',
  delivered: 'delivered',
  dropped: 'failed',
  bounce: 'failed',
};
/** What the reader does with a mail, and changes of the account: nothing about its delivery. */
const NOT_DELIVERY = /^(open|click|spamreport|unsubscribe|group_(un|re)subscribe|account_status_change)$/;

/** Signed events: ECDSA P-256 over timestamp and raw body, a list of events in each call. */
export const webhook: WebhookTranslator<SendgridConfig> = {
  verify({ config, now }, { headers, body }) {
    const timestamp = headers['x-twilio-email-event-webhook-timestamp'] ?? '';
    const signature = Buffer.from(headers['x-twilio-email-event-webhook-signature'] ?? '', 'base64');
    const signed = Buffer.concat([Buffer.from(timestamp), body]);
    const key = config.webhookPublicKey;
    if (key === undefined || !verify('sha256', signed, publicKeyFrom(key), signature))
      return { ok: false, reason: 'bad_signature' };
    const age = now - Number(timestamp) * 1000;
    if (!(age <= OLDEST_MS && age >= -CLOCKS_APART_MS)) return { ok: false, reason: 'stale' };
    if (!Array.isArray(readJson(body.toString('utf8')))) return { ok: false, reason: 'malformed' };
    return { ok: true, dedupeKey: `events:${hash('sha256', body)}`, trust: 'signed' };
  },

  translate(_config, { body }) {
    const events = readJson(body.toString('utf8'));
    if (!Array.isArray(events)) throw new HubFailure('InvalidInput', 'validation', 'events of SendGrid are a list');
    return events.flatMap(newsOf);
  },

  reply: (_at, outcome) => plainReply(outcome),
};

const newsOf = (event: Json): ProviderNews[] => {
  if (!isObject(event)) return [];
  const said = word(event['event']);
  // 'MID1.filter0001.1.2.0': begins with the X-Message-Id of the answer.
  const providerId = word(event['sg_message_id']).split('.')[0]!;
  const reference = word(event['hub_reference']);
  if (said === '' || NOT_DELIVERY.test(said) || (providerId === '' && reference === '')) return [];
  // Mail servers like to repeat whom they do not know.
  const why = withoutAddresses(word(event['reason'])).slice(0, 160);
  const message: MessageReport = {
    providerId,
    state: STATES[said] ?? 'unknown',
    providerStatus: said,
    ...(word(event['status']) !== '' && { code: word(event['status']) }),
    ...(why !== '' && { why }),
  };
  return [{ kind: 'message', ...(reference && { reference }), ...(providerId && { providerId }), said, message }];
};
