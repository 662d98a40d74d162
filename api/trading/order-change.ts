import { openChannels } from '../../activities/messaging/queue-message.ts';
import { newPassword } from '../../activities/trading/new-password.ts';
import { inTransaction, type Queryable } from '../../db/pool.ts';
import { sealPassword } from '../../db/repositories/account-changes.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { templateFor } from '../../db/repositories/templates.ts';
import { type Access, type ChangeState, type WantedOfAccount } from '../../domain/account-change.ts';
import { type FailureType, HubFailure } from '../../domain/failures.ts';
import type { Reason } from '../../domain/reasons.ts';
import { FINAL_STAGES } from '../../domain/stages.ts';
import { actorName } from '../kit/access.ts';
import { problem } from '../kit/errors.ts';
import type { MoneyHub } from '../money/hub.ts';
import type { Ordering } from '../money/intake/place-order.ts';
import { assertCan, assertOpen, type TradingAccountFacts, tradingAccountOf } from './tradable.ts';

export interface ChangeOrder {
  wanted: WantedOfAccount;
  /** For `wanted.password`; without one it is made up, and the client is told by a message. */
  password?: string | undefined;
  /** Names of what is wanted in the caller's body. */
  fields?: Partial<Record<keyof WantedOfAccount, string>>;
}

interface Ordered {
  id: number;
  state: ChangeState;
  reason: string | null;
  issue: string | null;
}

/**
 * The one way to change an account at its platform: check → a row with its audit row → its run. Answers the change's id, done or still waiting; throws
 * when a rule or the platform says no. A repeat under the same key finds the row.
 */
export const orderChange = async (
  hub: MoneyHub,
  call: Ordering,
  accountId: number,
  order: ChangeOrder,
): Promise<number> => {
  const { id, ...found } = await inTransaction(hub.pool, async (db) => {
    await call.once?.lock(db);
    const twin = call.key === undefined ? null : await findByKey(db, call.key);
    return twin ?? insert(db, hub, call, await checked(db, call, accountId, order), order);
  });
  const { state, reason, issue } = found.state === 'waiting' ? await begin(hub, call, id) : found;
  if (state === 'refused') throw refused(reason, issue);
  return id;
};

const begin = async (hub: MoneyHub, call: Ordering, id: number): Promise<Omit<Ordered, 'id'>> => {
  try {
    return await hub.ask((steering) => steering.changeAccount(id));
  } catch (error) {
    if (!(error instanceof HubFailure) || error.type !== 'Unavailable') throw error;
    call.log.warn({ changeId: id }, 'account change stored; its run will be started by the sweep');
    return { state: 'waiting', reason: null, issue: null };
  }
};

const refused = (reason: string | null, issue: string | null) => {
  const type: FailureType = reason === 'unsupported' ? 'Unsupported' : 'Rejected';
  // The account is known here: what its platform does not find is the platform's no.
  const known = reason === null || reason === 'not_found' ? 'provider_refused' : (reason as Reason);
  return new HubFailure(type, known, issue ?? 'The platform refused the change.');
};

const findByKey = async (db: Queryable, key: string): Promise<Ordered | undefined> =>
  (await db.query<Ordered>(`select id, state, reason, issue from account_change where idempotency_key = $1`, [key]))
    .rows[0];

/** The account, locked, when this may be wanted of it. */
const checked = async (
  db: Queryable,
  { actor }: Ordering,
  accountId: number,
  { wanted, fields = {} }: ChangeOrder,
): Promise<TradingAccountFacts> => {
  const locked = `select pc.leverages, pc.platform_groups as groups from account a join product_currency pc on pc.id = a.product_currency_id where account_id = $1`;
  // An order that names the account holds a share of its row, so that none slips in between the look and the archive.
  const { rows } = await db.query<Offered>(`${locked} for ${wanted.archived ? '' : 'no key '}update of a`, [accountId]);
  const account = await tradingAccountOf(db, actor, accountId);
  await assertNothingWaits(db, accountId);
  if (wanted.archived === false) {
    if (account.status === 'active') throw already('The account is not archived.');
    if (account.status !== 'archived') assertOpen(account);
    return account;
  }
  if (wanted.archived && account.status === 'archived') throw already('The account is archived already.');
  assertOpen(account);
  if (wanted.archived) await assertNothingMoves(db, accountId);
  assertOffered(account, wanted, rows[0]!, fields);
  return account;
};

