import { z } from 'zod';

/** A setting that never leaves the hub again: the form shows that it is set, nothing shows what it is. */
export const secret = () => z.string().min(1).max(8192).meta({ secret: true });

/** What stands in the place of a secret in answers. Sent back, it means: as it was. */
export const MASK = '***';

/** Where a provider is reached. Refused in production when it leads into a private network. A host name that is no URL says `.meta({ address: true })`. */
export const address = () => z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''));

export type Schema = z.core.JSONSchema.BaseSchema & { secret?: boolean; address?: boolean };

/** Asked at every call of a provider, and the same for as long as its manifest lives. */
const schemas = new WeakMap<z.ZodType, Schema>();

/** The settings as JSON Schema, for forms and docs; secret fields carry `secret: true`. */
export const settingsSchema = (config: z.ZodType): Schema => {
  const known = schemas.get(config) ?? (z.toJSONSchema(config, { io: 'input' }) as Schema);
  schemas.set(config, known);
  return known;
};

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

export interface Carried {
  settings: unknown;
  /** Secrets taken over from the stored settings, in dot form. */
  kept: string[];
  /** Addresses that differ from the stored ones, in dot form. */
  moved: string[];
}

/** New settings with the stored secrets where they leave them out or send the mask; null takes a secret away. */
export const carrySecrets = (config: z.ZodType, given: unknown, stored: unknown): Carried => {
  const carried: Carried = { settings: undefined, kept: [], moved: [] };
  carried.settings = carry(settingsSchema(config), given, stored, [], carried);
  return carried;
};

const carry = (schema: Schema | undefined, given: unknown, stored: unknown, path: string[], into: Carried): unknown => {
  if (schema === undefined) return given;
  if (isSecret(schema) && (given === MASK || given === undefined)) {
    if (typeof stored === 'string') into.kept.push(path.join('.'));
    return typeof stored === 'string' ? stored : undefined;
  }
  if (isSecret(schema) && given === null) return undefined;
  if (isAddress(schema) && given !== stored) into.moved.push(path.join('.'));
  if (Array.isArray(given)) {
    const before: readonly unknown[] = Array.isArray(stored) ? stored : [];
    return given.map((item, n) => carry(itemsOf(schema), item, before[n], [...path, String(n)], into));
  }
  if (!isObject(given)) return given;
  const before = isObject(stored) ? stored : {};
  const names = new Set([...Object.keys(given), ...Object.keys(before)]);
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const value = carry(memberOf(schema, name), given[name], before[name], [...path, name], into);
      return value === undefined ? [] : [[name, value]];
    }),
  );
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Settings the schema does not know, in dot form: a misspelt optional one would be lost in silence. */
export const unknownSettings = (config: z.ZodType, given: Record<string, unknown>): string[] => {
  const schema = settingsSchema(config);
  return Object.keys(given).filter((name) => memberOf(schema, name) === undefined);
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

export const variants = (schema: Schema): Schema[] => [
  schema,
  ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].flatMap((one) =>
    variants(one as Schema),
  ),
];

export const isSecret = (schema: Schema): boolean => variants(schema).some((one) => one.secret === true);

export const isAddress = (schema: Schema): boolean =>
  variants(schema).some((one) => one.address === true || one.format === 'uri');

const itemsOf = (schema: Schema): Schema | undefined =>
  variants(schema)
    .map(({ items }) => items)
    .find((items) => items !== undefined && !Array.isArray(items)) as Schema | undefined;

const memberOf = (schema: Schema, name: string): Schema | undefined =>
  variants(schema)
    .map(({ properties, additionalProperties }) => properties?.[name] ?? additionalProperties)
    .find((member) => member !== undefined && typeof member !== 'boolean') as Schema | undefined;
