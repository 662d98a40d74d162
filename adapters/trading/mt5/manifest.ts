import { defineTradingProvider } from '../../kit/manifest.ts';
import { mt5 } from './adapter.ts';
import { Mt5Config } from './config.ts';

export default defineTradingProvider({
  id: 'mt5',
  caption: 'MetaTrader 5',
  capabilities: [
    'account.create', 'account.state', 'account.archive', 'balance.deposit', 'balance.withdraw', 'balance.credit', 'balance.correction',
    'balance.bonus', 'balance.findByKey', 'balance.list', 'leverage', 'group', 'access.full', 'access.readOnly', 'access.disabled', 'password',
    'positions', 'deals',
  ], // prettier-ignore
  // No key at the platform, but the comment of a balance operation carries ours and deals can be searched.
  idempotency: 'lookup',
  limits: { perSecond: 20, timeoutMs: 15_000 },
  config: Mt5Config,
  adapter: mt5,
  sandbox: async () => (await import('./sandbox.ts')).createSandbox(),
});
