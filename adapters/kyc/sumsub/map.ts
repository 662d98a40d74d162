import { isDay } from '../../../domain/days.ts';
import type { KycDocument, KycReport, KycState } from '../../kit/kyc.ts';
import { type Json, listOf, objectOf, word } from '../../kit/json.ts';
import { notOurs } from '../../kit/answers.ts';
import type { Fields } from './wire.ts';

/** `completed` is not here: then the verdict counts, and only then. */
const STATES: Record<string, KycState> = {
  init: 'awaiting_client',
  pending: 'checking',
  prechecked: 'checking',
  queued: 'checking',
  awaitingService: 'checking',
  // Companies: persons connected with it have to act.
  awaitingUser: 'awaiting_client',
  onHold: 'on_hold',
};

const VERDICTS: Record<string, KycState> = { GREEN: 'approved', 'RED RETRY': 'retry', 'RED FINAL': 'rejected' };

/** For the client, when their comment for him is missing. The list is open; what is not here says nothing to him. */
const REASONS: Record<string, string> = {
  BAD_PHOTO: 'The photo is not good enough.',
  LOW_QUALITY: 'The photo is not good enough.',
  UNSATISFACTORY_PHOTOS: 'The photos are not good enough.',
  SCREENSHOTS: 'A photo of the document itself is needed, not of a screen.',
  DOCUMENT_PAGE_MISSING: 'A page of the document is missing.',
  FRONT_SIDE_MISSING: 'The front side is missing.',
  BACK_SIDE_MISSING: 'The back side is missing.',
  INCOMPLETE_DOCUMENT: 'Not the whole document can be seen.',
  DOCUMENT_DAMAGED: 'The document is damaged.',
  EXPIRATION_DATE: 'The document has expired or expires soon.',
  BAD_SELFIE: 'The selfie is not good enough.',
};
const reasonsFor = (labels: readonly string[]): string =>
  [...new Set(labels.flatMap((label) => REASONS[label] ?? []))].join(' ');

const wordsOf = (value: Json | undefined): string[] => listOf(value).map(word).filter(Boolean);

/** Throws `OutcomeUnknown` on an applicant that is not the one asked for. */
export const reportOf = (applicant: Fields, asked: { reference: string; providerId?: string }): KycReport => {
  const providerId = idOf(applicant, asked);
  const review = objectOf(applicant['review']);
  const result = objectOf(review['reviewResult']);
  const status = word(review['reviewStatus']);
  const verdict = [word(result['reviewAnswer']), word(result['reviewRejectType'])].filter(Boolean).join(' ');
  const completed = status === 'completed';
  const state = completed ? VERDICTS[verdict] : STATES[status];
  const reasons = completed ? wordsOf(result['rejectLabels']) : [];
  // `clientComment` is for us, `moderationComment` for the client.
  const comment = completed ? word(result['moderationComment']) || (state === 'retry' && reasonsFor(reasons)) : '';
  return {
    providerId,
    state: state ?? 'checking',
    providerStatus: completed ? `${status} ${verdict}`.trim() : status,
    ...(state === undefined && { unknownWord: true }),
    reasons,
    ...(comment && { comment }),
    documents: listOf(objectOf(applicant['info'])['idDocs']).map(documentOf),
    attempt: Number(/^\d{1,9}$/.exec(word(review['attemptCnt']))?.[0] ?? 0),
  };
};

export const idOf = (applicant: Fields, asked: { reference: string; providerId?: string }): string => {
  const id = word(applicant['id']);
  if (!/^[0-9a-f]{24}$/.test(id)) throw notOurs('SumSub', 'an applicant without an id');
  if (word(applicant['externalUserId']) !== asked.reference) throw notOurs('SumSub', "somebody else's applicant");
  return id;
};

const documentOf = (value: Json): KycDocument => {
  const document = objectOf(value);
  const [country, validUntil] = [word(document['country']), word(document['validUntil'])];
  return {
    type: word(document['idDocType']),
    ...(/^[A-Z]{3}$/.test(country) && { country }),
    ...(isDay(validUntil) && { validUntil }),
  };
};
