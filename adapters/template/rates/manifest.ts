import { defineRatesProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';
import { configSchema } from './config.ts';

export default defineRatesProvider({
  id: 'acme',
  caption: 'Acme',
  // `two_sided`: bid and ask differ. `expiry`: they say how long a quote holds. Every word: adapters/kit/capabilities.ts.
  capabilities: ['fiat'],
  idempotency: 'native',
  limits: { perSecond: 1, timeoutMs: 10_000 },
  config: configSchema,
  adapter,
  sandbox: async () => (await import('./sandbox.ts')).acmeSandbox(),
});
