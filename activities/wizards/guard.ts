import type { Queryable } from '../../db/pool.ts';
import { brokerSetting } from '../../db/repositories/broker-settings.ts';
import { phonesOf } from '../../db/repositories/client-phones.ts';
import { type Factor, factorsOf, strongestBefore } from '../../db/repositories/factors.ts';
import { beginningOf } from '../../db/repositories/refresh-tokens.ts';
import type { WizardRun } from '../../db/repositories/wizards.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Facts, WizardType } from '../../domain/wizards/grammar.ts';

/** Facts a run of a signed-in client is opened with: which code guards it, and by when a second factor had to be on to count. */
export const guardOf = async (
  db: Queryable,
  type: WizardType,
  { clientId, family }: { clientId: number; family: string },
): Promise<Facts> => {
  const signedInAt = await beginningOf(db, { kind: 'client', id: clientId }, family);
  return {
    factor: await factorFor(db, clientId, signedInAt),
    ...(signedInAt !== null && { signedInAt }),
    ...(GUARDED[type] && { guarded: await GUARDED[type](db, clientId) }),
  };
};

/** Whoever has stolen a token switches a factor of his own on: only those of before the sign-in count, else the code goes by e-mail. */
const factorFor = async (db: Queryable, clientId: number, signedInAt: string | null): Promise<Factor> =>
  (signedInAt === null ? null : await strongestBefore(db, clientId, signedInAt)) ?? 'email';

const hasFactor = async (db: Queryable, clientId: number) => (await factorsOf(db, clientId)).length > 0;

/** Whether there is anything to guard (CONFIRM_GUARDED in domain/wizards/definition.ts). */
const GUARDED: Partial<Record<WizardType, (db: Queryable, clientId: number) => Promise<boolean>>> = {
  phoneChange: async (db, clientId) =>
    (await hasFactor(db, clientId)) || (await phonesOf(db, clientId)).some(({ confirmed }) => confirmed),
  addressChange: async (db, clientId) =>
    (await hasFactor(db, clientId)) || (await brokerSetting(db, 'clients.confirmAddress')),
};

const STRENGTH: readonly unknown[] = ['none', 'email', 'sms', 'google'];

/**
 * For the last step of a run: throws `restricted` when the code it was opened for is weaker than the one that would be asked for now. Holds the client's
 * row, so that nothing of it changes before the step has had its effect.
 */
export const assertStillGuarded = async (db: Queryable, { type, clientId, facts }: WizardRun): Promise<void> => {
  await db.query(`select from client where client_id = $1 for no key update`, [clientId]);
  if (await isWeaker(db, type, clientId!, facts))
    throw new HubFailure('Rejected', 'restricted', 'Your second factors have changed. Start again.');
};

const isWeaker = async (
  db: Queryable,
  type: WizardType,
  clientId: number,
  { factor, guarded, signedInAt }: Facts,
): Promise<boolean> => {
  if (guarded === false) return GUARDED[type]!(db, clientId);
  // A payout without a code, where the broker wants none.
  if (factor === 'none' && !(await brokerSetting(db, 'withdrawals.confirmation'))) return false;
  const now = await factorFor(db, clientId, typeof signedInAt === 'string' ? signedInAt : null);
  return STRENGTH.indexOf(factor) < STRENGTH.indexOf(now);
};
