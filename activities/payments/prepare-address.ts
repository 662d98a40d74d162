import { loadAddress } from '../../db/repositories/addresses.ts';
import type { Activity } from '../kit/activity.ts';

/** Where an address is to be asked for. `known`: it was given before. */
export const prepareAddress: Activity<
  { addressId: number },
  { connectionId: number; provider: string; clientId: number; currency: string; known: boolean }
> = async ({ addressId }, { pool }) => {
  const { connectionId, provider, clientId, currency, address } = await loadAddress(pool, addressId);
  return { connectionId, provider, clientId, currency: currency.alphabeticCode, known: address !== null };
};
