import { loadClientChange } from '../../db/repositories/client-changes.ts';
import type { ChangeKind, ClientChangeState } from '../../domain/client-changes.ts';
import type { OpenRequest } from '../../domain/decisions.ts';
import type { Activity } from '../kit/activity.ts';
import type { ChangeVerdict } from './settle-client-change.ts';

export interface ChangeFacts {
  clientId: number;
  kind: ChangeKind;
  state: ClientChangeState;
  issue: string | null;
  request: OpenRequest;
  /** What was said to a run before, which was ended from outside; null: nothing yet. */
  decided: Omit<ChangeVerdict, 'changeId'> | null;
}

/** What is asked, without what it says about the person. From here on its run is known to be there. */
export const prepareClientChange: Activity<{ changeId: number }, ChangeFacts> = async ({ changeId }, { pool }) => {
  await pool.query(`update client_change set workflow_started = true where id = $1`, [changeId]);
  const { clientId, kind, state, issue, request } = await loadClientChange(pool, changeId);
  const { requestId, approvalsNeeded, statusId, decidedBy, resolutionId } = request!;
  return {
    ...{ clientId, kind, state, issue },
    request: { applicationId: requestId, purpose: 'approval', needed: approvalsNeeded, amount: null },
    decided: decidedBy === null ? null : { approved: statusId === 1, by: decidedBy, resolutionId },
  };
};
