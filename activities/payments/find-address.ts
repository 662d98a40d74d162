import { loadAddress } from '../../db/repositories/addresses.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';
import { type AddressGiven, addressGiven } from './address-given.ts';

/** After a lost answer: null only when the provider clearly knows no address under our reference. */
export const findAddress: Activity<{ addressId: number }, AddressGiven | null> = async (
  { addressId },
  { pool, open, signal },
) => {
  const { connectionId, reference, currency } = await loadAddress(pool, addressId);
  const { adapter, ctx } = await open('payments', connectionId, signal, { begun: reference });
  if (!adapter.findDeposit)
    throw new HubFailure('Unsupported', 'unsupported', 'The provider cannot be asked about deposits.');
  const report = await adapter.findDeposit(ctx, { reference });
  return report && addressGiven(report, currency.numericCode);
};
