import { z } from 'zod';
import { PayoutTemplate as TemplateEntity, type PayoutTemplateRow } from '../../db/entities/money.ts';
import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { loadTemplate, openData, type PayoutTemplate, sealData } from '../../db/repositories/payout-templates.ts';
import { HubFailure } from '../../domain/failures.ts';
import { wireOrNull } from '../../domain/money.ts';
import { actorName, type ClientActor } from '../kit/access.ts';
import { notFound } from '../kit/errors.ts';
import { byId, byIds, contains } from '../kit/filters.ts';
import { type Procedure, procedure, updateProcedures } from '../kit/procedure.ts';
import { resource } from '../kit/resource.ts';
import { savingFailures } from '../kit/saving.ts';
import {
  amountInput,
  atLeastOneField,
  clientsName,
  freeForm,
  id,
  idText,
  isoTime,
  isoTimeOrNull,
  money,
  time,
} from '../kit/shapes.ts';
import type { MoneyHub } from '../money/hub.ts';
import { hiddenMembers } from '../presenters/transaction.ts';
import { checkedTemplate } from './template-rules.ts';

/** Of one client; more are nobody's regular payouts. */
const MOST = 100;

const mine = {
  patternId: z.int(),
  name: z.string(),
  accountId: z.int().nullable(),
  methodId: z.int(),
  currencyCode: z.int(),
  amount: money().nullable(),
  data: z.record(z.string(), z.unknown()).meta({ description: "Values of the method's fields, by their id." }),
  createTime: time(),
  updateTime: time().nullable(),
};
/** objects-front-office 2.22 */
const MyTemplate = z.object(mine).meta({ id: 'MyWithdrawalTemplate' });
/** objects-back-office 4.6 */
const Template = z.object({ ...mine, clientId: z.int() }).meta({ id: 'WithdrawalTemplate' });

const fields = {
  name: clientsName(100),
  accountId: id().nullable().optional(),
  methodId: id(),
  currencyCode: id().meta({ description: 'Numeric code of what is paid out.' }),
  amount: amountInput('number').nullable().optional(),
  data: freeForm().optional().meta({ description: "Values of the method's fields, by their id." }),
};
const Body = z.strictObject(fields);
const Change = atLeastOneField(
  z.strictObject({
    ...fields,
    name: fields.name.optional(),
    methodId: fields.methodId.optional(),
    currencyCode: fields.currencyCode.optional(),
  }),
);

const params = z.object({ patternId: idText() });
const common = { tags: ['My money'] as [string], access: 'client' as const, errors: [403, 404, 409] };

