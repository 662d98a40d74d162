import { type Amount, fixed, fits, fromMinor, round, toMinor } from '../../../../domain/money.ts';
import { HubFailure } from '../../../../domain/failures.ts';
import { CallLimit } from '../../../kit/call-limit.ts';
import { VENDOR_CURRENCIES, type VendorCurrency } from '../config.ts';

export const MINUTE = 60_000;

export type Version = 'v3' | 'v2';

/** What a test may loosen or tighten: `POST /__sandbox/advance/settings` with this object (or a part) as JSON text in `to`. */
export interface Settings {
  /** Calls without a good token, per minute of the virtual clock. Null: any number. */
  unauthenticatedPerMinute: number | null;
  /** 415 and 406 on any media type but JSON:API (unverified at the vendor). */
  strictMediaTypes: boolean;
  /** Null: everybody. Otherwise 403 with code 2016 for others. */
  allowedIps: string[] | null;
  timeLimitUnit: 's' | 'ms';
}

export const DEFAULT_SETTINGS: Settings = {
  unauthenticatedPerMinute: 15,
  strictMediaTypes: true,
  allowedIps: null,
  timeLimitUnit: 's',
};

export const CREDENTIALS = {
  clientId: 'sandbox-client',
  clientSecret: 'sandbox-client-secret',
  callbackSecret: 'sandbox-callback-secret',
  login: 'sandbox-login',
  password: 'sandbox-password',
};

export interface Wallet {
  id: string;
  label: string;
  /** 1 Merchant, 2 Enterprise. */
  type: 1 | 2;
  currency: VendorCurrency;
  balance: Amount;
}

/** What deposits and payouts have in common. */
interface Operation {
  id: string;
  version: Version;
  wallet: Wallet;
  status: number;
  label: string;
  trackingId: string | null;
  confirmationsNeeded: number | null;
  callbackUrl: string | null;
  createdAt: number;
}

export interface Deposit extends Operation {
  kind: 'deposit';
  /** Null: the payer chooses. */
  currency: VendorCurrency | null;
  requested: Amount | null;
  inaccuracy: Amount;
  timeLimit: number | null;
  expiresAt: number | null;
  redirectUrl: string | null;
  buttonText: string | null;
  page: string;
  uuid: string;
  destination: Record<string, unknown> | Record<string, unknown>[] | null;
}

export interface Payout extends Operation {
  kind: 'payout';
  currency: VendorCurrency;
  amount: Amount;
  address: string;
  tag: string | null;
  tagType: number | null;
  feeAmount: Amount;
}

export interface Transfer {
  id: string;
  of: Deposit | Payout;
  /** 1 deposit, 2 payout, 9 what sending a token cost in its chain's coin. */
  opType: 1 | 2 | 9;
  wallet: Wallet;
  currency: VendorCurrency;
  amount: Amount;
  amountTarget: Amount;
  commission: Amount;
  fee: Amount;
  txid: string | null;
  status: number;
  confirmations: number;
  risk: number;
  riskStatus: number;
  userMessage: string | null;
  createdAt: number;
  updatedAt: number;
  /** No callbacks about it (magic .11). */
  silent: boolean;
  toldUserConfirmation: boolean;
}

export interface State {
  settings: Settings;
  wallets: Wallet[];
  deposits: Deposit[];
  payouts: Payout[];
  transfers: Transfer[];
  /** Idempotency keys of created payouts. */
  keys: Set<string>;
  tokens: Map<string, { version: Version; expiresAt: number }>;
  refreshTokens: Map<string, { expiresAt: number }>;
  /** Calls without a good token. */
  strangers: CallLimit;
  nextId: Record<'deposit' | 'payout' | 'transfer', number>;
}

export const currencyById = (id: string): VendorCurrency | undefined => VENDOR_CURRENCIES.find((c) => c.id === id);

const wallet = (id: string, type: 1 | 2, currency: string, label: string): Wallet => ({
  id,
  type,
  label,
  currency: currencyById(currency)!,
  balance: '1000000',
});

export const freshState = (settings: Settings): State => ({
  settings: { ...settings },
  wallets: [
    wallet('318', 1, '2145', 'Merchant USDT'),
    wallet('319', 2, '2145', 'Enterprise USDT'),
    wallet('320', 2, '1026', 'Enterprise TRX'),
    wallet('321', 1, '840', 'Merchant USD'),
    wallet('322', 2, '1000', 'Enterprise BTC'),
    wallet('323', 2, '1010', 'Enterprise XRP'),
    wallet('324', 2, '1021', 'Enterprise XLM'),
    wallet('325', 2, '1002', 'Enterprise ETH'),
  ],
  deposits: [],
  payouts: [],
  transfers: [],
  keys: new Set(),
  tokens: new Map(),
  refreshTokens: new Map(),
  strangers: new CallLimit(MINUTE),
  nextId: { deposit: 11203, payout: 51203, transfer: 17618 },
});

export const takeId = (state: State, kind: keyof State['nextId']): string => String(state.nextId[kind]++);

/** Invented and constant: what one unit is worth, in US cents. */
const CENTS: Record<string, bigint> = {
  '1000': 6_000_000n,
  '1002': 300_000n,
  '1003': 8_000n,
  '1005': 3_000n,
  '1006': 40_000n,
  '1007': 16_000n,
  '1010': 50n,
  '1019': 12n,
  '1020': 4_000n,
  '1021': 10n,
  '1026': 12n,
  '1125': 60_000n,
  '978': 110n,
};
const cents = (currency: VendorCurrency): bigint => CENTS[currency.id] ?? 100n;

/** At the constant rates, to the decimals of `to`. */
export const convert = (amount: Amount, from: VendorCurrency, to: VendorCurrency, rounding: 'down' | 'up'): Amount => {
  if (from === to) return amount;
  const exact = (BigInt(toMinor(amount, 18)) * cents(from)) / cents(to);
  return round(fromMinor(exact.toString(), 18), to.exp, rounding);
};

/** Wallet amounts are shown with two decimals at least. */
export const shown = (amount: Amount): string => (fits(amount, 2) ? fixed(amount, 2) : amount);

/** Lookup for the control plane: their id, our tracking id, or the id in the payment page's address. */
export const findOperation = (state: State, id: string): Deposit | Payout => {
  const match = (o: Deposit | Payout) => o.id === id || o.trackingId === id || (o.kind === 'deposit' && o.uuid === id);
  const found = state.deposits.find(match) ?? state.payouts.find(match);
  if (!found) throw new HubFailure('NotFound', 'not_found', `no deposit or payout '${id.slice(0, 40)}'`);
  return found;
};
