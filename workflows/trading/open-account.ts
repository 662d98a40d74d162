import { allHandlersFinished, condition, defineUpdate, setHandler, sleep } from '@temporalio/workflow';
import type { Answer } from '../../domain/outcomes.ts';
import { delay, TIMINGS, type Timings } from '../../domain/timings.ts';
import { atProvider, internal, setPatience } from '../kit/activities.ts';
import { Progress } from '../kit/progress.ts';
import { hubFailureOf } from '../kit/stopped.ts';

export interface OpenAccountInput {
  accountId: number;
  timings?: Partial<Timings>;
}

export interface AccountOpened {
  status: 'opening' | 'active' | 'failed';
  issue: string | null;
}

export const accountBegin = defineUpdate<AccountOpened, []>('begin');

/**
 * Creates an account on its trading platform. The platform stores our reference, so an account whose answer was lost is found
 * again, and only when two looks miss it is it created once more.
 */
export async function openAccount({ accountId, timings: given }: OpenAccountInput): Promise<AccountOpened> {
  const timings = { ...TIMINGS, ...given };
  setPatience(timings);
  const progress = new Progress();
  let result: AccountOpened | null = null;
  setHandler(accountBegin, async (): Promise<AccountOpened> => {
    await condition(() => result !== null, timings.firstAnswer);
    return result ?? { status: 'opening', issue: null };
  });

  const facts = await internal('Reading what to open').prepareAccount({ accountId });
  const platform = (say: string) => atProvider(facts.connectionId, say);
  progress.about({
    kind: 'open-account',
    client: facts.clientId,
    provider: facts.provider,
    currency: facts.currency,
    amount: '0',
  });
  progress.at('submitting', `Creating the account on ${facts.provider}.`);

  const create = (): Promise<Answer<{ login: string }>> =>
    platform('Creating the account')
      .createAccount({ accountId })
      .catch(() => ({ outcome: 'unknown', message: 'the answer was lost' }));

  let answer = await create();
  for (let n = 0; answer.outcome !== 'done' && answer.outcome !== 'refused'; n++) {
    progress.note(
      `${answer.outcome === 'unknown' ? 'Outcome unknown' : 'Not created yet'}: ${'message' in answer ? answer.message : ''}.`,
    );
    progress.waitingFor('the trading platform', 'check the connection; it is tried again by itself.', { human: n > 4 });
    await sleep(delay(timings.retries, n));
    answer = answer.outcome === 'unknown' ? await find(platform, accountId, timings, create) : await create();
  }
  progress.notWaiting();

  if (answer.outcome === 'done') {
    result = await activate(accountId, answer.report.login);
  } else {
    result = await refuse(accountId, answer.message);
  }
  progress.at(result.status === 'active' ? 'done' : 'failed', result.issue ?? 'The account is open.');
  await condition(allHandlersFinished);
  return result;
}

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

const find = async (
  platform: (say: string) => ReturnType<typeof atProvider>,
  accountId: number,
  timings: Timings,
  create: () => Promise<Answer<{ login: string }>>,
): Promise<Answer<{ login: string }>> => {
  for (let look = 0; look < 2; look++) {
    if (look > 0) await sleep(timings.secondLook);
    try {
      const found = await platform('Looking for the account').findAccount({ accountId });
      if (found) return { outcome: 'done', report: found };
    } catch {
      return { outcome: 'unknown', message: 'the platform could not be asked' };
    }
  }
  return create();
};
