import { defineScreeningProvider } from '../../kit/manifest.ts';
import { configSchema } from '../any/config.ts';
import { adapter } from './adapter.ts';

export default defineScreeningProvider({
  id: 'acme',
  caption: 'Acme',
  // What it judges (`fiat`, `crypto`), and what else it can. Every word: adapters/kit/capabilities.ts.
  capabilities: ['fiat', 'webhook'],
  // `screen` must be harmless to repeat: they keep our reference.
  idempotency: 'native',
  limits: { perSecond: 5, timeoutMs: 15_000 },
  config: configSchema,
  adapter,
  webhook: { scheme: 'x-acme-signature: hmac-sha256 of the body', answerWithinMs: 10_000 },
  sandbox: async () => (await import('./sandbox.ts')).acmeSandbox(),
});
