import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import type { Activity } from '../kit/activity.ts';
import type { AddressGiven } from './address-given.ts';

/** Keeps the address for good: a client's address never changes under his feet. */
export const noteAddress: Activity<{ addressId: number; given: AddressGiven }, void> = (
  { addressId, given },
  { pool, run },
) =>
  inTransaction(pool, async (db) => {
    const { rowCount } = await db.query(
      `update deposit_address set address = $2, destination_tag = $3, provider_id = $4 where id = $1 and address is null`,
      [addressId, given.address, given.tag, given.providerId],
    );
    if (rowCount === 0) return;
    const { address, tag } = given;
    await recordAudit(db, {
      actor: 'workflow',
      action: 'deposit.address',
      object: `deposit-address:${addressId}`,
      after: { address, tag },
      ...run,
    });
  });
