import type { Queryable } from '../../../db/pool.ts';
import { addressesOf, inOneLine, saveAddress } from '../../../db/repositories/client-addresses.ts';
import type { WantedChanges } from '../../../domain/client-changes.ts';
import type { KindOfChange } from './kind.ts';

const presentOf = async (db: Queryable, clientId: number, { addressId }: WantedChanges['address']) =>
  addressId === undefined ? undefined : (await addressesOf(db, clientId)).find(({ id }) => id === addressId);

export const addressChange: KindOfChange<'address'> = {
  before: async (db, clientId, wanted) => {
    const present = await presentOf(db, clientId, wanted);
    if (!present) return {};
    const { type, countryId, state, city, address, postcode } = present;
    return { type, countryId, state, city, address, postcode };
  },
  obstacle: async (db, clientId, wanted) => {
    if (wanted.addressId !== undefined && !(await presentOf(db, clientId, wanted)))
      return { reason: 'not_found', issue: 'There is no such address any more.', field: 'addressId' };
    const { rowCount } = await db.query(`select 1 from country where country_id = $1 and enabled`, [wanted.countryId]);
    return rowCount === 0
      ? { reason: 'validation', issue: 'This country cannot be chosen any more.', field: 'countryId' }
      : null;
  },
  make: async (db, clientId, { addressId, ...wanted }) => {
    const present = await presentOf(db, clientId, { addressId, ...wanted } as WantedChanges['address']);
    const saved = (await saveAddress(db, clientId, wanted, addressId ?? null))!;
    const from = present ? await inOneLine(db, present) : null;
    return { history: [{ type: 'address', from, to: await inOneLine(db, saved) }], madeId: saved.id };
  },
};
