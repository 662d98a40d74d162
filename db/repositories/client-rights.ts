import { CLIENT_RIGHTS, type ClientRight, type LevelLimits } from '../../domain/client-rights.ts';
import type { Amount } from '../../domain/money.ts';
import { FINAL_STAGES } from '../../domain/stages.ts';
import type { Queryable } from '../pool.ts';

export interface ClientRights {
  may: Record<ClientRight, boolean>;
  limits: LevelLimits;
}

/** By the client's level: its role, else the default one; what a role does not say comes from its parent. */
export const loadClientRights = async (db: Queryable, clientId: number): Promise<ClientRights> => {
  const { rows } = await db.query<{ said: Partial<Record<ClientRight, boolean>>; limits: LevelLimits }>(
    `with recursive level as (
       select l.limits, coalesce(l.role_id, (select id from client_role where is_default)) as role_id
         from client c join verification_level l on l.id = c.verification_level_id where c.client_id = $1),
     role as (
       select r.parent_id, r.permissions, 0 as depth from level join client_role r on r.id = level.role_id
       union all
       select r.parent_id, r.permissions, depth + 1 from role join client_role r on r.id = role.parent_id where depth < 20),
     said as (
       select distinct on (key) key, value from role, jsonb_each(permissions) order by key, depth)
     select limits, coalesce((select jsonb_object_agg(key, value) from said), '{}') as said from level`,
    [clientId],
  );
  const { said = {}, limits = {} } = rows[0] ?? {};
  const may = Object.fromEntries(CLIENT_RIGHTS.map((right) => [right, said[right] ?? true]));
  return { may: may as ClientRights['may'], limits };
};

/** What did not move in the end does not count. */
const NOT_MOVED = FINAL_STAGES.filter((stage) => stage !== 'done');

/** What the client moved, or ordered, of a kind and currency in a period that ends now; `before` a transaction, so that of two at once one counts. */
export const movedInPeriod = async (
  db: Queryable,
  asked: { clientId: number; type: string; currency: number; period: string; before: number | null },
): Promise<Amount> => {
  const { rows } = await db.query<{ sum: Amount }>(
    `select coalesce(trim_scale(sum(amount)), 0)::text as sum from money_transaction
      where client_id = $1 and type = $2 and currency = $3 and create_time > now() - $4::interval and stage <> all ($5::text[])
        and not (type = 'withdrawal' and parent_id is not null) -- refunds are the broker's doing
        and ($6::integer is null or transaction_id < $6)`,
    [asked.clientId, asked.type, asked.currency, asked.period, NOT_MOVED, asked.before],
  );
  return rows[0]!.sum;
};
