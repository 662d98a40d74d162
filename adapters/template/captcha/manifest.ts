import { defineCaptchaProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';
import { configSchema } from './config.ts';

export default defineCaptchaProvider({
  id: 'acme',
  caption: 'Acme',
  // `score`: they give points instead of a yes or no, and know for which action a token was made.
  capabilities: [],
  idempotency: 'native',
  limits: { perSecond: 50, timeoutMs: 5_000 },
  config: configSchema,
  adapter,
  sandbox: async () => (await import('./sandbox.ts')).acmeSandbox(),
});
