import type { Queryable } from '../../db/pool.ts';
import { brokerSetting } from '../../db/repositories/broker-settings.ts';
import { phonesOf } from '../../db/repositories/client-phones.ts';
import { type Factor, factorsOf, strongestBefore } from '../../db/repositories/factors.ts';
import { beginningOf } from '../../db/repositories/refresh-tokens.ts';
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
