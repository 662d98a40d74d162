import { HubFailure, type FailureType } from '../../../domain/failures.ts';
import type { Amount } from '../../../domain/money.ts';
import type { Reason } from '../../../domain/reasons.ts';
import type { Asked } from '../../kit/answers.ts';
import { exactAmount, keyed, takesOut } from '../../kit/balance.ts';
import type { AdapterContext } from '../../kit/context.ts';
import { word } from '../../kit/json.ts';
import { readerOf, type Row } from '../../kit/rows.ts';
import type * as kit from '../../kit/trading.ts';

// Refusals ------------------------------------------------------------------------------------------------------------------

type Meaning = readonly [type: FailureType, reason: Reason];
const NO: Meaning = ['Rejected', 'provider_refused'];
const OURS: Meaning = ['Config', 'provider_misconfigured'];
const SLOWER: Meaning = ['RateLimited', 'provider_rate_limited'];

/** `error.code`; under MT4Error `error.managerCode` says more. Whatever is missing here tells nothing: a write is in doubt then. */
const MEANINGS: Record<string, Meaning> = {
  Busy: ['Unavailable', 'provider_unavailable'],
  Forbidden: OURS,
  NotFound: ['NotFound', 'not_found'],
  Validation: NO,
  'MT4Error AccountDisabled': NO,
  'MT4Error BadAccountInfo': ['NotFound', 'not_found'],
  'MT4Error InvalidCompany': OURS,
  'MT4Error InvalidData': NO,
  'MT4Error NotEnoughRights': OURS,
  'MT4Error OldVersion': OURS,
  'MT4Error TooFrequent': SLOWER,
  'MT4Error TradeBadPrices': NO,
  'MT4Error TradeDisable': NO,
  'MT4Error TradeMarketClosed': NO,
  'MT4Error TradeModifyDenied': NO,
  'MT4Error TradeNoMoney': ['Rejected', 'insufficient_funds'],
  'MT4Error TradeTooManyReq': SLOWER,
};
const RETRY_AFTER_SECONDS = 5;

export const refusalOf = (
  ctx: Pick<AdapterContext, 'scrub'>,
  { provider, what, effect }: Asked,
  error: Row,
  headers: Record<string, string>,
): HubFailure => {
  const code = [word(error['code']), word(error['managerCode'])].join(' ').trim();
  const doubt: Meaning =
    effect === 'write' ? ['OutcomeUnknown', 'provider_outcome_unknown'] : ['Unavailable', 'provider_unavailable'];
  const surelyNot = headers['x-request-outcome'] === 'not-started';
  const [type, reason] = surelyNot ? MEANINGS['Busy']! : (MEANINGS[code] ?? doubt);
  const message = `${provider} answered ${what} with ${ctx.scrub(`${code}: ${word(error['message'])}`)}`;
  const wait = type === 'RateLimited' ? { retryAfter: RETRY_AFTER_SECONDS } : {};
  return new HubFailure(type, reason, message, { providerCode: ctx.scrub(code), ...wait });
};

export const { decimal, time, rows } = readerOf('MT4 WebAPI');

// Accounts --------------------------------------------------------------------------------------------------------------------

const ENABLED = 0x1;
const READ_ONLY = 0x4;
/** Enabled, and the client may change the password. */
export const NEW_ACCOUNT_FLAGS = 0x3;

export const flagsOf = (user: Row): number => Number(decimal(user, 'enableFlags'));

export const flagsFor = (current: number, access: kit.Access): number => {
  if (access === 'close_only') throw new HubFailure('Unsupported', 'unsupported', 'MT4 has no close-only accounts');
  if (access === 'disabled') return current & ~ENABLED;
  return access === 'full' ? (current | ENABLED) & ~READ_ONLY : current | ENABLED | READ_ONLY;
};

export const accountOf = (user: Row): kit.TradingAccount => ({
  login: decimal(user, 'login'),
  group: word(user['group']),
  leverage: Number(decimal(user, 'leverage')),
  access: !(flagsOf(user) & ENABLED) ? 'disabled' : flagsOf(user) & READ_ONLY ? 'read_only' : 'full',
});

// Money -----------------------------------------------------------------------------------------------------------------------

/** MT4 keeps money with two decimals, whatever the currency: finer amounts are refused, not rounded. */
export const priceOf = ({ kind, amount, currency }: kit.BalanceOperation): Amount =>
  (takesOut(kind) ? '-' : '') + exactAmount(amount, Math.min(currency.minorUnit, 2));

export const commandOf = (kind: kit.BalanceOperation['kind']): 'Balance' | 'Credit' =>
  kind === 'credit_in' || kind === 'credit_out' || kind === 'bonus' ? 'Credit' : 'Balance';

export const isBalance = ({ tradeCommand }: Row): boolean => tradeCommand === 'Balance' || tradeCommand === 'Credit';
export const isTrade = ({ tradeCommand }: Row): boolean => tradeCommand === 'Buy' || tradeCommand === 'Sell';

export const bookedOf = (trade: Row): kit.BookedOperation => ({
  login: decimal(trade, 'login'),
  ticket: decimal(trade, 'order'),
  amount: decimal(trade, 'profit'),
  at: time(trade, 'openTime'),
  ...keyed(word(trade['comment'])),
});

const tradeOf = (trade: Row) => ({
  ticket: decimal(trade, 'order'),
  symbol: word(trade['symbol']),
  side: trade['tradeCommand'] === 'Buy' ? ('buy' as const) : ('sell' as const),
  volume: decimal(trade, 'volumeLots'),
  openPrice: decimal(trade, 'openPrice'),
  swap: decimal(trade, 'storage'),
  profit: decimal(trade, 'profit'),
});

/** The close price of an open trade is the price it would close at now. */
export const positionOf = (trade: Row): kit.OpenPosition => ({
  ...tradeOf(trade),
  currentPrice: decimal(trade, 'closePrice'),
  openedAt: time(trade, 'openTime'),
});

export const dealOf = (trade: Row): kit.ClosedDeal => ({
  ...tradeOf(trade),
  closePrice: decimal(trade, 'closePrice'),
  commission: decimal(trade, 'commission'),
  closedAt: time(trade, 'closeTime'),
});
