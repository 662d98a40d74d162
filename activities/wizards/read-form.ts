import { isDay } from '../../domain/days.ts';
import { hasUnseen, UNSEEN_ISSUE } from '../../domain/unseen.ts';
import { passwordFault } from '../../domain/wizards/passwords.ts';
import { LONGEST, rulesOf } from './field-rules.ts';
import type { FormField, GroupField, LeafField } from './form-fields.ts';
import { e164 } from './phone-numbers.ts';

export interface Wrong {
  field: string;
  issue: string;
}

/** What a form read. Texts as sent (trimmed), phones in E.164; nothing for what was left empty. */
export interface ReadForm {
  values: Record<string, unknown>;
  wrong: Wrong[];
  /** Where e-mails and countries stand that only the database can judge. */
  emails: { field: string; value: string }[];
  countries: { field: string; value: string }[];
}

const MOST_IN_A_LIST = 10;

export const readForm = (fields: readonly FormField[], sent: Record<string, unknown>): ReadForm => {
  const form: ReadForm = { values: {}, wrong: [], emails: [], countries: [] };
  form.values = readAll(fields, sent, '', form);
  return form;
};

const readAll = (
  fields: readonly FormField[],
  sent: Record<string, unknown>,
  path: string,
  form: ReadForm,
): Record<string, unknown> => {
  for (const key of Object.keys(sent))
    if (!fields.some(({ name }) => name === key))
      say(form, `${path}${key}`.slice(0, 200), 'is not a field of this form');
  const values: Record<string, unknown> = {};
  for (const field of fields) {
    const at = `${path}${field.name}`;
    const value =
      field.type === 'group' ? readGroup(field, sent[field.name], at, form) : readLeaf(field, sent, at, form);
    if (value !== undefined) values[field.name] = value;
  }
  return values;
};

const readGroup = (field: GroupField, given: unknown, at: string, form: ReadForm): unknown => {
  if (given !== undefined && given !== null && !isObject(given)) {
    say(form, at, field.multiple ? 'must be an object with the keys "0", "1"' : 'must be an object');
    return undefined;
  }
  const sent = given ?? {};
  if (!field.multiple) return readAll(field.fields, sent, `${at}.`, form);
  const keys = Object.keys(sent);
  if (keys.length === 0 && field.rules.includes('required')) say(form, at, 'is required');
  if (keys.length > MOST_IN_A_LIST) say(form, at, `must have at most ${MOST_IN_A_LIST} members`);
  const rows = keys.slice(0, MOST_IN_A_LIST).flatMap((key) => {
    const row = sent[key];
    if (/^\d{1,2}$/.test(key) && isObject(row)) return [readAll(field.fields, row, `${at}.${key}.`, form)];
    say(form, `${at}.${key}`.slice(0, 200), 'must be an object under the key "0", "1", …');
    return [];
  });
  for (const one of field.fields.filter(({ rules }) => rules.includes('distinct'))) {
    const all = rows.map((row) => row[one.name]).filter((value) => value !== undefined);
    if (new Set(all).size < all.length) say(form, `${at}.${keys.at(-1)}.${one.name}`, 'is there twice');
  }
  return rows;
};

const readLeaf = (field: LeafField, among: Record<string, unknown>, at: string, form: ReadForm): unknown => {
  const given = among[field.name] ?? field.default ?? undefined;
  const rules = rulesOf(field, at);
  const empty = given === undefined || given === '' || (Array.isArray(given) && given.length === 0);
  if (empty) {
    if (rules.includes('required') || rules.includes('accepted')) say(form, at, 'is required');
    return undefined;
  }
  const value = TYPES[field.type](given, field);
  if (value instanceof Fault) {
    say(form, at, value.issue);
    return undefined;
  }
  const fault = rules.map((rule) => faultBy(rule, value, among)).find((one) => one !== null);
  if (fault) {
    say(form, at, fault);
    return undefined;
  }
  if (field.type === 'phone') return e164(String(value), phoneCountry(rules));
  if (rules.includes('unique_active_email')) form.emails.push({ field: at, value: String(value) });
  if (rules.includes('country')) form.countries.push({ field: at, value: String(value) });
  return value;
};

