import { randomBytes } from 'node:crypto';
import { type Amount, compare, fits, isAmount, isPositive, normal } from '../../../../domain/money.ts';
import { type SentDraft as Draft, invalid } from '../../../kit/sandbox-json-api.ts';
import { magicOf } from '../../../kit/sandbox-psp.ts';
import { assure } from '../../../kit/sandbox-wire.ts';
import type { VendorCurrency } from '../config.ts';
import { type Deposit, type Payout, type State, type Version, type Wallet, currencyById, takeId } from './state.ts';

/** They refuse `is_fee_included: true` for these and for every token. */
const FEE_NEVER_INCLUDED = new Set([
  'ADA',
  'ARB',
  'AVAX',
  'BNB-BSC',
  'ETH',
  'ETH-BASE',
  'MATIC',
  'OPT',
  'TRX',
  'XLM',
  'XMR',
  'XRP',
]);

const walletOf = (state: State, draft: Draft): Wallet => {
  const wallet = state.wallets.find(({ id }) => id === draft.related('wallet'));
  assure(wallet, 400, 'does_not_exist', 'Invalid wallet', { pointer: '/data/relationships/wallet' });
  return wallet;
};

const currencyOf = (draft: Draft): VendorCurrency | null => {
  const id = draft.related('currency');
  if (id === null) return null;
  const currency = currencyById(id);
  assure(currency, 400, 'does_not_exist', 'Invalid currency', { pointer: '/data/relationships/currency' });
  return currency;
};

const text = (draft: Draft, field: string, longest: number): string | null => {
  const value = draft.attributes[field] ?? null;
  if (value !== null && (typeof value !== 'string' || value.length > longest))
    throw invalid(field, `At most ${longest} characters.`);
  return value;
};

const label = (draft: Draft): string => {
  const value = text(draft, 'label', 32) ?? '';
  if (!/^[A-Za-z0-9 ]*$/.test(value)) throw invalid('label', 'Only letters, digits and spaces.');
  return value;
};

const money = (draft: Draft, field: string, currency: VendorCurrency): Amount => {
  const value = draft.attributes[field];
  if (typeof value !== 'string' || !isAmount(value)) throw invalid(field, 'A valid number is required.');
  if (!fits(value, currency.exp))
    throw invalid(field, `Ensure that there are no more than ${currency.exp} decimal places.`);
  if (compare(value, '0') < 0) throw invalid(field, 'Ensure this value is not negative.');
  return normal(value);
};

const whole = (draft: Draft, field: string): number | null => {
  const value = draft.attributes[field] ?? null;
  if (value !== null && (!Number.isInteger(value) || (value as number) < 0))
    throw invalid(field, 'A valid integer is required.');
  return value as number | null;
};

