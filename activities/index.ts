/** Every activity by name, in the two groups that workflows address: our own books, and a provider through its own queue. */
import { activateAccount } from './accounts/activate-account.ts';
import { failAccount } from './accounts/fail-account.ts';
import { noteAccountSeen } from './accounts/note-account-seen.ts';
import { noteAccountSet } from './accounts/note-account-set.ts';
import { prepareAccount } from './accounts/prepare-account.ts';
import { prepareAccountChange } from './accounts/prepare-account-change.ts';
import { settleAccountChange } from './accounts/settle-account-change.ts';
import { prepareClientChange } from './clients/prepare-client-change.ts';
import { settleClientChange } from './clients/settle-client-change.ts';
import type { Bound } from './kit/activity.ts';
import { beginCheck } from './kyc/begin-check.ts';
import { findCheck } from './kyc/find-check.ts';
import { noteBegun } from './kyc/note-begun.ts';
import { noteReport } from './kyc/note-report.ts';
import { keepDate } from './kyc/keep-date.ts';
import { openCaseRequest } from './kyc/open-case-request.ts';
import { prepareCase } from './kyc/prepare-case.ts';
import { settleCase } from './kyc/settle-case.ts';
import { bookAftermath } from './ledger/book-aftermath.ts';
import { bookDeposit } from './ledger/book-deposit.ts';
import { bookReversals } from './ledger/book-reversals.ts';
import { bookCorrection } from './ledger/book-correction.ts';
import { bookPayout } from './ledger/book-payout.ts';
import { bookTransfer } from './ledger/book-transfer.ts';
import { holdFunds } from './ledger/hold-funds.ts';
import { releaseHold } from './ledger/release-hold.ts';
import { findMessage } from './messaging/find-message.ts';
import { noteMessage } from './messaging/note-message.ts';
import { planMessage } from './messaging/plan-message.ts';
import { sendMessage } from './messaging/send-message.ts';
import { dropExpired } from './ops/drop-expired.ts';
import { lookAfterVerifications } from './ops/look-after-verifications.ts';
import { lookForPayments } from './ops/look-for-payments.ts';
import { sealAudit } from './ops/seal-audit.ts';
import { startWaiting } from './ops/start-waiting.ts';
import { cancelPayout } from './payments/cancel-payout.ts';
import { createAddress } from './payments/create-address.ts';
import { createDeposit } from './payments/create-deposit.ts';
import { createPayout } from './payments/create-payout.ts';
import { createRefund } from './payments/create-refund.ts';
import { findAddress } from './payments/find-address.ts';
import { findAftermath } from './payments/find-aftermath.ts';
import { findArrivals } from './payments/find-arrivals.ts';
import { findDeposit } from './payments/find-deposit.ts';
import { findPayout } from './payments/find-payout.ts';
import { findPreparedPayout } from './payments/find-prepared-payout.ts';
import { findRefund } from './payments/find-refund.ts';
import { noteAddress } from './payments/note-address.ts';
import { noteDepositOpened } from './payments/note-deposit-opened.ts';
import { notePayoutPrepared } from './payments/note-payout-prepared.ts';
import { notePayoutSubmitted } from './payments/note-payout-submitted.ts';
import { noteSettled } from './payments/note-settled.ts';
import { prepareAddress } from './payments/prepare-address.ts';
import { preparePayout } from './payments/prepare-payout.ts';
import { readSubject } from './payments/read-subject.ts';
import { registerArrivals } from './payments/register-arrivals.ts';
import { settleAftermath } from './payments/settle-aftermath.ts';
import { askRateSource } from './rates/ask-source.ts';
import { dueRateSources } from './rates/due-sources.ts';
import { fixRate } from './rates/fix-rate.ts';
import { compareBalances } from './reconciliation/compare-balances.ts';
import { compareBooks } from './reconciliation/compare-books.ts';
import { compareDifference } from './reconciliation/compare-difference.ts';
import { noteReconciliation } from './reconciliation/note-reconciliation.ts';
import { openDifferenceRequest } from './reconciliation/open-difference-request.ts';
import { prepareDifference } from './reconciliation/prepare-difference.ts';
import { prepareReconciliation } from './reconciliation/prepare-reconciliation.ts';
import { readAccounts } from './reconciliation/read-accounts.ts';
import { readMovements } from './reconciliation/read-movements.ts';
import { startReconciliations } from './reconciliation/start-reconciliations.ts';
import { openRequest } from './requests/open-request.ts';
import { recordDecision } from './requests/record-decision.ts';
import { applyBalance } from './trading/apply-balance.ts';
import { createAccount } from './trading/create-account.ts';
import { findAccount } from './trading/find-account.ts';
import { findBalanceOperation } from './trading/find-balance-operation.ts';
import { readAccount } from './trading/read-account.ts';
import { setAccount } from './trading/set-account.ts';
import { approvalsFor } from './transactions/approval-policy.ts';
import { closeTransaction } from './transactions/close-transaction.ts';
import { judgeCancel } from './transactions/judge-cancel.ts';
import { noteSending } from './transactions/note-sending.ts';
import { takeOver } from './transactions/own-run.ts';
import { prepareOrder } from './transactions/prepare-order.ts';
import {
  assertMayDeposit,
  assertMayTransfer,
  assertMayWithdraw,
  assertStillMayWithdraw,
} from './transactions/restrictions.ts';
import { deliverWaitingWebhooks } from './webhooks/deliver-waiting-webhooks.ts';
import { applyStep } from './wizards/apply-step.ts';
import { bringKeptSteps } from './wizards/bring-kept-steps.ts';
import { endWizard } from './wizards/end-wizard.ts';
import { enterStep } from './wizards/enter-step.ts';

