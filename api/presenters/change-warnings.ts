import type { Queryable } from '../../db/pool.ts';
import { anyOf } from '../../db/unseen.ts';

/**
 * What an approver must know of a client's wish for other personal data or another address: which verifications rest on those of before. Nothing ends them, for
 * only he knows whether a marriage or a stranger stands behind it.
 */
export const changeWarnings = async (db: Queryable, requestIds: readonly number[]): Promise<Map<number, string[]>> => {
  if (requestIds.length === 0) return new Map();
  const { rows } = await db.query<{ id: number; levels: string[] }>(
    `select a.id, array_agg(l.name order by l.id) as levels
       from application a join client_change ch on ch.id = a.change_id and ch.kind in ('profile', 'address')
       join kyc_case k on k.client_id = ch.client_id and k.state = 'approved' join verification_level l on l.id = k.level_id
      where a.id = ${anyOf(1)} group by a.id`,
    [requestIds],
  );
  return new Map(
    rows.map(({ id, levels }) => [
      id,
      [`The client was verified (${levels.join(', ')}) with what he had before; that stays as it is.`],
    ]),
  );
};
