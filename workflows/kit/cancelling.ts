import { CancellationScope, condition } from '@temporalio/workflow';
import { isPlainText } from '../../domain/decisions.ts';
import { cancel, type CancelWish } from './messages.ts';
import type { MoneyRun } from './money-run.ts';
import { onUpdate } from './on-update.ts';
import { refusal, Stopped } from './stopped.ts';

/** The wish that a money run stops: heard whenever it comes, by the API or at Temporal UI, and honoured by the story where nothing is torn apart. */
export class Cancelling {
  /** False from when money may be on its way, or is here. */
  possible = true;

  private readonly run: MoneyRun;
  private wish: string | null = null;
  private closed = false;

  constructor(run: MoneyRun) {
    this.run = run;
    onUpdate(
      cancel,
      async ({ by, comment }: CancelWish) => {
        this.wish ??= `cancelled by ${by}${comment ? `: ${comment}` : ''}`;
        // Once wished for in time it is honoured; the caller hears of it when the books say so.
        await condition(() => this.closed);
        return { stage: run.progress.stage };
      },
      {
        validator: (wish: CancelWish) => this.assertMayCancel(wish),
        description: 'Stop this run; possible until money was sent.',
      },
    );
    // "Request cancellation" in Temporal UI is the same wish; it never tears the story apart in the middle of a payment.
    CancellationScope.current().cancelRequested.catch(() => {
      if (this.possible) this.wish ??= 'cancelled from Temporal UI';
      else run.progress.note('Cancellation was asked for, too late: money was sent.');
    });
  }

  /** The story is to stop now. */
  get isDue(): boolean {
    return this.possible && this.wish !== null;
  }

  honour(): void {
    if (this.possible && this.wish !== null) throw new Stopped('cancelled', 'cancelled', this.wish);
  }

  /** The books say how it ended. */
  close(): void {
    this.closed = true;
  }

  private assertMayCancel(wish: unknown): void {
    const { by, comment } = (wish ?? {}) as Partial<CancelWish>;
    if (typeof by !== 'string' || !isPlainText(by) || (comment !== undefined && !isPlainText(comment))) {
      throw refusal('InvalidInput', 'validation', 'send an object like {"by": "user:1", "comment": "why"}');
    }
    if (!this.possible || this.closed) {
      throw refusal('Rejected', 'already_done', 'Too late to cancel: money was sent or the run is over.');
    }
    const { order, progress } = this.run;
    // Whoever approves it says that it was paid: from the question on only they know whether it is on its way.
    if (by.startsWith('client:') && order?.method?.paidByPeople && progress.stage === 'awaiting_approval')
      throw refusal('Rejected', 'restricted', 'It may be on its way already: ask your broker to stop it.');
  }
}
