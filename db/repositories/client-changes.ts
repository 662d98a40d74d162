import type { ChangeKind, ClientChangeState } from '../../domain/client-changes.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Queryable } from '../pool.ts';

export interface ClientChange {
  changeId: number;
  clientId: number;
  kind: ChangeKind;
  /** By kind (domain/client-changes.ts). Personal data: never into a history, a log or a message of a failure. */
  wanted: Record<string, unknown>;
  state: ClientChangeState;
  issue: string | null;
  madeId: number | null;
  /** Null: nobody was asked. `decidedBy`: who said the last word. */
  request: {
    requestId: number;
    type: string;
    statusId: number;
    approvalsNeeded: 1 | 2;
    decidedBy: number | null;
    resolutionId: number | null;
  } | null;
}

const SELECT = `
  select ch.id as "changeId", ch.client_id as "clientId", ch.kind, ch.wanted, ch.state, ch.issue, ch.made_id as "madeId",
         case when a.id is not null then jsonb_build_object('requestId', a.id, 'type', a.type, 'statusId', a.status_id, 'approvalsNeeded', a.approvals_needed,
                'decidedBy', case when a.status_id in (1, 2) then a.user_id end, 'resolutionId', a.resolution_id) end as request
    from client_change ch left join application a on a.change_id = ch.id`;

/** `lock`: nobody else changes it meanwhile. */
export const loadClientChange = async (db: Queryable, changeId: number, lock = false): Promise<ClientChange> => {
  // First alone: a statement that waits for a row joins it, changed, to what the others were before.
  if (lock) await db.query(`select from client_change where id = $1 for update`, [changeId]);
  const { rows } = await db.query<ClientChange>(`${SELECT} where ch.id = $1`, [changeId]);
  if (!rows[0]) throw new HubFailure('NotFound', 'not_found', `there is no client change ${changeId}`);
  return rows[0];
};

/** What a wizard's run asked for. */
export const changeOfRun = async (db: Queryable, runId: number): Promise<ClientChange | undefined> =>
  (await db.query<ClientChange>(`${SELECT} where ch.wizard_run = $1`, [runId])).rows[0];

export interface NewChange {
  clientId: number;
  kind: ChangeKind;
  wanted: object;
  before: object;
  state: ClientChangeState;
  wizardRun: number;
}

/** Null: one of this kind waits already. */
export const insertChange = async (
  db: Queryable,
  change: NewChange,
): Promise<{ changeId: number; workflowId: string } | null> =>
  (
    await db.query<{ changeId: number; workflowId: string }>(
      `insert into client_change (client_id, kind, wanted, before, state, wizard_run) values ($1, $2, $3, $4, $5, $6)
       on conflict (client_id, kind) where state = 'waiting' do nothing
       returning id as "changeId", workflow_id as "workflowId"`,
      [
        change.clientId,
        change.kind,
        JSON.stringify(change.wanted),
        JSON.stringify(change.before),
        change.state,
        change.wizardRun,
      ],
    )
  ).rows[0] ?? null;

export const settleChange = async (
  db: Queryable,
  changeId: number,
  { state, issue = null, madeId = null }: { state: ClientChangeState; issue?: string | null; madeId?: number | null },
): Promise<void> => {
  await db.query(`update client_change set state = $2, issue = $3, made_id = $4, update_time = now() where id = $1`, [
    changeId,
    state,
    issue,
    madeId,
  ]);
};

/** Whether a change of this kind waits for a decision; a client has one at a time. */
export const changeWaits = async (db: Queryable, clientId: number, kind: ChangeKind): Promise<boolean> =>
  (
    await db.query(`select 1 from client_change where client_id = $1 and kind = $2 and state = 'waiting'`, [
      clientId,
      kind,
    ])
  ).rowCount !== 0;
