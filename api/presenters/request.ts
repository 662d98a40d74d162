import type pg from 'pg';
import { z } from 'zod';
import { correctionJson, directionOf } from '../../db/repositories/corrections.ts';
import { evidenceJson } from '../../db/repositories/requests.ts';
import { anyOf } from '../../db/unseen.ts';
import { wire } from '../../domain/money.ts';
import { idAndName, isoTime, isoTimeOrNull, time } from '../kit/shapes.ts';
import { changeWarnings } from './change-warnings.ts';
import { fullName } from './client.ts';
import { maskColleague } from './colleague.ts';
import { Evidence, maskEvidence } from './evidence.ts';
import { correctionWarnings } from './correction-warnings.ts';
import { payoutWarnings } from './payout-warnings.ts';
import { hiddenMembers } from './transaction.ts';

type Db = Pick<pg.ClientBase, 'query'>;

const REQUEST_STATUS = { 0: 'pending', 1: 'approved', 2: 'rejected', 3: 'inProgress', 127: 'new' } as const;

/** Something a person must decide: B2Core's Request, path /applications (objects-back-office 4.4). */
export const Application = z
  .object({
    id: z.int(),
    clientId: z.int().nullable().meta({ description: 'Null for a difference that concerns no client.' }),
    type: z.string(),
    statusId: z.int(),
    status: z.enum(['pending', 'approved', 'rejected', 'inProgress', 'new']),
    client: z.object({ clientId: z.int(), name: z.string(), email: z.string() }).nullable(),
    data: z.record(z.string(), z.unknown()).meta({
      description:
        'By type; money: {transactionId, amount, rate}, of a payout in another currency `exchange` {amount, currencyCode}: what goes out as of now; `providerCommission`: what the bank took, as was entered; of a correction its `correction`; verification: {levelId, documentIds, why}; about the client: what he wants, and in `before` how it was; reconciliation: {differenceId, kind, why}.',
    }),
    comment: z.string().nullable(),
    color: z.string().nullable(),
    resolution: idAndName().nullable(),
    user: idAndName().nullable(),
    purpose: z.enum(['approval', 'assistance', 'review', 'repair', 'difference']).meta({
      description:
        "approval: somebody must allow it; assistance: it is unknown whether the provider did it; review: something about it is unusual; repair: a cause must be mended before it goes on; difference: our books and the provider's differ.",
    }),
    approvalsNeeded: z.int(),
    warnings: z.array(z.string()).meta({
      description:
        'What speaks now against an open payout (the client is not active, owes after a reversal, has just changed his password), or is to be known of other personal data (verifications rest on those of before) or of a correction (others of the same transaction). Nothing is stopped by it.',
    }),
    decisions: z.array(
      z.object({
        user: idAndName(),
        decision: z.string(),
        via: z.enum(['api', 'temporal-ui']),
        comment: z.string().nullable(),
        evidence: Evidence.nullable().meta({ description: 'What he gave to prove it.' }),
        createTime: time(),
      }),
    ),
    createTime: time(),
    updateTime: time().nullable(),
    processTime: time().nullable(),
  })
  .meta({ id: 'Application' });
type ApplicationView = z.infer<typeof Application>;

interface ApplicationRow {
  id: number;
  client_id: number | null;
  type: string;
  status_id: keyof typeof REQUEST_STATUS;
  purpose: ApplicationView['purpose'];
  approvals_needed: number;
  transaction_id: number | null;
  amount: string | null;
  provider_commission: string | null;
  email: string | null;
  first_name: string | null;
  middle_name: string | null;
  last_name: string | null;
  data: Record<string, unknown>;
  exchange: { amount: string; currencyCode: number } | null;
  correction: Record<string, unknown> | null;
  change: { wanted: Record<string, unknown>; before: Record<string, unknown> } | null;
  comment: string | null;
  color: string | null;
  resolution: ApplicationView['resolution'];
  user: ApplicationView['user'];
  decisions: ApplicationView['decisions'];
  create_time: Date;
  update_time: Date | null;
  process_time: Date | null;
}

const SELECT = `
  select a.id, a.client_id, a.type, a.status_id, a.purpose, a.approvals_needed, a.transaction_id, t.amount::text, trim_scale(nullif(t.provider_commission, 0))::text as provider_commission, c.email, c.first_name, c.middle_name, c.last_name,
         a.data, ${correctionJson('k')} || jsonb_build_object('direction', ${directionOf('t')}) as correction,
         case when x.amount is not null and t.type = 'withdrawal' then jsonb_build_object('amount', x.amount::text, 'currencyCode', x.currency) end as exchange,
         case when ch.id is not null then jsonb_build_object('wanted', ch.wanted, 'before', ch.before) end as change, a.comment, a.color,
         case when r.id is null then null else jsonb_build_object('id', r.id, 'name', r.name) end as resolution,
         case when u.id is null then null else jsonb_build_object('id', u.id, 'name', u.name) end as user,
         (select coalesce(jsonb_agg(jsonb_build_object('user', jsonb_build_object('id', du.id, 'name', du.name), 'decision', d.decision, 'via', d.via,
            'comment', d.comment, 'evidence', ${evidenceJson('d')}, 'createTime', d.create_time) order by d.create_time), '[]')
            from application_decision d join hub_user du on du.id = d.user_id where d.application_id = a.id) as decisions,
         a.create_time, a.update_time, a.process_time
    from application a
    left join client c on c.client_id = a.client_id
    left join money_transaction t on t.transaction_id = a.transaction_id
    left join transaction_exchange x on x.transaction_id = a.transaction_id
    left join correction k on k.transaction_id = a.transaction_id
    left join client_change ch on ch.id = a.change_id
    left join resolution r on r.id = a.resolution_id
    left join hub_user u on u.id = a.user_id`;

