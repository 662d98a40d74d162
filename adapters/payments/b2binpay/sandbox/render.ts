import { fixed, sum } from '../../../../domain/money.ts';
import type { SandboxMessage } from '../../../kit/sandbox.ts';
import type { VendorCurrency } from '../config.ts';
import { callbackKey, callbackSign } from '../webhook.ts';
import { CREDENTIALS, type Deposit, type Payout, type State, type Transfer, type Wallet, shown } from './state.ts';

/** ISO 8601 UTC with microseconds. */
export const stamp = (ms: number): string => new Date(ms).toISOString().replace(/(\.\d{3})Z$/, '$1000Z');

const link = (type: string, id: string | null) => ({ data: id === null ? null : { type, id } });

export const renderWallet = (wallet: Wallet) => ({
  type: 'wallet',
  id: wallet.id,
  attributes: {
    label: wallet.label,
    status: 3,
    type: wallet.type,
    created_at: '2026-01-01T00:00:00.000000Z',
    balance_confirmed: fixed(wallet.balance, wallet.currency.exp),
    balance_pending: fixed('0', wallet.currency.exp),
    balance_unusable: fixed('0', wallet.currency.exp),
    minimal_transfer_amount: fixed('0', wallet.currency.exp),
    destination: null,
  },
  relationships: { currency: link('currency', wallet.currency.id), parent: link('wallet', null) },
});

export const renderCurrency = (currency: VendorCurrency) => ({
  type: 'currency',
  id: currency.id,
  attributes: {
    iso: Number(currency.id),
    name: currency.alpha,
    alpha: currency.alpha,
    alias: null,
    blockchain_name: currency.alpha.split('-').at(-1),
    tags: '',
    exp: currency.exp,
    confirmation_blocks: currency.blocks,
    minimal_transfer_amount: fixed('0', currency.exp),
    block_delay: 3,
  },
  relationships: { parent: link('currency', currency.parent ?? null) },
});

const addressOf = (deposit: Deposit): string | null => {
  const { destination } = deposit;
  const first = Array.isArray(destination) ? destination.at(-1) : destination;
  return first ? String(first['address']) : null;
};

const paidInto = (state: State, deposit: Deposit, ...statuses: number[]): string =>
  shown(sum(state.transfers.filter((t) => t.of === deposit && statuses.includes(t.status)).map((t) => t.amountTarget)));

export const renderDeposit = (state: State, deposit: Deposit) => ({
  type: 'deposit',
  id: deposit.id,
  attributes: {
    status: deposit.status,
    is_active: true,
    address: addressOf(deposit),
    address_type: '',
    label: deposit.label,
    tracking_id: deposit.trackingId,
    confirmations_needed: deposit.confirmationsNeeded,
    time_limit: deposit.timeLimit,
    callback_url: deposit.callbackUrl,
    inaccuracy: shown(deposit.inaccuracy),
    target_amount_requested: deposit.requested === null ? null : shown(deposit.requested),
    rate_requested: null,
    rate_expired_at: null,
    invoice_updated_at: null,
    payment_page: deposit.page,
    target_paid: paidInto(state, deposit, 2),
    target_paid_pending: paidInto(state, deposit, 0, 1),
    created_at: stamp(deposit.createdAt),
    destination: deposit.destination,
    assets: {},
  },
  relationships: {
    currency: link('currency', deposit.currency?.id ?? null),
    wallet: link('wallet', deposit.wallet.id),
  },
});

export const renderPayout = (state: State, payout: Payout) => {
  const transfer = state.transfers.find((t) => t.of === payout && t.opType === 2);
  return {
    type: 'payout',
    id: payout.id,
    attributes: {
      label: payout.label,
      amount: fixed(payout.amount, payout.currency.exp),
      exp: payout.currency.exp,
      address: payout.address,
      tag: payout.tag,
      tag_type: payout.tagType,
      fee_amount: payout.feeAmount,
      is_fee_included: false,
      status: payout.status,
      tracking_id: payout.trackingId,
      confirmations_needed: payout.confirmationsNeeded,
      callback_url: payout.callbackUrl,
      destination: { address_type: null, address: payout.address, ...(payout.tag !== null && { tag: payout.tag }) },
      created_at: stamp(payout.createdAt),
    },
    relationships: {
      wallet: link('wallet', payout.wallet.id),
      currency: link('currency', payout.currency.id),
      target_deposit: link('deposit', null),
      target_wallet: link('wallet', null),
      ...(transfer && { transfer: link('transfer', transfer.id) }),
    },
  };
};

/** `amount` is padded with zeros to the currency's decimals: the callback's signature covers exactly this text. */
export const renderTransfer = (transfer: Transfer) => ({
  type: 'transfer',
  id: transfer.id,
  attributes: {
    op_id: Number(transfer.of.id),
    op_type: transfer.opType,
    confirmations: transfer.confirmations,
    amount: fixed(transfer.amount, transfer.currency.exp),
    amount_target: shown(transfer.amountTarget),
    amount_cleared: shown(transfer.amountTarget),
    rate_target: '1',
    commission: transfer.commission,
    fee: transfer.fee,
    txid: transfer.txid,
    status: transfer.status,
    user_message: transfer.userMessage,
    risk: transfer.risk,
    risk_status: transfer.riskStatus,
    created_at: stamp(transfer.createdAt),
    updated_at: stamp(transfer.updatedAt),
  },
  relationships: {
    currency: link('currency', transfer.currency.id),
    wallet: link('wallet', transfer.wallet.id),
    parent: link('transfer', null),
  },
});

/** The callback about `of` as it stands: signed when a transfer is told of, with no signature at all when none is. Written for a time. */
export const callbackOf = (state: State, of: Deposit | Payout, transfer: Transfer | null) => {
  const { relationships, ...about } = of.kind === 'deposit' ? renderDeposit(state, of) : renderPayout(state, of);
  const told = transfer && renderTransfer(transfer);
  const currency = transfer?.currency ?? of.currency;
  const data = {
    ...about,
    relationships: { ...relationships, ...(told && { transfer: { data: { type: 'transfer', id: told.id } } }) },
  };
  const included = [...(currency ? [renderCurrency(currency)] : []), ...(told ? [told] : [])];
  const key = callbackKey({ ...CREDENTIALS, version: of.version, callbackKeyMode: undefined });

  return (at: number, honest: boolean): SandboxMessage => {
    const time = stamp(at);
    const sign =
      told &&
      callbackSign(honest ? key : Buffer.from('somebody else'), {
        status: String(told.attributes.status),
        amount: told.attributes.amount,
        trackingId: of.trackingId ?? '',
        time,
      });
    return {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ data, included, meta: { time, ...(sign && { sign }) } }),
    };
  };
};
