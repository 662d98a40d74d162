import { garbage } from '../../kit/answers.ts';
import { fillInTable } from '../../kit/fill-in.ts';
import { listOf, objectOf, word } from '../../kit/json.ts';
import type { KycApplicant, KycReport, KycStart, KycState } from '../../kit/kyc.ts';
import type { Thing } from '../any/client.ts';

/** What is not in it is `checking`, with `unknownWord`. */
const WORDS: Record<string, KycState> = fillInTable(
  "map.ts, WORDS: their status words, e.g. { NEW: 'awaiting_client', SUBMITTED: 'checking', ON_HOLD: 'on_hold', GREEN: 'approved', RED_RETRY: 'retry', RED_FINAL: 'rejected' }",
);

const idOf = (thing: Thing): string => {
  if (word(thing['id'])) return word(thing['id']);
  throw garbage({ provider: 'Acme', what: 'read id', effect: 'read' });
};

export const theirApplicant = ({ reference, kind, programme, locale, person, returnUrl, anew }: KycApplicant) => ({
  reference,
  type: kind,
  programme,
  locale,
  person,
  returnUrl,
  // Another check although there is a verdict. Where it takes a call of its own: capability `reopen`, whose method is called before `begin`.
  renew: anew,
});

export const startOf = (thing: Thing): KycStart => {
  const url = word(thing['pageUrl']);
  if (!URL.canParse(url)) throw garbage({ provider: 'Acme', what: 'read pageUrl', effect: 'read' });
  return { providerId: idOf(thing), action: { kind: 'redirect', url } };
};

/** No personal data: what they looked at, not what it shows. */
export const reportOf = (thing: Thing): KycReport => {
  const known = WORDS[word(thing['status'])];
  return {
    providerId: idOf(thing),
    state: known ?? 'checking',
    providerStatus: word(thing['status']),
    ...(known === undefined && { unknownWord: true }),
    reasons: listOf(thing['reasons']).map(word),
    documents: listOf(thing['documents']).map((one) => ({ type: word(objectOf(one)['type']) })),
    attempt: Number(word(thing['attempt'])) || 0,
  };
};
