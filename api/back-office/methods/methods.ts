import { raw } from '@mikro-orm/postgresql';
import { z } from 'zod';
import { PaymentMethod, type PaymentMethodRow } from '../../../db/entities/configuration.ts';
import type { Queryable } from '../../../db/pool.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { problem } from '../../kit/errors.ts';
import { byFlag, byId, byWord, contains, custom } from '../../kit/filters.ts';
import { resource, type Writing } from '../../kit/resource.ts';
import { id, idText, name, text, translations } from '../../kit/shapes.ts';
import { providerNamed, type ViewDeps } from '../connections/view.ts';
import { paymentMethodViews } from './method-views.ts';
import { canBeAsked, usualFlow } from './missing.ts';
import { assertCurrency } from './parts.ts';
import { type Direction, Flow, PaymentMethodView, permissionOf } from './shapes.ts';

const Body = z.object({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 latin letters, digits, dashes or underscores'),
  caption: name(120),
  provider: name(64).optional(),
  connectionId: id().optional().meta({ description: 'Default: the only connection of `provider`.' }),
  currencyCode: id()
    .optional()
    .meta({ description: 'Numeric code of the first TR and PS currency; required when a method is made.' }),
  groupIds: z.array(id()).max(50).optional(),
  description: text(1000).nullable().default(null),
  icon: text(500).nullable().default(null),
  flow: Flow.optional().meta({ description: 'Default: as the provider is usually asked.' }),
  libraryTimeToFund: text(120).nullable().default(null),
  hideAmount: z.boolean().default(false),
  hideProceed: z.boolean().default(false),
  instruction: text(8000).nullable().default(null),
  enabled: z.boolean().default(true),
  priority: z.int().min(0).max(1_000_000).default(0),
  resources: translations().default([]),
});
type Fields = Partial<z.output<typeof Body>>;

/** A condition on the method's row in plain SQL; `sql` gets the row's alias. */
const on = (sql: (alias: string) => string) => ({ [raw(sql) as unknown as string]: [] });

const inCurrency = (type: 'TR' | 'PS') =>
  custom(idText(), (code) =>
    on(
      (a) =>
        `exists (select 1 from payment_method_currency c where c.method_id = ${a}.id and c.type = '${type}' and c.currency = ${code})`,
    ),
  );

/** Deposit or withdrawal methods: how money comes in or goes out, each bound to a connection. */
export const paymentMethods = (direction: Direction, deps: ViewDeps) =>
  resource({
    path: `/${direction}s/methods`,
    idParam: 'methodId',
    noun: `${direction} method`,
    tag: `${direction === 'deposit' ? 'Deposit' : 'Withdrawal'} methods`,
    entity: PaymentMethod,
    id: 'id',
    permission: permissionOf(direction),
    where: () => ({ direction }),
    filters: {
      groupId: custom(idText(), (group) =>
        on(
          (a) => `exists (select 1 from payment_method_group g where g.method_id = ${a}.id and g.group_id = ${group})`,
        ),
      ),
      tradersRoomCurrencyNumericCode: inCurrency('TR'),
      paymentSystemCurrencyNumericCode: inCurrency('PS'),
      provider: byWord('provider'),
      connectionId: byId('connectionId'),
      enabled: byFlag('enabled'),
      name: contains('name'),
    },
    sorts: ['createTime', 'priority', 'name'],
    read: PaymentMethodView,
    write: Body,
    fields: async (body, { db }, row: PaymentMethodRow | null) => {
      const { groupIds: _groups, currencyCode, connectionId, provider: named, flow, ...same } = body;
      if (row && currencyCode !== undefined)
        throw problem(
          400,
          'fixed',
          `Currencies are changed at /${direction}s/methods/${row.id}/currencies.`,
          'currencyCode',
        );
      if (row && connectionId === undefined && named === undefined && flow === undefined) return same;
      const bound = await connectionOf(
        db,
        connectionId ?? (named === undefined ? row?.connectionId : undefined),
        named,
      );
      const kept = row?.connectionId === bound.connectionId ? row.flow : undefined;
      const how = { ...bound, flow: flowOf(bound.provider, direction, flow ?? kept) };
      if (row) return { ...same, ...how };
      if (currencyCode === undefined) throw problem(400, 'validation', 'currencyCode is required.', 'currencyCode');
      await assertCurrency(db, currencyCode, 'currencyCode');
      return { ...same, ...how, direction, fields: [] };
    },
    afterWrite: async (row: PaymentMethodRow, body, writing) => {
      if (body.currencyCode !== undefined) await firstCurrency(row.id, body.currencyCode, writing);
      await saveGroups(row, body, writing);
    },
    present: (rows: PaymentMethodRow[], { em }) => paymentMethodViews(rows, em, deps),
  });

