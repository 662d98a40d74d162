import { isZero, type Amount } from '../../../domain/money.ts';
import { garbage } from '../../kit/answers.ts';
import { exactAmount, keyed, takesOut } from '../../kit/balance.ts';
import { word } from '../../kit/json.ts';
import { readerOf, type Row } from '../../kit/rows.ts';
import type * as kit from '../../kit/trading.ts';

export const { decimal, time, rows } = readerOf('Generic hub');

const STATUSES = {
  full: 'ACTIVE',
  close_only: 'CLOSE_ONLY',
  read_only: 'NO_TRADING',
  disabled: 'DISABLED',
} as const satisfies Record<kit.Access, string>;

export const statusOf = (access: kit.Access): string => STATUSES[access];

export const accountOf = (account: Row): kit.TradingAccount => {
  const [login, status] = [word(account['id']), word(account['status'])];
  const access = (Object.keys(STATUSES) as kit.Access[]).find((one) => STATUSES[one] === status);
  if (!login || !access) throw garbage({ provider: 'Generic hub', what: 'read an account', effect: 'read' });
  return { login, group: word(account['group']), leverage: Number(decimal(account, 'leverage')), access };
};

export const stateOf = (account: Row): kit.AccountState => ({
  balance: decimal(account, 'balance'),
  credit: decimal(account, 'credit'),
  equity: decimal(account, 'equity'),
  margin: decimal(account, 'usedMargin'),
  freeMargin: decimal(account, 'freeMargin'),
  marginLevel: isZero(decimal(account, 'usedMargin')) ? '0' : decimal(account, 'marginLevel'),
  profit: decimal(account, 'unrealizedPnl'),
  live: true,
});

export const purseOf = (kind: kit.BalanceOperation['kind']): 'BALANCE' | 'CREDIT' =>
  kind === 'credit_in' || kind === 'credit_out' || kind === 'bonus' ? 'CREDIT' : 'BALANCE';

export const signedAmount = ({ kind, amount, currency }: kit.BalanceOperation): Amount =>
  (takesOut(kind) ? '-' : '') + exactAmount(amount, currency.minorUnit);

export const bookedOf = (login: string, adjustment: Row): kit.BookedOperation => ({
  ...keyed(word(adjustment['reference'])),
  login,
  ticket: word(adjustment['adjustmentId']),
  amount: decimal(adjustment, 'amount'),
  comment: word(adjustment['comment']),
  at: time(adjustment, 'createdAt'),
});

const sideOf = (row: Row) => (row['side'] === 'BUY' ? ('buy' as const) : ('sell' as const));

/** Net per symbol, so the symbol is its number; what it cost to hold is in its result already. */
export const positionOf = (position: Row): kit.OpenPosition => ({
  ticket: word(position['symbol']),
  symbol: word(position['symbol']),
  side: sideOf(position),
  volume: decimal(position, 'netQuantity'),
  openPrice: decimal(position, 'avgPrice'),
  currentPrice: decimal(position, 'markPrice'),
  swap: '0',
  profit: decimal(position, 'unrealizedPnl'),
  openedAt: time(position, 'openedAt'),
});

export const dealOf = (trade: Row): kit.ClosedDeal => ({
  ticket: word(trade['tradeId']),
  symbol: word(trade['symbol']),
  side: sideOf(trade),
  volume: decimal(trade, 'quantity'),
  openPrice: decimal(trade, 'openPrice'),
  closePrice: decimal(trade, 'closePrice'),
  commission: decimal(trade, 'commission'),
  swap: decimal(trade, 'swap'),
  profit: decimal(trade, 'realizedPnl'),
  closedAt: time(trade, 'closedAt'),
});
