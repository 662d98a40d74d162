import type { Queryable } from '../../db/pool.ts';
import { brokerSetting } from '../../db/repositories/broker-settings.ts';
import { type Guard, lastGuardChange } from '../../db/repositories/guard-changes.ts';
import { HubFailure } from '../../domain/failures.ts';
import { minuteOf } from './listed-address.ts';

/** '… changed' completes it. */
export const CHANGED: Record<Guard, string> = {
  password: 'password has',
  factor: 'second factors have',
  email: 'e-mail address has',
  phone: 'phone has',
};

/**
 * Whoever took a mailbox or a phone over sets a password or a factor of his own first, and its owner is told. Throws `restricted` until he has had time to
 * act (docs/decisions/0076-payouts-wait-after-a-change.md).
 */
export const assertNoRecentChange = async (db: Queryable, clientId: number): Promise<void> => {
  const hours = await brokerSetting(db, 'withdrawals.afterChangeHours');
  const last = hours === 0 ? undefined : await lastGuardChange(db, clientId, hours);
  if (!last) return;
  const issue = `Your ${CHANGED[last.guard]} changed: payouts may be ordered again from ${minuteOf(last.until)} on.`;
  throw new HubFailure('Rejected', 'restricted', issue, { because: 'recent_change', until: last.until.toISOString() });
};
