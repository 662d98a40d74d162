import type { FormField, LeafField } from './form-fields.ts';

export const LONGEST = 1_000;
const OLDEST = 120;

/** Whatever an operator writes into a form, these hold for what the field is. */
const ALWAYS: Record<string, readonly string[]> = {
  email: ['required', 'email', 'unique_active_email'],
  password: ['required', 'password_content'],
  password_confirmation: ['required', 'same:password'],
  'info.birthday': ['date', 'birthday'],
};

/** `at`: 'info.birthday' */
export const rulesOf = ({ type, rules }: LeafField, at: string): string[] => [
  ...rules,
  ...(ALWAYS[at] ?? []),
  ...(type === 'phone' && !rules.some((rule) => rule.startsWith('phone:')) ? ['phone:AUTO'] : []),
];

const CHOICES: readonly string[] = ['select', 'radio', 'multiSelect'];
const NO_TEXT: readonly string[] = ['boolean', 'multiSelect'];
/** What only a text can satisfy. */
const OF_TEXTS = /^(min:0*[1-9]|info_name$|date$|country$|password_|email|phone:|age:)/;

/** Why nobody could say what is right in a field among others; null: somebody could. */
export const whyUnfillable = (field: LeafField, beside: readonly FormField[], path: string): string | null => {
  const { name, type, options } = field;
  const at = `${path}${name}`;
  const rules = rulesOf(field, at);
  const numbers = (rule: string) =>
    rules.flatMap((one) => (one.startsWith(`${rule}:`) ? [Number(one.slice(rule.length + 1))] : []));
  if (CHOICES.includes(type) && options.length === 0 && !rules.includes('country')) return `needs options at '${at}'`;
  const twin = rules.find((rule) => rule.startsWith('same:'))?.slice('same:'.length);
  if (twin !== undefined && !beside.some((one) => one !== field && one.name === twin && one.type !== 'group'))
    return `needs a field '${twin}' beside '${at}', which it must be the same as`;
  if (rules.includes('accepted') && type !== 'boolean')
    return `needs '${at}' to be of type boolean, for it is to be accepted`;
  const ofTexts = NO_TEXT.includes(type) ? rules.find((rule) => OF_TEXTS.test(rule)) : undefined;
  if (ofTexts !== undefined) return `cannot have the rule '${ofTexts}' at '${at}', which is no text`;
  const [least, most] = [Math.max(1, ...numbers('min')), Math.min(LONGEST, ...numbers('max'))];
  if (!NO_TEXT.includes(type) && least > most)
    return `wants at least ${least} and at most ${most} characters at '${at}'`;
  const age = Math.max(0, ...numbers('age'));
  return age > OLDEST ? `wants somebody of ${age} years at '${at}'` : null;
};
