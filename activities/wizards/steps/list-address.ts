import { z } from 'zod';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { brokerSetting } from '../../../db/repositories/broker-settings.ts';
import { addressKey } from '../../../domain/payout-address.ts';
import { queueMessage } from '../../messaging/queue-message.ts';
import { assertStillGuarded } from '../guard.ts';
import { signedIn } from '../signed-in.ts';
import { defineStep } from '../step.ts';
import { type AddressDraft, assertNew } from './payout-address-form.ts';

/** The address counts from now on, or after the hours the broker wants. The client is told: when it was not he, he learns it in time. */
export const listAddress = defineStep<Record<string, never>>({
  kind: 'list-address',
  types: ['whitelistCreation'],
  settings: z.strictObject({}),
  takes: ['client', 'address'],
  apply: async (work) => {
    const { db, ring, run, draft, by, promised } = work;
    const { rows: before } = await db.query<{ id: number }>(`select id from payout_address where run_id = $1`, [
      run.id,
    ]);
    if (before[0]) return { policyId: before[0].id };
    const { id: clientId } = signedIn(work);
    const { address } = (await draft()) as unknown as AddressDraft;
    // Two runs that list one address queue here; the second hears that it is listed.
    await assertStillGuarded(work);
    await assertNew(db, clientId, address);
    const { rows } = await db.query<{ id: number }>(
      `insert into payout_address (client_id, currency, wallet_address, address_key, destination_tag, caption, usable_from, run_id)
       values ($1, $2, $3, $4, $5, $6, now() + make_interval(hours => $7), $8) returning id`,
      [
        clientId,
        address.currency,
        address.walletAddress,
        addressKey(address.walletAddress),
        address.destinationTag,
        address.caption,
        await brokerSetting(db, 'withdrawals.newAddressHours'),
        run.id,
      ],
    );
    const policyId = rows[0]!.id;
    await recordAudit(db, {
      actor: `client:${clientId}`,
      action: 'whitelist.create',
      object: `client:${clientId}`,
      after: { policyId, currency: address.currency },
      ...by,
    });
    promised.push(
      ...(await queueMessage(db, ring, {
        to: { clientId },
        template: 'addressListed',
        key: `payoutAddress:${run.id}`,
      })),
    );
    return { policyId };
  },
});