/** Payouts that a client makes again and again: kept by himself, seen by operators. */
export const templateProcedures = (hub: MoneyHub): Procedure[] => {
  const viewOf = (row: PayoutTemplateRow) => ({
    patternId: row.id,
    clientId: row.clientId,
    name: row.name,
    accountId: row.accountId ?? null,
    methodId: row.methodId,
    currencyCode: row.currency,
    amount: wireOrNull(row.amount ?? null),
    data: openData(hub.tools().ring, row.sealed),
    createTime: isoTime(row.createTime),
    updateTime: isoTimeOrNull(row.updateTime),
  });
  const list = {
    idParam: 'patternId',
    noun: 'template',
    entity: TemplateEntity,
    id: 'id' as const,
    clientProperty: 'clientId' as const,
    sorts: ['createTime', 'name'],
    present: (rows: PayoutTemplateRow[]) => rows.map(viewOf),
  };
  const show = async (db: Queryable, templateId: number) => {
    const { rows } = await db.query<PayoutTemplateRow>(
      `select id, client_id as "clientId", name, account_id as "accountId", method_id as "methodId", currency, amount::text, sealed,
              create_time as "createTime", update_time as "updateTime" from payout_template where id = $1`,
      [templateId],
    );
    return viewOf(rows[0]!);
  };
  const saved = (actor: ClientActor, requestId: string, action: string, write: (db: Queryable) => Promise<number>) =>
    savingFailures('template', 'save', () =>
      inTransaction(hub.pool, async (db) => {
        const templateId = await write(db);
        const object = `client:${actor.id}`;
        await recordAudit(db, { actor: actorName(actor), action, object, after: { patternId: templateId }, requestId });
        return show(db, templateId);
      }),
    );

  return [
    ...resource({
      ...list,
      path: '/my/withdrawals/patterns',
      tag: 'My money',
      access: 'client',
      filters: { methodId: byId('methodId'), currencyCode: byId('currency'), name: contains('name') },
      read: MyTemplate,
    })(hub.deps),

    ...resource({
      ...list,
      path: '/withdrawals/patterns',
      tag: 'Clients',
      permission: 'withdrawalTemplates',
      filters: { clientId: byIds('clientId'), name: contains('name') },
      read: Template,
      mask: (view) => ({ ...view, name: '*', data: hiddenMembers(view.data) }),
      hides: ['name'],
    })(hub.deps),

    procedure('POST /my/withdrawals/patterns', {
      ...common,
      summary: 'Keep a withdrawal as a template',
      idempotent: true,
      body: Body,
      answer: MyTemplate,
      status: 201,
      handle: ({ actor, body, requestId }) =>
        saved(actor, requestId, 'withdrawalTemplates.create', async (db) => {
          const { accountId = null, amount = null, data = {}, ...said } = body;
          const template = await checkedTemplate(db, actor, { ...said, accountId, amount, data });
          return insert(db, actor.id, template, sealData(hub.tools().ring, template.data));
        }),
    }),

    ...updateProcedures('/my/withdrawals/patterns/{patternId}', {
      ...common,
      summary: 'Change a template',
      params,
      body: Change,
      answer: MyTemplate,
      handle: ({ actor, params: { patternId }, body, requestId }) =>
        saved(actor, requestId, 'withdrawalTemplates.update', async (db) => {
          const { ring } = hub.tools();
          const before = await loadTemplate(db, ring, { id: patternId, clientId: actor.id }, true);
          if (!before) throw notFound('template');
          const said = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
          const template = await checkedTemplate(db, actor, { ...before, ...said });
          await update(db, patternId, template, sealData(ring, template.data));
          return patternId;
        }),
    }),

    procedure('DELETE /my/withdrawals/patterns/{patternId}', {
      ...common,
      summary: 'Delete a template',
      params,
      answer: null,
      handle: async ({ actor, params: { patternId }, requestId }) =>
        inTransaction(hub.pool, async (db) => {
          const { rowCount } = await db.query(`delete from payout_template where id = $1 and client_id = $2`, [
            patternId,
            actor.id,
          ]);
          if (rowCount === 0) throw notFound('template');
          await recordAudit(db, {
            actor: actorName(actor),
            action: 'withdrawalTemplates.delete',
            object: `client:${actor.id}`,
            before: { patternId },
            requestId,
          });
        }),
    }),
  ];
};

const insert = async (db: Queryable, clientId: number, template: PayoutTemplate, sealed: Buffer): Promise<number> => {
  // Under the client's row lock, so that two at once cannot both be the last one.
  await db.query(`select from client where client_id = $1 for no key update`, [clientId]);
  const { rows } = await db.query<{ id: number }>(
    `insert into payout_template (client_id, name, account_id, method_id, currency, amount, sealed)
     select $1, $2, $3, $4, $5, $6, $7 where (select count(*) from payout_template where client_id = $1) < ${MOST} returning id`,
    [clientId, template.name, template.accountId, template.methodId, template.currencyCode, template.amount, sealed],
  );
  if (!rows[0]) throw new HubFailure('Rejected', 'restricted', `You have ${MOST} templates; delete one first.`);
  return rows[0].id;
};

const update = async (db: Queryable, templateId: number, template: PayoutTemplate, sealed: Buffer): Promise<void> => {
  await db.query(
    `update payout_template set name = $2, account_id = $3, method_id = $4, currency = $5, amount = $6, sealed = $7, update_time = now() where id = $1`,
    [templateId, template.name, template.accountId, template.methodId, template.currencyCode, template.amount, sealed],
  );
};
