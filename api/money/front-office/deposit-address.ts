import { randomBytes } from 'node:crypto';
import { inTransaction } from '../../../db/pool.ts';
import { type AddressRow, ensureAddressRow, loadAddress } from '../../../db/repositories/addresses.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { referenceFrom } from '../../../domain/references.ts';
import { actorName } from '../../kit/access.ts';
import type { MoneyHub } from '../hub.ts';
import { type PaymentRequest, paymentOrder } from '../../../activities/intake/new-order.ts';
import type { Ordering } from '../intake/place-order.ts';

/**
 * The client's own address for this account and method: the same one for ever. The first call asks the provider. Throws
 * `Unavailable` while the provider has not answered; asking again is harmless.
 */
export const depositAddressFor = async (
  hub: MoneyHub,
  call: Ordering,
  request: PaymentRequest,
): Promise<AddressRow & { minAmount: string | null }> => {
  const { addressId, minAmount } = await inTransaction(hub.pool, async (db) => {
    const { clientId, credit, currency, exchange, method } = await paymentOrder(db, call.actor, 'deposit', request);
    const { methodId, connectionId, currencies, paymentCurrencies } = method!;
    const row = await ensureAddressRow(db, {
      clientId,
      accountId: credit!.accountId,
      methodId,
      connectionId,
      currency: currency.numericCode,
      reference: referenceFrom(randomBytes(12)),
    });
    if (row.fresh) {
      await recordAudit(db, {
        actor: actorName(call.actor),
        action: 'deposit-addresses.create',
        object: `deposit-address:${row.addressId}`,
        after: { accountId: credit!.accountId, methodId },
        requestId: call.requestId,
      });
    }
    const limits = (exchange ? paymentCurrencies : currencies).find((one) => one.numericCode === currency.numericCode);
    return { addressId: row.addressId, minAmount: limits?.min ?? null };
  });

  const known = await loadAddress(hub.pool, addressId);
  if (known.address !== null) return { ...known, minAmount };
  const { status, issue } = await hub.ask((steering) => steering.depositAddress(addressId));
  if (status === 'refused')
    throw new HubFailure('Rejected', 'provider_refused', issue ?? 'The provider gives no address.', {
      field: 'methodId',
    });
  if (status === 'asking')
    throw new HubFailure('Unavailable', 'provider_unavailable', 'The provider has not answered yet.', {
      retryAfter: 5,
    });
  return { ...(await loadAddress(hub.pool, addressId)), minAmount };
};
