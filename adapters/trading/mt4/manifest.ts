import { defineTradingProvider } from '../../kit/manifest.ts';
import { mt4 } from './adapter.ts';
import { Mt4Config } from './config.ts';

export default defineTradingProvider({
  id: 'mt4',
  caption: 'MetaTrader 4',
  capabilities: [
    'account.create', 'account.state', 'balance.deposit', 'balance.withdraw', 'balance.credit', 'balance.correction', 'balance.bonus',
    'balance.findByKey', 'balance.list', 'leverage', 'group', 'access.full', 'access.readOnly', 'access.disabled', 'password', 'positions', 'deals',
  ], // prettier-ignore
  // `Idempotency-Key` on every write, but a no that may be tried again is kept under it, so that a later attempt has another key: no key is a proof.
  idempotency: 'lookup',
  // Four calls in flight per platform; an activity makes one to three.
  limits: { perSecond: 10, timeoutMs: 20_000 },
  config: Mt4Config,
  adapter: mt4,
  sandbox: async () => (await import('./sandbox.ts')).createSandbox(),
});