class Fault {
  readonly issue: string;
  constructor(issue: string) {
    this.issue = issue;
  }
}

const line = (given: unknown): string | Fault => {
  if (typeof given !== 'string') return new Fault('must be text');
  if (given.length > LONGEST) return new Fault(`must have at most ${LONGEST} characters`);
  if (hasUnseen(given)) return new Fault(UNSEEN_ISSUE);
  return given.trim().normalize('NFC');
};

const oneOf = (given: unknown, { options, rules }: LeafField): string | Fault => {
  const value = typeof given === 'number' ? String(given) : given;
  if (typeof value !== 'string' || value.length > LONGEST) return new Fault('must be one of the options');
  return rules.includes('country') || options.some((option) => option.value === value)
    ? value
    : new Fault('must be one of the options');
};

const TYPES: Record<LeafField['type'], (given: unknown, field: LeafField) => unknown> = {
  input: line,
  phone: line,
  date: line,
  // Blanks at its ends belong to a password.
  passwordButton: (given) =>
    typeof given === 'string' && given.length <= LONGEST
      ? given
      : new Fault(`must be text of at most ${LONGEST} characters`),
  select: oneOf,
  radio: oneOf,
  multiSelect: (given, field) => {
    if (!Array.isArray(given) || given.length > 100) return new Fault('must be a list of options');
    const values = given.map((one) => oneOf(one, field));
    return values.find((one) => one instanceof Fault) ?? values;
  },
  boolean: (given) => (typeof given === 'boolean' ? given : new Fault('must be true or false')),
};

const faultBy = (rule: string, value: unknown, among: Record<string, unknown>): string | null => {
  const [name = '', more = ''] = rule.split(':', 2);
  const text = typeof value === 'string' ? value : '';
  switch (name) {
    case 'min':
      return text.length < Number(more) ? `must have at least ${more} characters` : null;
    case 'max':
      return text.length > Number(more) ? `must have at most ${more} characters` : null;
    case 'accepted':
      return value === true ? null : 'must be accepted';
    case 'info_name':
      return /^[\p{L}\p{M}][\p{L}\p{M} .'’-]*$/u.test(text) ? null : 'must be a name: letters, blanks, hyphens';
    case 'date':
      return isPastDay(text) ? null : 'must be a date such as 1990-05-01';
    case 'birthday':
      return text < '1900' ? 'must be the birthday of somebody who lives' : null;
    case 'age':
      return isPastDay(text) && ageOn(text, new Date()) >= Number(more) && ageOn(text, new Date()) <= 120
        ? null
        : `must be the birthday of somebody who is ${more} or older`;
    case 'email':
      return isEmail(text) ? null : 'must be a valid e-mail address in plain letters';
    case 'phone':
      return e164(text, phoneCountry([rule])) === null ? 'must be a valid phone number such as +995555123456' : null;
    case 'password_length':
    case 'password_content':
      return passwordFault(text);
    case 'same':
      return value === among[more] ? null : `must be the same as ${more}`;
    default:
      return null;
  }
};

const isPastDay = (text: string): boolean => isDay(text) && new Date(text) < new Date();

const ageOn = (birthday: string, today: Date): number => {
  const [year = 0, month = 0, day = 0] = birthday.split('-').map(Number);
  const before = today.getUTCMonth() + 1 < month || (today.getUTCMonth() + 1 === month && today.getUTCDate() < day);
  return today.getUTCFullYear() - year - (before ? 1 : 0);
};

/** Letters that only look like others (Cyrillic а, full-width ａ) would make two addresses that people cannot tell apart: plain ASCII only. */
export const isEmail = (text: string): boolean =>
  text.length <= 254 &&
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$/.test(
    text,
  ) &&
  text.indexOf('@') <= 64 &&
  // 'xn--…' would bring in what is refused above.
  !/[@.]xn--/i.test(text);

const phoneCountry = (rules: readonly string[]): string | undefined => {
  const country = rules.find((rule) => rule.startsWith('phone:'))?.slice('phone:'.length);
  return country === 'AUTO' ? undefined : country;
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const say = (form: ReadForm, field: string, what: string): void => {
  if (form.wrong.length < 20) form.wrong.push({ field, issue: `${field} ${what}.` });
};
