import { z } from 'zod';
import { CAPABILITIES } from './capabilities.ts';
import type { Category } from './manifest.ts';

const isFunction = (value: unknown): boolean => typeof value === 'function';

const Manifest = z.object({
  category: z.enum(Object.keys(CAPABILITIES) as Category[]),
  id: z.string().regex(/^[a-z][a-z0-9-]{1,31}$/),
  caption: z.string().min(1),
  capabilities: z.array(z.string()),
  idempotency: z.enum(['native', 'lookup', 'none']),
  limits: z.object({ perSecond: z.number().positive(), timeoutMs: z.int().positive() }),
  config: z.custom(
    (schema) => isFunction((schema as { safeParse?: unknown } | undefined)?.safeParse),
    'must be a zod schema',
  ),
  adapter: z.custom(
    (adapter) => isFunction((adapter as { testConnection?: unknown } | undefined)?.testConnection),
    'must have testConnection()',
  ),
});

/** Why something from outside this repository is no provider's manifest; null when it is one. */
export const providerTrouble = (value: unknown): string | null => {
  const manifest = Manifest.safeParse(value);
  if (!manifest.success)
    return manifest.error.issues
      .map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '))
      .join('; ');
  const { category, capabilities } = manifest.data;
  const words: readonly string[] = CAPABILITIES[category];
  const strange = capabilities.find((word) => !words.includes(word));
  return strange === undefined ? null : `capabilities: '${strange}' is no capability of ${category}`;
};
