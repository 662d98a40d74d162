import { ApplicationFailure } from '@temporalio/common';
import { allHandlersFinished, CancellationScope, condition, setHandler } from '@temporalio/workflow';
import { type OpenRequest, type Purpose } from '../../domain/decisions.ts';
import type { Amount } from '../../domain/money.ts';
import type { Begun, MoneyInput, MoneyOrder, MoneyResult } from '../../domain/money-order.ts';
import type { Stage } from '../../domain/stages.ts';
import { TIMINGS, type Timings } from '../../domain/timings.ts';
import { internal, setPatience } from './activities.ts';
import { Decisions, type Verdict } from './decisions.ts';
import { begin, cancel, type CancelWish, providerNews } from './messages.ts';
import { Progress } from './progress.ts';
import { hubFailureOf, Stopped } from './stopped.ts';

type Internal = ReturnType<typeof internal>;

interface Compensation {
  name: string;
  undo: (hub: Internal) => Promise<unknown>;
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

  private readonly decisions = new Decisions();
  private readonly compensations: Compensation[] = [];
  private news = 0;
  private begun: Begun | null = null;
  private cancelWish: string | null = null;
  private mayCancel = true;
  private closed = false;

  constructor(kind: string, input: MoneyInput) {
    this.kind = kind;
    this.transactionId = input.transactionId;
    this.timings = { ...TIMINGS, ...input.timings };
    setPatience(this.timings);
    setHandler(begin, async () => {
      await condition(() => this.begun !== null, this.timings.firstAnswer);
      return this.begun ?? { stage: this.progress.stage, refusal: null };
    });
    setHandler(
      cancel,
      async ({ by, comment }: CancelWish) => {
        this.cancelWish ??= `cancelled by ${by}${comment ? `: ${comment}` : ''}`;
        // Once wished for in time it is honoured; the caller hears of it when the books say so.
        await condition(() => this.closed);
        return { stage: this.progress.stage };
      },
      {
        validator: (_wish: CancelWish) => this.assertMayCancel(),
        description: 'Stop this run; possible until money was sent.',
      },
    );
    setHandler(providerNews, () => {
      this.news += 1;
    });
    // "Request cancellation" in Temporal UI is the same wish; it never tears the story apart in the middle of a payment.
    CancellationScope.current().cancelRequested.catch(() => {
      if (this.mayCancel) this.cancelWish ??= 'cancelled from Temporal UI';
      else this.progress.note('Cancellation was asked for, too late: money was sent.');
    });
  }

  /** Runs the story to its end, whatever that is. */
  tell(story: (run: this) => Promise<void>): Promise<MoneyResult> {
    return CancellationScope.nonCancellable(async () => {
      const result = await this.untilTheEnd(story);
      this.closed = true;
      this.decisions.close();
      await condition(allHandlersFinished);
      return result;
    });
  }

  private async untilTheEnd(story: (run: this) => Promise<void>): Promise<MoneyResult> {
    try {
      this.order = await internal('Reading the order').prepareOrder({ transactionId: this.transactionId });
      const { order } = this;
      const provider =
        order.method?.provider ?? order.credit?.platform?.provider ?? order.debit?.platform?.provider ?? null;
      this.progress.about({
        kind: this.kind,
        client: order.clientId,
        provider,
        currency: order.currency.alphabeticCode,
        amount: order.amount,
      });
      await story(this);
      this.progress.notWaiting();
      this.progress.at('done', 'Done.');
      this.answer();
      return { stage: 'done', reason: null };
    } catch (error) {
      const stopped = this.reasonToStop(error);
      this.progress.notWaiting();
      await this.undo();
      const { stage, reason, issue, resolutionId } = stopped;
      await internal(`Closing as ${stage}`).closeTransaction({
        transactionId: this.transactionId,
        stage,
        reason,
        issue,
        resolutionId,
      });
      this.progress.at(stage, issue);
      this.answer({ reason, issue });
      return { stage, reason };
    }
  }

