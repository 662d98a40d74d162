import {
  allHandlersFinished,
  CancellationScope,
  condition,
  defineUpdate,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import { TIMINGS, type Timings } from '../../domain/timings.ts';
import { atProvider, internal, setPatience } from '../kit/activities.ts';
import { makeOnce } from '../kit/make-once.ts';
import { Progress } from '../kit/progress.ts';
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

/** Gets a client's own address from a provider, once. */
export async function depositAddress({ addressId, timings: given }: DepositAddressInput): Promise<AddressAnswer> {
  const timings = { ...TIMINGS, ...given };
  setPatience(timings);
  const progress = new Progress();
  let result: AddressAnswer | null = null;
  setHandler(addressBegin, async (): Promise<AddressAnswer> => {
    await condition(() => result !== null, timings.firstAnswer);
    return result ?? { status: 'asking', issue: null };
  });
  // Once begun it is finished: an address that the provider made and we forgot would swallow money.
  return CancellationScope.nonCancellable(async () => {
    result = await ask(addressId, timings, progress);
    progress.ends(result.status === 'given' ? 'done' : 'failed', result.issue ?? 'The address is known.');
    await condition(allHandlersFinished);
    return result;
  });
}

const ask = async (addressId: number, timings: Timings, progress: Progress): Promise<AddressAnswer> => {
  const facts = await internal('Reading what to ask for').prepareAddress({ addressId });
  const { clientId: client, provider: name, currency } = facts;
  progress.about({ kind: 'deposit-address', client, provider: name, currency, amount: '0' });
  if (facts.known) return { status: 'given', issue: null };
  const provider = (say: string) => atProvider(facts.connectionId, say);
  progress.at('submitting', `Asking ${name} for an address.`);
  try {
    const given = await makeOnce({
      create: () => provider('Asking for an address').createAddress({ addressId }),
      find: () => provider('Looking for the address').findAddress({ addressId }),
      timings,
      note: (said) => progress.note(said),
      pause: async (why, ms, human) => {
        progress.waitingFor(`the provider (${why})`, 'check the connection; it is tried again by itself.', { human });
        await sleep(ms);
        progress.notWaiting();
      },
    });
    await internal('Keeping the address').noteAddress({ addressId, given });
    return { status: 'given', issue: null };
  } catch (error) {
    if (error instanceof Stopped) return { status: 'refused', issue: error.issue };
    throw error;
  }
};
