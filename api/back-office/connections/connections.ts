import { z } from 'zod';
import { type Provider } from '../../../adapters/kit/manifest.ts';
import { KeyRing } from '../../../config/key-ring.ts';
import { Connection, type ConnectionRow } from '../../../db/entities/connections.ts';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { closeBreaker, loadHealth } from '../../../db/repositories/connection-health.ts';
import { openSettings, replaceSettings, sealSettings } from '../../../db/repositories/connections.ts';
import { HubFailure, isHubFailure } from '../../../domain/failures.ts';
import type { ApiDeps } from '../../deps.ts';
import { actorName } from '../../kit/access.ts';
import { notFound, problem } from '../../kit/errors.ts';
import { byFlag, byWord, contains } from '../../kit/filters.ts';
import { type Procedure, procedure, updateProcedures } from '../../kit/procedure.ts';
import { perActor } from '../../kit/rate-limit.ts';
import { resource } from '../../kit/resource.ts';
import { savingFailures } from '../../kit/saving.ts';
import { atLeastOneField, freeForm, idText, name } from '../../kit/shapes.ts';
import { ConnectionHealth, healthView } from './health.ts';
import { providerProcedures } from './providers.ts';
import { checkedSettings } from './settings.ts';
import { testConnection, TestResult } from './test-connection.ts';
import { connectionViews, ConnectionView, providerNamed } from './view.ts';

const connectionName = () =>
  z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 latin letters, digits, dashes or underscores');

const CreateBody = z.strictObject({
  name: connectionName(),
  caption: name(120).optional(),
  provider: name(64),
  settings: freeForm(),
  enabled: z.boolean().default(true),
});

const UpdateBody = atLeastOneField(
  z.strictObject({
    name: connectionName().optional(),
    caption: name(120).optional(),
    provider: name(64).optional(),
    settings: freeForm().optional(),
    enabled: z.boolean().optional(),
  }),
);

const params = z.object({ connectionId: idText() });
const common = { tags: ['External connections'] as [string], access: 'user' as const };

