import type { Activity } from '../kit/activity.ts';

/** Idempotency keys are kept 30 days, refresh tokens until a day after they ended. */
export const dropExpired: Activity<void, void> = async (_, { pool }) => {
  await pool.query(`delete from idempotency where create_time < now() - interval '30 days'`);
  await pool.query(`delete from refresh_token where expires_at < now() - interval '1 day'`);
};
