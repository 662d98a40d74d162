import type { Request } from 'express';
import type pg from 'pg';
import { brokerSetting } from '../../../db/repositories/broker-settings.ts';
import { userFactorState } from '../../../db/repositories/user-factors.ts';
import { isHubFailure } from '../../../domain/failures.ts';
import type { UserActor } from '../../kit/access.ts';
import { problem } from '../../kit/errors.ts';
import type { Confirm } from '../../kit/run.ts';
import type { UserFactors } from './user-factors.ts';

const HEADER = 'X-Confirmation-Code';

/**
 * Whether a risky thing is really done by its user, and not by somebody at his unlocked screen: a fresh code of his second factor, good for this once. A user
 * without one has nothing to show; `backOffice.twoFactorRequired` sees to it that there is none.
 */
export const confirming =
  (pool: pg.Pool, userFactors: UserFactors): Confirm =>
  async (actor: UserActor, req: Request, always: boolean): Promise<boolean> => {
    if (!always && !(await brokerSetting(pool, 'backOffice.confirmRisky'))) return false;
    const user = await userFactorState(pool, actor.id);
    if (!user || user.twoFactor === null) return false;
    const code = req.headers[HEADER.toLowerCase()];
    if (typeof code !== 'string' || code === '')
      throw problem(403, 'confirmation_required', 'Send a fresh code of your second factor.', HEADER);
    await userFactors.confirm(user, code.trim()).catch((error: unknown) => {
      // A refusal of access, not of the action: nothing is kept under its Idempotency-Key.
      if (isHubFailure(error) && ['invalid_code', 'challenge_not_found'].includes(error.reason))
        throw problem(403, 'invalid_code', 'The code is incorrect or was used before.', HEADER);
      throw error;
    });
    return true;
  };
