import { defineUpdate } from '@temporalio/workflow';
import type { Timings } from '../../domain/timings.ts';
import { atProvider, internal } from '../kit/activities.ts';
import { type Answering, answering, showingWaits } from '../kit/answering.ts';
import { makeOnce } from '../kit/make-once.ts';
import { Stopped } from '../kit/stopped.ts';

export interface DepositAddressInput {
  addressId: number;
  timings?: Partial<Timings>;
}

export interface AddressAnswer {
  status: 'asking' | 'given' | 'refused';
  issue: string | null;
}

export const addressBegin = defineUpdate<AddressAnswer, []>('begin');

/** Gets a client's own address from a provider, once: one that the provider made and we forgot would swallow money. */
export async function depositAddress({ addressId, timings }: DepositAddressInput): Promise<AddressAnswer> {
  return answering<AddressAnswer>({
    update: addressBegin,
    meanwhile: () => ({ status: 'asking', issue: null }),
    timings,
    story: async (run) => {
      const result = await ask(addressId, run);
      run.progress.ends(result.status === 'given' ? 'done' : 'failed', result.issue ?? 'The address is known.');
      return result;
    },
  });
}

const ask = async (addressId: number, run: Answering): Promise<AddressAnswer> => {
  const facts = await internal('Reading what to ask for').prepareAddress({ addressId });
  const { clientId: client, provider: name, currency } = facts;
  run.progress.about({ kind: 'deposit-address', client, provider: name, currency, amount: '0' });
  if (facts.known) return { status: 'given', issue: null };
  const provider = (say: string) => atProvider(facts.connectionId, say);
  run.progress.at('submitting', `Asking ${name} for an address.`);
  try {
    const given = await makeOnce({
      create: () => provider('Asking for an address').createAddress({ addressId }),
      find: () => provider('Looking for the address').findAddress({ addressId }),
      ...showingWaits(run, 'the provider'),
    });
    await internal('Keeping the address').noteAddress({ addressId, given });
    return { status: 'given', issue: null };
  } catch (error) {
    if (error instanceof Stopped) return { status: 'refused', issue: error.issue };
    throw error;
  }
};
