import type { Queryable } from '../../../db/pool.ts';
import { addressesOf, saveAddress } from '../../../db/repositories/client-addresses.ts';
import type { WantedChanges } from '../../../domain/client-changes.ts';
import type { KindOfChange } from './kind.ts';

const presentOf = async (db: Queryable, clientId: number, { addressId }: WantedChanges['address']) =>
  addressId === undefined ? undefined : (await addressesOf(db, clientId)).find(({ id }) => id === addressId);

type Lines = Omit<WantedChanges['address'], 'addressId' | 'countryId' | 'address'> & {
  address: string | null;
  countryId: number | null;
};

/** '1 Main st., 0100 Tbilisi, Georgia' */
const inOneLine = async (db: Queryable, { address, postcode, city, state, countryId }: Lines): Promise<string> => {
  const { rows } = await db.query<{ name: string }>(`select country_name as name from country where country_id = $1`, [
    countryId,
  ]);
  const place = [postcode, city].filter(Boolean).join(' ');
  return [address, place, state, rows[0]?.name].filter(Boolean).join(', ');
};

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
