import { defineKycProvider } from '../../kit/manifest.ts';
import { shuftipro } from './adapter.ts';
import { ShuftiproConfig } from './client.ts';

export default defineKycProvider({
  id: 'shuftipro',
  caption: 'ShuftiPro',
  capabilities: ['redirect', 'webhook', 'poll'],
  // Their `reference` is ours and can be used once; whether it was is asked with /status.
  idempotency: 'lookup',
  // 120 calls a minute and address; beginning takes two or more.
  limits: { perSecond: 1, timeoutMs: 15_000 },
  config: ShuftiproConfig,
  webhook: { scheme: 'SHA-256 of body and secret in Signature', answerWithinMs: 15_000 },
  adapter: shuftipro,
  sandbox: async () => (await import('./sandbox.ts')).createSandbox(),
});
