import { defineScreeningProvider } from '../../kit/manifest.ts';
import { sumsubKyt, SumsubKytConfig } from './adapter.ts';

export default defineScreeningProvider({
  id: 'sumsub-kyt',
  caption: 'SumSub transaction monitoring',
  capabilities: ['fiat', 'crypto', 'webhook', 'poll'],
  // Our reference is their unique txnId.
  idempotency: 'native',
  // See kyc/sumsub: 10 POST a second for the whole account.
  limits: { perSecond: 4, timeoutMs: 15_000 },
  config: SumsubKytConfig,
  webhook: { scheme: 'HMAC of the body in X-Payload-Digest, algorithm as configured', answerWithinMs: 5000 },
  adapter: sumsubKyt,
  sandbox: async () => (await import('./sandbox.ts')).kytSandbox(),
});
