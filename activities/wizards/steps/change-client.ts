import { z } from 'zod';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { brokerSetting } from '../../../db/repositories/broker-settings.ts';
import { changeOfRun, insertChange, settleChange } from '../../../db/repositories/client-changes.ts';
import { ABOUT_KIND, type ChangeKind, type WantedChanges } from '../../../domain/client-changes.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { kindOf } from '../../clients/kinds.ts';
import { makeChange, obstacleTo } from '../../clients/make-change.ts';
import { queueMessage } from '../../messaging/queue-message.ts';
import { extrasOf } from '../extras.ts';
import { assertStillGuarded } from '../guard.ts';
import { alreadyAsked, type Wanting } from '../wanted-change.ts';
import { defineStep, type Work } from '../step.ts';

type None = Record<string, never>;

/** What the client wants changed is made, or put before the operators where the broker wants that. Once for each run. */
export const changeClient = defineStep<None>({
  kind: 'change-client',
  types: ['clientTypeChange', 'profileChange', 'phoneChange', 'addressChange', 'profileDeactivation'],
  settings: z.strictObject({}),
  takes: ['client'],
  apply: async (work) => {
    const { db, run } = work;
    if (await changeOfRun(db, run.id)) return {};
    const { clientId } = run;
    if (clientId === null) throw new HubFailure('Rejected', 'restricted', 'There is no client to change.');
    const { kind, wanted } = await wantedBy(work);
    const obstacle = await obstacleTo(db, { clientId, kind, wanted });
    if (obstacle) {
      const { reason, issue, field } = obstacle;
      throw new HubFailure('Rejected', reason, issue, field === undefined ? {} : { field });
    }
    await assertStillGuarded(work);
    const needsRequest = await brokerSetting(db, ABOUT_KIND[kind].setting);
    const before = await kindOf(kind).before(db, clientId, wanted as never);
    const state = needsRequest ? ('waiting' as const) : ('done' as const);
    const change = { clientId, kind, wanted, before, state, wizardRun: run.id };
    const inserted = await insertChange(db, change);
    if (!inserted) throw alreadyAsked();
    const { changeId, workflowId } = inserted;
    await recordAudit(db, {
      actor: `client:${clientId}`,
      action: needsRequest ? 'clients.ask_change' : 'clients.change_done',
      object: `client:${clientId}`,
      after: { changeId, kind },
      ...work.by,
    });
    if (needsRequest) await ask(work, { clientId, kind, changeId, workflowId });
    else {
      const { madeId, messages } = await makeChange(db, work.ring, { changeId, clientId, kind, wanted }, null);
      await settleChange(db, changeId, { state, madeId });
      work.promised.push(...messages);
    }
    return {};
  },
});

const wantedBy = async ({ run, draft }: Work<None>): Promise<Wanting> => {
  if (run.type === 'profileDeactivation') return { kind: 'deactivation', wanted: {} };
  const { change, ...said } = (await draft()) as unknown as { change: Wanting };
  if (change.kind !== 'clientType') return change;
  const extra = extrasOf(said);
  const { typeId } = change.wanted as WantedChanges['clientType'];
  return { kind: 'clientType', wanted: { typeId, ...(Object.keys(extra).length > 0 && { extra }) } };
};

/** The request is there before its run is: the sweep starts a run that was forgotten. */
const ask = async (
  { db, ring, starting, promised, by }: Work<None>,
  {
    clientId,
    kind,
    changeId,
    workflowId,
  }: { clientId: number; kind: ChangeKind; changeId: number; workflowId: string },
): Promise<void> => {
  const { request: type, words } = ABOUT_KIND[kind];
  const needed = await brokerSetting(db, 'clients.changeApprovals');
  const { rows } = await db.query<{ id: number }>(
    `insert into application (client_id, type, purpose, change_id, workflow_id, approvals_needed, data) values ($1, $2, 'approval', $3, $4, $5, '{}')
     returning id`,
    [clientId, type, changeId, workflowId, needed],
  );
  await recordAudit(db, {
    actor: 'workflow',
    action: 'requests.open',
    object: `request:${rows[0]!.id}`,
    after: { purpose: 'approval', kind, needed },
    ...by,
  });
  starting.push({ workflowId, type: 'clientChange', id: changeId });
  const message = { to: { clientId }, template: 'ProfileChangeReceived', parameters: { what: words } };
  promised.push(...(await queueMessage(db, ring, { ...message, key: `change:${changeId}:received` })));
};
