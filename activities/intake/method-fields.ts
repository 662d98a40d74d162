import type { MethodFacts } from '../../db/repositories/orders.ts';
import { isAmount } from '../../domain/money.ts';
import { WrongFields } from '../../domain/failures.ts';
import { JsonNumber } from '../../domain/json-number.ts';
import { hasUnseen, UNSEEN_ISSUE } from '../../domain/unseen.ts';

/** A method's form field as it is stored (objects-front-office 1.5). */
interface FormField {
  id: string;
  name?: string;
  label: string;
  rules: string[];
  options?: { value: string }[] | null;
}

/** Longest value of a field that names no limit of its own. */
const LONGEST = 1_000;

const EMAIL = /^[^\s@,]+@[^\s@,]+$/;

/**
 * What the client filled in, checked by the rules of the method's own fields: `required`, `string`, `numeric`, `integer`, `email`,
 * `min:n`, `max:n`, and the offered options. Values may come under a field's id or its name; they are kept under the name.
 * Throws WrongFields that names each wrong field as `data.<id>`.
 */
export const methodData = (method: MethodFacts, given: Record<string, unknown>): Record<string, string> => {
  const fields: FormField[] = method.fields;
  const wrong: { field: string; issue: string }[] = [];
  const kept: Record<string, string> = {};
  const known = new Set(fields.flatMap(({ id, name }) => [id, name ?? id]));
  for (const key of Object.keys(given)) {
    if (!known.has(key)) wrong.push(detail(key, 'is not a field of this method'));
  }
  for (const field of fields) {
    const value = textOf(given[field.id] ?? given[field.name ?? field.id], field.rules);
    const issue = value === undefined ? 'must be a text' : whatIsWrong(field, value);
    if (issue) wrong.push(detail(field.id, issue, field.label));
    else if (value) kept[field.name ?? field.id] = value;
  }
  if (wrong.length > 0) throw new WrongFields(wrong.slice(0, 20));
  return kept;
};

/** '' when nothing was given, undefined when it is no single value, or none of the kind the rules want. */
const textOf = (value: unknown, rules: readonly string[]): string | undefined => {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value.trim();
  if (rules.includes('string')) return undefined;
  if (value instanceof JsonNumber) return value.literal;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
};

const whatIsWrong = ({ rules, options }: FormField, value: string): string | null => {
  if (value === '') return rules.includes('required') ? 'is required' : null;
  if (hasUnseen(value)) return UNSEEN_ISSUE;
  if (rules.includes('integer') && !/^-?\d{1,18}$/.test(value)) return 'must be a whole number';
  if (rules.includes('numeric') && !isAmount(value)) return 'must be a number';
  if (rules.includes('email') && !EMAIL.test(value)) return 'must be an e-mail address';
  const [least, most] = [limit(rules, 'min') ?? 0, limit(rules, 'max') ?? LONGEST];
  if (value.length < least) return `must have at least ${least} characters`;
  if (value.length > most) return `must have at most ${most} characters`;
  if (options?.length && !options.some((option) => option.value === value)) return 'must be one of the offered values';
  return null;
};

const limit = (rules: readonly string[], name: 'min' | 'max'): number | undefined => {
  const rule = rules.find((one) => one.startsWith(`${name}:`));
  return rule === undefined ? undefined : Number(rule.slice(name.length + 1));
};

const detail = (id: string, issue: string, label = id) => ({
  field: `data.${id}`.slice(0, 200),
  issue: `${label.slice(0, 100)} ${issue}.`,
});
