import type pg from 'pg';
import { Client } from '../../../db/entities/people.ts';
import { anyOf } from '../../../db/unseen.ts';
import type { Parent } from '../../kit/resource-spec.ts';

/** For lists below one client: '/clients/{clientId}/2fa/changes'. */
export const ofClient: Parent = {
  param: 'clientId',
  property: 'clientId',
  noun: 'client',
  entity: Client,
  key: 'clientId',
};

/** The operators who made changes, by their id. */
export const usersOf = async (
  pool: pg.Pool,
  rows: readonly { userId?: number | null | undefined }[],
): Promise<Map<number, { id: number; name: string }>> => {
  const ids = [...new Set(rows.flatMap(({ userId }) => userId ?? []))];
  const found = await pool.query<{ id: number; name: string }>(`select id, name from hub_user where id = ${anyOf(1)}`, [
    ids,
  ]);
  return new Map(found.rows.map((user) => [user.id, user]));
};

/** Of what an operator did the client hears, but not from where. */
export const asClientSees = <V extends { user: unknown; ip: string | null }>(views: V[]): V[] =>
  views.map((view) => (view.user === null ? view : { ...view, ip: null }));