const connectionOf = async (
  db: Queryable,
  connectionId: number | undefined,
  named: string | undefined,
): Promise<{ connectionId: number; provider: string }> => {
  if (connectionId === undefined && named === undefined)
    throw problem(400, 'validation', 'connectionId is required.', 'connectionId');
  const { rows } = await db.query<{ id: number; provider: string }>(
    `select id, provider from connection where ($1::int is not null and id = $1::int) or ($1::int is null and provider = $2::text) order by id limit 2`,
    [connectionId ?? null, named ?? null],
  );
  const [only, another] = rows;
  if (!only)
    throw problem(
      400,
      'not_found',
      'There is no such connection.',
      connectionId === undefined ? 'provider' : 'connectionId',
    );
  if (another) throw problem(400, 'validation', `${named!} has several connections: say which one.`, 'connectionId');
  if (named !== undefined && only.provider !== named)
    throw problem(400, 'validation', `The connection is one to ${only.provider}.`, 'provider');
  return { connectionId: only.id, provider: only.provider };
};

const flowOf = (providerId: string, direction: Direction, wished: PaymentMethodRow['flow'] | undefined) => {
  const provider = providerNamed(providerId);
  if (!provider) throw problem(400, 'not_found', `No adapter is called '${providerId}'.`, 'connectionId');
  if (provider.category !== 'payments')
    throw new HubFailure('Unsupported', 'unsupported', `${provider.caption} moves no money.`, {
      field: 'connectionId',
    });
  const fits = (flow: PaymentMethodRow['flow']) =>
    (flow === 'send') === (direction === 'withdrawal') && canBeAsked(provider, flow);
  const flow = wished ?? usualFlow(provider, direction);
  if (flow !== undefined && fits(flow)) return flow;
  throw new HubFailure(
    'Unsupported',
    'unsupported',
    wished === undefined
      ? `${provider.caption} takes no ${direction}s.`
      : `${provider.caption} cannot be asked by '${wished}' for a ${direction}.`,
    { field: wished === undefined ? 'connectionId' : 'flow' },
  );
};

const firstCurrency = async (methodId: number, code: number, { db }: Writing): Promise<void> => {
  await db.query(
    `insert into payment_method_currency (method_id, type, currency) values ($1, 'TR', $2), ($1, 'PS', $2)`,
    [methodId, code],
  );
};

const saveGroups = async (row: PaymentMethodRow, { groupIds }: Fields, { db }: Writing): Promise<void> => {
  if (groupIds === undefined) return;
  const wanted = [...new Set(groupIds)];
  const { rows: known } = await db.query('select id from payment_group where id = any($1::int[]) and direction = $2', [
    `{${wanted.join(',')}}`,
    row.direction,
  ]);
  if (known.length < wanted.length) throw problem(400, 'not_found', 'There is no such group.', 'groupIds');
  await db.query('delete from payment_method_group where method_id = $1', [row.id]);
  for (const group of wanted)
    await db.query('insert into payment_method_group (method_id, group_id) values ($1, $2)', [row.id, group]);
};
