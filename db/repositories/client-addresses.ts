import type { Queryable } from '../pool.ts';

export const ADDRESS_TYPES = ['residential', 'billing', 'mailing'] as const;
export type AddressType = (typeof ADDRESS_TYPES)[number];

export interface AddressToSave {
  type: AddressType;
  countryId: number | null;
  state: string | null;
  city: string | null;
  address: string | null;
  postcode: string | null;
}

export interface Address extends AddressToSave {
  id: number;
  clientId: number;
  createTime: Date;
  updateTime: Date | null;
}

const COLUMNS = `id, client_id as "clientId", type, country_id as "countryId", state, city, address, postcode, create_time as "createTime", update_time as "updateTime"`;

export const addressesOf = async (db: Queryable, clientId: number): Promise<Address[]> =>
  (await db.query<Address>(`select ${COLUMNS} from client_address where client_id = $1 order by id`, [clientId])).rows;

/**
 * Adds an address, or changes the one with `addressId`. Where the client lives says also his country and city. Null: he has no such address. In a transaction.
 */
export const saveAddress = async (
  db: Queryable,
  clientId: number,
  address: AddressToSave,
  addressId: number | null = null,
): Promise<Address | null> => {
  const { type, countryId, state, city, address: line, postcode } = address;
  const values = [clientId, type, countryId, state, city, line, postcode];
  const { rows } =
    addressId === null
      ? await db.query<Address>(
          `insert into client_address (client_id, type, country_id, state, city, address, postcode) values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`,
          values,
        )
      : await db.query<Address>(
          `update client_address set type = $2, country_id = $3, state = $4, city = $5, address = $6, postcode = $7, update_time = now()
            where client_id = $1 and id = $8 returning ${COLUMNS}`,
          [...values, addressId],
        );
  if (!rows[0]) return null;
  if (type === 'residential')
    await db.query(
      `update client set country_id = coalesce($2, country_id), city = coalesce($3, city), update_time = now() where client_id = $1`,
      [clientId, countryId, city],
    );
  return rows[0];
};

/** False: the client has no such address. */
export const removeAddress = async (db: Queryable, clientId: number, addressId: number): Promise<boolean> =>
  (await db.query(`delete from client_address where id = $1 and client_id = $2`, [addressId, clientId])).rowCount === 1;
