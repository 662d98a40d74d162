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

export type Access = 'full' | 'close_only' | 'read_only' | 'disabled';

export interface AccountState {
  balance: Amount;
  credit: Amount;
  equity: Amount;
  margin: Amount;
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

/**
 * The contract of category `trading`. `applyBalance` moves money: `Rejected` = the platform said no; `OutcomeUnknown` = ask
 * with `findBalanceOperation`, which answers null only when the platform's books were read and hold no such key.
 */
export interface TradingAdapter<Config = unknown> {
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
  setAccess(ctx: AdapterContext<Config>, login: string, access: Access): Promise<void>;
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
  testConnection(ctx: AdapterContext<Config>): Promise<void>;
}
