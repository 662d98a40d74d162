import { z } from 'zod';
import { Reconciliation as Entity, type ReconciliationListRow } from '../../db/entities/reconciliation.ts';
import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { orderReconciliation } from '../../db/repositories/reconciliations.ts';
import { RECONCILIATION_STATES } from '../../domain/reconciliation.ts';
import { providerNamed } from '../back-office/connections/view.ts';
import { actorName } from '../kit/access.ts';
import { notFound, problem } from '../kit/errors.ts';
import { byId, byWords } from '../kit/filters.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { resource } from '../kit/resource.ts';
import { id, isoTime, isoTimeOrNull, time, timeText } from '../kit/shapes.ts';
import type { MoneyHub } from '../money/hub.ts';

const Reconciliation = z
  .object({
    id: z.int(),
    connectionId: z.int(),
    from: time(),
    to: time().meta({ description: 'Excluded.' }),
    state: z.enum(RECONCILIATION_STATES).meta({
      description:
        'cannot_compare: the provider shows no books, so nothing can be said. done: compared; `found` says what differs. cancelled: in Temporal, before it was compared.',
    }),
    waitsFor: z.string().nullable().meta({ description: 'Why it does not go on; null: it does.' }),
    movements: z.int().meta({ description: "Read from the provider's books." }),
    accounts: z.int().meta({ description: 'Trading accounts read.' }),
    found: z.int().meta({ description: 'New differences.' }),
    resolved: z.int().meta({ description: 'Differences of before on which both books agree by now.' }),
    leftOut: z.array(z.object({ reason: z.string(), count: z.int() })).meta({
      description: 'Trading accounts whose balance could not be compared, and why.',
    }),
    userId: z.int().nullable().meta({ description: 'Who started it; null: the schedule.' }),
    workflowId: z.string(),
    createTime: time(),
    updateTime: time().nullable(),
    processTime: time().nullable(),
  })
  .meta({ id: 'Reconciliation' });

const viewOf = (row: ReconciliationListRow): z.input<typeof Reconciliation> => ({
  id: row.id,
  connectionId: row.connectionId,
  from: isoTime(row.windowFrom),
  to: isoTime(row.windowTo),
  state: row.state,
  waitsFor: row.waitsFor ?? null,
  movements: row.movements,
  accounts: row.accounts,
  found: row.found,
  resolved: row.resolved,
  leftOut: Object.entries(row.leftOut).map(([reason, count]) => ({ reason, count })),
  userId: row.userId ?? null,
  workflowId: row.workflowId,
  createTime: isoTime(row.createTime),
  updateTime: isoTimeOrNull(row.updateTime),
  processTime: isoTimeOrNull(row.processTime),
});

const DAY = 86_400_000;
const LONGEST_DAYS = 31;
/** A year that was mistyped is asked of no provider: many refuse such times, and the comparison would wait for ever. */
const OLDEST = '2000-01-01T00:00:00Z';

const Window = z.strictObject({ connectionId: id(), from: timeText(), to: timeText() });

/** Whole seconds, because some providers know no smaller ones. */
const assertComparable = ({ from, to }: { from: Date; to: Date }): void => {
  const wrong = (issue: string, field: 'from' | 'to') => problem(400, 'validation', `${field} ${issue}.`, field);
  if (from.getMilliseconds() !== 0) throw wrong('must be a whole second', 'from');
  if (to.getMilliseconds() !== 0) throw wrong('must be a whole second', 'to');
  if (from < new Date(OLDEST)) throw wrong(`must not lie before ${OLDEST}`, 'from');
  if (to <= from) throw wrong('must be after from', 'to');
  if (to.getTime() - from.getTime() > LONGEST_DAYS * DAY)
    throw wrong(`must be at most ${LONGEST_DAYS} days after from`, 'to');
  if (to.getTime() > Date.now()) throw wrong('must not lie in the future', 'to');
};

/** /reconciliations: which windows were compared with providers' books, and what came of it; to start one by hand. */
export const reconciliationProcedures = (hub: MoneyHub): Procedure[] => {
  const { pool } = hub;
  const declared = resource({
    path: '/reconciliations',
    idParam: 'reconciliationId',
    noun: 'reconciliation',
    tag: 'Reconciliation',
    entity: Entity,
    id: 'id',
    permission: 'reconciliation',
    filters: { connectionId: byId('connectionId'), state: byWords('state', RECONCILIATION_STATES) },
    sorts: { createTime: 'createTime', from: 'windowFrom' },
    read: Reconciliation,
    present: (rows: ReconciliationListRow[]) => rows.map(viewOf),
  });
  return [
    ...declared(hub.deps),
    procedure('POST /reconciliations', {
      summary: "Compare a provider's books of a window with ours",
      description:
        'At most 31 days that are over. A window that was compared before is compared again; what is known is not raised twice. The answer tells which run does it.',
      tags: ['Reconciliation'],
      access: 'user',
      permission: 'reconciliation.create',
      body: Window,
      answer: Reconciliation,
      idempotent: true,
      errors: [404],
      handle: async ({ actor, body, key, once, requestId }) => {
        const { connectionId, from, to } = body;
        assertComparable(body);
        await assertMovesMoney(hub, connectionId);
        const ordered = await inTransaction(pool, async (db) => {
          await once?.lock(db);
          const order = await orderReconciliation(db, { connectionId, from, to, user: actor.id, key });
          if (!order) return null;
          const { id, workflowId } = order;
          await recordAudit(db, {
            actor: actorName(actor),
            action: 'reconciliation.create',
            object: `reconciliation:${id}`,
            after: { connectionId, from: isoTime(from), to: isoTime(to) },
            workflowId,
            requestId,
          });
          return order;
        });
        // It is ordered: what is not started here is started by the sweep.
        if (ordered)
          await hub
            .ask((steering) => steering.startWaiting({ ...ordered, type: 'reconciliation' }))
            .catch(() => undefined);
        const em = hub.deps.orm.em.fork();
        return viewOf(await em.findOneOrFail(Entity, { connectionId, windowFrom: from, windowTo: to }));
      },
    }),
  ];
};

const assertMovesMoney = async ({ pool }: MoneyHub, connectionId: number): Promise<void> => {
  const { rows } = await pool.query<{ provider: string }>(`select provider from connection where id = $1`, [
    connectionId,
  ]);
  if (!rows[0]) throw notFound('connection', 'connectionId');
  const provider = providerNamed(rows[0].provider);
  if (provider?.category !== 'payments' && provider?.category !== 'trading')
    throw problem(400, 'unsupported', 'No money moves over this connection.', 'connectionId');
};
