import { defineTradingProvider } from '../../kit/manifest.ts';
import { paper } from './adapter.ts';
import { PaperConfig } from './config.ts';

export default defineTradingProvider({
  id: 'paper',
  caption: 'Paper trading (demo platform)',
  capabilities: [
    'account.create', 'account.state', 'account.archive', 'balance.deposit', 'balance.withdraw', 'balance.credit', 'balance.correction',
    'balance.bonus', 'balance.findByKey', 'balance.list', 'leverage', 'group', 'access.full', 'access.closeOnly', 'access.readOnly',
    'access.disabled', 'password', 'positions', 'deals',
  ], // prettier-ignore
  // Accounts are made by our reference, operations are put under our key.
  idempotency: 'native',
  limits: { perSecond: 50, timeoutMs: 10_000 },
  config: PaperConfig,
  adapter: paper,
  sandbox: async () => (await import('./sandbox.ts')).createSandbox(),
});
