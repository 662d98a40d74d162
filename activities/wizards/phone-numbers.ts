import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { PhoneType } from '../../db/repositories/client-phones.ts';

/** A valid number in E.164, else null. `country` ('DE'): where a number without `+` belongs. */
export const e164 = (text: string, country?: string): string | null => {
  const parsed = parsePhoneNumberFromString(text, country as CountryCode | undefined);
  return parsed?.isValid() ? parsed.number : null;
};

const TYPES: Record<string, PhoneType> = {
  MOBILE: 'mobile',
  FIXED_LINE: 'fixed',
  FIXED_LINE_OR_MOBILE: 'mobile',
  VOIP: 'voip',
  PAGER: 'pager',
};

/** What the numbering plan says it is; null where it does not say. */
export const phoneTypeOf = (number: string): PhoneType | null =>
  TYPES[parsePhoneNumberFromString(number)?.getType() ?? ''] ?? null;
