import { type DueSource, dueSources } from '../../db/repositories/rates.ts';
import type { Activity } from '../kit/activity.ts';

export type { DueSource };

/** Which rate sources have to be asked now. */
export const dueRateSources: Activity<void, DueSource[]> = (_, { pool }) => dueSources(pool);
