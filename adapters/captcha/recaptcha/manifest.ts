import { defineCaptchaProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';
import { configSchema } from './config.ts';

export default defineCaptchaProvider({
  id: 'recaptcha',
  caption: 'Google reCAPTCHA',
  capabilities: ['score'],
  idempotency: 'native',
  // Somebody waits in front of a form.
  limits: { perSecond: 100, timeoutMs: 5000 },
  config: configSchema,
  adapter,
  sandbox: async () => (await import('./sandbox.ts')).createSandbox(),
});
