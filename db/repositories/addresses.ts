import { HubFailure } from '../../domain/failures.ts';
import type { Queryable } from '../pool.ts';

export interface AddressRow {
  addressId: number;
  clientId: number;
  accountId: number;
  methodId: number;
  connectionId: number;
  provider: string;
  reference: string;
  currency: { numericCode: number; alphabeticCode: string; minorUnit: number };
  /** Null until the provider gave one. */
  address: string | null;
  destinationTag: string | null;
}

/** A client's own address at a provider: one for each account, method and currency, whoever asks first. */
export const ensureAddressRow = async (
  db: Queryable,
  row: Pick<AddressRow, 'clientId' | 'accountId' | 'methodId' | 'connectionId' | 'reference'> & { currency: number },
): Promise<{ addressId: number; fresh: boolean }> => {
  const { rows } = await db.query<{ addressId: number; fresh: boolean }>(
    `insert into deposit_address (client_id, account_id, method_id, connection_id, currency, reference) values ($1, $2, $3, $4, $5, $6)
     on conflict (account_id, method_id, currency) do update set account_id = excluded.account_id returning id as "addressId", xmax = 0 as fresh`,
    [row.clientId, row.accountId, row.methodId, row.connectionId, row.currency, row.reference],
  );
  return rows[0]!;
};

export const loadAddress = async (db: Queryable, addressId: number): Promise<AddressRow> => {
  const { rows } = await db.query<AddressRow>(
    `select d.id as "addressId", d.client_id as "clientId", d.account_id as "accountId", d.method_id as "methodId", d.connection_id as "connectionId",
            co.provider, d.reference, d.address, d.destination_tag as "destinationTag",
            jsonb_build_object('numericCode', c.numeric_code, 'alphabeticCode', c.alphabetic_code, 'minorUnit', c.minor_unit) as currency
       from deposit_address d join connection co on co.id = d.connection_id join currency c on c.numeric_code = d.currency where d.id = $1`,
    [addressId],
  );
  if (!rows[0]) throw new HubFailure('NotFound', 'not_found', `there is no deposit address ${addressId}`);
  return rows[0];
};
