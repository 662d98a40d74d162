import { loadAccountChange } from '../../db/repositories/account-changes.ts';
import { noteBegun } from '../../db/repositories/begun-by.ts';
import {
  type ChangeEnd,
  type ChangeState,
  type ChangeStep,
  inWords,
  isOver,
  stepsOf,
} from '../../domain/account-change.ts';
import type { Activity } from '../kit/activity.ts';

export interface ChangeFacts {
  connectionId: number;
  provider: string;
  clientId: number;
  accountId: number;
  steps: ChangeStep[];
  said: string;
  state: ChangeState;
  /** When it is over already. */
  end: ChangeEnd | null;
  /** Another run began it, and may have sent it. */
  begunBefore: boolean;
}

/** What is to be changed, and where. */
export const prepareAccountChange: Activity<{ changeId: number }, ChangeFacts> = async (
  { changeId },
  { pool, run },
) => {
  const begunBefore = (await noteBegun(pool, 'account_change', changeId, run.runId)) !== run.runId;
  const { wanted, reason, issue, ...change } = await loadAccountChange(pool, changeId);
  const { connectionId, provider, clientId, accountId, state } = change;
  return {
    ...{ connectionId, provider, clientId, accountId, state, begunBefore },
    steps: stepsOf(wanted),
    said: inWords(wanted),
    end: isOver(state) ? { state, reason, issue } : null,
  };
};
