import { HubFailure } from '../../../domain/failures.ts';
import { garbage } from '../../kit/answers.ts';
import { keyed } from '../../kit/balance.ts';
import { fillInTable } from '../../kit/fill-in.ts';
import { word } from '../../kit/json.ts';
import { readerOf, type Row } from '../../kit/rows.ts';
import type { Access, AccountState, BalanceOperation, BookedOperation, TradingAccount } from '../../kit/trading.ts';

export const { decimal, time, rows } = readerOf('Acme');

/** Ours → theirs. What is not in it is `Unsupported`. */
const ACCESS: Partial<Record<Access, string>> = fillInTable(
  "map.ts, ACCESS: their word for each access the manifest names, e.g. { full: 'FULL', read_only: 'READ_ONLY', disabled: 'OFF' }",
);
const OPERATIONS: Partial<Record<BalanceOperation['kind'], string>> = fillInTable(
  "map.ts, OPERATIONS: their word for each balance operation the manifest names, e.g. { deposit: 'IN', withdraw: 'OUT', correction: 'IN' }",
);

const theirs = <Ours extends string>(table: Partial<Record<Ours, string>>, ours: Ours): string => {
  const found = table[ours];
  if (found === undefined) throw new HubFailure('Unsupported', 'unsupported', `Acme knows no '${ours}'`);
  return found;
};
export const theirAccess = (access: Access): string => theirs(ACCESS, access);
export const theirOperation = (kind: BalanceOperation['kind']): string => theirs(OPERATIONS, kind);

const unreadable = (field: string) => garbage({ provider: 'Acme', what: `read ${field}`, effect: 'read' });

export const accountOf = (row: Row): TradingAccount => {
  const access = (Object.keys(ACCESS) as Access[]).find((ours) => ACCESS[ours] === word(row['access']));
  if (!access) throw unreadable('access');
  if (!word(row['login'])) throw unreadable('login');
  return { login: word(row['login']), group: word(row['group']), leverage: Number(decimal(row, 'leverage')), access };
};

export const stateOf = (row: Row): AccountState => ({
  balance: decimal(row, 'balance'),
  credit: decimal(row, 'credit'),
  equity: decimal(row, 'equity'),
  margin: decimal(row, 'margin'),
  freeMargin: decimal(row, 'freeMargin'),
  marginLevel: decimal(row, 'level'),
  profit: decimal(row, 'profit'),
  live: true,
});

export const bookedOf = (login: string, row: Row): BookedOperation => ({
  login,
  ticket: word(row['ticket']),
  amount: decimal(row, 'amount'),
  at: time(row, 'time'),
  ...keyed(word(row['comment'])),
});
