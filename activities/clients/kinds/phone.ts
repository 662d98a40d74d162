import { brokerSetting } from '../../../db/repositories/broker-settings.ts';
import { isPhoneOfAnother, phonesOf, removePhone, savePhone } from '../../../db/repositories/client-phones.ts';
import { phoneTypeOf } from '../../wizards/phone-numbers.ts';
import type { Queryable } from '../../../db/pool.ts';
import { HubFailure } from '../../../domain/failures.ts';
import type { KindOfChange, Obstacle } from './kind.ts';

/** Where the broker wants one client for each number. */
export const phoneTaken = async (db: Queryable, number: string, clientId: number | null): Promise<Obstacle | null> =>
  (await brokerSetting(db, 'clients.uniquePhone')) && (await isPhoneOfAnother(db, number, clientId))
    ? { reason: 'already_exists', issue: 'The phone number is used by another client.', field: 'phone' }
    : null;

/** Throws `already_exists`, naming the field. */
export const assertPhoneFree = async (
  db: Queryable,
  number: string,
  clientId: number | null,
  field: string,
): Promise<void> => {
  const taken = await phoneTaken(db, number, clientId);
  if (taken) throw new HubFailure('Rejected', taken.reason, taken.issue, { field });
};

/**
 * Codes go there from now on, for a second factor that is switched on. Throws `restricted` when it is another number than now and a person decides about
 * phones: that is asked for as a change of the phone.
 */
export const assertMayBeMain = async (db: Queryable, clientId: number, number: string): Promise<void> => {
  const [main] = await phonesOf(db, clientId);
  if (main?.number !== number && (await brokerSetting(db, 'clients.requestForPhone')))
    throw new HubFailure('Rejected', 'restricted', 'Ask for another phone first: it is decided about.', {
      field: 'phone',
    });
};

/** The phone that codes go to; it takes the place of the one before. */
export const phoneChange: KindOfChange<'phone'> = {
  before: async (db, clientId) => ({ phone: (await phonesOf(db, clientId))[0]?.number ?? null }),
  obstacle: (db, clientId, { phone }) => phoneTaken(db, phone, clientId),
  make: async (db, clientId, { phone }) => {
    const [old] = await phonesOf(db, clientId);
    const { id } = await savePhone(db, clientId, {
      number: phone,
      type: phoneTypeOf(phone),
      confirmed: true,
      isDefault: true,
    });
    if (old && old.id !== id) await removePhone(db, clientId, old.id);
    return { history: [{ type: 'phone', from: old?.number ?? null, to: phone }], madeId: id };
  },
};
