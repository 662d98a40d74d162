import { z } from 'zod';
import { CAPABILITIES } from './capabilities.ts';
import type { Category, Provider } from './manifest.ts';

const isFunction = (value: unknown): boolean => typeof value === 'function';

const Manifest = z.object({
  category: z.enum(Object.keys(CAPABILITIES) as Category[]),
  id: z.string().regex(/^[a-z][a-z0-9-]{1,31}$/),
  caption: z.string().min(1),
  capabilities: z.array(z.string()),
  idempotency: z.enum(['native', 'lookup', 'none']),
  limits: z.object({ perSecond: z.number().positive(), timeoutMs: z.int().positive() }),
  config: z.custom((schema) => isFunction((schema as { safeParse?: unknown } | undefined)?.safeParse)),
  adapter: z.custom((adapter) => isFunction((adapter as { testConnection?: unknown } | undefined)?.testConnection)),
});

/** Whether something from outside this repository is a provider's manifest. */
export const isProvider = (value: unknown): value is Provider => {
  const manifest = Manifest.safeParse(value);
  if (!manifest.success) return false;
  const words: readonly string[] = CAPABILITIES[manifest.data.category];
  return manifest.data.capabilities.every((word) => words.includes(word));
};
