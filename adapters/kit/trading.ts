import type { Access } from '../../domain/account-change.ts';
import type { Amount } from '../../domain/money.ts';
import type { AdapterContext } from './context.ts';

export interface NewTradingAccount {
  /** Ours; stored at the platform so that a lost answer can be found again. */
  reference: string;
  group: string;
  /** Checked against the group's currency where the platform tells it. */
  currencyCode: string;
  leverage: number;
  /** What the platform shows; the hub sends an opaque caption, not the client's name. */
  name: string;
  passwords: { main: string; investor: string };
}

/** Integer logins may have 64 bits: carried as string. */
export interface TradingAccount {
  login: string;
  group: string;
  leverage: number;
  access: Access;
}

export type { Access };

export interface AccountState {
  balance: Amount;
  /** Lent by the broker: no withdrawal pays it out. */
  credit: Amount;
  /** Balance, credit and the results of open positions. */
  equity: Amount;
  margin: Amount;
  /** What margin leaves of equity. A withdrawal of more is refused without asking the platform. */
  freeMargin: Amount;
  marginLevel: Amount;
  profit: Amount;
  /** False when the platform keeps no live state for an idle account, and the profile was used. */
  live: boolean;
}

export interface BalanceOperation {
  login: string;
  kind: 'deposit' | 'withdraw' | 'credit_in' | 'credit_out' | 'correction' | 'bonus';
  /** Positive; the kind says the direction. */
  amount: Amount;
  currency: { alphabeticCode: string; minorUnit: number };
  /** 'K' + 12 base32 characters, put first into the platform's comment. */
  operationKey: string;
  text: string;
}

export interface BalanceTicket {
  /** The platform's number of the deal. */
  ticket: string;
  amount: Amount;
}

export interface OpenPosition {
  /** The platform's number of the position or order. */
  ticket: string;
  symbol: string;
  side: 'buy' | 'sell';
  /** In lots. */
  volume: Amount;
  openPrice: Amount;
  currentPrice: Amount;
  swap: Amount;
  profit: Amount;
  /** Milliseconds. */
  openedAt: number;
}

/** A trade that ended. */
export interface ClosedDeal {
  ticket: string;
  symbol: string;
  side: 'buy' | 'sell';
  volume: Amount;
  openPrice: Amount;
  closePrice: Amount;
  commission: Amount;
  swap: Amount;
  profit: Amount;
  closedAt: number;
}

/** A balance operation as the platform's books hold it. */
export interface BookedOperation {
  login: string;
  ticket: string;
  /** Signed: positive came in. */
  amount: Amount;
  /** Of the start of the comment, when it is a key of ours. */
  operationKey?: string;
  comment: string;
  at: number;
}

/** Milliseconds since the epoch, `to` excluded. */
export interface Window {
  from: number;
  to: number;
}

/** What an operator and the client see of an account's trading. Every page is read. */
export interface ShowsTrading<Config> {
  listOpenPositions(ctx: AdapterContext<Config>, login: string): Promise<OpenPosition[]>;
  listClosedDeals(ctx: AdapterContext<Config>, login: string, window: Window): Promise<ClosedDeal[]>;
}

/** The platform's books, for reconciliation. */
export interface ShowsBalanceOperations<Config> {
  listBalanceOperations(ctx: AdapterContext<Config>, login: string, window: Window): Promise<BookedOperation[]>;
}

/** For platforms that can put an account away; elsewhere it is disabled. */
export interface ArchivesAccounts<Config> {
  archive(ctx: AdapterContext<Config>, login: string): Promise<void>;
  restore(ctx: AdapterContext<Config>, login: string): Promise<void>;
}

export interface KeepsPasswords<Config> {
  changePassword(
    ctx: AdapterContext<Config>,
    login: string,
    kind: 'main' | 'investor',
    password: string,
  ): Promise<void>;
  checkPassword(
    ctx: AdapterContext<Config>,
    login: string,
    kind: 'main' | 'investor',
    password: string,
  ): Promise<boolean>;
}

/**
 * The contract of category `trading`. `applyBalance` moves money: `Rejected` = the platform said no; `OutcomeUnknown` = ask
 * with `findBalanceOperation`, which answers null only when the platform's books were read and hold no such key.
 * Setting what is set already is no error. What a platform cannot do is `Unsupported`.
 */
export interface TradingAdapter<Config = unknown> extends Partial<
  ShowsTrading<Config> & ShowsBalanceOperations<Config> & ArchivesAccounts<Config> & KeepsPasswords<Config>
> {
  createAccount(ctx: AdapterContext<Config>, account: NewTradingAccount): Promise<TradingAccount>;
  findAccount(ctx: AdapterContext<Config>, by: { reference: string; group: string }): Promise<TradingAccount | null>;
  getAccount(ctx: AdapterContext<Config>, login: string): Promise<TradingAccount>;
  getState(ctx: AdapterContext<Config>, login: string): Promise<AccountState>;
  applyBalance(ctx: AdapterContext<Config>, operation: BalanceOperation): Promise<BalanceTicket>;
  /** `since`: milliseconds since the epoch; the adapter widens the window for the platform's clock. */
  findBalanceOperation(
    ctx: AdapterContext<Config>,
    by: { login: string; operationKey: string; since: number },
  ): Promise<BalanceTicket | null>;
  setLeverage(ctx: AdapterContext<Config>, login: string, leverage: number): Promise<void>;
  /** Throws `Rejected` (`currency_mismatch`) for a group of another currency. */
  setGroup(ctx: AdapterContext<Config>, login: string, group: string): Promise<void>;
  setAccess(ctx: AdapterContext<Config>, login: string, access: Access): Promise<void>;
  testConnection(ctx: AdapterContext<Config>): Promise<void>;
}
