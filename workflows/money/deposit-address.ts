import { allHandlersFinished, condition, defineUpdate, setHandler, sleep } from '@temporalio/workflow';
import type { AddressGiven } from '../../activities/payments/address-given.ts';
import type { Answer } from '../../domain/outcomes.ts';
import { delay, TIMINGS, type Timings } from '../../domain/timings.ts';
import { atProvider, internal } from '../kit/activities.ts';
import { Progress } from '../kit/progress.ts';

export interface DepositAddressInput {
  addressId: number;
  timings?: Partial<Timings>;
}

export interface AddressAnswer {
  status: 'asking' | 'given' | 'refused';
  issue: string | null;
}

export const addressBegin = defineUpdate<AddressAnswer, []>('begin');

/**
 * Gets a client's own address from a provider. The provider stores our reference, so an address whose answer was lost is found
 * again, and only when two looks miss it is it asked for once more.
 */
export async function depositAddress({ addressId, timings: wished }: DepositAddressInput): Promise<AddressAnswer> {
  const timings = { ...TIMINGS, ...wished };
  const progress = new Progress();
  let result: AddressAnswer | null = null;
  setHandler(addressBegin, async (): Promise<AddressAnswer> => {
    await condition(() => result !== null, timings.firstAnswer);
    return result ?? { status: 'asking', issue: null };
  });

  const facts = await internal('Reading what to ask for').prepareAddress({ addressId });
  progress.about({
    kind: 'deposit-address',
    client: facts.clientId,
    provider: facts.provider,
    currency: facts.currency,
    amount: '0',
  });
  result = facts.known
    ? { status: 'given', issue: null }
    : await ask(addressId, facts.connectionId, facts.provider, timings, progress);
  progress.at(result.status === 'given' ? 'done' : 'failed', result.issue ?? 'The address is known.');
  await condition(allHandlersFinished);
  return result;
}

const ask = async (
  addressId: number,
  connectionId: number,
  name: string,
  timings: Timings,
  progress: Progress,
): Promise<AddressAnswer> => {
  const provider = (say: string) => atProvider(connectionId, say);
  const create = (): Promise<Answer<AddressGiven>> =>
    provider('Asking for an address')
      .createAddress({ addressId })
      .catch(() => ({ outcome: 'unknown', message: 'the answer was lost' }));
  const find = async (): Promise<Answer<AddressGiven>> => {
    for (let look = 0; look < 2; look++) {
      if (look > 0) await sleep(timings.secondLook);
      try {
        const found = await provider('Looking for the address').findAddress({ addressId });
        if (found) return { outcome: 'done', report: found };
      } catch {
        return { outcome: 'unknown', message: 'the provider could not be asked' };
      }
    }
    return create();
  };

  progress.at('submitting', `Asking ${name} for an address.`);
  let answer = await create();
  for (let n = 0; answer.outcome !== 'done' && answer.outcome !== 'refused'; n++) {
    const message = 'message' in answer ? answer.message : 'no address yet';
    progress.note(`${answer.outcome === 'unknown' ? 'Outcome unknown' : 'Not asked yet'}: ${message}.`);
    progress.waitingFor('the provider', 'check the connection; it is tried again by itself.', { human: n > 4 });
    await sleep(delay(timings.retries, n));
    answer = answer.outcome === 'unknown' ? await find() : await create();
  }
  progress.notWaiting();
  if (answer.outcome === 'refused') return { status: 'refused', issue: answer.message };
  await internal('Keeping the address').noteAddress({ addressId, given: answer.report });
  return { status: 'given', issue: null };
};
