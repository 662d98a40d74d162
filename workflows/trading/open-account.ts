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
import { hubFailureOf, Stopped } from '../kit/stopped.ts';

export interface OpenAccountInput {
  accountId: number;
  timings?: Partial<Timings>;
}

export interface AccountOpened {
  status: 'opening' | 'active' | 'failed';
  issue: string | null;
}

export const accountBegin = defineUpdate<AccountOpened, []>('begin');

/** Creates an account on its trading platform, once, and opens it on our books. */
export async function openAccount({ accountId, timings: given }: OpenAccountInput): Promise<AccountOpened> {
  const timings = { ...TIMINGS, ...given };
  setPatience(timings);
  const progress = new Progress();
  let result: AccountOpened | null = null;
  setHandler(accountBegin, async (): Promise<AccountOpened> => {
    await condition(() => result !== null, timings.firstAnswer);
    return result ?? { status: 'opening', issue: null };
  });
  // Once begun it is finished: an account half made at the platform helps nobody.
  return CancellationScope.nonCancellable(async () => {
    result = await open(accountId, timings, progress);
    progress.ends(result.status === 'active' ? 'done' : 'failed', result.issue ?? 'The account is open.');
    await condition(allHandlersFinished);
    return result;
  });
}

const open = async (accountId: number, timings: Timings, progress: Progress): Promise<AccountOpened> => {
  const facts = await internal('Reading what to open').prepareAccount({ accountId });
  const platform = (say: string) => atProvider(facts.connectionId, say);
  const { clientId: client, provider, currency } = facts;
  progress.about({ kind: 'open-account', client, provider, currency, amount: '0' });
  progress.at('submitting', `Creating the account on ${provider}.`);
  try {
    const { login } = await makeOnce({
      create: () => platform('Creating the account').createAccount({ accountId }),
      find: () => platform('Looking for the account').findAccount({ accountId }),
      timings,
      note: (said) => progress.note(said),
      pause: async (why, ms, human) => {
        progress.waitingFor(`the trading platform (${why})`, 'check the connection; it is tried again by itself.', {
          human,
        });
        await sleep(ms);
        progress.notWaiting();
      },
    });
    return await activate(accountId, login);
  } catch (error) {
    if (error instanceof Stopped) return refuse(accountId, error.issue);
    throw error;
  }
};

const activate = async (accountId: number, login: string): Promise<AccountOpened> => {
  try {
    await internal('Opening the account on our books').activateAccount({ accountId, login });
    return { status: 'active', issue: null };
  } catch (error) {
    const failure = hubFailureOf(error);
    if (!failure) throw error;
    return refuse(accountId, `Login ${login} exists on the platform, but not on our books: ${failure.message}`);
  }
};

const refuse = async (accountId: number, issue: string): Promise<AccountOpened> => {
  await internal('Noting why it is not open').failAccount({ accountId, issue });
  return { status: 'failed', issue };
};
