import { HubFailure } from '../../../domain/failures.ts';
import { isObject, listOf, readJson, word } from '../../kit/json.ts';
import { hash } from '../../kit/signing.ts';
import { plainReply, type RawWebhook, type WebhookTranslator } from '../../kit/webhooks.ts';
import { type Fields, isSigned, type ShuftiproConfig } from './client.ts';

const read = (raw: RawWebhook): Fields | null => {
  const body = readJson(raw.body.toString('utf8'));
  return isObject(body) && word(body['reference']) !== '' && word(body['event']) !== '' ? body : null;
};

/** No time is signed, so an old callback can be sent again: it only makes us look, and the look decides. */
export const webhook: WebhookTranslator<ShuftiproConfig> = {
  verify({ config }, raw) {
    if (!isSigned(config, raw.body, raw.headers['signature'])) return { ok: false, reason: 'bad_signature' };
    const body = read(raw);
    if (!body) return { ok: false, reason: 'malformed' };
    const dedupeKey = [word(body['reference']), word(body['event']), hash('sha256', raw.body)].join(':');
    return { ok: true, trust: 'signed', dedupeKey };
  },
  /** `verification.status.changed` carries nothing but the name; the others are not believed either. */
  translate(_config, raw) {
    const body = read(raw);
    if (!body) throw new HubFailure('InvalidInput', 'malformed_json', 'This is no ShuftiPro callback');
    const providerId = word(body['reference']);
    const said = [word(body['event']), ...listOf(body['declined_codes']).map(word)].join(' ');
    return [{ kind: 'kyc', reference: providerId.replace(/-\d{1,3}$/, ''), providerId, said }];
  },
  /** Exactly 200; anything else is sent again. */
  reply: (_at, outcome) => plainReply(outcome),
};
