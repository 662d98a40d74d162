import type { Queryable } from '../../../db/pool.ts';
import type { KindOfChange } from './kind.ts';

const typeOf = async (db: Queryable, clientId: number): Promise<{ typeId: number; name: string }> =>
  (
    await db.query<{ typeId: number; name: string }>(
      `select t.id as "typeId", t.name from client c join client_type t on t.id = c.type_id where c.client_id = $1`,
      [clientId],
    )
  ).rows[0]!;

/** What kind of client he is; what the broker asks of that kind is kept with him. */
export const clientTypeChange: KindOfChange<'clientType'> = {
  before: async (db, clientId) => ({ typeId: (await typeOf(db, clientId)).typeId }),
  obstacle: async (db, _clientId, { typeId }) => {
    const { rowCount } = await db.query(`select 1 from client_type where id = $1 and enabled`, [typeId]);
    return rowCount === 0
      ? { reason: 'validation', issue: 'This client type cannot be chosen any more.', field: 'typeId' }
      : null;
  },
  make: async (db, clientId, { typeId, extra = {} }) => {
    const { name: from } = await typeOf(db, clientId);
    await db.query(
      `update client set type_id = $2, extra = extra || $3::jsonb, update_time = now() where client_id = $1`,
      [clientId, typeId, JSON.stringify(extra)],
    );
    return { history: [{ type: 'clientType', from, to: (await typeOf(db, clientId)).name }] };
  },
};
