import { defineTradingProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';
import { configSchema } from './config.ts';

export default defineTradingProvider({
  id: 'acme',
  caption: 'Acme',
  // Take away what the platform cannot do, add what it can. Every word: adapters/kit/capabilities.ts.
  capabilities: [
    'account.create', 'account.state', 'balance.deposit', 'balance.withdraw', 'balance.correction', 'balance.findByKey', 'balance.list', 'leverage', 'group',
    'access.full', 'access.readOnly', 'access.disabled',
  ], // prettier-ignore
  // `native`: the platform keeps our key, the same operation twice is one. `lookup`: no key, but its comment is found. `none`: neither. In doubt the lower one.
  idempotency: 'lookup',
  // Of one server; the longest exchange.
  limits: { perSecond: 5, timeoutMs: 15_000 },
  config: configSchema,
  adapter,
  sandbox: async () => (await import('./sandbox.ts')).acmeSandbox(),
});
