import type { Queryable } from '../../../db/pool.ts';
import { assignJurisdiction } from '../../../db/repositories/assignments.ts';
import { together } from '../../wizards/extras.ts';
import type { KindOfChange } from './kind.ts';

interface Present {
  typeId: number;
  name: string;
  extra: Record<string, unknown>;
}

const typeOf = async (db: Queryable, clientId: number): Promise<Present> =>
  (
    await db.query<Present>(
      `select t.id as "typeId", t.name, c.extra from client c join client_type t on t.id = c.type_id where c.client_id = $1`,
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
    const { name: from, extra: before } = await typeOf(db, clientId);
    await db.query(`update client set type_id = $2, extra = $3::jsonb, update_time = now() where client_id = $1`, [
      clientId,
      typeId,
      JSON.stringify(together(before, extra)),
    ]);
    await assignJurisdiction(db, clientId);
    return { history: [{ type: 'clientType', from, to: (await typeOf(db, clientId)).name }] };
  },
};