/** /connections: External connections, their settings form, test and health. Secrets go in and never come out. */
export const connectionProcedures = (deps: ApiDeps): Procedure[] => {
  const { pool, settings } = deps;
  const ring = new KeyRing(settings.configKeys);
  const viewDeps = { ring, publicUrl: settings.publicUrl };

  const reads = resource({
    path: '/connections',
    idParam: 'connectionId',
    noun: 'connection',
    tag: 'External connections',
    entity: Connection,
    id: 'id',
    permission: 'connections',
    operations: ['list', 'get', 'delete'],
    confirm: true,
    filters: { provider: byWord('provider'), enabled: byFlag('enabled'), name: contains('name') },
    sorts: ['createTime', 'name'],
    read: ConnectionView,
    present: (rows: ConnectionRow[], context) => connectionViews(rows, context.pool, viewDeps),
  });

  /** Inside a transaction, where the list's reader would not see what was just written. */
  const viewOf = async (db: Queryable, id: number) => {
    const { rows } = await db.query<ConnectionRow>(
      `select id, provider, name, caption, enabled, version, create_time as "createTime", update_time as "updateTime" from connection where id = $1`,
      [id],
    );
    return (await connectionViews(rows, db, viewDeps))[0]!;
  };

  return [
    ...reads(deps),
    ...providerProcedures(),

    procedure('POST /connections', {
      ...common,
      summary: 'Create: connection',
      permission: 'connections.create',
      confirm: true,
      body: CreateBody,
      answer: ConnectionView,
      status: 201,
      idempotent: true,
      handle: ({ actor, body, once, requestId }) =>
        savingFailures('connection', 'save', () =>
          inTransaction(pool, async (db) => {
            await once?.lock(db);
            const provider = providerOf(body.provider);
            const sealed = sealSettings(ring, checkedSettings(provider, body.settings));
            const { rows } = await db.query<{ id: number }>(
              `insert into connection (provider, name, caption, enabled, config) values ($1, $2, $3, $4, $5) returning id`,
              [provider.id, body.name, body.caption ?? body.name, body.enabled, sealed],
            );
            const after = await viewOf(db, rows[0]!.id);
            await recordAudit(db, {
              actor: actorName(actor),
              action: 'connections.create',
              object: `connection:${after.id}`,
              after,
              requestId,
            });
            await once?.finish(db, 201, ConnectionView.parse(after));
            return after;
          }),
        ),
    }),

    ...updateProcedures('/connections/{connectionId}', {
      ...common,
      summary: 'Change: connection',
      description:
        'New settings count for the next call; what was begun with the old ones is asked about with those. `settings` replaces all but the secrets: a secret that is left out or sent as "***" stays, null takes it away. When an address changes, secrets must be entered again. The provider cannot be changed.',
      permission: 'connections.update',
      confirm: true,
      params,
      body: UpdateBody,
      answer: ConnectionView,
      errors: [409],
      handle: ({ actor, params: { connectionId }, body, requestId }) =>
        savingFailures('connection', 'save', () =>
          inTransaction(pool, async (db) => {
            const row = await lockedRow(db, connectionId);
            if (body.provider !== undefined && body.provider !== row.provider)
              throw new HubFailure('Rejected', 'fixed', 'A connection stays with its provider: make another one.', {
                field: 'provider',
              });
            const before = await viewOf(db, connectionId);
            if (body.settings !== undefined) {
              const stored = storedSettings(ring, row.config, connectionId);
              const checked = checkedSettings(providerOf(row.provider), body.settings, stored);
              if (JSON.stringify(checked) !== JSON.stringify(stored)) {
                await replaceSettings(db, connectionId, sealSettings(ring, checked));
                // Why it was paused may be mended.
                await closeBreaker(db, connectionId, true);
              }
            }
            await db.query(
              `update connection set name = coalesce($2, name), caption = coalesce($3, caption), enabled = coalesce($4, enabled), update_time = now() where id = $1`,
              [connectionId, body.name ?? null, body.caption ?? null, body.enabled ?? null],
            );
            const after = await viewOf(db, connectionId);
            await recordAudit(db, {
              actor: actorName(actor),
              action: 'connections.update',
              object: `connection:${connectionId}`,
              before,
              after,
              requestId,
            });
            return after;
          }),
        ),
    }),

    procedure('POST /connections/{connectionId}/test', {
      ...common,
      summary: 'Ask the provider whether it accepts the stored settings',
      description: 'Works for a disabled connection too. When calls were paused and the provider answers, they go on.',
      permission: 'connections.update',
      params,
      answer: TestResult,
      limit: perActor('30/m'),
      handle: async ({ params: { connectionId } }) => {
        await assertThere(pool, connectionId);
        return testConnection(deps, connectionId);
      },
    }),

    procedure('GET /connections/{connectionId}/health', {
      ...common,
      summary: 'How a connection fares, as all workers together see it',
      permission: 'connections.read',
      params,
      answer: ConnectionHealth,
      handle: async ({ params: { connectionId } }) => {
        const [row] = await loadHealth(pool, [connectionId]);
        if (!row) throw notFound('connection');
        return healthView(row);
      },
    }),
  ];
};

const providerOf = (id: string): Provider => {
  const provider = providerNamed(id);
  if (!provider) throw problem(400, 'not_found', 'There is no such provider.', 'provider');
  return provider;
};

const lockedRow = async (db: Queryable, id: number): Promise<{ provider: string; config: Buffer }> => {
  const { rows } = await db.query<{ provider: string; config: Buffer }>(
    `select provider, config from connection where id = $1 for update`,
    [id],
  );
  if (!rows[0]) throw notFound('connection');
  return rows[0];
};

const assertThere = async (db: Queryable, id: number): Promise<void> => {
  const { rows } = await db.query(`select from connection where id = $1`, [id]);
  if (rows.length === 0) throw notFound('connection');
};

/** Settings sealed with a key that is gone can only be entered anew. */
const storedSettings = (ring: KeyRing, sealed: Buffer, id: number): unknown => {
  try {
    return openSettings(ring, sealed, id);
  } catch (error) {
    if (isHubFailure(error)) return {};
    throw error;
  }
};
