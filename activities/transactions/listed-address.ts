import type { Queryable } from '../../db/pool.ts';
import { HubFailure } from '../../domain/failures.ts';
import { addressIn, addressKey } from '../../domain/payout-address.ts';

interface Payout {
  clientId: number;
  /** Numeric code of what is paid out. */
  currency: number;
  /** Of its method. */
  fields: readonly { id: string; name?: string }[];
  data: Readonly<Record<string, unknown>>;
}

/** Throws `address_not_whitelisted` when the client lets payouts go to listed addresses only, and this one is not listed or not usable yet. */
export const assertListed = async (db: Queryable, { clientId, currency, fields, data }: Payout): Promise<void> => {
  const to = addressIn(fields, data);
  if (!to) return;
  const { rows } = await db.query<{ only: boolean; usableFrom: Date | null; isUsable: boolean | null }>(
    `select c.listed_addresses_only and coalesce(c.any_address_from > now(), true) as only, a.usable_from as "usableFrom", a.usable_from <= now() as "isUsable"
       from client c left join payout_address a on a.client_id = c.client_id and a.currency = $2 and a.address_key = $3 and coalesce(a.destination_tag, '') = $4
      where c.client_id = $1`,
    [clientId, currency, addressKey(to.address), to.tag ?? ''],
  );
  const { only = false, usableFrom = null, isUsable = null } = rows[0] ?? {};
  if (!only || isUsable) return;
  const issue = usableFrom
    ? `The address may be used from ${minuteOf(usableFrom)} on.`
    : 'The address is not in your list of addresses.';
  throw new HubFailure('Rejected', 'address_not_whitelisted', issue, {
    field: 'data.address',
    ...(usableFrom && { until: usableFrom.toISOString() }),
  });
};
/** As clients read it: '2026-11-28 08:30 UTC'. */
export const minuteOf = (time: Date): string => `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
