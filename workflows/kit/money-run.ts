import { allHandlersFinished, CancellationScope, condition, setHandler } from '@temporalio/workflow';
import type { InternalActivities } from '../../activities/index.ts';
import type { MoneyPurpose, OpenRequest } from '../../domain/decisions.ts';
import { type Amount, equal } from '../../domain/money.ts';
import type { Begun, MoneyInput, MoneyOrder, MoneyResult } from '../../domain/money-order.ts';
import type { Stage } from '../../domain/stages.ts';
import { TIMINGS, type Timings } from '../../domain/timings.ts';
import { REJECTED } from '../../domain/told-client.ts';
import { internal, setPatience } from './activities.ts';
import { Cancelling } from './cancelling.ts';
import { Decisions, type Verdict } from './decisions.ts';
import { FixedRate } from './fixed-rate.ts';
import { begin, providerNews } from './messages.ts';
import { onUpdate } from './on-update.ts';
import { passOnNews } from './pass-on-news.ts';
import { Progress } from './progress.ts';
import { ANOTHER_RUN, hubFailureOf, Stopped } from './stopped.ts';
import { stubbornly } from './stubbornly.ts';
import { TakingOver } from './taking-over.ts';

interface Compensation {
  name: string;
  undo: (hub: InternalActivities) => Promise<unknown>;
}

export interface Waiting {
  forWhat: string;
  can: string;
  human: boolean;
}

/** One money movement while it runs: its messages, what an operator sees, and what must be undone if it does not reach `done`. */
export class MoneyRun {
  readonly progress = new Progress();
  readonly timings: Timings;
  readonly transactionId: number;
  readonly kind: string;
  order!: MoneyOrder;
  /** What the provider calls the payments people are asked about: a no to them is kept. */
  payments: readonly string[] = [];
  /** Nobody knows whether money moved: operators read what callbacks say, which is no proof but a hint where to look. */
  inDoubt = false;
  /** The provider holds, or took back, what is not this story's: looked into when it is told. */
  newsAtTheEnd = false;

  /** What another run of this order did. */
  readonly before = new TakingOver(this);
  readonly rate = new FixedRate(this);

  private readonly decisions = new Decisions((said) => this.progress.note(said));
  private readonly cancelling: Cancelling;
  private readonly compensations: Compensation[] = [];
  private news = 0;
  private lastSaid: string | null = null;
  private begun: Begun | null = null;
  /** How many persons have approved. */
  private approvedBy = 0;
  /** From the first attempt on money may be out: only certainty about it may end the story. */
  private sent = false;

  constructor(kind: string, input: MoneyInput) {
    this.kind = kind;
    this.transactionId = input.transactionId;
    this.timings = { ...TIMINGS, ...input.timings };
    setPatience(this.timings);
    onUpdate(begin, async () => {
      await condition(() => this.begun !== null, this.timings.firstAnswer);
      return this.begun ?? { stage: this.progress.stage, refusal: null };
    });
    this.cancelling = new Cancelling(this);
    setHandler(providerNews, ({ said }) => {
      this.news += 1;
      if (this.inDoubt) this.noteSaid(said);
    });
  }

  /** Runs the story to its end, whatever that is. */
  tell(story: (run: this) => Promise<void>): Promise<MoneyResult> {
    return CancellationScope.nonCancellable(async () => {
      const result = await this.untilTheEnd(story);
      this.cancelling.close();
      this.decisions.close();
      await condition(allHandlersFinished);
      if (this.newsAtTheEnd) this.hasNews();
      await passOnNews(this);
      return result;
    });
  }

  private async untilTheEnd(story: (run: this) => Promise<void>): Promise<MoneyResult> {
    try {
      const order = await internal('Reading the order').prepareOrder({ transactionId: this.transactionId });
      this.order = order;
      const provider =
        order.method?.provider ?? order.credit?.platform?.provider ?? order.debit?.platform?.provider ?? null;
      this.progress.about({
        kind: this.kind,
        client: order.clientId,
        provider,
        currency: order.currency.alphabeticCode,
        amount: order.amount,
      });
      if (provider !== null) this.progress.calledThere({ reference: order.reference });
      // A deposit moves nothing out.
      if (order.resumed && order.type !== 'deposit')
        this.tooLateToCancel('it is being found out what the run before this one has sent');
      await story(this);
      return this.done();
    } catch (error) {
      const wanted = this.reasonToStop(error);
      this.progress.notWaiting();
      const stopped = await this.givenUp(wanted);
      if (stopped === null) return this.done();
      const { stage, reason, issue } = stopped;
      this.progress.ends(stage, issue);
      this.answer({ reason, issue });
      return { stage, reason };
    }
  }

  private done(): MoneyResult {
    this.progress.notWaiting();
    this.progress.ends('done', 'Done.');
    this.answer();
    return { stage: 'done', reason: null };
  }

