import { z } from 'zod';
import { address, secret } from '../../kit/config.ts';
import { defineMessagingProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';

export default defineMessagingProvider({
  id: 'slack',
  caption: 'Slack',
  capabilities: ['chat', 'find'],
  // No key is kept; our reference travels in the message's metadata and is found in the channel's history.
  idempotency: 'lookup',
  // About one message per second and channel.
  limits: { perSecond: 1, timeoutMs: 10_000 },
  config: z.object({
    /** 'xoxb-…' of the app that was installed into the workspace. */
    botToken: secret(),
    baseUrl: address().default('https://slack.com'),
  }),
  adapter,
  sandbox: async () => (await import('./sandbox.ts')).createSandbox(),
});
