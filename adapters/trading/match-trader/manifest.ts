import { defineTradingProvider } from '../../kit/manifest.ts';
import { matchTrader } from './adapter.ts';
import { MatchTraderConfig } from './config.ts';

export default defineTradingProvider({
  id: 'match-trader',
  caption: 'Match-Trader',
  capabilities: [
    'account.create', 'account.state', 'balance.deposit', 'balance.withdraw', 'balance.credit', 'balance.correction', 'balance.bonus',
    'balance.findByKey', 'balance.list', 'leverage', 'group', 'access.full', 'access.closeOnly', 'access.readOnly', 'access.disabled', 'password.change',
    'positions', 'deals',
  ], // prettier-ignore
  // No key at the platform, but the comment of a movement carries ours and the ledger can be searched.
  idempotency: 'lookup',
  // 500 requests a minute per token; an activity makes one to three.
  limits: { perSecond: 3, timeoutMs: 15_000 },
  config: MatchTraderConfig,
  adapter: matchTrader,
  sandbox: async () => (await import('./sandbox.ts')).createSandbox(),
});
