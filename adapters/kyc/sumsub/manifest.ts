import { defineKycProvider } from '../../kit/manifest.ts';
import { sumsub, SumsubConfig } from './adapter.ts';

export default defineKycProvider({
  id: 'sumsub',
  caption: 'SumSub',
  capabilities: ['sdk', 'redirect', 'reopen', 'webhook', 'poll'],
  // Our reference is their unique externalUserId.
  idempotency: 'native',
  // 50 POST in 5 s for the whole account; beginning takes two, and transaction monitoring wants its share.
  limits: { perSecond: 3, timeoutMs: 15_000 },
  config: SumsubConfig,
  webhook: { scheme: 'HMAC of the body in X-Payload-Digest, algorithm as configured', answerWithinMs: 5000 },
  adapter: sumsub,
  sandbox: async () => (await import('./sandbox.ts')).sumsubSandbox(),
});
