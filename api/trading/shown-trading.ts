import type { z } from 'zod';
import type { Window } from '../../adapters/kit/trading.ts';
import { wire } from '../../domain/money.ts';
import { withdrawable } from '../../domain/withdrawable.ts';
import type { Actor, ClientActor } from '../kit/access.ts';
import { problem } from '../kit/errors.ts';
import { isoTime } from '../kit/shapes.ts';
import type { MoneyHub } from '../money/hub.ts';
import { accountOf, isWallet } from '../../activities/intake/accounts.ts';
import { accountViews, type Statement } from '../presenters/account.ts';
import { type Deal, dealView, type Position, positionView } from '../presenters/trade.ts';
import { atPlatform } from './at-platform.ts';
import { providerById } from '../../worker/tools.ts';
import {
  assertCan,
  assertOpen,
  type TradingAccountFacts,
  tradingAccountOf,
} from '../../activities/intake/trading-account.ts';

/** How far deals are looked back for when nobody says. */
export const DAYS = 30;
const MOST_DAYS = 366;
/** Each is a question to its platform. */
const MOST_ACCOUNTS = 10;
const DAY = 86_400_000;

export const openAccountOf = async (
  hub: MoneyHub,
  actor: Actor,
  accountId: number,
  field = 'accountId',
): Promise<TradingAccountFacts> => {
  const account = await tradingAccountOf(hub.pool, actor, accountId, field);
  assertOpen(account, field);
  return account;
};

/** A wallet as our books have it, a trading account as its platform shows it now. */
export const statementOf = async (
  hub: MoneyHub,
  actor: Actor,
  accountId: number,
): Promise<z.input<typeof Statement>> => {
  const facts = await accountOf(hub.pool, actor, accountId, 'accountId');
  const { statement } = (await accountViews(hub.pool, [accountId])).get(accountId)!;
  if (isWallet(facts)) return statement;
  const account = await openAccountOf(hub, actor, accountId);
  const state = await atPlatform(hub, account, (adapter, ctx, login) => adapter.getState(ctx, login));
  return {
    availableBalance: wire(withdrawable(state)),
    currentBalance: wire(state.balance),
    credit: wire(state.credit),
    equity: wire(state.equity),
    freeMargin: wire(state.freeMargin),
    hold: statement.hold,
    margin: wire(state.margin),
    marginLevel: wire(state.marginLevel),
    pnl: wire(state.profit),
    updateTime: isoTime(new Date()),
  };
};

export const positionsOf = async (hub: MoneyHub, account: TradingAccountFacts): Promise<z.input<typeof Position>[]> => {
  assertCan(providerById(account.provider), ['positions'], 'show open positions');
  const positions = await atPlatform(hub, account, (adapter, ctx, login) => adapter.listOpenPositions!(ctx, login));
  return positions.map((one) => positionView(account, one));
};

/** Newest first. */
export const dealsOf = async (
  hub: MoneyHub,
  account: TradingAccountFacts,
  window: Window,
): Promise<z.input<typeof Deal>[]> => {
  assertCan(providerById(account.provider), ['deals'], 'show deals');
  const deals = await atPlatform(hub, account, (adapter, ctx, login) => adapter.listClosedDeals!(ctx, login, window));
  return deals.toSorted((a, b) => b.closedAt - a.closedAt).map((one) => dealView(account, one));
};

/** Without `from` the last 30 days before `to`; without `to` until now. 400 when it is turned around or longer than a year. */
export const windowOf = ({ from, to }: { from?: Date | undefined; to?: Date | undefined }): Window => {
  // A second more than now: what happens while we ask belongs to it.
  const end = to?.getTime() ?? Date.now() + 1_000;
  const begin = from?.getTime() ?? end - DAYS * DAY;
  if (begin >= end) throw problem(400, 'validation', 'from must be before to.', 'from');
  if (end - begin > MOST_DAYS * DAY)
    throw problem(400, 'validation', `from and to may be ${MOST_DAYS} days apart at most.`, 'from');
  return { from: begin, to: end };
};

/** The client's accounts that were named, or all his open ones; of one kind of platform when that is named too. */
export const accountsNamed = async (
  hub: MoneyHub,
  actor: ClientActor,
  { accounts, type }: { accounts?: number[] | undefined; type?: string | undefined },
): Promise<TradingAccountFacts[]> => {
  const ids = accounts ? [...new Set(accounts)] : await openAccountIds(hub, actor.id);
  const found: TradingAccountFacts[] = [];
  for (const id of ids) found.push(await openAccountOf(hub, actor, id, 'accounts'));
  const wanted = found.filter(({ provider }) => type === undefined || provider === type);
  if (wanted.length > MOST_ACCOUNTS)
    throw problem(400, 'validation', `accounts: name ${MOST_ACCOUNTS} accounts at most.`, 'accounts');
  return wanted;
};

const openAccountIds = async ({ pool }: MoneyHub, clientId: number): Promise<number[]> =>
  (
    await pool.query<{ id: number }>(
      `select a.account_id as id from account a join platform p on p.id = a.platform_id join connection c on c.id = p.connection_id and c.enabled
        where a.client_id = $1 and a.status = 'active' and 'enabled' = any(a.permissions) order by a.account_id limit ${MOST_ACCOUNTS + 1}`,
      [clientId],
    )
  ).rows.map(({ id }) => id);
