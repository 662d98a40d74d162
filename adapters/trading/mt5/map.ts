import { FAILURES, HubFailure, type FailureType } from '../../../domain/failures.ts';
import { add, fromMinor, isZero, round, sum, toMinor, type Amount } from '../../../domain/money.ts';
import type { Reason } from '../../../domain/reasons.ts';
import { exactAmount, keyed, takesOut } from '../../kit/balance.ts';
import { word } from '../../kit/json.ts';
import { readerOf, type Row } from '../../kit/rows.ts';
import type * as kit from '../../kit/trading.ts';

/** `read` also covers writes that may be repeated without harm (leverage, rights, passwords). */
export type Effect = 'read' | 'write';

export const { decimal, rows } = readerOf('MT5');

// Retcodes ----------------------------------------------------------------------------------------------------------------

type Meaning = readonly [type: FailureType, reason: Reason, message: string];
const refusal = (message: string, reason: Reason = 'provider_refused'): Meaning => ['Rejected', reason, message];
const TOO_OFTEN: Meaning = ['RateLimited', 'provider_rate_limited', 'the platform is asked too often'];

const MEANINGS: Record<number, Meaning> = {
  3: refusal('the platform calls the parameters wrong'),
  4: refusal('the platform calls the data wrong'),
  8: ['Config', 'provider_misconfigured', 'the manager account lacks a right for this'],
  12: TOO_OFTEN,
  13: ['NotFound', 'not_found', 'the platform does not know it'],
  17: refusal('the platform has it already', 'already_exists'),
  1018: ['Unavailable', 'provider_unavailable', 'the platform is busy'],
  3002: refusal('the range of logins is used up'),
  3003: refusal('the login belongs to another server'),
  3004: refusal('the login exists already', 'already_exists'),
  3006: ['InvalidInput', 'validation', 'the platform does not accept this password'],
  3007: refusal('the platform has reached its number of users', 'limit_exceeded'),
  3008: refusal('the account has open positions', 'in_use'),
  3009: refusal('the account belongs to another server'),
  3010: refusal('the group has another currency', 'currency_mismatch'),
  4005: refusal('the platform takes at most 1 000 000 000 at once', 'amount_too_big'),
  10006: refusal('the platform rejected the operation'),
  10007: refusal('the platform cancelled the operation'),
  10013: refusal('the platform calls the operation invalid'),
  10017: refusal('trading is disabled for the account'),
  10018: refusal('the market is closed'),
  10019: refusal('the account has not enough free money', 'insufficient_funds'),
  10024: TOO_OFTEN,
};

/** Network, time-out, no connection, no service, shutting down: whatever was asked may have happened. */
const IN_DOUBT: ReadonlySet<number> = new Set([7, 9, 10, 11, 15, 10012, 10031]);
const RETRY_AFTER_SECONDS = 5;

/** What a retcode other than 0 and 1 means. An unknown one is doubt, never a plain no. */
export const failureOf = (retcode: number, effect: Effect | 'sign-in'): HubFailure => {
  const facts = { providerCode: String(retcode) };
  const [type, reason, message] = MEANINGS[retcode] ?? [];
  if (type && (effect !== 'sign-in' || FAILURES[type].retry)) {
    const wait = type === 'RateLimited' ? { retryAfter: RETRY_AFTER_SECONDS } : {};
    return new HubFailure(type, reason!, message!, { ...facts, ...wait });
  }
  const ofSignIn = effect === 'sign-in' || (retcode >= 1000 && retcode < 2000);
  if (ofSignIn && !IN_DOUBT.has(retcode))
    return new HubFailure('Config', 'provider_misconfigured', `the platform refused the sign-in (${retcode})`, facts);
  return effect === 'write'
    ? new HubFailure('OutcomeUnknown', 'provider_outcome_unknown', `MT5 answered with ${retcode}`, facts)
    : new HubFailure('Unavailable', 'provider_unavailable', `MT5 answered with ${retcode}`, facts);
};

// Accounts ----------------------------------------------------------------------------------------------------------------

const ENABLED = 0x1n;
const TRADE_DISABLED = 0x4n;
/** ENABLED + PASSWORD + TRAILING + EXPERT + REPORTS, the vendor's default set. */
export const DEFAULT_RIGHTS = '355';

export const rightsOf = (user: Row): bigint => BigInt(decimal(user, 'Rights'));

/** MT5 has no close-only flag for one account: it is a setting of groups and symbols. */
export const rightsFor = (current: bigint, access: kit.Access): bigint => {
  if (access === 'close_only') throw new HubFailure('Unsupported', 'unsupported', 'MT5 has no close-only accounts');
  if (access === 'disabled') return current & ~ENABLED;
  return access === 'full' ? (current | ENABLED) & ~TRADE_DISABLED : current | ENABLED | TRADE_DISABLED;
};

export const accountOf = (user: Row): kit.TradingAccount => ({
  login: decimal(user, 'Login'),
  group: word(user['Group']),
  leverage: Number(decimal(user, 'Leverage')),
  access: !(rightsOf(user) & ENABLED) ? 'disabled' : rightsOf(user) & TRADE_DISABLED ? 'read_only' : 'full',
});

