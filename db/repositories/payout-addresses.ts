import type { Queryable } from '../pool.ts';
import { recordAudit } from './audit.ts';

/** A currency as clients see it, that can be paid out to an address. */
export interface ListableCurrency {
  alphabeticCode: string;
  name: string;
  numericCode: number;
  minorUnit: number;
  hasDestinationTagOrMemo: boolean;
}

/** Those that a payout method in use sends to addresses; a field `address` tells such a method (domain/payout-address.ts). */
export const listableCurrencies = async (db: Queryable): Promise<ListableCurrency[]> =>
  (
    await db.query<ListableCurrency>(
      `select alphabetic_code as "alphabeticCode", name, numeric_code as "numericCode", minor_unit as "minorUnit",
              has_destination_tag_or_memo as "hasDestinationTagOrMemo"
         from currency cur where enabled and exists (
           select from payment_method m join connection c on c.id = m.connection_id join payment_method_currency mc on mc.method_id = m.id
            where m.direction = 'withdrawal' and m.enabled and c.enabled and mc.enabled and mc.currency = cur.numeric_code
              and exists (select from jsonb_array_elements(m.fields) f where coalesce(f ->> 'name', f ->> 'id') = 'address'))
        order by priority, numeric_code`,
    )
  ).rows;

/** Whether payouts go to listed addresses only, or anywhere. False: it was so already. */
export const allowAddresses = async (
  db: Queryable,
  change: {
    clientId: number;
    listedOnly: boolean;
    cause: { requestId: string } | { workflowId: string; runId: string };
  },
): Promise<boolean> => {
  const { clientId, listedOnly, cause } = change;
  const { rowCount } = await db.query(
    `update client set listed_addresses_only = $2, update_time = now() where client_id = $1 and listed_addresses_only <> $2`,
    [clientId, listedOnly],
  );
  if (rowCount === 0) return false;
  await recordAudit(db, {
    actor: `client:${clientId}`,
    action: 'whitelist.management',
    object: `client:${clientId}`,
    after: { listedOnly },
    ...cause,
  });
  return true;
};
