import type { z } from 'zod';
import { Problem, type Detail } from './errors.ts';

const UNKNOWN = {
  body: 'is not a field of this method',
  query: 'is not a parameter of this method',
  path: 'is not in the path of this method',
  step: 'is not a field of this step',
};
/** `step`: what a wizard's step takes of a body that has steps of several kinds. */
type Part = keyof typeof UNKNOWN;

/** Parses one part of a request; refuses with 400 that names every wrong or unknown field. */
export const parsePart = <S extends z.ZodType>(schema: S, value: unknown, part: Part): z.output<S> => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Problem(400, result.error.issues.flatMap((issue) => describe(issue, part, value)).slice(0, 20));
};

const describe = (issue: z.core.$ZodIssue, part: Part, value: unknown): Detail[] => {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => detail([...path, key].join('.').slice(0, 200), UNKNOWN[part]));
  }
  if (issue.code === 'invalid_union' && issue.errors[0])
    return issue.errors[0].flatMap((inner) =>
      describe({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue, part, value),
    );
  if (path.length === 0 && value === undefined) return [{ reason: 'validation', issue: 'A JSON body is required.' }];
  const missing = issue.code === 'invalid_type' && path.length > 0 && at(value, path) === undefined;
  return [
    path.length === 0
      ? { reason: 'validation', issue: `The ${part === 'step' ? 'body' : part} ${lower(issue.message)}.` }
      : detail(path.join('.'), missing ? 'is required' : lower(issue.message)),
  ];
};

const detail = (field: string, what: string): Detail => ({ field, reason: 'validation', issue: `${field} ${what}.` });

const at = (value: unknown, path: string[]): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined),
    value,
  );

/** zod's own sentences ("Invalid input: expected string, received number") read on after a field's name. */
const lower = (message: string): string =>
  message
    .replace(/^Invalid input: /, 'is wrong: ')
    .replace(/^(Invalid|Too|Unrecognized)/, (word) => `is ${word.toLowerCase()}`)
    .replace(/\.$/, '');
