/** Every activity by name, in the two groups that workflows address: our own books, and a provider through its own queue. */
import { activateAccount } from './accounts/activate-account.ts';
import { failAccount } from './accounts/fail-account.ts';
import { prepareAccount } from './accounts/prepare-account.ts';
import type { Bound } from './kit/activity.ts';
import { beginCheck } from './kyc/begin-check.ts';
import { findCheck } from './kyc/find-check.ts';
import { noteBegun } from './kyc/note-begun.ts';
import { noteReport } from './kyc/note-report.ts';
import { openCaseRequest } from './kyc/open-case-request.ts';
import { prepareCase } from './kyc/prepare-case.ts';
import { settleCase } from './kyc/settle-case.ts';
import { bookAftermath } from './ledger/book-aftermath.ts';
import { bookDeposit } from './ledger/book-deposit.ts';
import { bookReversals } from './ledger/book-reversals.ts';
import { bookPayout } from './ledger/book-payout.ts';
import { bookTransfer } from './ledger/book-transfer.ts';
import { holdFunds } from './ledger/hold-funds.ts';
import { releaseHold } from './ledger/release-hold.ts';
import { findMessage } from './messaging/find-message.ts';
import { noteMessage } from './messaging/note-message.ts';
import { planMessage } from './messaging/plan-message.ts';
import { sendMessage } from './messaging/send-message.ts';
import { dropExpired } from './ops/drop-expired.ts';
import { lookForPayments } from './ops/look-for-payments.ts';
import { sealAudit } from './ops/seal-audit.ts';
import { startWaiting } from './ops/start-waiting.ts';
import { createAddress } from './payments/create-address.ts';
import { createDeposit } from './payments/create-deposit.ts';
import { createPayout } from './payments/create-payout.ts';
import { findAddress } from './payments/find-address.ts';
import { findAftermath } from './payments/find-aftermath.ts';
import { findArrivals } from './payments/find-arrivals.ts';
import { findDeposit } from './payments/find-deposit.ts';
import { findPayout } from './payments/find-payout.ts';
import { noteAddress } from './payments/note-address.ts';
import { noteDepositOpened } from './payments/note-deposit-opened.ts';
import { notePayoutSubmitted } from './payments/note-payout-submitted.ts';
import { prepareAddress } from './payments/prepare-address.ts';
import { registerArrivals } from './payments/register-arrivals.ts';
import { openRequest } from './requests/open-request.ts';
import { recordDecision } from './requests/record-decision.ts';
import { applyBalance } from './trading/apply-balance.ts';
import { createAccount } from './trading/create-account.ts';
import { findAccount } from './trading/find-account.ts';
import { findBalanceOperation } from './trading/find-balance-operation.ts';
import { approvalsFor } from './transactions/approval-policy.ts';
import { closeTransaction } from './transactions/close-transaction.ts';
import { prepareOrder } from './transactions/prepare-order.ts';
import {
  assertMayDeposit,
  assertMayTransfer,
  assertMayWithdraw,
  assertStillMayWithdraw,
} from './transactions/restrictions.ts';
import { deliverWaitingWebhooks } from './webhooks/deliver-waiting-webhooks.ts';
import { applyStep } from './wizards/apply-step.ts';
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
  bookPayout,
  bookReversals,
  bookTransfer,
  closeTransaction,
  deliverWaitingWebhooks,
  dropExpired,
  endWizard,
  enterStep,
  failAccount,
  holdFunds,
  lookForPayments,
  noteAddress,
  noteBegun,
  noteDepositOpened,
  noteMessage,
  notePayoutSubmitted,
  noteReport,
  openCaseRequest,
  openRequest,
  planMessage,
  prepareAccount,
  prepareAddress,
  prepareCase,
  prepareOrder,
  recordDecision,
  registerArrivals,
  releaseHold,
  sealAudit,
  settleCase,
  startWaiting,
};

export const providerActivities = {
  applyBalance,
  beginCheck,
  createAccount,
  createAddress,
  createDeposit,
  createPayout,
  findAccount,
  findAddress,
  findAftermath,
  findArrivals,
  findBalanceOperation,
  findCheck,
  findDeposit,
  findMessage,
  findPayout,
  sendMessage,
};

export type InternalActivities = Bound<typeof internalActivities>;
export type ProviderActivities = Bound<typeof providerActivities>;
