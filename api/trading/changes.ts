import { z } from 'zod';
import { AccountChange as AccountChangeEntity, type AccountChangeRow } from '../../db/entities/money.ts';
import { HubFailure } from '../../domain/failures.ts';
import { type Actor, actorName, reachSql } from '../kit/access.ts';
import { notFound } from '../kit/errors.ts';
import { byId, byWords } from '../kit/filters.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { resource } from '../kit/resource.ts';
import { idText } from '../kit/shapes.ts';
import type { MoneyHub } from '../money/hub.ts';
import {
  AccountChange,
  accountChangeView,
  CHANGE_STATES,
  MyAccountChange,
  myAccountChangeView,
} from '../presenters/account-change.ts';
import { tradingAccountOf } from '../../activities/intake/trading-account.ts';

const params = z.object({ changeId: idText() });

/** The changes of accounts at their platforms: which there were, which wait, and how one stops waiting. */
export const changeListProcedures = (hub: MoneyHub): Procedure[] => [
  ...accountChanges(hub.deps),
  ...myAccountChanges(hub.deps),

  procedure('POST /account-changes/{changeId}/withdraw', {
    ...withdrawing,
    tags: ['Accounts'],
    access: 'user',
    description: 'What was sent without an answer may have arrived: the change is `withdrawing` until that is known.',
    permission: 'accounts.update',
    answer: AccountChange,
    handle: async ({ actor, params: { changeId } }) => accountChangeView(await withdraw(hub, actor, changeId)),
  }),

  procedure('POST /my/account-changes/{changeId}/withdraw', {
    ...withdrawing,
    tags: ['My accounts'],
    access: 'client',
    description: 'Of changes the client asked for himself.',
    answer: MyAccountChange,
    handle: async ({ actor, params: { changeId } }) => myAccountChangeView(await withdraw(hub, actor, changeId)),
  }),
];

const withdrawing = {
  summary: 'Stop trying to change an account at its platform',
  params,
  errors: [404, 409],
};

const list = {
  idParam: 'changeId',
  noun: 'account change',
  entity: AccountChangeEntity,
  id: 'id' as const,
  clientProperty: 'clientId' as const,
  sorts: ['createTime'],
};

/** GET /account-changes and /account-changes/{changeId}. */
const accountChanges = resource({
  ...list,
  path: '/account-changes',
  tag: 'Accounts',
  permission: 'accounts',
  filters: { accountId: byId('accountId'), clientId: byId('clientId'), state: byWords('state', CHANGE_STATES) },
  read: AccountChange,
  present: (rows: AccountChangeRow[]) => rows.map(accountChangeView),
});

/** GET /my/account-changes and /my/account-changes/{changeId}. */
const myAccountChanges = resource({
  ...list,
  path: '/my/account-changes',
  tag: 'My accounts',
  access: 'client',
  filters: { accountId: byId('accountId'), state: byWords('state', CHANGE_STATES) },
  read: MyAccountChange,
  present: (rows: AccountChangeRow[]) => rows.map(myAccountChangeView),
});

const withdraw = async (hub: MoneyHub, actor: Actor, changeId: number): Promise<AccountChangeRow> => {
  const change = await reachedChange(hub, actor, changeId);
  await tradingAccountOf(hub.pool, actor, change.accountId, 'changeId');
  if (actor.kind === 'client' && change.requestedBy !== actorName(actor))
    throw new HubFailure('Rejected', 'restricted', 'The broker asked for this change.');
  await hub.ask((steering) => steering.withdrawChange(changeId, actorName(actor)));
  return loadChange(hub, changeId);
};

/** 404 for that of a client whom the caller does not see, as for one that there is not. */
const reachedChange = async (hub: MoneyHub, actor: Actor, changeId: number): Promise<AccountChangeRow> => {
  const reached = `select from account_change where id = $1 and ${reachSql(actor, 'account_change.client_id')}`;
  if ((await hub.pool.query(reached, [changeId])).rowCount === 0) throw notFound('account change', 'changeId');
  return loadChange(hub, changeId);
};

export const loadChange = async ({ deps }: MoneyHub, id: number): Promise<AccountChangeRow> => {
  const row = await deps.orm.em.fork().findOne(AccountChangeEntity, { id });
  if (!row) throw notFound('account change', 'changeId');
  return row;
};
