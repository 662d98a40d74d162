import { z } from 'zod';
import { type DifferenceListRow, ReconciliationDifference } from '../../db/entities/reconciliation.ts';
import { anyOf } from '../../db/unseen.ts';
import { wire } from '../../domain/money.ts';
import { DIFFERENCE_KINDS, DIFFERENCE_STATES, DIFFERENCES } from '../../domain/reconciliation.ts';
import { scopeSql, type UserActor } from '../kit/access.ts';
import { notFound, problem } from '../kit/errors.ts';
import { byId, byWord, byWords } from '../kit/filters.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { type PresentContext, resource } from '../kit/resource.ts';
import { idText, isoTime, isoTimeOrNull, money, text, time } from '../kit/shapes.ts';
import { decideRequest } from '../money/back-office/decide.ts';
import { DecidedApplication, showRequest } from '../money/back-office/show-request.ts';
import type { MoneyHub } from '../money/hub.ts';

const side = (description: string) =>
  z.object({ amount: money(), currencyCode: z.int() }).nullable().meta({ description });

const Difference = z
  .object({
    id: z.int(),
    connectionId: z.int(),
    reconciliationId: z.int().meta({ description: 'The comparison that found it.' }),
    kind: z.enum(DIFFERENCE_KINDS).meta({
      description: Object.entries(DIFFERENCES)
        .map(([kind, means]) => `${kind}: ${means}`)
        .join(' '),
    }),
    state: z.enum(DIFFERENCE_STATES).meta({
      description: 'settled: a person says that it was put right outside. resolved: both books agree by now.',
    }),
    why: z.string(),
    applicationId: z.int().nullable().meta({ description: 'The request in which operators are asked about it.' }),
    clientId: z.int().nullable(),
    accountId: z.int().nullable(),
    transactionId: z.int().nullable(),
    reference: z.string().nullable(),
    providerId: z.string().nullable(),
    ours: side('What our books hold.'),
    theirs: side("What the provider's books hold."),
    offBy: money().nullable().meta({ description: 'theirs − ours; null when the currencies differ.' }),
    time: time(),
    note: z.string().nullable().meta({ description: 'How it ended.' }),
    userId: z.int().nullable().meta({ description: 'Who settled it.' }),
    workflowId: z.string(),
    createTime: time(),
    updateTime: time().nullable(),
    processTime: time().nullable(),
    goneTime: time().nullable().meta({
      description:
        'Settled, and since then none any more: both books agree, or they differ in another way, which is a difference of its own.',
    }),
  })
  .meta({ id: 'ReconciliationDifference' });
type DifferenceView = z.input<typeof Difference>;

const sideOf = (amount: string | null | undefined, currencyCode: number | null | undefined): DifferenceView['ours'] =>
  amount && currencyCode ? { amount: wire(amount), currencyCode } : null;

const present = async (rows: DifferenceListRow[], { pool }: PresentContext): Promise<DifferenceView[]> => {
  const { rows: requests } = await pool.query<{ differenceId: number; id: number }>(
    `select difference_id as "differenceId", max(id) as id from application where difference_id = ${anyOf(1)} group by difference_id`,
    [rows.map(({ id }) => id)],
  );
  const requestOf = new Map(requests.map(({ differenceId, id }) => [differenceId, id]));
  return rows.map((row) => ({
    id: row.id,
    connectionId: row.connectionId,
    reconciliationId: row.reconciliationId,
    kind: row.kind,
    state: row.state,
    why: row.why,
    applicationId: requestOf.get(row.id) ?? null,
    clientId: row.clientId ?? null,
    accountId: row.accountId ?? null,
    transactionId: row.transactionId ?? null,
    reference: row.reference ?? null,
    providerId: row.providerId ?? null,
    ours: sideOf(row.ours, row.oursCurrency),
    theirs: sideOf(row.theirs, row.theirsCurrency),
    offBy: row.offBy ? wire(row.offBy) : null,
    time: isoTime(row.at),
    note: row.note ?? null,
    userId: row.userId ?? null,
    workflowId: row.workflowId,
    createTime: isoTime(row.createTime),
    updateTime: isoTimeOrNull(row.updateTime),
    processTime: isoTimeOrNull(row.processTime),
    goneTime: isoTimeOrNull(row.goneTime),
  }));
};

/** /reconciliation-differences: where providers' books and ours do not agree. They are settled by their requests. */
export const differenceProcedures = (hub: MoneyHub): Procedure[] => {
  const declared = resource({
    path: '/reconciliation-differences',
    idParam: 'differenceId',
    noun: 'difference',
    tag: 'Reconciliation',
    entity: ReconciliationDifference,
    id: 'id',
    permission: 'reconciliation',
    clientProperty: 'clientId',
    filters: {
      connectionId: byId('connectionId'),
      reconciliationId: byId('reconciliationId'),
      kind: byWords('kind', DIFFERENCE_KINDS),
      state: byWords('state', DIFFERENCE_STATES),
      clientId: byId('clientId'),
      accountId: byId('accountId'),
      transactionId: byId('transactionId'),
      reference: byWord('reference'),
      providerId: byWord('providerId'),
    },
    read: Difference,
    present,
    mask: (view) => ({ ...view, note: view.note && '*' }),
  });
  return [
    ...declared(hub.deps),
    procedure('POST /reconciliation-differences/{differenceId}/watch', {
      summary: 'Look at a difference again, and go on watching it',
      description:
        'A decision on its request, so it needs `requests.update` as well. To settle it approve the request, with a comment that says how it was put right.',
      tags: ['Reconciliation'],
      access: 'user',
      permission: 'reconciliation.update',
      params: z.object({ differenceId: idText() }),
      body: z.strictObject({ comment: text(2000).optional() }).optional(),
      answer: DecidedApplication,
      errors: [409],
      idempotent: true,
      handle: async ({ actor, params: { differenceId }, body }) => {
        const applicationId = await openQuestion(hub, actor, differenceId);
        const saying = body?.comment === undefined ? {} : { comment: body.comment };
        const request = await decideRequest(hub, actor, applicationId, 'continue', saying);
        return showRequest(hub, actor, request);
      },
    }),
  ];
};

const openQuestion = async ({ pool }: MoneyHub, actor: UserActor, differenceId: number): Promise<number> => {
  const { rows } = await pool.query<{ id: number | null }>(
    `select (select a.id from application a where a.difference_id = d.id and a.status_id in (0, 3)) as id
       from reconciliation_difference d where d.id = $1 and ${scopeSql(actor, 'd.client_id')}`,
    [differenceId],
  );
  if (!rows[0]) throw notFound('difference');
  if (rows[0].id === null) throw problem(409, 'not_waiting', 'Nobody is asked about this difference.');
  return rows[0].id;
};
