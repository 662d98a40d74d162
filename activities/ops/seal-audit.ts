import { sealNext } from '../../db/repositories/audit-chain.ts';
import type { Activity } from '../kit/activity.ts';

/** Done here and not when a row is written, because a chain is a queue and money must not wait in it. */
export const sealAudit: Activity<void, { sealed: number }> = (_, { pool, ring }) => sealNext(pool, ring);
