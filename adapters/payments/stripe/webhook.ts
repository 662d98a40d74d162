import { HubFailure } from '../../../domain/failures.ts';
import { isObject, objectOf, readJson, word } from '../../kit/json.ts';
import { hmac, sameText } from '../../kit/signing.ts';
import { plainReply, type ProviderNews, type RawWebhook, type WebhookTranslator } from '../../kit/webhooks.ts';
import type { StripeConfig, Thing } from './client.ts';
import { referenceOf } from './map.ts';

/** Seconds; only too old is refused, as in their own library. */
const TOLERANCE = 300;

export const signature = (secret: string, time: string, body: Buffer | string): string =>
  hmac('sha256', secret, Buffer.concat([Buffer.from(`${time}.`), Buffer.from(body)]));

const read = (raw: RawWebhook): Thing | null => {
  const event = readJson(raw.body.toString('utf8'));
  return isObject(event) && word(event.object) === 'event' && word(event.id) !== '' ? event : null;
};

/** `t=…,v1=…[,v1=…]`: while a secret is being rolled they sign with both, and so may we know both. */
const verify: WebhookTranslator<StripeConfig>['verify'] = ({ config, now }, raw) => {
  const parts = (raw.headers['stripe-signature'] ?? '').split(',').map((part) => part.trim().split('='));
  const time = parts.find(([name]) => name === 't')?.[1] ?? '';
  const given = parts.flatMap(([name, value]) => (name === 'v1' && value ? [value] : []));
  const secrets = [config.webhookSecret, ...(config.oldWebhookSecret ? [config.oldWebhookSecret] : [])];
  const signed = secrets.some((secret) => given.some((one) => sameText(signature(secret, time, raw.body), one)));
  if (!/^\d{1,12}$/.test(time) || !signed) return { ok: false, reason: 'bad_signature' };
  if (now / 1000 - Number(time) > TOLERANCE) return { ok: false, reason: 'stale' };
  const event = read(raw);
  return event ? { ok: true, trust: 'signed', dedupeKey: word(event.id) } : { ok: false, reason: 'malformed' };
};

/** Their order is not kept and the object in it may be old: what it is about is all we take. An account may serve others too: theirs carry no reference. */
const translate = (_config: StripeConfig, raw: RawWebhook): ProviderNews[] => {
  const event = read(raw);
  if (!event) throw new HubFailure('InvalidInput', 'malformed_json', 'This is no Stripe event');
  const thing = objectOf(objectOf(event.data).object);
  const reference = referenceOf(thing);
  const paymentId = word(thing.object) === 'payment_intent' ? word(thing.id) : word(thing.payment_intent);
  const said = word(event.type);
  // The payment in it is booked already; what matters is that some of it went back.
  const of = { ...(reference && { reference }), ...(/refund|dispute/.test(said) && { reverses: true }), said };
  const deposit: ProviderNews = { kind: 'deposit', ...of, ...(paymentId && { paymentId }) };
  const payout: ProviderNews = { kind: 'payout', ...of, providerId: word(thing.id) };
  switch (word(thing.object)) {
    case 'checkout.session':
      return reference ? [{ ...deposit, providerId: word(thing.id) }] : [];
    case 'payment_intent':
    case 'charge':
      return reference ? [deposit] : [];
    case 'dispute':
      return [deposit];
    case 'refund':
      // Ordered by the hub it carries a reference of its own; made at the dashboard it is, as a dispute, known by its payment only.
      return reference ? [payout] : [deposit];
    case 'transfer':
    case 'payout':
      return reference ? [payout] : [];
    default:
      return [];
  }
};

export const webhook: WebhookTranslator<StripeConfig> = {
  verify,
  translate,
  // Anything but 2xx makes them send again, for three days.
  reply: (_at, outcome) => plainReply(outcome),
};
