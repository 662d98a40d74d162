import { loadAccountChange } from '../../db/repositories/account-changes.ts';
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
}

/** What is to be changed, and where. */
export const prepareAccountChange: Activity<{ changeId: number }, ChangeFacts> = async ({ changeId }, { pool }) => {
  const { connectionId, provider, clientId, accountId, wanted, state, reason, issue } = await loadAccountChange(
    pool,
    changeId,
  );
  await pool.query(`update account_change set workflow_started = true where id = $1`, [changeId]);
  const end = isOver(state) ? { state, reason, issue } : null;
  return { connectionId, provider, clientId, accountId, steps: stepsOf(wanted), said: inWords(wanted), state, end };
};