// Balance operations -------------------------------------------------------------------------------------------------------

/** Deal actions: 2 balance, 3 credit, 5 correction, 6 bonus (4 charge is found, never sent). */
const ACTIONS = { deposit: '2', withdraw: '2', credit_in: '3', credit_out: '3', correction: '5', bonus: '6' } as const;

export const actionOf = (kind: kit.BalanceOperation['kind']): string => ACTIONS[kind];
export const signedAmount = ({ kind, amount, currency }: kit.BalanceOperation): Amount =>
  (takesOut(kind) ? '-' : '') + exactAmount(amount, currency.minorUnit);

export const isBalance = (deal: Row): boolean => /^[2-6]$/.test(word(deal['Action']));

/** `ahead`: the server's clock before ours, milliseconds; deals carry its time as if it were UTC. */
export const bookedOf = (deal: Row, ahead: number): kit.BookedOperation => ({
  login: decimal(deal, 'Login'),
  ticket: decimal(deal, 'Deal'),
  amount: decimal(deal, 'Profit'),
  at: timeOf(deal, ahead),
  ...keyed(word(deal['Comment'])),
});

export const timeOf = (deal: Row, ahead: number): number => Number(decimal(deal, 'TimeMsc')) - ahead;

// Trades -------------------------------------------------------------------------------------------------------------------

const BUY = '0';
const sideOf = (isBuy: boolean) => (isBuy ? 'buy' : 'sell');

/** In 10^-8 lots; servers before `VolumeExt` told 10^-4. */
const volume = (row: Row, name = 'Volume'): bigint =>
  BigInt(word(row[`${name}Ext`]) || '0') || BigInt(word(row[name]) || '0') * 10_000n;
const lots = (units: bigint): Amount => fromMinor(String(units), 8);

export const positionOf = (position: Row, ahead: number): kit.OpenPosition => ({
  ticket: decimal(position, 'Position'),
  symbol: word(position['Symbol']),
  side: sideOf(position['Action'] === BUY),
  volume: lots(volume(position)),
  openPrice: decimal(position, 'PriceOpen'),
  currentPrice: decimal(position, 'PriceCurrent'),
  swap: decimal(position, 'Storage'),
  profit: decimal(position, 'Profit'),
  openedAt: Number(decimal(position, 'TimeCreateMsc')) - ahead,
});

/** Entry: 0 in, 1 out, 2 in/out (a netting position turned over: one part closes, the rest opens), 3 out by another position. */
export const isExit = (deal: Row): boolean =>
  /^[01]$/.test(word(deal['Action'])) && /^[123]$/.test(word(deal['Entry']));
const closedPart = (deal: Row): bigint => volume(deal, 'VolumeClosed') || volume(deal);
const openedPart = (deal: Row): bigint =>
  deal['Entry'] === '0' ? volume(deal) : deal['Entry'] === '2' ? volume(deal) - closedPart(deal) : 0n;

const entriesOf = (exit: Row, deals: readonly Row[]): Row[] =>
  deals.filter((deal) =>
    deal['PositionID'] === exit['PositionID'] && deal['Action'] !== exit['Action'] && openedPart(deal) > 0n && deal['Deal'] !== exit['Deal'],
  ); // prettier-ignore
const total = (numbers: bigint[]): bigint => numbers.reduce((a, b) => a + b, 0n);

/** Whether all of what the deal closed was opened by `deals`. */
export const isMatched = (exit: Row, deals: readonly Row[]): boolean =>
  total(entriesOf(exit, deals).map(openedPart)) >= closedPart(exit);

/** `part` of `whole`, to eight decimals. */
const share = (amount: Amount, part: bigint, whole: bigint): Amount =>
  whole === 0n ? '0' : fromMinor(String((BigInt(toMinor(amount, 8)) * part) / whole), 8);
const cost = (deal: Row): Amount =>
  add(decimal(deal, 'Commission'), deal['Fee'] === undefined ? '0' : decimal(deal, 'Fee'));

/** The deal that closed (a part of) a position, with its share of what opening cost. `deals` hold the entries. */
export const closedOf = (exit: Row, deals: readonly Row[], ahead: number): kit.ClosedDeal => {
  const entries = entriesOf(exit, deals);
  const [closed, opened] = [closedPart(exit), total(entries.map(openedPart))];
  const told = exit['PricePosition'] === undefined ? '0' : decimal(exit, 'PricePosition');
  const average = () => sum(entries.map((entry) => share(decimal(entry, 'Price'), openedPart(entry), opened)));
  const entryCost = sum(entries.map((entry) => share(cost(entry), openedPart(entry), volume(entry))));
  return {
    ticket: decimal(exit, 'Deal'),
    symbol: word(exit['Symbol']),
    side: sideOf(exit['Action'] !== BUY),
    volume: lots(closed),
    openPrice: isZero(told) ? round(average(), Number(decimal(exit, 'Digits')), 'nearest') : told,
    closePrice: decimal(exit, 'Price'),
    commission: add(share(cost(exit), closed, volume(exit)), share(entryCost, closed, opened)),
    swap: decimal(exit, 'Storage'),
    profit: decimal(exit, 'Profit'),
    closedAt: timeOf(exit, ahead),
  };
};
