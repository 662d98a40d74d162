import { defineTradingProvider } from '../../kit/manifest.ts';
import { genericHub } from './adapter.ts';
import { GenericHubConfig } from './config.ts';

export default defineTradingProvider({
  id: 'generic-hub',
  caption: 'Generic hub (OneZero, PrimeXM) – vendor mapping unverified',
  // Hub accounts are institutional: no end-user passwords, no archive.
  capabilities: [
    'account.create', 'account.state', 'balance.deposit', 'balance.withdraw', 'balance.credit', 'balance.correction', 'balance.bonus',
    'balance.findByKey', 'balance.list', 'leverage', 'group', 'access.full', 'access.closeOnly', 'access.readOnly', 'access.disabled',
    'positions', 'deals',
  ], // prettier-ignore
  // The contract: the same reference gets the same answer.
  idempotency: 'native',
  limits: { perSecond: 10, timeoutMs: 15_000 },
  config: GenericHubConfig,
  adapter: genericHub,
  sandbox: async () => (await import('./sandbox.ts')).createSandbox(),
});
