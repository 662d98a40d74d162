/** Every process the hub runs, by its business name. The bundle is built from this file. */
export { verification } from './kyc/verification.ts';
export { message } from './messaging/message.ts';
export { arrivals } from './money/arrivals.ts';
export { deposit } from './money/deposit.ts';
export { depositAddress } from './money/deposit-address.ts';
export { payout } from './money/payout.ts';
export { payoutReturn } from './money/payout-return.ts';
export { transfer } from './money/transfer.ts';
export { rateSource } from './rates/rate-source.ts';
export { refreshRates } from './rates/refresh-rates.ts';
export { reconcile } from './ops/reconcile.ts';
export { sweep } from './ops/sweep.ts';
export { difference } from './reconciliation/difference.ts';
export { reconciliation } from './reconciliation/reconciliation.ts';
export { accountChange } from './trading/account-change.ts';
export { openAccount } from './trading/open-account.ts';
export { wizard } from './wizards/wizard.ts';
