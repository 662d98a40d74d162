import { add, compare, subtract, sum } from '../../../domain/money.ts';
import type { Arrival, DepositAction, DepositReport } from '../../kit/payments.ts';
import { type Resource, relatedId } from '../../kit/json-api.ts';
import { isObject, word } from '../../kit/json.ts';
import type { B2binpayConfig } from './config.ts';
import { amountOf, commissionOf, numericCode, theirWords } from './map.ts';

// Their numbers. A number that is not here is shown to a person and never ends anything.
const DEPOSIT = { created: '2', paid: '3', canceled: '4', unresolved: '5' };
const TRANSFER: ReadonlyMap<string, Arrival['state']> = new Map([
  ['-3', 'failed'],
  ['-2', 'review'],
  ['-1', 'failed'],
  ['0', 'seen'],
  ['1', 'processing'],
  ['2', 'succeeded'],
]);

/** op_type of the transfers that bring a deposit's money: by invoice, direct to the wallet. */
export const DEPOSIT_OPERATIONS: ReadonlySet<string> = new Set(['1', '14']);

/** Hosted page for an invoice, address (with tag) for an open deposit. */
const actionOf = (deposit: Resource, config: B2binpayConfig): DepositAction => {
  const { attributes } = deposit;
  const page = word(attributes.payment_page);
  if (!isOpen(deposit) && /^https?:\/\//.test(page)) return { kind: 'redirect', url: page };
  // XRP comes as a list: the x-address, and the plain address with its tag, which is what people type.
  const forms = (Array.isArray(attributes.destination) ? attributes.destination : [attributes.destination]).filter(
    isObject,
  );
  const chosen = forms.find((form) => word(form.tag) !== '') ?? forms[0];
  const address = word(chosen?.address) || word(attributes.address);
  if (!address) return { kind: 'none' };
  const tag = word(chosen?.tag);
  const { confirmationsNeeded } = config;
  return {
    kind: 'address',
    address,
    ...(tag && { tag }),
    ...(confirmationsNeeded !== undefined && { confirmations: confirmationsNeeded }),
  };
};

/** A deposit without a requested amount stays open for ever and takes any number of payments. */
const isOpen = (deposit: Resource): boolean => {
  const requested = amountOf(deposit.attributes.target_amount_requested, 'target_amount_requested');
  return requested === null || compare(requested, '0') === 0;
};

/** Each payment to an open address stands for itself; those to an invoice count together, when their number says so. */
const paysByPayment = (deposit: Resource): boolean =>
  isOpen(deposit) && [DEPOSIT.created, DEPOSIT.canceled].includes(word(deposit.attributes.status));

const WHY_HELD = 'B2BINPAY holds it for an anti-money-laundering check';

const arrivalOf = (transfer: Resource, config: B2binpayConfig): Arrival => {
  const { attributes } = transfer;
  const inWalletCurrency = relatedId(transfer, 'currency') === config.walletCurrency ? attributes.amount : undefined;
  const state = TRANSFER.get(word(attributes.status)) ?? 'processing';
  const txHash = word(attributes.txid);
  // Who pays to us pays the network himself; what they keep of it is their commission, and of what failed after all nothing.
  const fee = state === 'succeeded' ? commissionOf(transfer, config.walletCurrency) : state === 'failed' ? '0' : null;
  return {
    id: transfer.id,
    state,
    amount: amountOf(attributes.amount_target, 'amount_target') ?? amountOf(inWalletCurrency, 'amount') ?? '0',
    currencyCode: numericCode(config, config.walletCurrency),
    ...(fee !== null && { fee }),
    ...(txHash && { txHash }),
    ...(state === 'review' && { why: WHY_HELD, blocked: true as const }),
  };
};

/** Where a deposit stands, by their settlement rule: the invoice's status says what the confirmed transfers mean. */
const settle = (
  deposit: Resource,
  arrivals: Arrival[],
): { state: DepositReport['state']; why?: string; unknownWord?: true } => {
  const status = word(deposit.attributes.status);
  const has = (state: Arrival['state']) => arrivals.some((arrival) => arrival.state === state);
  const pending = has('processing') ? 'processing' : has('seen') ? 'seen' : null;
  const confirmed = sum(arrivals.filter(({ state }) => state === 'succeeded').map((arrival) => arrival.amount));

  if (has('review')) return { state: 'review', why: WHY_HELD };
  if (paysByPayment(deposit)) {
    const idle = status === DEPOSIT.created ? 'awaiting_payer' : 'cancelled';
    return { state: pending ?? (has('succeeded') ? 'succeeded' : idle) };
  }

  const requested = amountOf(deposit.attributes.target_amount_requested, 'target_amount_requested') ?? '0';
  const inaccuracy = amountOf(deposit.attributes.inaccuracy, 'inaccuracy') ?? '0';
  switch (status) {
    case DEPOSIT.created:
      if (pending) return { state: pending };
      if (!has('succeeded')) return { state: 'awaiting_payer' };
      // The invoice is read before its transfers: it was paid in between, and says so the next time.
      if (compare(confirmed, subtract(requested, inaccuracy)) >= 0) return { state: 'processing' };
      return { state: 'review', why: `partly paid: ${confirmed} of ${requested}` };
    case DEPOSIT.paid:
      if (pending || arrivals.length === 0) return { state: 'processing' };
      if (compare(confirmed, subtract(requested, inaccuracy)) < 0) {
        return { state: 'review', why: `B2BINPAY says paid, but only ${confirmed} of ${requested} is confirmed` };
      }
      if (compare(confirmed, add(requested, inaccuracy)) > 0) {
        return { state: 'review', why: `overpaid: ${confirmed} instead of ${requested}` };
      }
      return { state: 'succeeded' };
    case DEPOSIT.canceled:
      if (has('succeeded') || pending)
        return { state: 'review', why: 'money arrived for a cancelled or expired invoice' };
      if (has('failed')) return { state: 'failed', why: 'the payment failed and the invoice ended' };
      return { state: 'expired' };
    case DEPOSIT.unresolved:
      if (compare(confirmed, requested) > 0)
        return { state: 'review', why: `overpaid: ${confirmed} instead of ${requested}` };
      return { state: 'review', why: `paid late, in part or twice: ${confirmed} of ${requested}` };
    default:
      return { state: 'processing', unknownWord: true };
  }
};

/** `transfers`: every transfer of this deposit, of its own operation types. All amounts are in the wallet's currency. */
export const depositReport = (
  deposit: Resource,
  transfers: readonly Resource[],
  config: B2binpayConfig,
): DepositReport => {
  const found = transfers.map((transfer) => arrivalOf(transfer, config));
  const settled = settle(deposit, found);
  const arrivals = paysByPayment(deposit) ? found : found.map((arrival) => withInvoice(arrival, settled));
  // Blocked money (-2) is nobody's yet. Other money in review is what a person may decide to credit.
  const there = arrivals.filter(({ blocked, state }) => !blocked && (state === 'succeeded' || state === 'review'));
  const strange = transfers.some((transfer) => !TRANSFER.has(word(transfer.attributes.status)));
  return {
    providerId: deposit.id,
    ...settled,
    ...(strange && { unknownWord: true }),
    providerStatus: theirWords(deposit, transfers),
    action: actionOf(deposit, config),
    arrivals,
    processed: there.length > 0 ? sum(there.map((arrival) => arrival.amount)) : null,
    currencyCode: numericCode(config, config.walletCurrency),
  };
};

/** Confirmed money may be credited only when the invoice as a whole succeeded. */
const withInvoice = (arrival: Arrival, settled: ReturnType<typeof settle>): Arrival => {
  if (arrival.state !== 'succeeded' || settled.state === 'succeeded') return arrival;
  if (settled.state !== 'review') return { ...arrival, state: 'processing', isConfirmed: true };
  return { ...arrival, state: 'review', ...(settled.why !== undefined && { why: settled.why }) };
};
