import { isDay } from '../../../domain/days.ts';
import type { KycApplicant, KycDocument, KycReport, KycState } from '../../kit/kyc.ts';
import { isObject, listOf, objectOf, word } from '../../kit/json.ts';
import type { Fields, ShuftiproConfig } from './client.ts';

/** `verification.declined` is not here: its codes decide whether better documents would help. */
const STATES: Record<string, KycState> = {
  'request.pending': 'awaiting_client',
  'request.timeout': 'awaiting_client',
  'verification.cancelled': 'awaiting_client',
  'request.received': 'checking',
  'verification.in.progress': 'checking',
  // Their machine is done, a person of ours has to look in their back office.
  'review.pending': 'on_hold',
  // Somebody removed the data: what that means for the client is for a person to say.
  'request.deleted': 'on_hold',
  'verification.accepted': 'approved',
};

/** A `reference` can be used once over there, so attempts are numbered: 'K3F7Q2M9X4ABC-2'. */
export const attemptName = (reference: string, attempt: number): string => `${reference}-${attempt}`;

/** The number in such a name, 1 when there is none. */
export const attemptOf = (name: string | undefined): number => Number(/-(\d{1,3})$/.exec(name ?? '')?.[1] ?? 1);

const codesOf = (answer: Fields): string[] => {
  const byService = Object.values(objectOf(answer['services_declined_codes'])).flatMap(listOf);
  return [...new Set([...listOf(answer['declined_codes']), ...byService].map(word).filter(Boolean))];
};

export const reportOf = ({ finalCodes }: ShuftiproConfig, name: string, answer: Fields): KycReport => {
  const event = word(answer['event']);
  const reasons = codesOf(answer);
  const declined = event === 'verification.declined';
  const isFinal = reasons.some((code) => finalCodes.includes(code));
  const state = declined ? (isFinal ? 'rejected' : 'retry') : STATES[event];
  const comment = declined ? word(answer['declined_reason']) : '';
  return {
    providerId: name,
    state: state ?? 'checking',
    providerStatus: event,
    ...(state === undefined && { unknownWord: true }),
    reasons,
    ...(comment && { comment }),
    documents: ['document', 'address'].flatMap((service) => documentsOf(answer, service)),
    attempt: attemptOf(name),
  };
};

/** PHP: what is empty is a list, whatever it would be otherwise. */
const documentsOf = (answer: Fields, service: string): KycDocument[] => {
  const data = objectOf(answer['verification_data'])[service];
  if (!isObject(data)) return [];
  const read = objectOf(objectOf(objectOf(answer['additional_data'])[service])['proof']);
  const validUntil = word(data['expiry_date']) || word(read['expiry_date']);
  return [
    {
      type: word(listOf(data['selected_type'])[0]) || service,
      ...(isDay(validUntil) && { validUntil }),
    },
  ];
};

/** `programme`: services joined by '+' ('document+face'), else a journey of their back office. Empty proofs: the client shows them on their page. */
export const servicesOf = ({ programme, person }: KycApplicant): object => {
  const { firstName, lastName, birthday } = person;
  const name = firstName && lastName ? { first_name: firstName, last_name: lastName } : '';
  const identity = { proof: '', name, dob: birthday ?? '', document_number: '', expiry_date: '' };
  const services: Record<string, object> = {
    face: { proof: '' },
    document: { ...identity, supported_types: ['passport', 'id_card', 'driving_license'] },
    address: { proof: '', name, full_address: '', supported_types: ['utility_bill', 'bank_statement'] },
    background_checks: { name: name || { first_name: '', last_name: '' }, dob: birthday ?? '' },
  };
  const wanted = programme.split('+');
  if (!wanted.every((service) => services[service])) return { journey_id: programme };
  return Object.fromEntries(wanted.map((service) => [service, services[service]]));
};
