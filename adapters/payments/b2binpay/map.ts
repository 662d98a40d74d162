import { createHash } from 'node:crypto';
import { add, type Amount, isAmount, normal } from '../../../domain/money.ts';
import { notOurs } from '../../kit/answers.ts';
import { type Resource, relatedId } from '../../kit/json-api.ts';
import { type Json, word } from '../../kit/json.ts';
import type { PayoutReport, PayoutState } from '../../kit/payments.ts';
import { type B2binpayConfig, type CurrencyTarget, paysItsOwnNetwork } from './config.ts';

/** Their currency for ours. Undefined when the connection does not know it. */
export const currencyTarget = (config: B2binpayConfig, alphabeticCode: string): CurrencyTarget | undefined =>
  config.currencies[alphabeticCode];

/** Our numeric code for their id: a code an operator set wins over the shared numbering. */
export const numericCode = (config: B2binpayConfig, id: string): number => {
  const own = Object.values(config.currencies).find((c) => c.id === id && c.numericCode !== Number(id));
  return own?.numericCode ?? Number(id);
};

/** A decimal string in shortest form, never negative, or null where they say nothing. */
export const amountOf = (value: Json | undefined, what: string): Amount | null => {
  const text = word(value);
  if (text === '') return null;
  if (!isAmount(text) || text.startsWith('-')) throw notOurs('B2BINPAY', `${what} is no decimal amount`);
  return normal(text);
};

/** Letters, digits and spaces, at most 32: what their `label` is said to take. */
export const labelFor = (label: string): string =>
  label
    .replace(/[^A-Za-z0-9 ]+/g, ' ')
    .trim()
    .slice(0, 32);

/** The key they want is a UUID v4; ours comes from the reference, so that a repeat carries the same. */
export const idempotencyKey = (reference: string): string => {
  const hash = createHash('sha256').update(`brokerhub payout ${reference}`).digest('hex');
  const variant = '89ab'[parseInt(hash[16]!, 16) % 4];
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `4${hash.slice(13, 16)}`,
    variant + hash.slice(17, 20),
    hash.slice(20, 32),
  ].join('-');
};

/** XLM numbers its memos: 1 is an unsigned 64-bit number, 2 a text. Other coins have one kind of tag and want null. */
export const tagType = (currency: string, tag: string | undefined): number | null => {
  if (tag === undefined || currency !== '1021') return null;
  return /^\d{1,20}$/.test(tag) && BigInt(tag) < 2n ** 64n ? 1 : 2;
};

/** Their commission, null where it is not in `currency`. */
export const commissionOf = (transfer: Resource, currency: string): Amount | null =>
  relatedId(transfer, 'currency') === currency ? (amountOf(transfer.attributes.commission, 'commission') ?? '0') : null;

/** Commission and network fee of a payout; tokens pay the network in their chain's coin, which is another wallet's. */
const payoutFee = (transfer: Resource, currency: string): Amount | null => {
  const commission = commissionOf(transfer, currency);
  if (commission === null || !paysItsOwnNetwork(currency)) return commission;
  return add(commission, amountOf(transfer.attributes.fee, 'fee') ?? '0');
};

/** Their numbers as received: the object's, and those of its newest transfers. */
export const theirWords = (object: Resource, transfers: readonly Resource[]): string => {
  const moved = transfers.map((transfer) => word(transfer.attributes.status)).slice(-5);
  return word(object.attributes.status) + (moved.length > 0 ? `, transfer ${moved.join(' ')}` : '');
};

// Payouts -------------------------------------------------------------------------------------------------------------

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
    fee: state === 'succeeded' && transfer ? payoutFee(transfer, currency) : null,
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
