import type { Provider } from '../../adapters/kit/manifest.ts';
import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../../db/pool.ts';
import { sealPassword } from '../../db/repositories/account-changes.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { templateFor } from '../../db/repositories/templates.ts';
import { type Access, type ChangeState, type WantedOfAccount } from '../../domain/account-change.ts';
import { HubFailure } from '../../domain/failures.ts';
import { FINAL_STAGES } from '../../domain/stages.ts';
import { openChannels } from '../messaging/queue-message.ts';
import { newPassword } from '../trading/new-password.ts';
import { actorName } from './orderer.ts';
import { assertCan, assertOpen, type TradingAccountFacts, tradingAccountOf } from './trading-account.ts';
import type { OrderedBy } from './write-order.ts';

export interface ChangeOrder {
  wanted: WantedOfAccount;
  /** For `wanted.password`; without one it is made up, and the client is told by a message. */
  password?: string | undefined;
  /** Names of what is wanted in the caller's body. */
  fields?: Partial<Record<keyof WantedOfAccount, string>>;
}

/** A change in the database. Its run, 'account-change:{id}', is started by whoever ordered it, else by the sweep. */
export interface WrittenChange {
  id: number;
  clientId: number;
  wanted: WantedOfAccount;
  state: ChangeState;
  reason: string | null;
  issue: string | null;
  /** Of the request that ordered it, where it had a key. */
  fingerprint?: Buffer | null;
}

export interface ChangeTools {
  ring: KeyRing;
  provider: (id: string) => Provider;
}

/** The change that was written under this key; null: none was. */
export const findChange = async (db: Queryable, key: string): Promise<WrittenChange | null> =>
  (
    await db.query<WrittenChange>(
      `select id, client_id as "clientId", wanted, state, reason, issue, request_fingerprint as fingerprint from account_change where idempotency_key = $1`,
      [key],
    )
  ).rows[0] ?? null;

/** From a change that its platform refused: what is ordered under the key now is another one. */
export const freeKey = async (db: Queryable, changeId: number): Promise<void> => {
  await db.query(`update account_change set idempotency_key = null where id = $1 and state = 'refused'`, [changeId]);
};

/** One row with its audit row, when this may be wanted of the account. Call it in a transaction. */
export const writeChange = async (
  db: Queryable,
  tools: ChangeTools,
  by: OrderedBy,
  accountId: number,
  order: ChangeOrder,
): Promise<WrittenChange> => insert(db, tools, by, await checked(db, tools, by, accountId, order), order);

/** The account, locked, when this may be wanted of it. */
const checked = async (
  db: Queryable,
  { provider }: ChangeTools,
  { actor }: OrderedBy,
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
  assertOffered(provider(account.provider), wanted, rows[0]!, fields);
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
  platform: Provider,
  { leverage, group, access, password }: WantedOfAccount,
  { leverages, groups }: Offered,
  fields: NonNullable<ChangeOrder['fields']>,
): void => {
  if (leverage !== undefined) {
    assertCan(platform, ['leverage'], 'change the leverage');
    assertAmong('leverage', leverage, leverages, fields.leverage ?? 'leverage');
  }
  if (group !== undefined) {
    assertCan(platform, ['group'], 'change the group');
    assertAmong('group', group, groups, fields.group ?? 'group');
  }
  if (access !== undefined) assertCan(platform, [CAN_SET[access]], `access '${words(access)}'`);
  if (password !== undefined) assertCan(platform, ['password', 'password.change'], 'change a password');
};

const assertAmong = <T>(what: string, wanted: T, offered: readonly T[], field: string): void => {
  if (offered.includes(wanted)) return;
  const issue = offered.length === 0 ? `The product has no ${what}` : `${field} must be one of ${offered.join(', ')}`;
  throw new HubFailure('InvalidInput', 'validation', `${issue}.`, { field });
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
  { ring }: ChangeTools,
  { actor, key, fingerprint, cause }: OrderedBy,
  { accountId, clientId }: TradingAccountFacts,
  { wanted, password }: ChangeOrder,
): Promise<WrittenChange> => {
  const isNew = wanted.password !== undefined;
  const tell = isNew && password === undefined;
  if (tell) await assertCanTell(db);
  const sealed = isNew ? sealPassword(ring, password ?? newPassword()) : null;
  const { rows } = await db.query<WrittenChange>(
    `insert into account_change (account_id, client_id, wanted, sealed, tell_client, requested_by, idempotency_key, request_fingerprint)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     returning id, client_id as "clientId", wanted, state, reason, issue`,
    [accountId, clientId, JSON.stringify(wanted), sealed, tell, actorName(actor), key ?? null, fingerprint ?? null],
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
    ...cause,
  });
  return rows[0]!;
};

/** A password that nobody is told locks the client out. */
const assertCanTell = async (db: Queryable): Promise<void> => {
  if ((await openChannels(db)).includes('email') && (await templateFor(db, 'TradingPassword', 'email', 'en_US')))
    return;
  throw new HubFailure('Unsupported', 'unsupported', 'A new password cannot be mailed: no e-mails are sent now.');
};
