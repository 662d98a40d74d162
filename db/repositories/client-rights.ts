import { CLIENT_RIGHTS, type ClientRight, type LevelLimits } from '../../domain/client-rights.ts';
import type { Amount } from '../../domain/money.ts';
import { NOT_MOVED } from '../../domain/stages.ts';
import type { Queryable } from '../pool.ts';
import { anyOf } from '../unseen.ts';

type Rights = Record<ClientRight, boolean>;

export interface ClientRights {
  may: Rights;
  limits: LevelLimits;
  /** What was said of this client, whatever his level allows; null: nothing. */
  explicit: Partial<Rights> | null;
  /** The role his level gives him. */
  role: { id: number; name: string } | null;
}

/** SQL for the rights of levels `l` from `which`: by a level's role, else the default one; what a role does not say comes from its parent. */
const rightsOf = (which: string): string => `
  with recursive level as (
    select l.id, l.limits, coalesce(l.role_id, (select id from client_role where is_default)) as role_id from ${which}),
  role as (
    select level.id as level_id, r.parent_id, r.permissions, 0 as depth from level join client_role r on r.id = level.role_id
    union all
    select level_id, r.parent_id, r.permissions, depth + 1 from role join client_role r on r.id = role.parent_id where depth < 20),
  said as (
    select distinct on (level_id, key) level_id, key, value from role, jsonb_each(permissions) order by level_id, key, depth)
  select level.id, limits, role_id as "roleId", coalesce((select jsonb_object_agg(key, value) from said where level_id = level.id), '{}') as said from level`;

interface SaidOfLevel {
  id: number;
  roleId: number | null;
  said: Partial<Record<ClientRight, boolean>>;
  limits: LevelLimits;
}

/** What nobody forbids is allowed. */
const allRights = (said: SaidOfLevel['said']): Rights =>
  Object.fromEntries(CLIENT_RIGHTS.map((right) => [right, said[right] ?? true])) as Rights;

/** By his level and by what was said of him himself. */
export const loadClientRights = async (db: Queryable, clientId: number): Promise<ClientRights> => {
  const { rows } = await db.query<SaidOfLevel & Pick<ClientRights, 'explicit' | 'role'>>(
    `select said.*, (select explicit_rights from client where client_id = $1) as explicit,
            (select jsonb_build_object('id', id, 'name', name) from client_role where id = said."roleId") as role
       from (${rightsOf('client c join verification_level l on l.id = c.verification_level_id where c.client_id = $1')}) said`,
    [clientId],
  );
  const { said = {}, explicit = null, limits = {}, role = null } = rows[0] ?? {};
  return { may: allRights({ ...said, ...explicit }), limits, explicit, role };
};

/** What clients of these levels may do. */
export const loadLevelRights = async (db: Queryable, levelIds: readonly number[]): Promise<Map<number, Rights>> => {
  const { rows } = await db.query<SaidOfLevel>(rightsOf(`verification_level l where l.id = ${anyOf(1)}`), [levelIds]);
  return new Map(rows.map(({ id, said }) => [id, allRights(said)]));
};

/** What the client moved on his accounts, or ordered, of a kind and currency in a period that ends now; `before` a transaction, so that of two at once one counts. */
export const movedInPeriod = async (
  db: Queryable,
  asked: { clientId: number; type: string; currency: number; period: string; before: number | null },
): Promise<Amount> => {
  const { rows } = await db.query<{ sum: Amount }>(
    `select coalesce(trim_scale(sum(case when x.currency is null then t.amount else x.amount end)), 0)::text as sum
       from money_transaction t left join transaction_exchange x on x.transaction_id = t.transaction_id and t.type = 'deposit'
      where t.client_id = $1 and t.type = $2 and coalesce(x.currency, t.currency) = $3 and t.create_time > now() - $4::interval and t.stage <> all ($5::text[])
        and not (t.type = 'withdrawal' and t.parent_id is not null) -- refunds are the broker's doing, and so are corrections:
        and not (t.type = 'transfer' and num_nulls(t.debit_account_id, t.credit_account_id) > 0)
        and ($6::integer is null or t.transaction_id < $6)`,
    [asked.clientId, asked.type, asked.currency, asked.period, NOT_MOVED, asked.before],
  );
  return rows[0]!.sum;
};