  /** Gives back and closes; answers why. Null: that could not be, because another run of this order had sent it; it is booked now. */
  private async givenUp(given: Stopped): Promise<Stopped | null> {
    let stopped = given;
    for (;;) {
      try {
        await this.undo();
        await this.close(stopped);
        return stopped;
      } catch (error) {
        // Without the order nobody can find out: the run fails, and a person is told.
        if (hubFailureOf(error)?.reason !== ANOTHER_RUN || !(this.order as MoneyOrder | undefined)) throw error;
      }
      try {
        if (await this.before.sentIt()) return null;
      } catch (error) {
        if (!(error instanceof Stopped)) throw error;
        // Nothing is out. What people said of it comes before why this run wants to end.
        if (error.stage === 'rejected' || error.reason === 'marked_failed') stopped = error;
      }
    }
  }

  private async close({ stage, reason, issue, resolutionId, cancelledBy }: Stopped): Promise<void> {
    const { transactionId, payments } = this;
    const closing = { transactionId, stage, reason, issue, resolutionId, payments, cancelledBy };
    await stubbornly(this, `Closing as ${stage}`, (hub) => hub.closeTransaction(closing));
  }

  /** One named step of the story on our own books. A refusal ends the story in stage `refusedAs`, unless money may be out. */
  async step<T>(say: string, work: (hub: InternalActivities) => Promise<T>, refusedAs: Stage = 'failed'): Promise<T> {
    this.cancelling.honour();
    if (this.sent) return this.persist(say, work);
    this.progress.note(`${say}.`);
    try {
      return await work(internal(say));
    } catch (error) {
      const failure = hubFailureOf(error);
      if (failure) throw new Stopped(refusedAs, failure.reason, failure.message);
      throw error;
    }
  }

  /**
   * Books what has happened outside. From here on there is nothing to undo, whatever goes wrong: money that moved is never
   * given back because our books could not be written. The run waits for a person instead.
   */
  async book(say: string, work: (hub: InternalActivities) => Promise<void>): Promise<void> {
    this.tooLateToCancel('it is being booked');
    this.compensations.length = 0;
    await this.persist(say, work);
  }

  /** Registers what must happen if the story does not reach `done`. Undone in reverse order. */
  ifNotDone(name: string, undo: Compensation['undo']): void {
    this.compensations.push({ name, undo });
  }

  /** From here on money may be on its way: cancelling is over. Honours a cancellation that came in time. */
  pointOfNoReturn(): void {
    this.cancelling.honour();
    this.tooLateToCancel('money may be on its way');
    this.sent = true;
  }

  /** It has turned out that nothing of it is on its way. */
  nothingWasSent(): void {
    this.sent = false;
    this.cancelling.possibleAgain();
    this.progress.notWaiting();
  }

  /** Sleeps while nothing is on its way: until then it can be cancelled again. */
  async waitBeforeSending(waiting: Waiting, ms: number): Promise<void> {
    this.cancelling.possibleAgain();
    await this.wait(waiting, () => false, ms);
    this.tooLateToCancel('money may be on its way');
  }

  /** Money is here, or is being paid: it cannot be cancelled away any more, not even by a wish that came before. */
  tooLateToCancel(why = 'it is being paid'): void {
    this.cancelling.tooLate(why);
  }

  /** From here on the broker may stop it, its client not. `why`: 'It may be on its way already'. */
  leaveToBroker(why: string): void {
    this.cancelling.leaveToBroker(why);
  }

  /**
   * Money is here: too late to cancel. When it changes currency its rate is fixed now, however long people look at it afterwards, for these `payments`.
   */
  async moneyIsHere(payments?: readonly string[]): Promise<void> {
    this.tooLateToCancel('the money has arrived');
    await this.rate.fix(payments);
  }

  /** The opening call may hear now how it went. */
  answer(refusal: Begun['refusal'] = null): void {
    this.begun ??= { stage: this.progress.stage, refusal };
  }

  /** Sleeps until `wake` holds or `ms` passed; shows why. True when woken. */
  async wait(waiting: Waiting, wake: () => boolean, ms?: number): Promise<boolean> {
    const until = ms === undefined ? {} : { until: new Date(Date.now() + ms) };
    const { standing } = this.decisions;
    const forWhat = standing ? `${waiting.forWhat} (${standing})` : waiting.forWhat;
    this.progress.waitingFor(forWhat, waiting.can, { human: waiting.human, ...until });
    const either = () => wake() || this.cancelling.isDue;
    const woken = ms === undefined ? await condition(either).then(() => true) : await condition(either, ms);
    this.cancelling.honour();
    return woken;
  }

  /** Sleeps before something is asked of the provider again. */
  readonly pause = async (why: string, ms: number, human: boolean): Promise<void> => {
    this.answer();
    const can = 'check the connection; it is tried again by itself.';
    await this.wait({ forWhat: `the provider (${why})`, can, human }, () => false, ms);
  };

