import { isDay } from '../../../domain/days.ts';
import { HubFailure } from '../../../domain/failures.ts';
import type { FormField } from './config.ts';

/** ISO 13616: country and check digits moved to the end, letters as numbers, remainder 1 of 97. */
const isIban = (text: string): boolean => {
  const iban = text.replace(/ /g, '').toUpperCase();
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(iban)) return false;
  const digits = (iban.slice(4) + iban.slice(0, 4)).replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return BigInt(digits) % 97n === 1n;
};

const FITS: Record<FormField['kind'], (text: string, field: FormField) => boolean> = {
  // oxlint-disable-next-line no-control-regex -- what people type has none, what tampers with a file of payments may
  text: (text) => !/[\u0000-\u001f\u007f]/.test(text),
  digits: (text) => /^\d+$/.test(text),
  iban: isIban,
  bic: (text) => /^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$/i.test(text),
  email: (text) => /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(text),
  date: isDay,
  choice: (text, { choices }) => choices!.includes(text),
};

/**
 * What was filled in must be what the form asks for: nothing missing, nothing wrong, nothing more. Throws `InvalidInput` naming the field, never
 * what was typed: that is personal data. `under`: where the fields stand in the request.
 */
export const checkForm = (
  asked: readonly FormField[],
  given: Readonly<Record<string, string>>,
  under: string,
): void => {
  const refuse = (name: string, issue: string) => {
    throw new HubFailure('InvalidInput', 'validation', issue, { field: `${under}.${name}` });
  };
  const names = new Set(asked.map(({ name }) => name));
  for (const name of Object.keys(given)) if (!names.has(name)) refuse(name.slice(0, 40), 'The form has no such field');
  for (const field of asked) {
    const text = (Object.hasOwn(given, field.name) ? given[field.name]! : '').trim();
    if (text === '') {
      if (field.required) refuse(field.name, `${field.label} is required`);
    } else if (text.length > field.maxLength) refuse(field.name, `${field.label} is too long`);
    else if (!FITS[field.kind](text, field)) refuse(field.name, `${field.label} is not right (${field.kind})`);
  }
};
