import { HubFailure } from '../../../domain/failures.ts';
import { fillIn, fillInTable } from '../../kit/fill-in.ts';
import { isObject, listOf, objectOf, readJson, word } from '../../kit/json.ts';
import { sameText } from '../../kit/signing.ts';
import { plainReply, type ProviderNews, type RawWebhook, type WebhookTranslator } from '../../kit/webhooks.ts';
import type { Thing } from './client.ts';
import type { AcmeConfig } from './config.ts';

export const SIGNATURE_HEADER = 'x-acme-signature';

/** Over the raw bytes; the sandbox signs with it too. */
export const signature = (_secret: string, _body: Buffer | string): string =>
  fillIn(
    "webhook.ts, signature: how they sign a callback, e.g. hmac('sha256', secret, body) of kit/signing.ts (and the header above)",
  );

/** What each of their events is about. Others are none of our business. */
const EVENTS: Record<string, ProviderNews['kind']> = fillInTable(
  "webhook.ts, EVENTS: their events and what each is about, e.g. { 'payment.updated': 'deposit', 'payout.updated': 'payout' }, of applicants { 'applicant.updated': 'kyc' }",
);

/** Their envelope: `{ id, event, object: { id, reference } }`. */
const read = (raw: RawWebhook): { id: string; event: string; object: Thing } | null => {
  const message = readJson(raw.body.toString('utf8'));
  if (!isObject(message)) return null;
  const [id, event] = [word(message['id']), word(message['event'])];
  return id && event ? { id, event, object: objectOf(message['object']) } : null;
};

/** A callback is a hint to look again; nothing in it is booked. */
export const webhook: WebhookTranslator<AcmeConfig> = {
  verify: ({ config }, raw) => {
    const given = raw.headers[SIGNATURE_HEADER] ?? '';
    if (!sameText(signature(config.callbackSecret, raw.body), given)) return { ok: false, reason: 'bad_signature' };
    const message = read(raw);
    return message ? { ok: true, trust: 'signed', dedupeKey: message.id } : { ok: false, reason: 'malformed' };
  },

  translate: (_config, raw) => {
    const message = read(raw);
    if (!message) throw new HubFailure('InvalidInput', 'malformed_json', 'This is no callback of Acme');
    const kind = EVENTS[message.event];
    const { id, reference } = message.object;
    // For payments only: of a deposit that is over only such news makes the hub look again.
    const reverses = listOf(message.object['reversals']).length > 0;
    const whom = { ...(word(reference) && { reference: word(reference) }), ...(word(id) && { providerId: word(id) }) };
    return kind ? [{ kind, ...whom, ...(reverses && { reverses }), said: message.event }] : [];
  },

  reply: (_at, outcome) => plainReply(outcome),
};
