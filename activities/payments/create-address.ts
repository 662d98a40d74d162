import { loadAddress } from '../../db/repositories/addresses.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Answer } from '../../domain/outcomes.ts';
import type { Activity } from '../kit/activity.ts';
import { answerOf } from '../kit/answer.ts';
import { loadPayer } from './payer.ts';
import { type AddressGiven, addressGiven } from './address-given.ts';

/** Asks the provider for an address of the client's own, for payments of any amount. */
export const createAddress: Activity<{ addressId: number }, Answer<AddressGiven>> = (
  { addressId },
  { pool, open, signal },
) =>
  answerOf(
    async () => {
      const { connectionId, reference, currency, clientId } = await loadAddress(pool, addressId);
      const payer = await loadPayer(pool, clientId);
      const { adapter, ctx } = await open('payments', connectionId, signal, { begins: reference });
      if (!adapter.createDeposit) throw new HubFailure('Unsupported', 'unsupported', 'The provider takes no deposits.');
      const order = { reference, flow: 'address', amount: null, currency, label: `Client ${clientId}`, payer } as const;
      return addressGiven(await adapter.createDeposit(ctx, order), currency.numericCode);
    },
    (report) => ({ outcome: 'done', report }),
  );
