import { dropOldMinutes } from '../../db/repositories/connection-health.ts';
import { dropOldQuotes } from '../../db/repositories/client-quotes.ts';
import { dropOldChannels } from '../../db/repositories/qr-channels.ts';
import { dropOldDevices } from '../../db/repositories/devices.ts';
import { dropOldEvents } from '../../db/repositories/realtime-events.ts';
import { dropOldRates } from '../../db/repositories/rates.ts';
import { dropOldTries } from '../../db/repositories/sign-in-guard.ts';
import { dropOldPlaces } from '../../db/repositories/sign-in-places.ts';
import { dropOldChallenges } from '../../db/repositories/user-challenges.ts';
import { dropOldSettings } from '../../db/repositories/settings-used.ts';
import { dropOldTokenKeys } from '../../db/repositories/token-keys.ts';
import { dropOldWakes } from '../../db/repositories/unsigned-wakes.ts';
import { dropOldRuns } from '../../db/repositories/wizards.ts';
import type { Activity } from '../kit/activity.ts';

/**
 * Idempotency keys are kept 30 days, refresh tokens until a day after they ended; settings of before while something was begun with them; messages half a
 * year; what rates were a year, what clients were told of them a week; runs of wizards a month, what clients sent for them a day; the
 * history of sign-ins, and devices nobody was seen on, a year; what apps that listen are told of an hour.
 */
export const dropExpired: Activity<void, void> = async (_, { pool }) => {
  await pool.query(`delete from idempotency where create_time < now() - interval '30 days'`);
  await pool.query(`delete from refresh_token where expires_at < now() - interval '1 day'`);
  await pool.query(
    `delete from message where create_time < now() - interval '180 days' and state not in ('queued', 'sending')`,
  );
  await pool.query(`delete from authorization_record where create_time < now() - interval '1 year'`);
  await dropOldDevices(pool);
  await dropOldRuns(pool);
  await dropOldSettings(pool);
  await dropOldMinutes(pool);
  await dropOldRates(pool);
  await dropOldQuotes(pool);
  await dropOldTokenKeys(pool);
  await dropOldTries(pool);
  await dropOldPlaces(pool);
  await dropOldChannels(pool);
  await dropOldChallenges(pool);
  await dropOldWakes(pool);
  await dropOldEvents(pool);
};
