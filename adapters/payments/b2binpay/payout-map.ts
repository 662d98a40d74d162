import type { PayoutReport, PayoutState } from '../../kit/payments.ts';
import type { B2binpayConfig } from './config.ts';
import { word } from '../../kit/json.ts';
import { type Resource, relatedId } from './json-api.ts';
import { amountOf, feeOf, numericCode, theirWords } from './map.ts';

// Their numbers. "Canceled" is in the configuration, because it is not published.
const PAYOUT = { waitingForApproval: '1', approved: '2' };
const TRANSFER: ReadonlyMap<string, PayoutState> = new Map([
  ['-3', 'failed'],
  ['-2', 'failed'],
  ['-1', 'failed'],
  ['0', 'processing'],
  ['1', 'processing'],
  ['2', 'succeeded'],
]);

/** op_type of the transfer that carries a payout; what it cost (9, 16) is told apart by it. */
export const PAYOUT_OPERATIONS: ReadonlySet<string> = new Set(['2']);

/** `transfer`: null until they sent it. The outcome is the transfer's status, never the payout's. */
export const payoutReport = (payout: Resource, transfer: Resource | null, config: B2binpayConfig): PayoutReport => {
  const currency = relatedId(payout, 'currency');
  const status = word(payout.attributes.status);
  const moved = transfer && word(transfer.attributes.status);
  const state = payoutState(status, moved, transfer, config);
  const txHash = word(transfer?.attributes.txid);
  const asked = amountOf(payout.attributes.amount, 'amount');
  // What a returned payout gave back is what had left.
  const processed =
    (state === 'succeeded' || state === 'returned') && transfer ? amountOf(transfer.attributes.amount, 'amount') : null;
  const why =
    moved === '-2'
      ? 'blocked by the anti-money-laundering check'
      : processed !== null && processed !== asked
        ? `${processed} was sent instead of ${asked}`
        : word(transfer?.attributes.user_message).slice(0, 160);
  return {
    providerId: payout.id,
    state: state ?? 'processing',
    ...(state === null && { unknownWord: true }),
    providerStatus: theirWords(payout, transfer ? [transfer] : []),
    processed,
    fee: state === 'succeeded' && transfer ? feeOf([transfer], currency) : null,
    currencyCode: numericCode(config, currency),
    ...(txHash && { txHash }),
    ...(why && { why }),
  };
};

/** Null: a number we do not know. */
const payoutState = (
  status: string,
  moved: string | null,
  transfer: Resource | null,
  config: B2binpayConfig,
): PayoutState | null => {
  const byTransfer = moved === null ? undefined : TRANSFER.get(moved);
  if (moved !== null) {
    if (byTransfer !== 'failed') return byTransfer ?? null;
    // A transfer that was on the chain before it failed: the money was away and is back. Both words release it.
    return /^[1-9]/.test(word(transfer?.attributes.confirmations)) ? 'returned' : 'failed';
  }
  if (status === PAYOUT.waitingForApproval) return 'awaiting_approval';
  if (status === PAYOUT.approved) return 'processing';
  return status === config.payoutCanceledStatus ? 'cancelled' : null;
};
