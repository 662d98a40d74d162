import type { z } from 'zod';
import { isAddress, isSecret, type Schema, settingsSchema, variants } from './config.ts';

/** One field of a provider's settings form (objects-back-office 12.2). */
export interface SettingField {
  /** Member of `settings`. */
  name: string;
  caption: string;
  type: 'string' | 'password' | 'bool' | 'int' | 'url' | 'select' | 'json';
  isRequired: boolean;
  isSecret: boolean;
  default: unknown;
  options: { value: string; label: string }[];
  description: string | null;
  /** For `json`, what fits: JSON Schema. */
  schema: Record<string, unknown> | null;
}

/** The form a person fills in, from the manifest's schema. */
export const settingsForm = (config: z.ZodType): SettingField[] => {
  const shapes = variants(settingsSchema(config));
  const fields = new Map<string, Schema>();
  for (const { properties = {} } of shapes)
    for (const [name, field] of Object.entries(properties)) if (!fields.has(name)) fields.set(name, field as Schema);
  const required = new Set(shapes.flatMap((shape) => shape.required ?? []));
  return [...fields].map(([name, field]) => fieldOf(name, field, required.has(name)));
};

const fieldOf = (name: string, field: Schema, isRequired: boolean): SettingField => {
  const type = typeOf(field);
  return {
    name,
    caption: field.title ?? words(name),
    type,
    isRequired,
    isSecret: isSecret(field),
    default: isSecret(field) ? null : (field.default ?? null),
    options: choices(field).map((value) => ({ value, label: value })),
    description: field.description ?? null,
    schema: type === 'json' ? { ...field } : null,
  };
};

const typeOf = (field: Schema): SettingField['type'] => {
  if (isSecret(field)) return 'password';
  if (choices(field).length > 0) return 'select';
  const kinds = new Set(variants(field).flatMap(({ type }) => type ?? []));
  kinds.delete('null');
  if (kinds.size !== 1) return 'json';
  if (kinds.has('boolean')) return 'bool';
  if (kinds.has('integer')) return 'int';
  if (!kinds.has('string')) return 'json';
  return isAddress(field) && variants(field).some(({ format }) => format === 'uri') ? 'url' : 'string';
};

const choices = (field: Schema): string[] =>
  variants(field).flatMap((one) =>
    [...(one.enum ?? []), ...(one.const === undefined ? [] : [one.const])].filter(
      (value): value is string => typeof value === 'string',
    ),
  );

/** 'clientSecret' → 'Client secret' */
const words = (name: string): string => {
  const spaced = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
};
