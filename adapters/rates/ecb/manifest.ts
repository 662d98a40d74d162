import { z } from 'zod';
import { address } from '../../kit/config.ts';
import { defineRatesProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';

export default defineRatesProvider({
  id: 'ecb',
  caption: 'European Central Bank',
  capabilities: ['fiat'],
  idempotency: 'native',
  limits: { perSecond: 1, timeoutMs: 10_000 },
  config: z.object({ baseUrl: address().default('https://www.ecb.europa.eu') }),
  adapter,
  sandbox: async () => (await import('./sandbox.ts')).createSandbox(),
});
