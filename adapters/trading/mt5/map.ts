import { FAILURES, HubFailure, type FailureType } from '../../../domain/failures.ts';
import type { Reason } from '../../../domain/reasons.ts';
import type { Access, AccountState, BalanceOperation, TradingAccount } from '../../kit/trading.ts';
import { negate, normal, type Amount } from '../../../domain/money.ts';

/** `read` also covers writes that may be repeated without harm (leverage, rights, passwords). */
export type Effect = 'read' | 'write';

// Retcodes ----------------------------------------------------------------------------------------------------------------

/** Only the number counts: the English text behind it differs between builds (vendor). */
export const retcodeOf = (body: Record<string, unknown>): number => {
  const match = /^(\d+)/.exec(String(body['retcode']));
  return match ? Number(match[1]) : NO_RETCODE;
};
const NO_RETCODE = -1;

type Meaning = readonly [type: FailureType, reason: Reason, message: string];

const MEANINGS: Record<number, Meaning> = {
  3: ['Rejected', 'provider_refused', 'the platform calls the parameters wrong'],
  4: ['Rejected', 'provider_refused', 'the platform calls the data wrong'],
  8: ['Config', 'provider_misconfigured', 'the manager account lacks a right for this'],
  12: ['RateLimited', 'provider_rate_limited', 'the platform is asked too often'],
  13: ['NotFound', 'not_found', 'the platform does not know it'],
  17: ['Rejected', 'already_exists', 'the platform has it already'],
  1018: ['Unavailable', 'provider_unavailable', 'the platform is busy'],
  3002: ['Rejected', 'provider_refused', 'the range of logins is used up'],
  3003: ['Rejected', 'provider_refused', 'the login belongs to another server'],
  3004: ['Rejected', 'already_exists', 'the login exists already'],
  3006: ['InvalidInput', 'validation', 'the platform does not accept this password'],
  3007: ['Rejected', 'limit_exceeded', 'the platform has reached its number of users'],
  3008: ['Rejected', 'in_use', 'the account has open positions'],
  3009: ['Rejected', 'provider_refused', 'the account belongs to another server'],
  3010: ['Rejected', 'currency_mismatch', 'the group has another currency'],
  4005: ['Rejected', 'amount_too_big', 'the platform takes at most 1 000 000 000 at once'],
  10006: ['Rejected', 'provider_refused', 'the platform rejected the operation'],
  10007: ['Rejected', 'provider_refused', 'the platform cancelled the operation'],
  10013: ['Rejected', 'provider_refused', 'the platform calls the operation invalid'],
  10017: ['Rejected', 'provider_refused', 'trading is disabled for the account'],
  10018: ['Rejected', 'provider_refused', 'the market is closed'],
  10019: ['Rejected', 'insufficient_funds', 'the account has not enough free money'],
  10024: ['RateLimited', 'provider_rate_limited', 'the platform is asked too often'],
};

/** Network, time-out, no connection, no service, shutting down: whatever was asked may have happened. */
const IN_DOUBT: ReadonlySet<number> = new Set([7, 9, 10, 11, 15, 10012, 10031]);
const RETRY_AFTER_SECONDS = 5;

/** What a retcode other than 0 and 1 means. An unknown one is doubt, never a plain no. */
export const failureOf = (retcode: number, effect: Effect | 'sign-in'): HubFailure => {
  const facts = { providerCode: String(retcode) };
  if (retcode === NO_RETCODE) return lostAnswer(effect === 'write' ? 'write' : 'read', 'no retcode');
  if (IN_DOUBT.has(retcode)) return lostAnswer(effect === 'write' ? 'write' : 'read', `retcode ${retcode}`, facts);
  const known = MEANINGS[retcode];
  if (known && (effect !== 'sign-in' || FAILURES[known[0]].retry)) {
    const [type, reason, message] = known;
    const wait = type === 'RateLimited' ? { retryAfter: RETRY_AFTER_SECONDS } : {};
    return new HubFailure(type, reason, message, { ...facts, ...wait });
  }
  if (effect === 'sign-in' || (retcode >= 1000 && retcode < 2000)) {
    return new HubFailure('Config', 'provider_misconfigured', `the platform refused the sign-in (${retcode})`, facts);
  }
  return lostAnswer(effect, `retcode ${retcode}`, facts);
};

/** HTTP 429 comes from something in front of the server, before the command: surely not done. */
export const rateLimited = (header: string | undefined): HubFailure => {
  const retryAfter = header && /^\d{1,5}$/.test(header) ? Number(header) : RETRY_AFTER_SECONDS;
  return new HubFailure('RateLimited', 'provider_rate_limited', 'asked too often', { retryAfter, providerCode: '429' });
};

