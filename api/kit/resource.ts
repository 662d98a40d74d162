import { type EntityManager, LockMode, type MikroORM, raw } from '@mikro-orm/postgresql';
import type pg from 'pg';
import { z } from 'zod';
import type { Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { HubFailure } from '../../domain/failures.ts';
import { type Actor, type UserActor, actorName } from './access.ts';
import { notFound } from './errors.ts';
import type { Filter } from './filters.ts';
import { type Sorts, listOf, listQuery, listRequest } from './list.ts';
import { type Call, type Procedure, procedure, updateProcedures } from './procedure.ts';
import { savingFailures } from './saving.ts';
import { idText } from './shapes.ts';

export interface ResourceDeps {
  orm: MikroORM;
  pool: pg.Pool;
}

export interface PresentContext {
  em: EntityManager;
  pool: pg.Pool;
  actor: Actor;
}

type Operation = 'list' | 'get' | 'create' | 'update' | 'delete';

/** The unit of work of a write: `db` is plain SQL in its transaction. */
export interface Writing {
  em: EntityManager;
  db: Queryable;
  actor: UserActor;
}

export interface ResourceSpec<E extends object, R extends z.ZodObject, W extends z.ZodObject> {
  /** '/resolutions' */
  path: `/${string}`;
  /** Path parameter, 'resolutionId'. */
  idParam: string;
  /** One of them in words, 'resolution': names the audit object and completes messages. */
  noun: string;
  tag: string;
  entity: { prototype: E } | { new (...args: never[]): E } | object;
  /** Property of the primary key. */
  id: keyof E & string;
  /** Whose list it is: a user's, opened by a permission, or a client's. */
  access?: 'user' | 'client';
  /** '<permission>.read', '.create', '.update', '.delete' open it. */
  permission?: string;
  operations?: readonly Operation[];
  filters?: Record<string, Filter>;
  sorts?: Sorts | readonly string[];
  /** Always true of the rows that exist here. */
  where?: (actor: Actor) => Record<string, unknown>;
  /** Property holding the client a row belongs to: users with tags see theirs only, clients only their own. */
  clientProperty?: keyof E & string;
  read: R;
  /** Body of create; of update, with every field optional. */
  write?: W;
  /** Rows to objects, all at once: one query for a page, not one per row. */
  present?: (rows: E[], context: PresentContext) => Promise<z.input<R>[]> | z.input<R>[];
  /** Body fields to row properties; default: same names. */
  fields?: (body: Partial<z.output<W>>, writing: Writing) => Promise<Partial<E>> | Partial<E>;
  /** What else belongs to a write, such as join tables, in its transaction. */
  afterWrite?: (row: E, body: Partial<z.output<W>>, writing: Writing) => Promise<void>;
  /** May refuse a change or a deletion by throwing. */
  guard?: (row: E, change: Partial<z.output<W>> | 'delete', writing: Writing) => Promise<void> | void;
  /** The object as users who must not see personal data see it. */
  mask?: (view: z.input<R>) => z.input<R>;
}

const ALL: readonly Operation[] = ['list', 'get', 'create', 'update', 'delete'];

/** A plain resource from its declaration: routes, documents, permissions, tag scope, masking, audit rows and errors. */
export const resource =
  <E extends object, R extends z.ZodObject, W extends z.ZodObject = z.ZodObject>(spec: ResourceSpec<E, R, W>) =>
  (deps: ResourceDeps): Procedure[] => {
    const operations = spec.operations ?? (spec.write ? ALL : (['list', 'get'] as const));
    const made: Partial<Record<Operation, () => Procedure[]>> = {
      list: () => [listProcedure(spec, deps)],
      get: () => [getProcedure(spec, deps)],
      create: () => [createProcedure(spec, deps)],
      update: () => updateBoth(spec, deps),
      delete: () => [deleteProcedure(spec, deps)],
    };
    return operations.flatMap((operation) => made[operation]!());
  };

type Spec<E extends object, R extends z.ZodObject, W extends z.ZodObject> = ResourceSpec<E, R, W>;
type Row = Record<string, unknown>;

const common = <E extends object, R extends z.ZodObject, W extends z.ZodObject>(
  spec: Spec<E, R, W>,
  action: string,
) => ({
  tags: [spec.tag] as [string],
  access: spec.access ?? ('user' as const),
  ...(spec.permission === undefined ? {} : { permission: `${spec.permission}.${action}` }),
});

const sortsOf = ({ sorts = ['createTime'] }: { sorts?: Sorts | readonly string[] }): Sorts =>
  Array.isArray(sorts) ? Object.fromEntries(sorts.map((one: string) => [one, one])) : (sorts as Sorts);

/** Which rows exist for this caller. */
const visible = <E extends object, R extends z.ZodObject, W extends z.ZodObject>(
  spec: Spec<E, R, W>,
  actor: Actor,
): Row[] => {
  const conditions: Row[] = spec.where ? [spec.where(actor)] : [];
  if (spec.clientProperty === undefined) return conditions;
  if (actor.kind === 'client') return [...conditions, { [spec.clientProperty]: actor.id }];
  if (actor.tagIds.length === 0) return conditions;
  const tagged = raw(
    (alias) => `${alias}.client_id in (select client_id from client_tag where tag_id in (${actor.tagIds.join(',')}))`,
  );
  return [...conditions, { [tagged as unknown as string]: [] }];
};

const viewsOf = async <E extends object, R extends z.ZodObject, W extends z.ZodObject>(
  spec: Spec<E, R, W>,
  rows: E[],
  context: PresentContext,
): Promise<z.input<R>[]> => {
  const views = spec.present ? await spec.present(rows, context) : (rows as unknown as z.input<R>[]);
  return context.actor.kind === 'user' && context.actor.maskData && spec.mask ? views.map(spec.mask) : views;
};

const listProcedure = <E extends object, R extends z.ZodObject, W extends z.ZodObject>(
  spec: Spec<E, R, W>,
  { orm, pool }: ResourceDeps,
): Procedure => {
  const filters = spec.filters ?? {};
  const sorts = sortsOf(spec);
  return procedure(`GET ${spec.path}`, {
    ...common(spec, 'read'),
    summary: `List: ${spec.noun}`,
    query: listQuery(filters, sorts),
    answer: listOf(spec.read),
    handle: async ({ actor, query }) => {
      const { where, ...page } = listRequest(query as Row, filters, sorts, spec.id);
      const em = orm.em.fork() as EntityManager;
      const [rows, total] = await em.findAndCount(
        spec.entity as never,
        { $and: [...visible(spec, actor!), ...where] } as never,
        page as never,
      );
      return { total, data: (await viewsOf(spec, rows as E[], { em, pool, actor: actor! })) as never };
    },
  });
};

const idOf = (call: { params: unknown }, idParam: string): number => (call.params as Record<string, number>)[idParam]!;
const params = (idParam: string) => z.object({ [idParam]: idText() });

const getProcedure = <E extends object, R extends z.ZodObject, W extends z.ZodObject>(
  spec: Spec<E, R, W>,
  { orm, pool }: ResourceDeps,
): Procedure =>
  procedure(`GET ${spec.path}/{${spec.idParam}}`, {
    ...common(spec, 'read'),
    summary: `One ${spec.noun}`,
    params: params(spec.idParam),
    answer: spec.read,
    handle: async (call) => {
      const em = orm.em.fork() as EntityManager;
      const row = await em.findOne(
        spec.entity as never,
        { $and: [{ [spec.id]: idOf(call, spec.idParam) }, ...visible(spec, call.actor!)] } as never,
      );
      if (!row) throw notFound(spec.noun);
      return (await viewsOf(spec, [row as E], { em, pool, actor: call.actor! }))[0] as never;
    },
  });

/** One transaction around a write, its audit row and its kept outcome. */
const writing = <T>({ orm }: ResourceDeps, actor: UserActor, work: (writing: Writing) => Promise<T>): Promise<T> =>
  orm.em.fork().transactional((em) => work({ em: em as EntityManager, db: queryableOf(em as EntityManager), actor }));

/** `$1` style statements inside the unit of work's transaction. */
const queryableOf = (em: EntityManager): Queryable => {
  const query = async (sql: string, values: readonly unknown[] = []) => {
    const ordered: unknown[] = [];
    const text = sql.replace(/\$(\d+)/g, (_all, n: string) => {
      ordered.push(values[Number(n) - 1]);
      return '?';
    });
    const rows = await em.execute<Row[]>(text, ordered);
    return { rows, rowCount: rows.length };
  };
  return { query } as unknown as Queryable;
};

const createProcedure = <E extends object, R extends z.ZodObject, W extends z.ZodObject>(
  spec: Spec<E, R, W>,
  deps: ResourceDeps,
): Procedure =>
  procedure(`POST ${spec.path}`, {
    ...common(spec, 'create'),
    access: 'user',
    summary: `Create: ${spec.noun}`,
    body: strict(spec.write!),
    answer: spec.read,
    status: 201,
    errors: [409],
    idempotent: true,
    handle: (call) =>
      savingFailures(spec.noun, 'save', () =>
        writing(deps, call.actor, async (unit) => {
          await call.once?.lock(unit.db);
          const body = call.body as Partial<z.output<W>>;
          const row = unit.em.create(spec.entity as never, (await fieldsOf(spec, body, unit)) as never) as E;
          await unit.em.persist(row).flush();
          await spec.afterWrite?.(row, body, unit);
          const view = await auditedView(spec, deps, row, unit);
          await audit(spec, unit, call, 'create', row, undefined, view);
          const answer = spec.read.parse(view);
          await call.once?.finish(unit.db, 201, answer);
          return view as never;
        }),
      ),
  });

const updateBoth = <E extends object, R extends z.ZodObject, W extends z.ZodObject>(
  spec: Spec<E, R, W>,
  deps: ResourceDeps,
): Procedure[] =>
  updateProcedures(`${spec.path}/{${spec.idParam}}` as `/${string}`, {
    ...common(spec, 'update'),
    access: 'user',
    summary: `Change: ${spec.noun}`,
    params: params(spec.idParam),
    body: optional(spec.write!),
    answer: spec.read,
    errors: [409],
    handle: (call) =>
      savingFailures(spec.noun, 'save', () =>
        writing(deps, call.actor as UserActor, async (unit) => {
          const row = await locked(spec, unit, idOf(call, spec.idParam));
          const body = call.body as Partial<z.output<W>>;
          await spec.guard?.(row, body, unit);
          const before = await auditedView(spec, deps, row, unit);
          unit.em.assign(row as never, { ...(await fieldsOf(spec, body, unit)), updateTime: new Date() } as never);
          await unit.em.flush();
          await spec.afterWrite?.(row, body, unit);
          const view = await auditedView(spec, deps, row, unit);
          await audit(spec, unit, call as Call, 'update', row, before, view);
          return (unit.actor.maskData && spec.mask ? spec.mask(view) : view) as never;
        }),
      ),
  });

const deleteProcedure = <E extends object, R extends z.ZodObject, W extends z.ZodObject>(
  spec: Spec<E, R, W>,
  deps: ResourceDeps,
): Procedure =>
  procedure(`DELETE ${spec.path}/{${spec.idParam}}`, {
    ...common(spec, 'delete'),
    access: 'user',
    summary: `Delete: ${spec.noun}`,
    params: params(spec.idParam),
    answer: null,
    errors: [409],
    handle: (call) =>
      savingFailures(spec.noun, 'delete', () =>
        writing(deps, call.actor, async (unit) => {
          const row = await locked(spec, unit, idOf(call, spec.idParam));
          await spec.guard?.(row, 'delete', unit);
          const before = await auditedView(spec, deps, row, unit);
          await audit(spec, unit, call, 'delete', row, before, undefined);
          await unit.em.remove(row).flush();
        }),
      ),
  });

const locked = async <E extends object, R extends z.ZodObject, W extends z.ZodObject>(
  spec: Spec<E, R, W>,
  { em, actor }: Writing,
  id: number,
): Promise<E> => {
  const row = await em.findOne(
    spec.entity as never,
    { $and: [{ [spec.id]: id }, ...visible(spec, actor)] } as never,
    { lockMode: LockMode.PESSIMISTIC_WRITE } as never,
  );
  if (!row) throw notFound(spec.noun);
  return row as E;
};

const fieldsOf = async <E extends object, R extends z.ZodObject, W extends z.ZodObject>(
  spec: Spec<E, R, W>,
  body: Partial<z.output<W>>,
  unit: Writing,
): Promise<Partial<E>> => (spec.fields ? await spec.fields(body, unit) : (body as unknown as Partial<E>));

/** As audit rows keep it: unmasked, read inside the transaction. */
const auditedView = async <E extends object, R extends z.ZodObject, W extends z.ZodObject>(
  spec: Spec<E, R, W>,
  { pool }: ResourceDeps,
  row: E,
  { em, actor }: Writing,
): Promise<z.input<R>> =>
  (await viewsOf({ ...spec, mask: undefined } as unknown as Spec<E, R, W>, [row], { em, pool, actor }))[0]!;

const audit = <E extends object, R extends z.ZodObject, W extends z.ZodObject>(
  spec: Spec<E, R, W>,
  unit: Writing,
  call: { requestId: string },
  action: string,
  row: E,
  before: unknown,
  after: unknown,
) =>
  recordAudit(unit.db, {
    actor: actorName(unit.actor),
    action: `${spec.permission}.${action}`,
    object: `${spec.noun.replaceAll(' ', '-')}:${String((row as Row)[spec.id])}`,
    before: before && spec.read.parse(before),
    after: after && spec.read.parse(after),
    requestId: call.requestId,
  });

const strict = <W extends z.ZodObject>(schema: W) => z.strictObject(schema.shape);

/** Every field optional and without its default: what is not sent stays as it is. */
const optional = (schema: z.ZodObject) =>
  z
    .strictObject(
      Object.fromEntries(
        Object.entries(schema.shape).map(([key, field]) => [
          key,
          (field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : (field as z.ZodType)).optional(),
        ]),
      ),
    )
    .refine((body) => Object.values(body).some((value) => value !== undefined), 'must hold at least one field');

/** For hooks: refuses to touch what was seeded. */
export const refuseFixed = (what: string): never => {
  throw new HubFailure('Rejected', 'fixed', `${what} is fixed and cannot be changed.`);
};
