import type { Amount } from '../../domain/money.ts';
import type { CurrencyOfOrder } from './payments.ts';

/** One request of the vendor's, as the control plane's faults match it: `path` is a prefix, `body` a piece of the raw body. */
export interface WireCall {
  method: string;
  path: string;
  body?: string;
}

/** The verbs of the contracts that ask a provider for something: those that write, then those that look. */
export type Verb =
  | 'createDeposit'
  | 'findDeposit'
  | 'createPayout'
  | 'findPayout'
  | 'createRefund'
  | 'findRefund'
  | 'createAccount'
  | 'getAccount'
  | 'applyBalance'
  | 'findBalanceOperation'
  | 'begin'
  | 'find'
  | 'send'
  | 'quotes'
  | 'check'
  | 'screen'
  | 'testConnection';

/**
 * What the conformance suite has to know of a sandbox to treat it as it treats all others. Orders are made from the examples; they fit
 * `defaultConfig`. What happens to an order is decided by the magic amounts (see docs/adding-a-provider.md) and by the words `advance` takes:
 *
 * | category   | words every sandbox of it understands                                                                                       |
 * | ---------- | --------------------------------------------------------------------------------------------------------------------------- |
 * | payments   | `unknown_word`, `fail`, `expire` (deposits), `approve` (payouts), `return` (payouts), `refund`, `dispute` (deposits), `other_amount`, `other_currency` |
 * | trading    | `unknown_word` (the next answer about the account carries an error code nobody documented), `open_position`, `close_position` |
 * | kyc        | `submit` (the client sends documents), `green`, `red_retry`, `red_final`, `hold`, `unknown_word`                              |
 * | messaging  | `deliver`, `fail`, `unknown_word`                                                                                            |
 * | screening  | `clear`, `hold`, `reject`, `unknown_word`                                                                                    |
 *
 * `pay` and `advance` take the vendor's id, as reports give it (`providerId`, for accounts the login). A word that has no meaning at the vendor throws.
 * `other_amount` and `other_currency`: from now on the vendor's answers about the object tell another amount or currency than was asked for.
 * Each call of the manifest's `sandbox()` makes a sandbox with a state of its own: the suite runs many at once.
 */
export interface ConformanceFacts {
  /**
   * The vendor's request that carries out a verb: where faults are put. The write itself, not the sign-in before it. Null: the verb asks the vendor
   * nothing, or speaks no HTTP, so no fault can be put there.
   */
  calls: Partial<Record<Verb, WireCall | null>>;
  /** Settings the vendor must refuse when `testConnection` uses them. Null: it knows no credentials. */
  wrongCredentials: Record<string, unknown> | null;
  /** Where the adapter has a `webhook`. */
  callbacks?: CallbackFacts;
  payments?: PaymentExample;
  trading?: TradingExample;
  kyc?: { programme: string };
  /** `refused`: a recipient the vendor refuses at once. Messages are counted in `things()`: each shows its text. */
  messaging?: { channel: 'email' | 'sms' | 'chat'; to: string; refused: string };
  rates?: { pair: { from: string; to: string } };
  captcha?: { human: () => string; robot: () => string };
  screening?: { currency: CurrencyOfOrder & { type: 'fiat' | 'crypto' }; account: string };
}

/** How the vendor proves what it tells: of its document, so that the adapter's own word for it can be judged. */
export interface CallbackFacts {
  /** Not signed: anybody can say it. */
  signed: boolean;
  /** Signed with a time, and to be refused when that is longer ago, milliseconds. Null: it is good for ever, and sent again days later. */
  goodForMs: number | null;
}

export interface PaymentExample {
  currency: CurrencyOfOrder;
  /** Another one that the default connection takes. Null: it has one only. */
  otherCurrency: CurrencyOfOrder | null;
  /** Which deposits the default connection takes; absent: none. */
  flow?: 'invoice' | 'address';
  /**
   * What `pay` gets and `processed` must then be, for an amount with as many digits as the currency has; e.g. '1234567.123456'. Four digits or more
   * before the point, and no magic minor part (see docs/adding-a-provider.md) among its first two decimals.
   */
  exact: Amount;
  destination?: { address: string; tag?: string; fields?: Record<string, string> };
}

export interface TradingExample {
  group: string;
  /** A group of another currency. */
  otherGroup?: string;
  currency: { numericCode: number; alphabeticCode: string; minorUnit: number };
  leverage: number;
  exact: Amount;
  /**
   * The most rows the sandbox gives in one answer when it is asked for operations or accounts: the suite makes more. Null: it gives all of them, or so many
   * that only a test of one's own can ask for more.
   */
  page: number | null;
}

/** For a provider without a wire, whose manifest has no `sandbox`: settings that fit its schema, and the examples of its category. */
export interface WirelessFacts extends Partial<Omit<ConformanceFacts, 'calls' | 'wrongCredentials'>> {
  config: Record<string, unknown>;
}
