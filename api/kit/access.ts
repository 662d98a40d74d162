import type pg from 'pg';
export { actorName } from '../../activities/intake/orderer.ts';
import type { Memory } from '../../db/memory.ts';
import { scopeSql } from '../../db/repositories/sight.ts';
import { problem } from './errors.ts';
import type { Tokens } from './tokens.ts';

export { assertSees, scopeSql } from '../../db/repositories/sight.ts';

/** Somebody who works here. `tagIds` empty = sees every client; else only clients with one of these tags. */
export interface UserActor {
  kind: 'user';
  id: number;
  family: string;
  permissions: ReadonlySet<string>;
  tagIds: readonly number[];
  maskData: boolean;
}
export interface ClientActor {
  kind: 'client';
  id: number;
  family: string;
}
export type Actor = UserActor | ClientActor;

/** SQL that is true of a row whose client, in `column`, is the caller himself, or one whom this user sees. */
export const reachSql = (actor: Actor, column: string): string =>
  actor.kind === 'client' ? `${column} = ${actor.id}` : scopeSql(actor, column);
export type AccessKind = 'user' | 'client' | 'public';

export const may = (actor: UserActor, permission: string): boolean =>
  actor.permissions.has('*') || actor.permissions.has(permission);

export type Access = ReturnType<typeof createAccess>;

/** The one place where it is decided who somebody is and what they may call. A sign-out, a ban, a changed group count at once. */
export const createAccess = (pool: pg.Pool, tokens: Tokens, memory: Memory) => {
  const load = async (token: string): Promise<{ actor: Actor; expires: number }> => {
    const { kind, id, family, expires } = await tokens.verify(token);
    const actor = await (kind === 'user' ? loadUser : loadClient)(pool, id, family);
    if (!actor) throw problem(401, 'unauthenticated', 'Sign in first.');
    return { actor, expires };
  };
  const remembered = memory.remember({
    tables: ['refresh_token', 'client', 'hub_user', 'hub_user_group', 'hub_user_tag', 'user_group', 'token_key'],
    load,
    about: (_token, { actor: { kind, id, family } }) => [
      `refresh_token ${family}`,
      ...(kind === 'client' ? [`client ${id}`] : []),
    ],
  });

  const identify = async (token: string): Promise<Actor> => {
    const { actor, expires } = await remembered.get(token);
    return expires > Date.now() ? actor : (await load(token)).actor;
  };

  return {
    /** Who sent this request; throws 401. */
    identify: async (authorization: string | undefined): Promise<Actor> => {
      const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
      if (!token) throw problem(401, 'unauthenticated', 'Sign in first.');
      return identify(token);
    },
    /** Throws 403 unless this actor may call a method of this side with this permission. */
    assertMay: (actor: Actor, side: 'user' | 'client', permission: string | undefined): void => {
      if (actor.kind !== side) {
        throw problem(
          403,
          'forbidden',
          side === 'user' ? 'This method is for Back Office users.' : 'This method is for clients.',
        );
      }
      if (actor.kind === 'user' && permission !== undefined && !may(actor, permission)) {
        throw problem(403, 'forbidden', `You need the permission ${permission}.`);
      }
    },
    /** A sign-out counts at once in this process, before the database tells of it. */
    forget: (family: string): void => remembered.forget(({ actor }) => actor.family === family),
    /** So does a ban. */
    forgetActor: ({ kind, id }: { kind: Actor['kind']; id: number }): void =>
      remembered.forget(({ actor }) => actor.kind === kind && actor.id === id),
  };
};

const ALIVE = `exists (select 1 from refresh_token where family = $2 and revoked_at is null)`;

const loadUser = async (pool: pg.Pool, id: number, family: string): Promise<UserActor | undefined> => {
  const found = await pool.query<{ mask_data: boolean; permissions: string[]; tags: number[] }>(
    `select u.mask_data,
            array(select distinct unnest(g.permissions) from user_group g join hub_user_group ug on ug.group_id = g.id where ug.user_id = u.id) as permissions,
            array(select tag_id from hub_user_tag where user_id = u.id) as tags
       from hub_user u where u.id = $1 and u.active and ${ALIVE}`,
    [id, family],
  );
  const row = found.rows[0];
  return (
    row && {
      kind: 'user',
      id,
      family,
      permissions: new Set(row.permissions),
      tagIds: row.tags,
      maskData: row.mask_data,
    }
  );
};

const loadClient = async (pool: pg.Pool, id: number, family: string): Promise<ClientActor | undefined> => {
  const found = await pool.query(
    `select 1 from client where client_id = $1 and status not in ('banned', 'deleted') and ${ALIVE}`,
    [id, family],
  );
  return found.rowCount === 0 ? undefined : { kind: 'client', id, family };
};