const already = (issue: string) => new HubFailure('Rejected', 'already_done', issue);

interface Offered {
  leverages: number[];
  groups: string[];
}

const CAN_SET = { full: 'access.full', close_only: 'access.closeOnly', read_only: 'access.readOnly', disabled: 'access.disabled' } as const satisfies Record<Access, string>; // prettier-ignore
const words = (access: Access) => access.replace('_', ' ');

const assertOffered = (
  account: TradingAccountFacts,
  { leverage, group, access, password }: WantedOfAccount,
  { leverages, groups }: Offered,
  fields: NonNullable<ChangeOrder['fields']>,
): void => {
  if (leverage !== undefined) {
    assertCan(account, ['leverage'], 'change the leverage');
    assertAmong('leverage', leverage, leverages, fields.leverage ?? 'leverage');
  }
  if (group !== undefined) {
    assertCan(account, ['group'], 'change the group');
    assertAmong('group', group, groups, fields.group ?? 'group');
  }
  if (access !== undefined) assertCan(account, [CAN_SET[access]], `access '${words(access)}'`);
  if (password !== undefined) assertCan(account, ['password', 'password.change'], 'change a password');
};

const assertAmong = <T>(what: string, wanted: T, offered: readonly T[], field: string): void => {
  if (offered.includes(wanted)) return;
  const issue = offered.length === 0 ? `The product has no ${what}` : `${field} must be one of ${offered.join(', ')}`;
  throw problem(400, 'validation', `${issue}.`, field);
};

const assertNothingWaits = async (db: Queryable, accountId: number): Promise<void> => {
  const { rows } = await db.query<{ id: number }>(
    `select id from account_change where account_id = $1 and state in ('waiting', 'withdrawing')`,
    [accountId],
  );
  if (rows[0])
    throw new HubFailure(
      'Rejected',
      'already_exists',
      `Change ${rows[0].id} of this account still waits for the platform: wait for it, or withdraw it.`,
    );
};

const assertNothingMoves = async (db: Queryable, accountId: number): Promise<void> => {
  const { rows } = await db.query(
    `select from money_transaction where (debit_account_id = $1 or credit_account_id = $1) and stage <> all($2) limit 1`,
    [accountId, FINAL_STAGES],
  );
  if (rows.length > 0) throw new HubFailure('Rejected', 'in_use', 'Money is on its way to or from this account.');
};

const insert = async (
  db: Queryable,
  hub: MoneyHub,
  { actor, key, requestId }: Ordering,
  { accountId, clientId }: TradingAccountFacts,
  { wanted, password }: ChangeOrder,
): Promise<Ordered> => {
  const isNew = wanted.password !== undefined;
  const tell = isNew && password === undefined;
  if (tell) await assertCanTell(db);
  const sealed = isNew ? sealPassword(hub.tools().ring, password ?? newPassword()) : null;
  const { rows } = await db.query<Ordered>(
    `insert into account_change (account_id, client_id, wanted, sealed, tell_client, requested_by, idempotency_key) values ($1, $2, $3, $4, $5, $6, $7)
     returning id, state, reason, issue`,
    [accountId, clientId, JSON.stringify(wanted), sealed, tell, actorName(actor), key ?? null],
  );
  await db.query(
    `update account set status = case when $2 then 'archiving' else status end, update_time = now() where account_id = $1`,
    [accountId, wanted.archived === true],
  );
  await recordAudit(db, {
    actor: actorName(actor),
    action: 'accounts.change',
    object: `account:${accountId}`,
    after: { changeId: rows[0]!.id, ...wanted },
    requestId,
  });
  return rows[0]!;
};

/** A password that nobody is told locks the client out. */
const assertCanTell = async (db: Queryable): Promise<void> => {
  if ((await openChannels(db)).includes('email') && (await templateFor(db, 'TradingPassword', 'email', 'en_US')))
    return;
  throw new HubFailure('Unsupported', 'unsupported', 'A new password cannot be mailed: no e-mails are sent now.');
};
