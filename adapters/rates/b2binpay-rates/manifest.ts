import { z } from 'zod';
import { address, secret } from '../../kit/config.ts';
import { defineRatesProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';

export default defineRatesProvider({
  id: 'b2binpay-rates',
  caption: 'B2BINPAY rates',
  capabilities: ['fiat', 'crypto', 'two_sided', 'expiry'],
  idempotency: 'native',
  limits: { perSecond: 5, timeoutMs: 10_000 },
  config: z.object({
    clientId: z.string().min(1).max(512),
    clientSecret: secret(),
    /** Default: v3's live host. Coinsbuy, the same API under another name: https://v3.api.coinsbuy.com */
    baseUrl: address().default('https://v3.api.b2binpay.com'),
    /** Our alphabetic codes to theirs, where they differ. */
    names: z.record(z.string().max(32), z.string().min(1).max(32)).default({}),
  }),
  adapter,
  sandbox: async () => (await import('./sandbox.ts')).createSandbox(),
});