  /** One named step of the story on our own books. A refusal ends the story in stage `refusedAs`. */
  async step<T>(say: string, work: (hub: Internal) => Promise<T>, refusedAs: Stage = 'failed'): Promise<T> {
    this.honourCancellation();
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
  async book(say: string, work: (hub: Internal) => Promise<void>): Promise<void> {
    this.mayCancel = false;
    this.compensations.length = 0;
    for (;;) {
      this.progress.note(`${say}.`);
      try {
        return await work(internal(say));
      } catch (error) {
        const failure = hubFailureOf(error);
        if (!failure) throw error;
        await this.park(`${say} failed: ${failure.message}`);
      }
    }
  }

  /** Registers what must happen if the story does not reach `done`. Undone in reverse order. */
  ifNotDone(name: string, undo: Compensation['undo']): void {
    this.compensations.push({ name, undo });
  }

  /** From here on money may be on its way: cancelling is over. */
  pointOfNoReturn(): void {
    this.honourCancellation();
    this.mayCancel = false;
  }

  /** The opening call may hear now how it went. */
  answer(refusal: Begun['refusal'] = null): void {
    this.begun ??= { stage: this.progress.stage, refusal };
  }

  /** Sleeps until `wake` holds or `ms` passed; shows why. True when woken. */
  async wait(waiting: Waiting, wake: () => boolean, ms?: number): Promise<boolean> {
    const until = ms === undefined ? {} : { until: new Date(Date.now() + ms) };
    this.progress.waitingFor(waiting.forWhat, waiting.can, { human: waiting.human, ...until });
    const either = () => wake() || (this.mayCancel && this.cancelWish !== null);
    const woken = ms === undefined ? await condition(either).then(() => true) : await condition(either, ms);
    this.honourCancellation();
    return woken;
  }

  /** Sleeps until the provider calls or `ms` passed. */
  async newsOr(waiting: Waiting, ms: number): Promise<void> {
    await this.wait(waiting, () => this.news > 0, ms);
    this.news = 0;
  }

  /** True when the provider called since the last look. */
  takeNews(): boolean {
    const had = this.news > 0;
    this.news = 0;
    return had;
  }

  /** Asks for approval by as many persons as the policy says; comes back when they gave it, else the story ends as `rejected`. */
  async approval(needed: 0 | 1 | 2 = this.order.approvals): Promise<{ amount: string }> {
    if (needed === 0) return { amount: this.order.amount };
    const request = await this.openRequest(
      'approval',
      needed === 1 ? 'Needs one approval.' : 'Needs the approval of two persons.',
      { needed },
    );
    this.progress.at('awaiting_approval', `Request ${request.applicationId} opened.`);
    this.answer();
    const verdict = await this.decision(
      'an approval',
      `approve or reject request ${request.applicationId} through the API, or send the Update \`decide\` here: \`{"decision": "approve", "by": <your user id>}\`, to reject with "resolutionId". You can also cancel this run.`,
    );
    if (verdict.word === 'reject')
      throw new Stopped('rejected', 'rejected', verdict.comment ?? 'Rejected by an operator.', verdict.resolutionId);
    this.progress.note(`Approved by user ${verdict.by}.`);
    return { amount: verdict.amount };
  }

  /** Opens a request of another purpose than approval; an operator sees it in the list of requests. */
  async openRequest(
    purpose: Purpose,
    why: string,
    of: { amount?: Amount | null; needed?: 1 | 2 } = {},
  ): Promise<OpenRequest> {
    const { amount = this.order.amount, needed = 1 } = of;
    const request = await internal(`Opening a request: ${purpose}`).openRequest({
      transactionId: this.transactionId,
      purpose,
      why,
      needed,
      amount,
    });
    this.decisions.ask(request, needed, this.order.requestedBy);
    return request;
  }

  get decisionWaits(): boolean {
    return this.decisions.waiting;
  }

  takeDecision(): Promise<Verdict | null> {
    return this.decisions.next();
  }

  /** Waits for a verdict on the open request. */
  private async decision(forWhat: string, can: string): Promise<Verdict> {
    for (;;) {
      const missing = this.decisions.missing;
      await this.wait(
        { forWhat: missing > 1 ? `${missing} approvals` : forWhat, can, human: true },
        () => this.decisions.waiting,
      );
      const verdict = await this.decisions.next();
      if (verdict) {
        this.progress.notWaiting();
        return verdict;
      }
    }
  }

  private async undo(): Promise<void> {
    this.mayCancel = false;
    for (const { name, undo } of this.compensations.reverse()) {
      for (;;) {
        try {
          this.progress.note(`Undoing: ${name}.`);
          await undo(internal(name));
          break;
        } catch (error) {
          const failure = hubFailureOf(error);
          if (!failure) throw error;
          await this.park(`could not ${name}: ${failure.message}`);
        }
      }
    }
  }

  /** What must happen could not be written: the run stays open and asks for a person instead of swallowing it. */
  private async park(why: string): Promise<void> {
    for (;;) {
      await this.openRequest('assistance', why);
      this.progress.at('assistance', why);
      const can =
        'mend the cause, then send `decide` with `{"decision": "continue", "by": <your user id>}` to try again.';
      if ((await this.decision('an operator', can)).word === 'continue') return;
      this.progress.note('Only "continue" helps here.');
    }
  }

  private reasonToStop(error: unknown): Stopped {
    if (error instanceof Stopped) return error;
    const failure = hubFailureOf(error);
    if (failure) return new Stopped('failed', failure.reason, failure.message);
    throw error;
  }

  private honourCancellation(): void {
    if (this.cancelWish !== null && this.mayCancel) throw new Stopped('cancelled', 'cancelled', this.cancelWish);
  }

  private assertMayCancel(): void {
    if (this.mayCancel && !this.closed) return;
    throw ApplicationFailure.create({
      type: 'Rejected',
      message: 'Too late to cancel: money was sent or the run is over.',
      nonRetryable: true,
      category: 'BENIGN',
      details: [{ reason: 'already_done' }],
    });
  }
}
