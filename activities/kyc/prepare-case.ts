import { loadCase } from '../../db/repositories/kyc.ts';
import type { CaseState } from '../../domain/kyc.ts';
import { type CaseDate, nextDate } from '../../domain/kyc-dates.ts';
import type { Activity } from '../kit/activity.ts';

export interface CaseFacts {
  clientId: number;
  level: string;
  state: CaseState;
  /** The client is on the level, or above. */
  hasLevel: boolean;
  /** Null: checked by the broker's own people. */
  connectionId: number | null;
  provider: string | null;
  /** Ours at the provider. Runs of before have their facts noted without it. */
  reference?: string;
  /** The provider knows of it. */
  begun: boolean;
  /** The provider's last verdict is dealt with. */
  settled: boolean;
  /** What the calendar does next. `at` in milliseconds. */
  next: { what: CaseDate; at: number; isDue: boolean } | null;
}

/** What a verification's run tells its story with. */
export const prepareCase: Activity<{ caseId: number }, CaseFacts> = async ({ caseId }, { pool }) => {
  const row = await loadCase(pool, caseId);
  const { clientId, level, state, hasLevel, connectionId, provider, reference, begun, settled } = row;
  const now = new Date();
  const next = nextDate(row, now);
  return {
    ...{ clientId, level, state, hasLevel, connectionId, provider, reference, begun, settled },
    next: next && { what: next.what, at: next.at.getTime(), isDue: next.at <= now },
  };
};
