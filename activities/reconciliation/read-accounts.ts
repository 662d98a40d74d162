import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { TradingAdapter } from '../../adapters/kit/trading.ts';
import {
  type AccountSeen,
  accountsToRead,
  keepAccount,
  keepMovements,
  type PlatformAccount,
} from '../../db/repositories/provider-books.ts';
import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import { add, type Amount, equal, sum } from '../../domain/money.ts';
import type { Activity, Tools } from '../kit/activity.ts';

export interface AccountsToRead {
  connectionId: number;
  /** The account that was read last; 0: from the first one. */
  after: number;
  /** This account alone. */
  only: number | null;
  /** Milliseconds: operations are read from here on until now. */
  from: number;
  /** Milliseconds: trades closed before it are added up once and for all. */
  carryTo: number;
}

export interface AccountsRead {
  /** Where to go on; null: all of them were read. */
  after: number | null;
  accounts: number;
  movements: number;
}

/** One activity reads as many accounts as this time allows, well below its own end. */
const ENOUGH_MS = 25_000;
const AT_ONCE = 50;
const DAY = 86_400_000;
const MONTH = 30 * DAY;

/** Reads the books of a platform account by account: balance operations, and whether its balance can be explained. Harmless to repeat. */
export const readAccounts: Activity<AccountsToRead, AccountsRead> = async (input, { pool, open, signal }) => {
  const { connectionId, only } = input;
  const { adapter, ctx } = await open('trading', connectionId, signal);
  const overAt = Date.now() + ENOUGH_MS;
  const accounts = await accountsToRead(pool, { connectionId, after: input.after, only, limit: AT_ONCE });
  const read: AccountsRead = { after: input.after, accounts: 0, movements: 0 };
  for (const account of accounts) {
    const reader: Reader = { adapter, ctx, pool, account, input, overAt };
    try {
      read.movements += await readOperations(reader);
      if (!(await readBalance(reader))) return read;
    } catch (error) {
      if (!isHubFailure(error) || error.type !== 'NotFound') throw error;
      await keepAccount(pool, { ...unseen(account), state: 'missing' });
    }
    read.accounts += 1;
    read.after = account.accountId;
    if (Date.now() > overAt) return read;
  }
  return accounts.length < AT_ONCE ? { ...read, after: null } : read;
};

interface Reader {
  adapter: TradingAdapter;
  ctx: AdapterContext;
  pool: Tools['pool'];
  account: PlatformAccount;
  input: AccountsToRead;
  overAt: number;
}

/** How many there are. Until tomorrow, because platforms' clocks are theirs. */
const readOperations = async ({ adapter, ctx, pool, account, input }: Reader): Promise<number> => {
  const { accountId, login, currencyCode } = account;
  if (!adapter.listBalanceOperations)
    throw new HubFailure('Unsupported', 'unsupported', 'The platform shows no balance operations.');
  const to = Date.now() + DAY;
  const listed = await adapter.listBalanceOperations(ctx, login, { from: input.from, to });
  const movements = listed.map(({ ticket, operationKey, amount, at }) => ({
    kind: 'operation' as const,
    providerId: ticket,
    ...(operationKey !== undefined && { reference: operationKey }),
    amount,
    currencyCode,
    at,
  }));
  const { connectionId } = input;
  await keepMovements(pool, { connectionId, accountId, from: new Date(input.from), to: new Date(to), movements });
  return movements.length;
};

const unseen = ({ accountId, openedAt, carried }: PlatformAccount): Omit<AccountSeen, 'state'> => ({
  accountId,
  balance: null,
  trades: '0',
  carried: carried?.trades ?? '0',
  carriedTo: carried?.to ?? new Date(openedAt.getTime() - DAY),
});

/**
 * The balance can be explained only while nothing is open (an entry's commission is taken when the position is opened, and told when it is closed) and
 * nothing moves under our eyes. False: there was not time enough to add up the trades of long ago; what was added up is kept.
 */
const readBalance = async ({ adapter, ctx, pool, account, input, overAt }: Reader): Promise<boolean> => {
  const { login } = account;
  const { listClosedDeals, listOpenPositions } = adapter;
  const seen = unseen(account);
  if (!listClosedDeals || !listOpenPositions) {
    await keepAccount(pool, { ...seen, state: 'not_shown' });
    return true;
  }
  const results = async (from: number, to: number): Promise<Amount> => {
    const deals = await listClosedDeals(ctx, login, { from, to });
    return sum(deals.flatMap(({ profit, swap, commission }) => [profit, swap, commission]));
  };
  const total = async (): Promise<Amount> => {
    const { balance, credit } = await adapter.getState(ctx, login);
    return add(balance, credit);
  };
  const before = await total();
  while (seen.carriedTo.getTime() < input.carryTo) {
    const from = seen.carriedTo.getTime();
    const to = Math.min(from + MONTH, input.carryTo);
    seen.carried = add(seen.carried, await results(from, to));
    seen.carriedTo = new Date(to);
    if (Date.now() > overAt) {
      await keepAccount(pool, { ...seen, state: 'moving' });
      return false;
    }
  }
  const trades = add(seen.carried, await results(seen.carriedTo.getTime(), Date.now() + DAY));
  const open = await listOpenPositions(ctx, login);
  const after = await total();
  const state = open.length > 0 ? 'trading' : equal(before, after) ? 'idle' : 'moving';
  await keepAccount(pool, { ...seen, state, trades, balance: state === 'idle' ? after : null });
  return true;
};
