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

/**
 * Lets payouts go to listed addresses only, or anywhere: that after so many hours (0: at once), and a switch back before them cancels it. False: it was so
 * already.
 */
export const allowAddresses = async (
  db: Queryable,
  change: {
    clientId: number;
    listedOnly: boolean;
    afterHours?: number;
    cause: { requestId: string } | { workflowId: string; runId: string };
  },
): Promise<boolean> => {
  const { clientId, listedOnly, afterHours = 0, cause } = change;
  const { rowCount } = listedOnly
    ? await db.query(
        `update client set listed_addresses_only = true, any_address_from = null, update_time = now()
          where client_id = $1 and (not listed_addresses_only or any_address_from is not null)`,
        [clientId],
      )
    : await db.query(
        `update client set listed_addresses_only = $2::int > 0, any_address_from = case when $2 > 0 then now() + make_interval(hours => $2) end,
                update_time = now()
          where client_id = $1 and listed_addresses_only and any_address_from is null`,
        [clientId, afterHours],
      );
  if (rowCount === 0) return false;
  await recordAudit(db, {
    actor: `client:${clientId}`,
    action: 'whitelist.management',
    object: `client:${clientId}`,
    after: { listedOnly, ...(afterHours > 0 && { afterHours }) },
    ...cause,
  });
  return true;
};

/** Whether a client's payouts go to listed addresses only, and until when they still do (null: until he switches it off). */
export const addressManagement = async (
  db: Queryable,
  clientId: number,
): Promise<{ isOn: boolean; until: Date | null }> => {
  const { rows } = await db.query<{ isOn: boolean; until: Date | null }>(
    `select listed_addresses_only and coalesce(any_address_from > now(), true) as "isOn", any_address_from as until from client where client_id = $1`,
    [clientId],
  );
  return rows[0] ?? { isOn: false, until: null };
};
