import type { Queryable } from '../../db/pool.ts';
import { brokerSetting } from '../../db/repositories/broker-settings.ts';
import { phonesOf } from '../../db/repositories/client-phones.ts';
import { type Factor, factorsOf, strongestBefore } from '../../db/repositories/factors.ts';
import { beginningOf } from '../../db/repositories/refresh-tokens.ts';
import type { WizardRun } from '../../db/repositories/wizards.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Facts, WizardType } from '../../domain/wizards/grammar.ts';
import { assertStillReached } from './still-reached.ts';
import type { At } from './step.ts';

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

/**
 * For the last step of a run: throws `restricted` when what it was opened for is not what would be asked for now, be it a stronger code or one of another
 * app, or when its code went where the client is reached no more. Holds the client's row, so that nothing of it changes before the step has had its effect.
 */
export const assertStillGuarded = async (work: Pick<At<unknown>, 'db' | 'ring' | 'run' | 'plan'>): Promise<void> => {
  const { db, run } = work;
  await db.query(`select from client where client_id = $1 for no key update`, [run.clientId]);
  if (await isGuardedOtherwise(db, run))
    throw new HubFailure('Rejected', 'restricted', 'Your second factors have changed. Start again.');
  await assertStillReached(work);
};

const isGuardedOtherwise = async (db: Queryable, { type, clientId, facts }: WizardRun): Promise<boolean> => {
  const { factor, guarded, signedInAt } = facts;
  if (guarded === false) return GUARDED[type]!(db, clientId!);
  // A payout without a code, where the broker wants none.
  if (factor === 'none' && !(await brokerSetting(db, 'withdrawals.confirmation'))) return false;
  return factor !== (await factorFor(db, clientId!, typeof signedInAt === 'string' ? signedInAt : null));
};
