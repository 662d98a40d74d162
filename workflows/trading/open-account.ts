import { CancellationScope, condition, defineUpdate } from '@temporalio/workflow';
import type { CancelledBy } from '../../domain/cancelling.ts';
import { TIMINGS, type Timings } from '../../domain/timings.ts';
import { atProvider, internal } from '../kit/activities.ts';
import { type Answering, answering, showingWaits } from '../kit/answering.ts';
import { makeOnce } from '../kit/make-once.ts';
import { onUpdate } from '../kit/on-update.ts';
import { hubFailureOf, refusal, Stopped } from '../kit/stopped.ts';

export interface OpenAccountInput {
  accountId: number;
  timings?: Partial<Timings>;
}

export interface AccountOpened {
  status: 'opening' | 'active' | 'failed';
  issue: string | null;
}

export const accountBegin = defineUpdate<AccountOpened, []>('begin');

/** It is not asked for again, and what is just being asked is not waited for. Answers how it stands then. `by`: 'user:7'. */
export const accountGiveUp = defineUpdate<AccountOpened, [{ by: string }]>('giveUp');

/** Creates an account on its trading platform, once, and opens it on our books. */
export async function openAccount({ accountId, timings }: OpenAccountInput): Promise<AccountOpened> {
  const opening = new Opening(accountId, { ...TIMINGS, ...timings });
  return answering<AccountOpened>({
    update: accountBegin,
    meanwhile: () => OPENING,
    timings,
    heedsCancellation: true,
    story: (run) => opening.untilOver(run),
  });
}

const OPENING: AccountOpened = { status: 'opening', issue: null };
const CAN_GIVE_UP = 'Or give it up: archive the account.';

class Opening {
  private readonly accountId: number;
  private readonly timings: Timings;
  private givenUpBy: string | null = null;
  private end: AccountOpened | null = null;
  private drop: () => void = () => undefined;

  constructor(accountId: number, timings: Timings) {
    this.accountId = accountId;
    this.timings = timings;
    onUpdate(accountGiveUp, ({ by }) => this.giveUp(by), {
      validator: (wish) => this.assertMayGiveUp(wish),
      description: 'Stops trying: {"by": "user:7"}.',
    });
    // "Request Cancellation" in Temporal UI is the same wish.
    CancellationScope.current().cancelRequested.catch(() => this.wish('temporal-ui'));
  }

  async untilOver(run: Answering): Promise<AccountOpened> {
    const end = await this.open(run);
    run.progress.ends(end.status === 'active' ? 'done' : 'failed', end.issue ?? 'The account is open.');
    this.end = end;
    return end;
  }

  private assertMayGiveUp(wish: { by: string } | undefined): void {
    if (this.end) throw refusal('Rejected', 'not_waiting', `The account is ${this.end.status}.`);
    if (typeof wish?.by !== 'string' || !/^(user|client):\d+$/.test(wish.by))
      throw refusal('InvalidInput', 'validation', 'by must look like user:7.');
  }

  private async giveUp(by: string): Promise<AccountOpened> {
    this.wish(by);
    await condition(() => this.end !== null, this.timings.firstAnswer);
    return this.end ?? OPENING;
  }

  private async open(run: Answering): Promise<AccountOpened> {
    const { accountId } = this;
    const facts = await internal('Reading what to open').prepareAccount({ accountId });
    const platform = (say: string) => atProvider(facts.connectionId, say);
    const { clientId: client, provider, currency } = facts;
    run.progress.about({ kind: 'open-account', client, provider, currency, amount: '0' });
    run.progress.at('submitting', `Creating the account on ${provider}.`);
    try {
      const { login } = await makeOnce({
        create: () => this.unlessGivenUp(() => platform('Creating the account').createAccount({ accountId })),
        find: () => this.unlessGivenUp(() => platform('Looking for the account').findAccount({ accountId })),
        ...showingWaits(run, 'the trading platform', { can: CAN_GIVE_UP, said: () => this.said() }),
      });
      return await activate(accountId, login);
    } catch (error) {
      if (error instanceof Stopped) return refuse(accountId, error, error.cancelledBy?.actor);
      throw error;
    }
  }

  /** What stands in the queue of a platform that is switched off would be waited for in vain. */
  private unlessGivenUp<T>(asking: () => Promise<T>): Promise<T> {
    const said = this.said();
    if (said) throw said;
    const scope = new CancellationScope();
    this.drop = () => scope.cancel();
    return scope.run(asking);
  }

  private wish(by: string): void {
    this.givenUpBy ??= by;
    this.drop();
  }

  private said(): Stopped | null {
    if (this.givenUpBy === null) return null;
    const issue = `Given up by ${this.givenUpBy}. Should the platform have made it, it is there under our reference.`;
    const by: CancelledBy = { actor: this.givenUpBy, via: 'api', comment: null, requestId: null };
    return new Stopped('cancelled', 'cancelled', issue, null, by);
  }
}

const activate = async (accountId: number, login: string): Promise<AccountOpened> => {
  try {
    await internal('Opening the account on our books').activateAccount({ accountId, login });
    return { status: 'active', issue: null };
  } catch (error) {
    const failure = hubFailureOf(error);
    if (!failure) throw error;
    const issue = `Login ${login} exists on the platform, but not on our books: ${failure.message}`;
    return refuse(accountId, { reason: 'internal', issue });
  }
};

const refuse = async (
  accountId: number,
  { reason, issue }: Pick<Stopped, 'reason' | 'issue'>,
  by?: string,
): Promise<AccountOpened> => {
  await internal('Noting why it is not open').failAccount({
    accountId,
    reason,
    issue,
    ...(by !== undefined && { by }),
  });
  return { status: 'failed', issue };
};