/** An answer that tells nothing. `why` is for the person on call. */
export const lostAnswer = (effect: Effect, why: string, facts: { providerCode?: string } = {}): HubFailure =>
  effect === 'write'
    ? new HubFailure('OutcomeUnknown', 'provider_outcome_unknown', `no trustworthy answer: ${why}`, facts)
    : new HubFailure(
        'Unavailable',
        facts.providerCode ? 'provider_unavailable' : 'provider_garbage',
        `no usable answer: ${why}`,
        facts,
      );

// Objects: every scalar of the vendor is a JSON string ---------------------------------------------------------------------

export type Row = Record<string, unknown>;

export const rowOf = (answer: unknown): Row => {
  if (answer && typeof answer === 'object' && !Array.isArray(answer)) return answer as Row;
  throw lostAnswer('read', 'not an object');
};

export const rowsOf = (answer: unknown): Row[] => listOf(answer).map(rowOf);

/** A list that is none was not read: taking it for empty would make "not found" out of garbage. */
export const listOf = (answer: unknown): unknown[] => {
  if (Array.isArray(answer)) return answer;
  throw lostAnswer('read', 'not a list');
};

/** A numeric field, normalised. Throws `Unavailable` when it is missing or no plain decimal. */
export const decimal = (row: Row, name: string): Amount => {
  const value = row[name];
  if (typeof value !== 'string' || !/^-?\d{1,20}(\.\d{1,18})?$/.test(value)) throw lostAnswer('read', `field ${name}`);
  return normal(value);
};

// Accounts ----------------------------------------------------------------------------------------------------------------

const ENABLED = 0x1n;
const TRADE_DISABLED = 0x4n;
/** ENABLED + PASSWORD + TRAILING + EXPERT + REPORTS, the vendor's default set. */
export const DEFAULT_RIGHTS = '355';

const accessOf = (rights: bigint): Access =>
  (rights & ENABLED) === 0n ? 'disabled' : (rights & TRADE_DISABLED) === 0n ? 'full' : 'read_only';

/** MT5 has no close-only flag for one account: it is a setting of groups and symbols. */
export const rightsFor = (current: bigint, access: Access): bigint => {
  if (access === 'close_only') throw new HubFailure('Unsupported', 'unsupported', 'MT5 has no close-only accounts');
  if (access === 'disabled') return current & ~ENABLED;
  return access === 'full' ? (current | ENABLED) & ~TRADE_DISABLED : current | ENABLED | TRADE_DISABLED;
};

export const rightsOf = (user: Row): bigint => BigInt(decimal(user, 'Rights'));

export const accountOf = (user: Row): TradingAccount => ({
  login: decimal(user, 'Login'),
  group: String(user['Group']),
  leverage: Number(decimal(user, 'Leverage')),
  access: accessOf(rightsOf(user)),
});

export const stateOf = (state: Row): AccountState => ({
  balance: decimal(state, 'Balance'),
  credit: decimal(state, 'Credit'),
  equity: decimal(state, 'Equity'),
  margin: decimal(state, 'Margin'),
  freeMargin: decimal(state, 'MarginFree'),
  marginLevel: decimal(state, 'MarginLevel'),
  profit: decimal(state, 'Profit'),
  live: true,
});

// Balance operations -------------------------------------------------------------------------------------------------------

/** Deal actions: 2 balance, 3 credit, 5 correction, 6 bonus (4 charge is found, never sent). */
const ACTIONS = { deposit: '2', withdraw: '2', credit_in: '3', credit_out: '3', correction: '5', bonus: '6' } as const;
const BALANCE_ACTIONS: ReadonlySet<unknown> = new Set(['2', '3', '4', '5', '6']);

export const actionOf = (kind: BalanceOperation['kind']): string => ACTIONS[kind];

export const signed = (kind: BalanceOperation['kind'], amount: Amount): Amount =>
  kind === 'withdraw' || kind === 'credit_out' ? negate(amount) : amount;

/** 32 with the terminator; the server cuts the rest without a word. */
const COMMENT_LENGTH = 31;

/** The key comes first, so that no cut can reach it. */
export const commentOf = (operationKey: string, text: string): string =>
  `${operationKey} ${text.replace(/[^\p{L}\p{N}\p{P}\p{Zs}]/gu, '')}`.slice(0, COMMENT_LENGTH).toWellFormed().trimEnd();

export const carriesKey = (deal: Row, operationKey: string): boolean => {
  const comment = String(deal['Comment']);
  return BALANCE_ACTIONS.has(deal['Action']) && (comment === operationKey || comment.startsWith(`${operationKey} `));
};
