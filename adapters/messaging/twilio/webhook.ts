import { HubFailure } from '../../../domain/failures.ts';
import { hmac, sameText } from '../../kit/signing.ts';
import { plainReply, type RawWebhook, type WebhookTranslator } from '../../kit/webhooks.ts';
import type { TwilioConfig } from './config.ts';
import { reportOf } from './map.ts';

/** HMAC-SHA1 by the Auth Token over the address called and every field: name and value, sorted by name, each value once. */
export const signatureOf = (authToken: string, url: string, form: URLSearchParams): string => {
  const names = [...new Set(form.keys())].toSorted();
  const fields = names.flatMap((name) => [...new Set(form.getAll(name))].toSorted().map((value) => name + value));
  return hmac('sha1', authToken, url + fields.join(''), 'base64');
};

const formOf = (raw: RawWebhook): URLSearchParams => new URLSearchParams(raw.body.toString('utf8'));

/** Callbacks of one message about its status. They carry no time, so there is none to be too old. */
export const webhook: WebhookTranslator<TwilioConfig> = {
  verify({ config, callbackUrl }, raw) {
    const form = formOf(raw);
    const received = raw.headers['x-twilio-signature'] ?? '';
    if (!addresses(callbackUrl).some((url) => sameText(signatureOf(config.authToken, url, form), received)))
      return { ok: false, reason: 'bad_signature' };
    const [sid, status] = [form.get('MessageSid'), form.get('MessageStatus')];
    if (!sid || !status) return { ok: false, reason: 'malformed' };
    return { ok: true, dedupeKey: `${sid}:${status}`, trust: 'signed' };
  },

  translate(_config, raw) {
    const form = formOf(raw);
    const [sid, status] = [form.get('MessageSid'), form.get('MessageStatus')];
    if (!sid || !status)
      throw new HubFailure('InvalidInput', 'validation', 'a callback of Twilio without sid or status');
    const message = reportOf(sid, status, form.get('ErrorCode') ?? '', form.get('ErrorMessage') ?? '');
    return [{ kind: 'message', providerId: sid, said: status, message }];
  },

  reply: (_at, outcome) => plainReply(outcome),
};

/** Twilio signs the address with or without its port, depending on the product; its own library tries both. */
const addresses = (url: string): string[] => {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  return port === '' ? [url] : [url, `${protocol}//${hostname}${pathname}${search}`];
};
