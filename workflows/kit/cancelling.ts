import { CancellationScope, condition, patched } from '@temporalio/workflow';
import { type CancelledBy, type CancelWish, whatIsWrongWithWish } from '../../domain/cancelling.ts';
import { internal } from './activities.ts';
import { cancel } from './messages.ts';
import type { MoneyRun } from './money-run.ts';
import { onUpdate } from './on-update.ts';
import { hubFailureOf, refusal, Stopped } from './stopped.ts';

/** Somebody asked for it in Temporal UI ("Request Cancellation"), which does not tell who. */
const UNNAMED: CancelledBy = { actor: 'temporal-ui', via: 'temporal-ui', comment: null, requestId: null };

/** The wish that a money run stops: heard whenever it comes, by the API or at Temporal UI, and honoured by the story where nothing is torn apart. */
export class Cancelling {
  private readonly run: MoneyRun;
  private wish: { by: CancelledBy; issue: string } | null = null;
  /** Why it is too late: 'money may be on its way'. */
  private late: string | null = null;
  /** Why its client may not stop it any more. */
  private brokersOnly: string | null = null;
  private closed = false;

  constructor(run: MoneyRun) {
    this.run = run;
    onUpdate(cancel, (wish) => this.handle(wish), {
      validator: (wish) => this.validate(wish),
      description:
        'Stop this run, until money may be on its way or has arrived: {"by": "user:<user id>", "comment": "…"}',
    });
    // "Request cancellation" in Temporal UI is the same wish; it never tears the story apart in the middle of a payment.
    CancellationScope.current().cancelRequested.catch(() => {
      if (this.late === null) this.wish ??= { by: UNNAMED, issue: 'cancelled from Temporal UI' };
      else run.progress.note(`Cancellation was asked for, too late: ${this.late}.`);
    });
  }

  /** The story is to stop now. */
  get isDue(): boolean {
    return this.late === null && this.wish !== null;
  }

  honour(): void {
    if (this.late === null && this.wish !== null)
      throw new Stopped('cancelled', 'cancelled', this.wish.issue, null, this.wish.by);
  }

  /** From here on it cannot be stopped. `why` completes the sentence "Too late to cancel: …". */
  tooLate(why: string): void {
    this.late ??= why;
  }

  /** From here on the broker may stop it, its client not. `why`: 'It may be on its way already'. */
  leaveToBroker(why: string): void {
    this.brokersOnly ??= why;
  }

  /** What was tried is surely not on its way. */
  possibleAgain(): void {
    this.late = null;
  }

  /** The books say how it ended. */
  close(): void {
    this.closed = true;
    this.late = 'the run is over';
  }

  private async handle(wish: CancelWish): Promise<{ stage: string }> {
    const by = await this.judged(wish);
    // Judging took a moment. Whether another run may have sent it is known once the order is read.
    const looksAgain = patched('who-may-cancel-is-looked-at-again');
    if (looksAgain) await condition(() => this.closed || this.run.order !== undefined);
    this.assertInTime();
    if (looksAgain) this.assertHisToStop(by.actor);
    const from = by.via === 'temporal-ui' ? ' in Temporal UI' : '';
    this.wish ??= { by, issue: `cancelled by ${by.actor}${from}${by.comment ? `: ${by.comment}` : ''}` };
    // Once wished for in time it is honoured; the caller hears of it when the books say so.
    await condition(() => this.closed);
    return { stage: this.run.progress.stage };
  }

  private async judged(wish: CancelWish): Promise<CancelledBy> {
    // Workers of before took everybody's word: what they recorded is replayed as they went on.
    if (!patched('cancel-is-judged'))
      return { actor: wish.by, via: 'api', comment: wish.comment ?? null, requestId: null };
    const { transactionId } = this.run;
    try {
      return await internal('Judging who cancels').judgeCancel({ transactionId, wish });
    } catch (error) {
      const failure = hubFailureOf(error);
      throw failure ? refusal(failure.type, failure.reason, failure.message) : error;
    }
  }

  private validate(wish: CancelWish): void {
    const wrong = whatIsWrongWithWish(wish);
    if (wrong) throw refusal('InvalidInput', 'validation', wrong);
    this.assertInTime();
    this.assertHisToStop(wish.by);
  }

  private assertHisToStop(actor: string): void {
    const brokersOnly = this.run.order?.resumed ? 'It was interrupted' : this.brokersOnly;
    if (actor.startsWith('client:') && brokersOnly !== null)
      throw refusal('Rejected', 'restricted', `${brokersOnly}: ask your broker to stop it.`);
  }

  private assertInTime(): void {
    if (this.late !== null) throw refusal('Rejected', 'already_done', `Too late to cancel: ${this.late}.`);
  }
}