export const internalActivities = {
  activateAccount,
  applyStep,
  approvalsFor,
  assertMayDeposit,
  assertMayTransfer,
  assertMayWithdraw,
  assertStillMayWithdraw,
  bookAftermath,
  bookDeposit,
  bookCorrection,
  bookPayout,
  bookReversals,
  bookTransfer,
  bringKeptSteps,
  closeTransaction,
  compareBalances,
  compareBooks,
  compareDifference,
  deliverWaitingWebhooks,
  dropExpired,
  dueRateSources,
  endWizard,
  enterStep,
  failAccount,
  fixRate,
  holdFunds,
  judgeCancel,
  keepDate,
  lookAfterVerifications,
  lookForPayments,
  noteAccountSeen,
  noteAccountSet,
  noteAddress,
  noteBegun,
  noteDepositOpened,
  noteMessage,
  notePayoutPrepared,
  notePayoutSubmitted,
  noteSending,
  noteSettled,
  noteReconciliation,
  noteReport,
  openCaseRequest,
  openDifferenceRequest,
  openRequest,
  planMessage,
  prepareAccount,
  prepareAccountChange,
  prepareAddress,
  prepareCase,
  prepareClientChange,
  prepareDifference,
  prepareOrder,
  prepareReconciliation,
  readSubject,
  recordDecision,
  registerArrivals,
  releaseHold,
  sealAudit,
  settleAccountChange,
  settleAftermath,
  settleCase,
  settleClientChange,
  startReconciliations,
  startWaiting,
  takeOver,
};

export const providerActivities = {
  applyBalance,
  askRateSource,
  beginCheck,
  cancelPayout,
  createAccount,
  createAddress,
  createDeposit,
  createPayout,
  createRefund,
  findAccount,
  findAddress,
  findAftermath,
  findArrivals,
  findBalanceOperation,
  findCheck,
  findDeposit,
  findMessage,
  findPayout,
  findPreparedPayout,
  findRefund,
  preparePayout,
  readAccount,
  readAccounts,
  readMovements,
  sendMessage,
  setAccount,
};

export type InternalActivities = Bound<typeof internalActivities>;
export type ProviderActivities = Bound<typeof providerActivities>;
