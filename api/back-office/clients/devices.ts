import { z } from 'zod';
import { ClientDevice, type ClientDeviceRow } from '../../../db/entities/clients.ts';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { signOutDevice } from '../../../db/repositories/devices.ts';
import { agentOf } from '../../../domain/user-agents.ts';
import type { ApiDeps } from '../../deps.ts';
import { type Actor, actorName } from '../../kit/access.ts';
import { notFound } from '../../kit/errors.ts';
import { byId } from '../../kit/filters.ts';
import type { Places } from '../../kit/places.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { resource } from '../../kit/resource.ts';
import { idText, isoTime, time } from '../../kit/shapes.ts';

const shown = {
  deviceId: z.int(),
  name: z.string(),
  type: z.enum(['desktop', 'mobile', 'tablet', 'app']),
  os: z.string().nullable(),
  browser: z.string().nullable(),
  userAgent: z.string().nullable(),
  ip: z.string().meta({ description: 'It was last seen from here.' }),
  country: z.string().nullable(),
  city: z.string().nullable(),
  createTime: time(),
  lastSeenTime: time(),
};

const viewOf =
  (places: Places) =>
  ({ deviceId, clientId, userAgent, ip, createTime, lastSeenTime }: ClientDeviceRow) => ({
    ...{ deviceId, clientId, userAgent, ip },
    ...agentOf(userAgent),
    ...places(ip),
    createTime: isoTime(createTime),
    lastSeenTime: isoTime(lastSeenTime),
  });

const shared = {
  idParam: 'deviceId',
  noun: 'device',
  entity: ClientDevice,
  id: 'deviceId' as const,
  clientProperty: 'clientId' as const,
  sorts: ['createTime', 'lastSeenTime'],
};

/** GET, DELETE /devices: where clients sign in from. Whoever deletes a device ends its sign-ins. */
export const devices = (deps: ApiDeps) =>
  resource({
    ...shared,
    path: '/devices',
    tag: 'Clients',
    permission: 'devices',
    operations: ['list', 'get', 'delete'],
    filters: { clientId: byId('clientId') },
    read: z.object({ clientId: z.int(), ...shown }).meta({ id: 'Device' }),
    present: (rows: ClientDeviceRow[]) => rows.map(viewOf(deps.places)),
    mask: (view) => ({ ...view, ip: '*', userAgent: null, city: null }),
    guard: async ({ deviceId }: ClientDeviceRow, _change, { db }) => {
      await signOutDevice(db, deviceId);
    },
  })(deps);

/** GET /my/devices. */
export const myDevices = (deps: ApiDeps) =>
  resource({
    ...shared,
    path: '/my/devices',
    tag: 'My profile',
    access: 'client',
    read: z
      .object({ ...shown, isCurrent: z.boolean().meta({ description: 'The device of this token.' }) })
      .meta({ id: 'MyDevice' }),
    present: async (rows: ClientDeviceRow[], { pool, actor }) => {
      const current = await currentDevice(pool, actor);
      return rows.map(viewOf(deps.places)).map((view) => ({ ...view, isCurrent: view.deviceId === current }));
    },
  })(deps);

/** `lock`: it is there until the end of the transaction. */
const currentDevice = async (db: Queryable, actor: Actor, lock = false): Promise<number | null> => {
  const { rows } = await db.query<{ id: number }>(
    `select d.device_id as id from client_device d join refresh_token t on t.device_mark = d.device_mark where t.family = $1 and d.client_id = $2 limit 1
     ${lock ? 'for key share of d' : ''}`,
    [actor.family, actor.id],
  );
  return rows[0]?.id ?? null;
};

const MOST_PUSH_TOKENS = 50;
const pushToken = () => z.string().regex(/^[\x21-\x7e]{1,512}$/, 'must be a push token');

/** What a client does with his own devices. */
export const myDeviceProcedures = ({ pool, access }: ApiDeps): Procedure[] => [
  procedure('DELETE /my/devices/{deviceId}', {
    summary: 'Forget a device and sign out there',
    tags: ['My profile'],
    access: 'client',
    params: z.object({ deviceId: idText() }),
    answer: null,
    handle: async ({ actor, params: { deviceId }, requestId }) => {
      const ended = await inTransaction(pool, async (db) => {
        const { rowCount } = await db.query(
          `select from client_device where device_id = $1 and client_id = $2 for update`,
          [deviceId, actor.id],
        );
        if (rowCount === 0) throw notFound('device');
        const families = await signOutDevice(db, deviceId);
        await db.query(`delete from client_device where device_id = $1`, [deviceId]);
        const object = `device:${deviceId}`;
        await recordAudit(db, { actor: actorName(actor), action: 'devices.delete', object, requestId });
        return families;
      });
      for (const family of ended) access.forget(family);
    },
  }),

  procedure('POST /my/devices/tokens', {
    summary: 'Tell where this phone receives push messages',
    tags: ['My profile'],
    access: 'client',
    body: z.strictObject({ token: pushToken() }),
    answer: z.object({ id: z.uuid(), token: z.string() }).meta({ id: 'PushToken' }),
    status: 201,
    handle: ({ actor, body: { token } }) =>
      inTransaction(pool, async (db) => {
        const deviceId = await currentDevice(db, actor, true);
        const { rows } = await db.query<{ id: string }>(
          `insert into client_push_token (client_id, device_id, token) values ($1, $2, $3)
           on conflict (token) do update set client_id = excluded.client_id, device_id = excluded.device_id, create_time = now() returning id`,
          [actor.id, deviceId, token],
        );
        await db.query(
          `delete from client_push_token where id in
             (select id from client_push_token where client_id = $1 order by create_time desc, id offset ${MOST_PUSH_TOKENS})`,
          [actor.id],
        );
        return { id: rows[0]!.id, token };
      }),
  }),

  procedure('DELETE /my/devices/tokens/{token}', {
    summary: 'No more push messages there',
    tags: ['My profile'],
    access: 'client',
    params: z.object({ token: pushToken() }),
    answer: null,
    handle: async ({ actor, params: { token } }) => {
      const { rowCount } = await pool.query(`delete from client_push_token where token = $1 and client_id = $2`, [
        token,
        actor.id,
      ]);
      if (rowCount === 0) throw notFound('push token');
    },
  }),
];
