import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { z } from 'zod';
import type { Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { actorName, assertSees } from './access.ts';
import { notFound } from './errors.ts';
import { type Procedure, procedure, updateProcedures } from './procedure.ts';
import { assertParent, below, idParams, parentParams, plainViews, shown, visible } from './resource-reads.ts';
import {
  type Declared,
  type ResourceDeps,
  type Row,
  type Writing,
  confirmFor,
  permissionFor,
} from './resource-spec.ts';
import { savingFailures } from './saving.ts';
import { atLeastOneField } from './shapes.ts';

export const createProcedure = (spec: Declared, deps: ResourceDeps): Procedure =>
  procedure(`POST ${spec.path}`, {
    summary: `Create: ${spec.noun}`,
    tags: [spec.tag],
    access: 'user',
    ...permissionFor(spec, 'create'),
    ...confirmFor(spec),
    params: parentParams(spec),
    body: z.strictObject(spec.write!.shape),
    answer: spec.read,
    status: 201,
    // What the body names may be nowhere.
    errors: [404],
    idempotent: true,
    handle: ({ actor, params, body, once, requestId, ip }) =>
      write(spec, deps, { actor, ip, requestId }, 'save', async (unit) => {
        await once?.lock(unit.db);
        await assertParent(spec, unit.em, params, unit.actor);
        await assertOwner(spec, unit, body);
        const fields: Row = Object.assign({}, await fieldsOf(spec, body, unit, null), ...below(spec, params));
        const row: Row = unit.em.create(spec.entity as never, fields as never);
        await unit.em.persist(row).flush();
        await spec.afterWrite?.(row, body, unit);
        const after = await viewOf(spec, deps, row, unit);
        await audit(spec, unit, 'create', row, { after, requestId });
        const answer = shown(spec, after, actor);
        await once?.finish(unit.db, 201, spec.read.parse(answer));
        return answer;
      }),
  });

export const bothUpdateProcedures = (spec: Declared, deps: ResourceDeps): Procedure[] =>
  updateProcedures(`${spec.path}/{${spec.idParam}}`, {
    summary: `Change: ${spec.noun}`,
    tags: [spec.tag],
    access: 'user' as const,
    ...permissionFor(spec, 'update'),
    ...confirmFor(spec),
    params: idParams(spec),
    body: optional(spec),
    answer: spec.read,
    errors: [409],
    handle: ({ actor, params, body, requestId, ip }) =>
      write(spec, deps, { actor, ip, requestId }, 'save', async (unit) => {
        const assertKept = await spec.keeps?.(unit.db);
        const row = await locked(spec, unit, params);
        await spec.guard?.(row, body, unit);
        const before = await viewOf(spec, deps, row, unit);
        const changes: Row = { ...(await fieldsOf(spec, body, unit, row)), updateTime: new Date() };
        unit.em.assign(row, changes as never);
        await unit.em.flush();
        await spec.afterWrite?.(row, body, unit);
        await assertKept?.();
        const after = await viewOf(spec, deps, row, unit);
        await audit(spec, unit, 'update', row, { before, after, requestId });
        return shown(spec, after, actor);
      }),
  });

export const deleteProcedure = (spec: Declared, deps: ResourceDeps): Procedure =>
  procedure(`DELETE ${spec.path}/{${spec.idParam}}`, {
    summary: `Delete: ${spec.noun}`,
    tags: [spec.tag],
    access: 'user',
    ...permissionFor(spec, 'delete'),
    ...confirmFor(spec),
    params: idParams(spec),
    answer: null,
    errors: [409],
    handle: ({ actor, params, requestId, ip }) =>
      write(spec, deps, { actor, ip, requestId }, 'delete', async (unit) => {
        const assertKept = await spec.keeps?.(unit.db);
        const row = await locked(spec, unit, params);
        await spec.guard?.(row, 'delete', unit);
        const before = await viewOf(spec, deps, row, unit);
        await audit(spec, unit, 'delete', row, { before, requestId });
        await unit.em.remove(row).flush();
        await assertKept?.();
      }),
  });

/** One transaction around a write, its audit row and its kept outcome. */
const write = <T>(
  spec: Declared,
  { orm, ring }: ResourceDeps,
  caller: Pick<Writing, 'actor' | 'ip' | 'requestId'>,
  intent: 'save' | 'delete',
  work: (unit: Writing) => Promise<T>,
): Promise<T> =>
  savingFailures(spec.noun, intent, () =>
    orm.em
      .fork()
      .transactional((em) => work({ em: em as EntityManager, db: queryableOf(em as EntityManager), ring, ...caller })),
  );

/** Plain SQL with `$1` values inside the unit of work's transaction. */
const queryableOf = (em: EntityManager): Queryable => {
  const query = async (sql: string, values: readonly unknown[] = []) => {
    const ordered: unknown[] = [];
    const text = sql.replace(/\$(\d+)/g, (_all, n: string) => {
      ordered.push(asOneValue(values[Number(n) - 1]));
      return '?';
    });
    const rows = await em.execute<Row[]>(text, ordered);
    return { rows, rowCount: rows.length };
  };
  return { query } as unknown as Queryable;
};

/** A list would be spread over many values: it goes as the text of an array. */
const asOneValue = (value: unknown): unknown => {
  if (!Array.isArray(value)) return value;
  const items = value.map((one) => (Buffer.isBuffer(one) ? `\\x${one.toString('hex')}` : String(one)));
  return `{${items.map((one) => `"${one.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
};

const locked = async (spec: Declared, { em, db, actor }: Writing, params: Record<string, number>): Promise<Row> => {
  await assertParent(spec, em, params, actor);
  await spec.beforeHeld?.(params[spec.idParam]!, db);
  const conditions = { $and: [{ [spec.id]: params[spec.idParam] }, ...visible(spec, actor), ...below(spec, params)] };
  const row: Row | null = await em.findOne(spec.entity as never, conditions as never, {
    lockMode: LockMode.PESSIMISTIC_WRITE,
  });
  if (!row) throw notFound(spec.noun);
  return row;
};

const fieldsOf = async (spec: Declared, body: Row, unit: Writing, row: Row | null): Promise<Row> =>
  spec.fields ? spec.fields(body, unit, row) : body;

/** Throws 404 for a client, named in the body, whom the user does not see: nothing is made for him. */
const assertOwner = async ({ clientProperty, parent }: Declared, { db, actor }: Writing, body: Row): Promise<void> => {
  if (clientProperty === undefined || parent?.property === clientProperty) return;
  await assertSees(db, actor, body[clientProperty] as number, 'client', clientProperty);
};

/** As audit rows keep it: unmasked, read inside the transaction. */
const viewOf = async (spec: Declared, { pool }: ResourceDeps, row: Row, { em, actor }: Writing): Promise<Row> =>
  (await plainViews(spec, [row], { em, pool, actor }))[0]!;

const audit = (
  spec: Declared,
  { db, actor }: Writing,
  action: string,
  row: Row,
  what: { before?: Row; after?: Row; requestId: string },
) =>
  recordAudit(db, {
    actor: actorName(actor),
    action: `${spec.permission}.${action}`,
    object: `${spec.noun.replaceAll(' ', '-')}:${String(row[spec.id])}`,
    before: what.before && spec.read.parse(what.before),
    after: what.after && spec.read.parse(what.after),
    requestId: what.requestId,
  });

/** Every field optional and without its default: what is not sent stays as it is. */
const optional = ({ write, onlyOnCreate = [] }: Declared) =>
  atLeastOneField(
    z.strictObject(
      Object.fromEntries(
        Object.entries(write!.shape)
          .filter(([key]) => !onlyOnCreate.includes(key))
          .map(([key, field]) => [
            key,
            (field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : (field as z.ZodType)).optional(),
          ]),
      ),
    ),
  );
