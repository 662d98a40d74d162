import { z } from 'zod';
import { carrySecrets, unknownSettings } from '../../../adapters/kit/config.ts';
import type { Provider } from '../../../adapters/kit/manifest.ts';
import { type Detail, Problem } from '../../kit/errors.ts';
import { JsonNumber } from '../../../domain/json-number.ts';
import { parsePart } from '../../kit/validate.ts';

/**
 * Settings ready to be sealed: as given, with the stored secrets where they were left out or masked, and fit for the provider. Refuses with 400 that
 * names each wrong field as `settings.<name>`; nothing is half-saved.
 */
export const checkedSettings = (
  provider: Provider,
  given: Record<string, unknown>,
  stored: unknown = {},
): Record<string, unknown> => {
  const wrong = unknownSettings(provider.config, given).map((name) =>
    detail(name, `is not a setting of ${provider.caption}`),
  );
  const { settings, kept, moved } = carrySecrets(provider.config, plain(given), stored);
  // Whoever may change where we call must not make us send a secret there that he does not know.
  if (moved.length > 0)
    wrong.push(...kept.map((name) => detail(name, `must be entered again, because ${moved.join(', ')} changes`)));
  if (wrong.length > 0) throw new Problem(400, wrong.slice(0, 20));
  parsePart(z.object({ settings: provider.config }), { settings }, 'body');
  return settings as Record<string, unknown>;
};

const detail = (name: string, what: string): Detail => {
  const field = `settings.${name}`.slice(0, 200);
  return { field, reason: 'validation', issue: `${field} ${what}.` };
};

/** Settings hold no money: numbers may be numbers. */
const plain = (value: unknown): unknown => {
  if (value instanceof JsonNumber) return Number(value.literal);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
};
