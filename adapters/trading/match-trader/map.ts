import { HubFailure } from '../../../domain/failures.ts';
import { isZero, negate, type Amount } from '../../../domain/money.ts';
import { garbage } from '../../kit/answers.ts';
import { keyed } from '../../kit/balance.ts';
import { objectOf, word } from '../../kit/json.ts';
import { readerOf, type Row } from '../../kit/rows.ts';
import type * as kit from '../../kit/trading.ts';

export const { decimal, time, rows } = readerOf('Match-Trader');

/** Left out by some deployments when there is nothing. */
const orZero = (row: Row, name: string): Amount =>
  row[name] === undefined || row[name] === null ? '0' : decimal(row, name);

// Accounts --------------------------------------------------------------------------------------------------------------------

const RIGHTS = {
  full: 'FULL',
  close_only: 'CLOSE_ONLY',
  read_only: 'TRADING_DISABLED',
  disabled: 'TRADING_AND_LOGIN_DISABLED',
} as const satisfies Record<kit.Access, string>;

export const rightOf = (access: kit.Access): string => RIGHTS[access];

const accessOf = (right: string): kit.Access => {
  // Transitional, of prop trading.
  if (right === 'LOCKED_CLOSE_ONLY') return 'close_only';
  const known = (Object.keys(RIGHTS) as kit.Access[]).find((access) => RIGHTS[access] === right);
  if (!known) throw garbage({ provider: 'Match-Trader', what: 'read accessRight', effect: 'read' });
  return known;
};

export const accountOf = (account: Row): kit.TradingAccount => {
  const login = word(account['login']);
  if (!login) throw garbage({ provider: 'Match-Trader', what: 'read an account', effect: 'read' });
  return {
    login,
    group: word(account['group']),
    leverage: Number(decimal(account, 'leverageRatioPercent')),
    access: accessOf(word(account['accessRight'])),
  };
};

export const financeOf = (account: Row): Row => objectOf(account['financeInfo']);

export const stateOf = (account: Row): kit.AccountState => {
  const finance = financeOf(account);
  const money = (name: string) => decimal(finance, name);
  return {
    balance: money('balance'),
    credit: money('credit'),
    equity: money('equity'),
    margin: money('margin'),
    freeMargin: money('freeMargin'),
    marginLevel: isZero(money('margin')) ? '0' : money('marginLevel'),
    profit: money('profit'),
    live: true,
  };
};

// Money -----------------------------------------------------------------------------------------------------------------------

/** Command and `additionalType` of each kind. */
export const MOVEMENTS: Record<kit.BalanceOperation['kind'], readonly [command: string, additionalType: string]> = {
  deposit: ['deposit', 'NONE'],
  withdraw: ['withdraw', 'NONE'],
  credit_in: ['credit-in', 'NONE'],
  credit_out: ['credit-out', 'NONE'],
  correction: ['deposit', 'CORRECTION'],
  bonus: ['credit-in', 'BONUS_IN_OUT'],
};

/** Ledger types of balance operations, and which way each goes: the sign of `profit` is not documented. */
const DIRECTIONS: Record<string, 1 | -1> = { DEPOSIT: 1, WITHDRAWAL: -1, CREDIT_IN: 1, CREDIT_OUT: -1 };
export const LEDGER_TYPES = Object.keys(DIRECTIONS);

export const bookedOf = (login: string, operation: Row): kit.BookedOperation => {
  const direction = DIRECTIONS[word(operation['type'])];
  if (!direction)
    throw new HubFailure('Unavailable', 'provider_garbage', 'Match-Trader: a type that was not asked for');
  const size = decimal(operation, 'profit').replace('-', '');
  return {
    login,
    ticket: word(operation['id']),
    amount: direction > 0 ? size : negate(size),
    at: time(operation, 'time'),
    ...keyed(word(operation['comment'])),
  };
};

// Trades ----------------------------------------------------------------------------------------------------------------------

const tradeOf = (trade: Row) => ({
  ticket: word(trade['id']),
  symbol: word(trade['symbol']),
  side: word(trade['side']) === 'BUY' ? ('buy' as const) : ('sell' as const),
  volume: decimal(trade, 'volume'),
  openPrice: decimal(trade, 'openPrice'),
  swap: orZero(trade, 'swap'),
  profit: decimal(trade, 'profit'),
});

export const positionOf = (trade: Row): kit.OpenPosition => ({
  ...tradeOf(trade),
  currentPrice: decimal(trade, 'currentPrice'),
  openedAt: time(trade, 'openTime'),
});

export const dealOf = (trade: Row): kit.ClosedDeal => ({
  ...tradeOf(trade),
  closePrice: decimal(trade, 'closePrice'),
  commission: orZero(trade, 'commission'),
  closedAt: time(trade, trade['closeTime'] === undefined ? 'time' : 'closeTime'),
});
