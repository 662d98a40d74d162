import { HubFailure } from '../../../domain/failures.ts';
import { isObject, objectOf, readJson, word } from '../../kit/json.ts';
import { hmac, sameText } from '../../kit/signing.ts';
import {
  plainReply,
  type ProviderNews,
  type RawWebhook,
  type Verdict,
  type WebhookTranslator,
} from '../../kit/webhooks.ts';
import { type Account, DIGESTS, type Fields, isSandbox } from './wire.ts';

const read = (raw: RawWebhook): Fields | null => {
  const body = readJson(raw.body.toString('utf8'));
  return isObject(body) && word(body['type']) !== '' ? body : null;
};

/**
 * Only the configured digest counts: the header does not get to choose a weaker one. There is no age limit, because they repeat for a day.
 * Not `correlationId` but the object and the time tell events apart: several events share one.
 */
const verify = (config: Account, raw: RawWebhook): Verdict => {
  const { webhookDigest, webhookSecret } = config;
  if (raw.headers['x-payload-digest-alg'] !== webhookDigest) return { ok: false, reason: 'bad_signature' };
  const expected = hmac(DIGESTS[webhookDigest], webhookSecret, raw.body);
  if (!sameText(expected, (raw.headers['x-payload-digest'] ?? '').toLowerCase())) {
    return { ok: false, reason: 'bad_signature' };
  }
  const body = read(raw);
  if (!body) return { ok: false, reason: 'malformed' };
  // Rightly signed, but of their other environment: somebody set the wrong address there.
  if (body['sandboxMode'] !== undefined && body['sandboxMode'] !== isSandbox(config)) {
    return { ok: false, reason: 'malformed' };
  }
  const object = ['applicantActionId', 'kytTxnId', 'kytCaseId', 'applicantId']
    .map((name) => word(body[name]))
    .find(Boolean);
  return { ok: true, trust: 'signed', dedupeKey: [word(body['type']), object, word(body['createdAtMs'])].join(':') };
};

/** Webhooks carry no personal data: what happened is fetched. Types of other products (actions, cases, video) are none of ours. */
const newsOf = (kind: 'kyc' | 'screening', body: Fields): ProviderNews[] => {
  const type = word(body['type']);
  const isTransaction = type.startsWith('applicantKyt');
  const isOurs =
    kind === 'screening' ? isTransaction : type.startsWith('applicant') && !isTransaction && !body['applicantActionId'];
  if (!isOurs) return [];
  const reference = word(body[isTransaction ? 'kytDataTxnId' : 'externalUserId']);
  const providerId = word(body[isTransaction ? 'kytTxnId' : 'applicantId']);
  const result = objectOf(body['reviewResult']);
  const said = [type, word(result['reviewAnswer']), word(result['reviewRejectType'])].filter(Boolean).join(' ');
  return [{ kind, ...(reference && { reference }), ...(providerId && { providerId }), said }];
};

export const webhook = (kind: 'kyc' | 'screening'): WebhookTranslator<Account> => ({
  verify: ({ config }, raw) => verify(config, raw),
  translate(_config, raw) {
    const body = read(raw);
    if (!body) throw new HubFailure('InvalidInput', 'malformed_json', 'This is no SumSub webhook');
    return newsOf(kind, body);
  },
  reply: (_at, outcome) => plainReply(outcome),
});
