import { type EntityManager, raw } from '@mikro-orm/postgresql';
import { z } from 'zod';
import type { Actor } from './access.ts';
import { notFound, problem } from './errors.ts';
import { type Sorts, listOf, listQuery, listRequest } from './list.ts';
import { type Procedure, procedure } from './procedure.ts';
import { type Declared, type PresentContext, type ResourceDeps, type Row, permissionFor } from './resource-spec.ts';
import { idText } from './shapes.ts';

/** Which rows exist for this caller. */
export const visible = (spec: Declared, actor: Actor): Row[] => {
  const conditions: Row[] = spec.where ? [spec.where(actor)] : [];
  return spec.clientProperty === undefined ? conditions : [...conditions, ...ofTheirs(spec.clientProperty, actor)];
};

/** Of rows that belong to clients: a client's own, or those of the clients a user may see. */
const ofTheirs = (clientProperty: string, actor: Actor): Row[] => {
  if (actor.kind === 'client') return [{ [clientProperty]: actor.id }];
  if (actor.tagIds.length === 0) return [];
  const tagged = raw(
    (alias) => `${alias}.client_id in (select client_id from client_tag where tag_id in (${actor.tagIds.join(',')}))`,
  );
  return [{ [tagged as unknown as string]: [] }];
};

/** Rows as they are, in the words of the API. */
export const plainViews = async (spec: Declared, rows: Row[], context: PresentContext): Promise<Row[]> =>
  spec.present ? spec.present(rows, context) : rows;

/** An object as this caller may see it. */
export const shown = (spec: Declared, view: Row, actor: Actor): Row =>
  actor.kind === 'user' && actor.maskData && spec.mask ? spec.mask(view) : view;

const viewsOf = async (spec: Declared, rows: Row[], context: PresentContext): Promise<Row[]> =>
  (await plainViews(spec, rows, context)).map((view) => shown(spec, view, context.actor));

const sortsOf = ({ sorts = ['createTime'] }: Declared): Sorts =>
  Array.isArray(sorts) ? Object.fromEntries(sorts.map((one: string) => [one, one])) : (sorts as Sorts);

export const listProcedure = (spec: Declared, { orm, pool }: ResourceDeps): Procedure => {
  const filters = spec.filters ?? {};
  const sorts = sortsOf(spec);
  return procedure(`GET ${spec.path}`, {
    summary: `List: ${spec.noun}`,
    tags: [spec.tag],
    access: spec.access ?? ('user' as const),
    ...permissionFor(spec, 'read'),
    params: parentParams(spec),
    query: listQuery(filters, sorts),
    answer: listOf(spec.read),
    handle: async ({ actor, params, query }) => {
      if (actor.kind === 'user' && actor.maskData) assertTellsNothing(spec, query);
      const { where, ...page } = listRequest(query, filters, sorts, spec.id);
      const em = orm.em.fork() as EntityManager;
      await assertParent(spec, em, params, actor);
      const listed = spec.listed ? [spec.listed] : [];
      const conditions = { $and: [...visible(spec, actor), ...listed, ...below(spec, params), ...where] };
      const rows: Row[] = await em.find(spec.entity as never, conditions as never, page as never);
      // A page that is not full is the last one: then the rows are counted already.
      const isLast = rows.length < page.limit && (rows.length > 0 || page.offset === 0);
      const total = isLast ? page.offset + rows.length : await em.count(spec.entity as never, conditions as never);
      return { total, data: await viewsOf(spec, rows, { em, pool, actor }) };
    },
  });
};

/** Whoever must not see a value does not find it by asking for it either. */
const assertTellsNothing = ({ hides = [] }: Declared, query: Row): void => {
  const asked = hides.find((name) => query[`filter[${name}]`] !== undefined);
  const field = asked === undefined ? 'sort_by' : `filter[${asked}]`;
  if (asked !== undefined || hides.includes(String(query['sort_by'])))
    throw problem(403, 'forbidden', 'You do not see personal data, nor find by it.', field);
};

export const parentParams = ({ parent }: Declared): z.ZodObject<Record<string, ReturnType<typeof idText>>> =>
  z.object(parent ? { [parent.param]: idText() } : {});

export const idParams = (spec: Declared) => parentParams(spec).extend({ [spec.idParam]: idText() });

/** Rows of the parent named in the path. */
export const below = ({ parent }: Declared, params: Record<string, number>): Row[] =>
  parent ? [{ [parent.property]: params[parent.param] }] : [];

/** Throws 404 when the parent named in the path does not exist; a client does not for whoever may not see him. */
export const assertParent = async (
  { parent, clientProperty }: Declared,
  em: EntityManager,
  params: Record<string, number>,
  actor: Actor,
): Promise<void> => {
  if (!parent) return;
  const isClient = parent.property === clientProperty;
  const there = [
    { ...parent.where, [parent.key ?? 'id']: params[parent.param] },
    ...(isClient ? ofTheirs(parent.key ?? 'id', actor) : []),
  ];
  if ((await em.count(parent.entity as never, { $and: there } as never)) === 0) throw notFound(parent.noun);
};

export const getProcedure = (spec: Declared, { orm, pool }: ResourceDeps): Procedure =>
  procedure(`GET ${spec.path}/{${spec.idParam}}`, {
    summary: `One ${spec.noun}`,
    tags: [spec.tag],
    access: spec.access ?? ('user' as const),
    ...permissionFor(spec, 'read'),
    params: idParams(spec),
    answer: spec.read,
    handle: async ({ actor, params }) => {
      const em = orm.em.fork() as EntityManager;
      await assertParent(spec, em, params, actor);
      const conditions = {
        $and: [{ [spec.id]: params[spec.idParam] }, ...visible(spec, actor), ...below(spec, params)],
      };
      const row: Row | null = await em.findOne(spec.entity as never, conditions as never);
      if (!row) throw notFound(spec.noun);
      return (await viewsOf(spec, [row], { em, pool, actor }))[0]!;
    },
  });
