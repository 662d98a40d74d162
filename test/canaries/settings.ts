import { randomBytes } from 'node:crypto';
import { type Schema, secretsIn, settingsSchema } from '../../adapters/kit/config.ts';
import type { Provider } from '../../adapters/kit/manifest.ts';
import type { Canary } from './scan.ts';

export type Settings = Record<string, unknown>;

/** Names of a provider's secret settings, as its manifest marks them. All of ours stand at the top of their schema. */
export const secretFields = ({ config }: Provider): string[] =>
  Object.entries((settingsSchema(config).properties ?? {}) as Record<string, Schema>)
    .filter(([, schema]) => schema.secret)
    .map(([name]) => name);

/** Settings without which a secret setting is refused: two parts of one key. */
const TOGETHER: Record<string, Settings> = {
  apiKeySecret: { apiKeySid: `SK${'5c'.repeat(16)}` },
  password: {},
};

/** The settings its sandbox takes, and the secrets among them. */
export const goodSettings = (provider: Provider, given: Settings): { settings: Settings; canaries: Canary[] } => ({
  settings: given,
  canaries: secretsIn(provider.config, given).map((text, n) => ({
    what: `${provider.id}: good secret ${n + 1}`,
    text,
  })),
});

/** Settings with another secret in every secret field: well formed, and refused by whoever checks them. */
export const refusedSettings = (provider: Provider, good: Settings): { settings: Settings; canaries: Canary[] } => {
  const canaries: Canary[] = [];
  const settings = { ...good };
  for (const name of secretFields(provider)) {
    const text = `canary${randomBytes(9).toString('hex')}`;
    const tried = { ...settings, ...TOGETHER[name], [name]: inTheShapeOf(good[name], text) };
    if (!provider.config.safeParse(tried).success)
      throw new Error(`${provider.id}.${name}: say in test/canaries/settings.ts what goes together with it`);
    Object.assign(settings, tried);
    canaries.push({ what: `${provider.id}: ${name}`, text });
  }
  return { settings, canaries };
};

/** 'whsec_sandbox' → 'whsec_canary…': what tells the kind of secret stays. */
const inTheShapeOf = (example: unknown, text: string): string =>
  typeof example === 'string' ? example.replace(/[^_:.\s]+$/, text) : text;
