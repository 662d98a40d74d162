import fc from 'fast-check';
import { z } from 'zod';

type Schema = z.core.JSONSchema.BaseSchema;

/**
 * A value a schema takes, of as little as it requires. `known`: values for fields by their names, such as ids of objects that exist. What only a refinement knows is not
 * known here.
 */
export const sampleOf = (schema: z.ZodType, known: Readonly<Record<string, unknown>> = {}): unknown => {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return sample(root, root, known);
};

const sample = (asked: Schema, root: Schema, known: Readonly<Record<string, unknown>>): unknown => {
  const one = resolved(asked, root);
  if (one.const !== undefined) return one.const;
  if (one.enum) return one.enum[0];
  if (one.examples?.length) return one.examples[0];
  const choice = one.anyOf ?? one.oneOf;
  if (choice) return sample(choice[0] as Schema, root, known);
  switch (one.type) {
    case 'object':
      return objectOf(one, root, known);
    case 'array':
      return Array.from({ length: one.minItems ?? 0 }, () => sample(one.items as Schema, root, known));
    case 'string':
      return textOf(one);
    case 'integer':
    case 'number':
      return Math.max(one.minimum ?? 1, Number(one.exclusiveMinimum ?? 0) + 1);
    case 'boolean':
      return true;
    default:
      return 'a value';
  }
};

const objectOf = (one: Schema, root: Schema, known: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const fields = Object.entries(one.properties ?? {}) as [string, Schema][];
  const required = fields.filter(([name]) => one.required?.includes(name));
  // What requires nothing is a change, which must change something.
  const named = required.length > 0 ? required : fields.slice(0, 1);
  return Object.fromEntries(
    named.map(([name, field]) => [name, name in known ? known[name] : sample(field, root, known)]),
  );
};

const textOf = ({ format, pattern, minLength, maxLength }: Schema): string => {
  if (format === 'date') return '2031-01-31';
  if (format === 'date-time') return '2031-01-31T12:00:00+00:00';
  if (format === 'uuid') return '3f1f0a52-6f9b-4b3c-9d55-0d7c3c5c1a11';
  if (format === 'email') return 'sample@example.com';
  const like = 'a text of some length'.slice(0, maxLength).padEnd(minLength ?? 0, 'x');
  if (pattern === undefined || new RegExp(pattern).test(like)) return like;
  return fc.sample(fc.stringMatching(new RegExp(pattern)), { numRuns: 1, seed: 1 })[0]!;
};

const resolved = (one: Schema, root: Schema): Schema => {
  const name = /^#\/\$defs\/(.+)$/.exec(one.$ref ?? '')?.[1];
  return name === undefined ? one : resolved(root.$defs![name] as Schema, root);
};
