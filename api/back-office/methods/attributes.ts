import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { HubFailure } from '../../../domain/failures.ts';
import type { ApiDeps } from '../../deps.ts';
import { actorName } from '../../kit/access.ts';
import { notFound } from '../../kit/errors.ts';
import { listOf } from '../../kit/list.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { idText, name } from '../../kit/shapes.ts';
import { type Direction, permissionOf } from './shapes.ts';

/** A rule that is checked when the client fills the form in (api/money/intake/method-fields.ts). */
const Rule = z
  .string()
  .regex(
    /^(required|string|numeric|integer|email|min:\d{1,4}|max:\d{1,4})$/,
    'must be a rule we know, such as required or max:30',
  );

const Attribute = z
  .object({
    id: z.string(),
    name: z
      .string()
      .meta({ description: 'Under which the value reaches the provider: address, iban, destinationTag, …' }),
    label: z.string(),
    type: z.enum(['input', 'select', 'multiSelect', 'radio', 'boolean', 'date', 'phone']),
    rules: z.array(z.string()),
    options: z.array(z.object({ value: z.string(), label: z.string() })),
    priority: z.int(),
  })
  .meta({ id: 'MethodAttribute' });

const Body = z.strictObject({
  label: name(120),
  type: z.enum(['input', 'select', 'radio', 'boolean', 'date', 'phone']).default('input'),
  name: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'must be a name of letters and digits')
    .optional()
    .meta({ description: 'Default: the id.' }),
  rules: z.array(Rule).max(10).default([]),
  options: z
    .array(z.strictObject({ value: name(120), label: name(120) }))
    .max(200)
    .default([]),
  priority: z.int().min(0).max(1_000_000).default(0),
});

/** As method rows keep it: a form field of the Front Office. */
interface Field {
  id: string;
  name?: string;
  label: string;
  type: z.infer<typeof Attribute>['type'];
  rules: string[];
  options?: { value: string; label: string }[] | null;
  priority?: number;
}

const viewOf = (field: Field, n: number): z.input<typeof Attribute> => ({
  id: field.id,
  name: field.name ?? field.id,
  label: field.label,
  type: field.type,
  rules: field.rules,
  options: field.options ?? [],
  priority: field.priority ?? n,
});

/** What the client fills in for a method. Each is there or not: none is changed. */
export const attributeProcedures = ({ pool }: ApiDeps, direction: Direction): Procedure[] => {
  const path = `/${direction}s/methods/{methodId}/attributes` as const;
  const permission = permissionOf(direction);
  const ofMethod = z.object({ methodId: idText() });
  const one = ofMethod.extend({ attributeId: name(64) });
  const common = {
    tags: [`${direction === 'deposit' ? 'Deposit' : 'Withdrawal'} methods`] as [string],
    access: 'user' as const,
  };
  const fieldsOf = (db: Queryable, methodId: number, lock = '') => loadFields(db, direction, methodId, lock);
  const save = async (db: Queryable, methodId: number, fields: readonly Field[]): Promise<void> => {
    await db.query(`update payment_method set fields = $2, update_time = now() where id = $1`, [
      methodId,
      JSON.stringify(fields),
    ]);
  };

  return [
    procedure(`GET ${path}`, {
      ...common,
      summary: `List: ${direction} method attribute`,
      permission: `${permission}.read`,
      params: ofMethod,
      answer: listOf(Attribute),
      handle: async ({ params: { methodId } }) => {
        const fields = await fieldsOf(pool, methodId);
        return { total: fields.length, data: fields.map(viewOf) };
      },
    }),
    procedure(`GET ${path}/{attributeId}`, {
      ...common,
      summary: `One ${direction} method attribute`,
      permission: `${permission}.read`,
      params: one,
      answer: Attribute,
      handle: async ({ params: { methodId, attributeId } }) => {
        const found = (await fieldsOf(pool, methodId)).map(viewOf).find(({ id }) => id === attributeId);
        if (!found) throw notFound('attribute');
        return found;
      },
    }),
    procedure(`POST ${path}`, {
      ...common,
      summary: `Create: ${direction} method attribute`,
      permission: `${permission}.update`,
      params: ofMethod,
      body: Body,
      answer: Attribute,
      status: 201,
      errors: [409],
      handle: ({ actor, params: { methodId }, body, requestId }) =>
        inTransaction(pool, async (db) => {
          const fields = await fieldsOf(db, methodId, 'for update');
          const id = body.name ?? randomUUID();
          if (fields.some((field) => field.id === id || field.name === id))
            throw new HubFailure('Rejected', 'already_exists', 'Another attribute has this name already.', {
              field: 'name',
            });
          const made: Field = { id, ...body, name: id };
          await save(
            db,
            methodId,
            [...fields, made].toSorted((a, b) => (a.priority ?? 0) - (b.priority ?? 0)),
          );
          await recordAudit(db, {
            actor: actorName(actor),
            action: `${permission}.update`,
            object: `${direction}-method:${methodId}`,
            after: { attribute: made },
            requestId,
          });
          return viewOf(made, 0);
        }),
    }),
    procedure(`DELETE ${path}/{attributeId}`, {
      ...common,
      summary: `Delete: ${direction} method attribute`,
      permission: `${permission}.update`,
      params: one,
      answer: null,
      handle: ({ actor, params: { methodId, attributeId }, requestId }) =>
        inTransaction(pool, async (db) => {
          const fields = await fieldsOf(db, methodId, 'for update');
          const gone = fields.find(({ id }) => id === attributeId);
          if (!gone) throw notFound('attribute');
          await save(
            db,
            methodId,
            fields.filter((field) => field !== gone),
          );
          await recordAudit(db, {
            actor: actorName(actor),
            action: `${permission}.update`,
            object: `${direction}-method:${methodId}`,
            before: { attribute: gone },
            requestId,
          });
        }),
    }),
  ];
};

const loadFields = async (db: Queryable, direction: Direction, methodId: number, lock: string): Promise<Field[]> => {
  const { rows } = await db.query<{ fields: Field[] }>(
    `select fields from payment_method where id = $1 and direction = $2 ${lock}`,
    [methodId, direction],
  );
  if (!rows[0]) throw notFound(`${direction} method`);
  return rows[0].fields;
};
