import { defineKycProvider } from '../../kit/manifest.ts';
import { configSchema } from '../any/config.ts';
import { adapter } from './adapter.ts';

export default defineKycProvider({
  id: 'acme',
  caption: 'Acme',
  // How the client meets them (`redirect`: a page of theirs; `sdk`: a widget in ours), and what else they can. Every word: adapters/kit/capabilities.ts.
  capabilities: ['redirect', 'webhook'],
  // `begin` finds or makes, so repeating it is harmless when they keep our reference.
  idempotency: 'native',
  limits: { perSecond: 5, timeoutMs: 15_000 },
  config: configSchema,
  adapter,
  webhook: { scheme: 'x-acme-signature: hmac-sha256 of the body', answerWithinMs: 10_000 },
  sandbox: async () => (await import('./sandbox.ts')).acmeSandbox(),
});
