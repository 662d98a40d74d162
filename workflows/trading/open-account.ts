import { defineUpdate } from '@temporalio/workflow';
import type { Timings } from '../../domain/timings.ts';
import { atProvider, internal } from '../kit/activities.ts';
import { type Answering, answering, showingWaits } from '../kit/answering.ts';
import { makeOnce } from '../kit/make-once.ts';
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
export async function openAccount({ accountId, timings }: OpenAccountInput): Promise<AccountOpened> {
  return answering<AccountOpened>({
    update: accountBegin,
    meanwhile: () => ({ status: 'opening', issue: null }),
    timings,
    story: async (run) => {
      const result = await open(accountId, run);
      run.progress.ends(result.status === 'active' ? 'done' : 'failed', result.issue ?? 'The account is open.');
      return result;
    },
  });
}

const open = async (accountId: number, run: Answering): Promise<AccountOpened> => {
  const facts = await internal('Reading what to open').prepareAccount({ accountId });
  const platform = (say: string) => atProvider(facts.connectionId, say);
  const { clientId: client, provider, currency } = facts;
  run.progress.about({ kind: 'open-account', client, provider, currency, amount: '0' });
  run.progress.at('submitting', `Creating the account on ${provider}.`);
  try {
    const { login } = await makeOnce({
      create: () => platform('Creating the account').createAccount({ accountId }),
      find: () => platform('Looking for the account').findAccount({ accountId }),
      ...showingWaits(run, 'the trading platform'),
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