const callbackUrl = (draft: Draft): string | null => {
  const value = text(draft, 'callback_url', 2048);
  if (value !== null && !/^https?:\/\//.test(value)) throw invalid('callback_url', 'Enter a valid URL.');
  return value;
};

const operation = (state: State, draft: Draft, version: Version, now: number) => ({
  version,
  wallet: walletOf(state, draft),
  label: label(draft),
  trackingId: text(draft, 'tracking_id', 128),
  confirmationsNeeded: whole(draft, 'confirmations_needed'),
  callbackUrl: callbackUrl(draft),
  createdAt: now,
});

/** Letters as the chain would have them; XRP and XLM share one address and tell payers apart by a tag. */
const destination = (currency: VendorCurrency, id: string): Deposit['destination'] => {
  const address = `sandbox${currency.alpha.replace(/[^A-Z]/g, '')}${randomBytes(12).toString('hex')}`;
  if (currency.alpha === 'XRP') {
    return [
      { address_type: 'x-address', address: `X${randomBytes(20).toString('hex')}` },
      { address_type: 'address', address: 'rSandboxXrpHotWalletAddress', tag: id },
    ];
  }
  if (currency.alpha === 'XLM')
    return { address_type: null, address: 'GSANDBOXXLMHOTWALLETADDRESS', tag_type: 1, tag: id };
  return { address_type: null, address };
};

export const depositFrom = (draft: Draft, state: State, version: Version, now: number, pageBase: string): Deposit => {
  const base = operation(state, draft, version, now);
  const { wallet } = base;
  const currency = currencyOf(draft);
  const asked = draft.attributes['target_amount_requested'] ?? null;
  const timeLimit = whole(draft, 'time_limit');
  if (wallet.type === 2) {
    if (asked !== null) throw invalid('target_amount_requested', 'Only for Merchant wallets.');
    if (timeLimit !== null) throw invalid('time_limit', 'Only for Merchant wallets.');
    if (currency !== null && currency !== wallet.currency)
      throw invalid('currency', 'Must be the currency of the wallet.');
  }
  const inaccuracy = draft.attributes['inaccuracy'] === undefined ? '0' : money(draft, 'inaccuracy', wallet.currency);
  const requested = asked === null ? null : money(draft, 'target_amount_requested', wallet.currency);
  if (requested !== null && !isPositive(requested))
    throw invalid('target_amount_requested', 'Must be greater than zero.');
  const id = takeId(state, 'deposit');
  const uuid = randomBytes(16).toString('hex');
  const fixedCurrency = wallet.type === 2 ? wallet.currency : currency;
  const unit = state.settings.timeLimitUnit === 's' ? 1000 : 1;
  return {
    kind: 'deposit',
    id,
    ...base,
    status: 2,
    currency: fixedCurrency,
    requested,
    inaccuracy,
    timeLimit,
    expiresAt: requested === null || timeLimit === null ? null : now + timeLimit * unit,
    redirectUrl: text(draft, 'payment_page_redirect_url', 2048),
    buttonText: text(draft, 'payment_page_button_text', 64),
    uuid,
    page: `${pageBase}/pay/${uuid}`,
    destination: fixedCurrency && destination(fixedCurrency, id),
  };
};

/** A fee for every grade, in the coin that pays the network. Invented and constant. */
export const quoteFrom = (draft: Draft, state: State) => {
  const wallet = walletOf(state, draft);
  const currency = currencyOf(draft) ?? wallet.currency;
  money(draft, 'amount', currency);
  const address = draft.attributes['to_address'];
  if (typeof address !== 'string' || !ADDRESS.test(address)) throw invalid('to_address', 'Invalid address.');
  const internal = state.deposits.some(({ destination: d }) => JSON.stringify(d)?.includes(`"${address}"`));
  const payer = currencyById(currency.parent ?? currency.id)!;
  const [low, medium, high] = internal
    ? ['0', '0', '0']
    : payer.alpha === 'TRX'
      ? ['7', '14', '21']
      : ['0.0001', '0.0003', '0.0005'];
  return {
    is_internal: internal,
    fee: { low, medium, high, dust_amount: '0', currency: Number(payer.id) },
    commission: { amount: '0', currency: Number(currency.id) },
  };
};

const ADDRESS = /^[A-Za-z0-9:]{10,128}$/;

export const payoutFrom = (draft: Draft, state: State, version: Version, now: number): Payout => {
  const base = operation(state, draft, version, now);
  const currency = currencyOf(draft) ?? base.wallet.currency;
  if (currency !== base.wallet.currency) throw invalid('currency', 'Must be the currency of the wallet.');
  const amount = money(draft, 'amount', currency);
  if (!isPositive(amount)) throw invalid('amount', 'Must be greater than zero.');
  const address = draft.attributes['address'];
  if (typeof address !== 'string' || !ADDRESS.test(address)) throw invalid('address', 'Invalid address.');
  const included = draft.attributes['is_fee_included'] === true;
  if (included && (currency.parent !== undefined || FEE_NEVER_INCLUDED.has(currency.alpha))) {
    throw invalid('is_fee_included', 'Fee can not be included for this currency.');
  }
  const tag = text(draft, 'tag', 64);
  const tagType = whole(draft, 'tag_type');
  if (currency.alpha === 'XLM' && tag !== null) {
    if (tagType === null || tagType > 2) throw invalid('tag_type', 'This field is required.');
    if (tagType === 1 && !/^\d{1,20}$/.test(tag)) throw invalid('tag', 'A valid number is required.');
    if (tagType === 2 && Buffer.byteLength(tag) > 28) throw invalid('tag', 'At most 28 bytes.');
  }
  const feeAmount = money(draft, 'fee_amount', currencyById(currency.parent ?? currency.id)!);
  const magic = magicOf(amount);
  if (compare(base.wallet.balance, amount) < 0 || magic === '03') throw invalid('amount', 'Insufficient funds.');
  return {
    kind: 'payout',
    id: takeId(state, 'payout'),
    ...base,
    status: magic === '10' || magic === '06' ? 1 : 2,
    currency,
    amount,
    address,
    tag,
    tagType,
    feeAmount,
  };
};