  /** Sleeps until the provider calls or `ms` passed. */
  async newsOr(waiting: Waiting, ms: number): Promise<void> {
    await this.wait(waiting, () => this.news > 0, ms);
    this.news = 0;
  }

  /** Providers repeat themselves, and anybody may write an unsigned callback. */
  private noteSaid(said: string): void {
    if (this.lastSaid === said) return;
    this.lastSaid = said;
    this.progress.note(`A callback says \`${said.replaceAll('`', "'")}\`.`);
  }

  /** More is to be looked into, by the run that comes after this one. */
  hasNews(): void {
    this.news += 1;
  }

  /** True when the provider called since the last look. */
  takeNews(): boolean {
    const had = this.news > 0;
    this.news = 0;
    return had;
  }

  /**
   * Asks for approval of `amount` by as many persons as the policy says for it; comes back with the amount they approved, else
   * the story ends as `rejected`. Asked once more, it asks only when the policy says more persons by now than have approved.
   */
  async approval(amount: Amount = this.order.amount): Promise<Amount> {
    const { transactionId } = this;
    // What it is worth in the other currency was not sure before.
    const asOrdered = !this.order.exchange && equal(amount, this.order.amount);
    const needed = asOrdered
      ? this.order.approvals
      : await this.step('Reading the approval policy', (hub) => hub.approvalsFor({ transactionId, amount }));
    if (needed <= this.approvedBy) return amount;
    const { saidBefore } = this.order;
    const again = saidBefore ? ` Before its run was ended somebody said "${saidBefore.word}".` : '';
    const request = await this.openRequest('approval', `Needs approval.${again}`, amount);
    this.progress.at('awaiting_approval', `Request ${request.applicationId} opened.`);
    this.answer();
    const verdict = await this.decision('an approval', () => this.waysToApprove(request.applicationId));
    if (verdict.word === 'reject')
      throw new Stopped('rejected', 'rejected', verdict.comment ?? REJECTED, verdict.resolutionId);
    this.approvedBy = request.needed;
    return verdict.amount;
  }

  private waysToApprove(applicationId: number): string {
    const here = this.decisions.onlyThroughApi
      ? '. The Update `decide` here can only reject it: `{"decision": "reject", "by": <your user id>, "resolutionId": <why>}`'
      : ', or send the Update `decide` here: `{"decision": "approve", "by": <your user id>}`, to reject with "resolutionId"';
    return `approve or reject request ${applicationId} through the API${here}. You can also cancel this run.`;
  }

  /** What was approved is not what there is. */
  asksAnew(): void {
    this.approvedBy = 0;
  }

  /** Puts a question before the operators. `amount`: what an affirmative answer would move; null when nobody knows. */
  async openRequest(
    purpose: MoneyPurpose,
    why: string,
    amount: Amount | null = this.order.amount,
  ): Promise<OpenRequest> {
    const asking = { transactionId: this.transactionId, purpose, why, amount };
    const request = await stubbornly(this, `Opening a request: ${purpose}`, (hub) => hub.openRequest(asking));
    this.decisions.ask(request, this.order.requestedBy);
    return request;
  }

  /** The question is not asked any more. */
  withdrawRequest(): void {
    this.decisions.close();
    this.progress.notWaiting();
  }

  get decisionWaits(): boolean {
    return this.decisions.waiting;
  }

  takeDecision(): Promise<Verdict | null> {
    return this.decisions.next();
  }

  /** Waits for a verdict on the open request. */
  async decision(forWhat: string, can: () => string): Promise<Verdict> {
    for (;;) {
      await this.wait({ forWhat, can: can(), human: true }, () => this.decisions.waiting);
      const verdict = await this.decisions.next();
      if (verdict) {
        this.progress.notWaiting();
        return verdict;
      }
    }
  }

  private async undo(): Promise<void> {
    this.tooLateToCancel('the run is ending');
    for (const { name, undo } of this.compensations.toReversed()) {
      await this.persist(`Undoing: ${name}`, undo);
    }
  }

  /** Work that must be done before the story may go on: when the books refuse it, a person mends the cause and says so. */
  private async persist<T>(say: string, work: (hub: InternalActivities) => Promise<T>): Promise<T> {
    for (;;) {
      this.progress.note(`${say}.`);
      try {
        return await work(internal(say));
      } catch (error) {
        const failure = hubFailureOf(error);
        if (!failure || failure.reason === ANOTHER_RUN) throw error;
        const why = `${say} failed: ${failure.message}`;
        const request = await this.openRequest('repair', why);
        this.progress.at('assistance', why);
        const can = `mend the cause, then decide request ${request.applicationId} or send \`decide\` with \`{"decision": "continue", "by": <your user id>}\` to try again.`;
        await this.decision('an operator', () => can);
      }
    }
  }

  private reasonToStop(error: unknown): Stopped {
    if (error instanceof Stopped) return error;
    const failure = this.sent ? null : hubFailureOf(error);
    if (failure) return new Stopped('failed', failure.reason, failure.message);
    throw error;
  }
}