const dataOf = ({
  transaction_id: transactionId,
  amount,
  provider_commission: providerCommission,
  exchange,
  correction,
  change,
  data,
}: ApplicationRow): Record<string, unknown> => {
  if (transactionId !== null)
    return {
      amount: wire(amount!),
      rate: null,
      ...data,
      transactionId,
      ...(providerCommission !== null && { providerCommission: wire(providerCommission) }),
      // Whoever pays it by hand has to know how much of what.
      ...(exchange && { exchange: { ...exchange, amount: wire(exchange.amount) } }),
      ...(correction && { correction }),
    };
  return change ? { ...change.wanted, before: change.before } : data;
};

const viewOf = (row: ApplicationRow, warnings: readonly string[] = []): ApplicationView => ({
  id: row.id,
  clientId: row.client_id,
  type: row.type,
  statusId: row.status_id,
  status: REQUEST_STATUS[row.status_id],
  client:
    row.client_id === null
      ? null
      : {
          clientId: row.client_id,
          name: fullName(row.first_name!, row.middle_name!, row.last_name!),
          email: row.email!,
        },
  data: dataOf(row),
  comment: row.comment,
  color: row.color,
  resolution: row.resolution,
  user: row.user,
  purpose: row.purpose,
  approvalsNeeded: row.approvals_needed,
  warnings: [...warnings],
  decisions: row.decisions.map((one) => ({ ...one, createTime: isoTime(one.createTime) })),
  createTime: isoTime(row.create_time),
  updateTime: isoTimeOrNull(row.update_time),
  processTime: isoTimeOrNull(row.process_time),
});

/** Request objects by id, read with one query. */
export const applicationViews = async (db: Db, ids: readonly number[]): Promise<Map<number, ApplicationView>> => {
  const { rows } = await db.query<ApplicationRow>(`${SELECT} where a.id = ${anyOf(1)}`, [[...new Set(ids)]]);
  const warnings = await warningsOf(db, rows);
  return new Map(rows.map((row) => [row.id, viewOf(row, warnings.get(row.id))]));
};

/** One of them. Of a list of unknown length PostgreSQL makes a new plan each time, which takes longer than the look. */
export const applicationView = async (db: Db, id: number): Promise<ApplicationView> => {
  const row = (await db.query<ApplicationRow>(`${SELECT} where a.id = $1`, [id])).rows[0]!;
  return viewOf(row, (await warningsOf(db, [row])).get(id));
};

/** By request; only those that still wait for a decision are looked at. */
const warningsOf = async (db: Db, rows: readonly ApplicationRow[]): Promise<Map<number, string[]>> => {
  const open = rows.filter(({ status_id: statusId }) => !['approved', 'rejected'].includes(REQUEST_STATUS[statusId]));
  const ids = (some: readonly ApplicationRow[]) => some.map(({ id }) => id);
  const payouts = open.filter((row) => row.type === 'withdrawal' && row.transaction_id !== null);
  const changes = open.filter(({ change }) => change !== null);
  const corrections = open.filter(({ correction }) => correction !== null);
  return new Map([
    ...(await payoutWarnings(db, ids(payouts))),
    ...(await changeWarnings(db, ids(changes))),
    ...(await correctionWarnings(db, ids(corrections))),
  ]);
};

const OURS = [
  'transactionId',
  'amount',
  'rate',
  'providerCommission',
  'exchange',
  'levelId',
  'documentIds',
  'differenceId',
  'kind',
  'typeId',
  'addressId',
];

export const maskApplication = (view: ApplicationView): ApplicationView => ({
  ...view,
  client: view.client && { clientId: view.client.clientId, name: '*', email: '*' },
  data: {
    ...hiddenMembers(view.data),
    ...Object.fromEntries(Object.entries(view.data).filter(([key]) => OURS.includes(key))),
  },
  comment: view.comment && '*',
  user: view.user && maskColleague(view.user),
  decisions: view.decisions.map((one) => ({
    ...one,
    user: maskColleague(one.user),
    comment: one.comment && '*',
    evidence: one.evidence && maskEvidence(one.evidence),
  })),
});
