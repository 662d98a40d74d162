import { z } from 'zod';

/** A setting that never leaves the hub again: the form shows that it is set, nothing shows what it is. */
export const secret = () => z.string().min(1).max(8192).meta({ secret: true });

/** Where a provider is reached. Refused in production when it leads into a private network. */
export const address = () => z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''));

type Schema = z.core.JSONSchema.BaseSchema & { secret?: boolean };

/** The settings as JSON Schema, for forms and docs; secret fields carry `secret: true`. */
export const settingsSchema = (config: z.ZodType): Schema => z.toJSONSchema(config, { io: 'input' }) as Schema;

/** Replaces every secret of `settings` by what `replace` makes of it; what is absent stays absent. */
export const mapSecrets = (config: z.ZodType, settings: unknown, replace: (secret: string) => unknown): unknown =>
  walk(settingsSchema(config), settings, replace);

/** Every secret in `settings`: texts that must appear nowhere. */
export const secretsIn = (config: z.ZodType, settings: unknown): string[] => {
  const found: string[] = [];
  mapSecrets(config, settings, (one) => {
    found.push(one);
    return one;
  });
  return found;
};

const walk = (schema: Schema | undefined, value: unknown, replace: (secret: string) => unknown): unknown => {
  if (schema === undefined || typeof schema === 'boolean') return value;
  if (typeof value === 'string') return isSecret(schema) ? replace(value) : value;
  if (Array.isArray(value)) return value.map((item) => walk(itemsOf(schema), item, replace));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, walk(memberOf(schema, name), member, replace)]),
  );
};

const variants = (schema: Schema): Schema[] => [
  schema,
  ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].flatMap((one) =>
    variants(one as Schema),
  ),
];

const isSecret = (schema: Schema): boolean => variants(schema).some((one) => one.secret === true);

const itemsOf = (schema: Schema): Schema | undefined =>
  variants(schema)
    .map(({ items }) => items)
    .find((items) => items !== undefined && !Array.isArray(items)) as Schema | undefined;

const memberOf = (schema: Schema, name: string): Schema | undefined =>
  variants(schema)
    .map(({ properties, additionalProperties }) => properties?.[name] ?? additionalProperties)
    .find((member) => member !== undefined && typeof member !== 'boolean') as Schema | undefined;
