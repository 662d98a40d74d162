import { loadCase } from '../../db/repositories/kyc.ts';
import type { CaseState } from '../../domain/kyc.ts';
import type { Activity } from '../kit/activity.ts';

export interface CaseFacts {
  clientId: number;
  level: string;
  state: CaseState;
  /** Null: checked by the broker's own people. */
  connectionId: number | null;
  provider: string | null;
  /** The provider knows of it. */
  begun: boolean;
  /** A person has decided about the provider's last verdict. */
  settled: boolean;
}

/** What a verification's run tells its story with. */
export const prepareCase: Activity<{ caseId: number }, CaseFacts> = async ({ caseId }, { pool }) => {
  const { clientId, level, state, connectionId, provider, providerId, settled } = await loadCase(pool, caseId);
  return { clientId, level, state, connectionId, provider, begun: providerId !== null, settled };
};
