import type { DecisionWord } from '../../domain/decisions.ts';
import type { SaidBefore } from '../../domain/money-order.ts';
import { REJECTED } from '../../domain/told-client.ts';
import type { MoneyRun } from './money-run.ts';
import { Stopped } from './stopped.ts';
import { stubbornly } from './stubbornly.ts';

/** How to find out what another run of an order sent, and to book it. */
export interface SentBefore {
  /** False: surely nothing. Throws Stopped when it surely failed. */
  find: () => Promise<false | { book: () => Promise<void> }>;
  /** As a person says that it was done. */
  bookAsSaid: () => Promise<void>;
  /** An approval of theirs says that it was done. */
  approvedIsDone: boolean;
}

/**
 * An order that another run began, which was ended, or cut off by a reset, from outside: what that one sent, and what people said to it
 * (docs/decisions/0083-a-run-that-was-ended.md).
 */
export class TakingOver {
  private readonly run: MoneyRun;
  /** Null: nothing of this order is ever sent. */
  private sent: SentBefore | null = null;

  constructor(run: MoneyRun) {
    this.run = run;
  }

  /** Told by the story before it begins. */
  ifSent(how: SentBefore): void {
    this.sent = how;
  }

  /**
   * True: it was sent, and that is booked now. Else this run takes the order over: nothing is out. Throws Stopped when it surely failed, when people had said no, or
   * when what was held for it was given back.
   */
  async sentIt(): Promise<boolean> {
    const { run } = this;
    const { transactionId } = run;
    for (;;) {
      const found = await this.found();
      if (found && !(found instanceof Stopped)) {
        await found.book();
        return true;
      }
      const taken = await stubbornly(run, 'Taking the order over', (hub) => hub.takeOver({ transactionId }));
      run.nothingWasSent();
      run.progress.note('Of what another run of this order sent nothing is out.');
      this.heed(taken.said);
      if (found) throw found;
      if (!taken.holdStands)
        throw new Stopped('failed', 'hold_settled', 'What was held for it had been given back already.');
      if (!this.sent || !this.saysDone(taken.said)) return false;
      if ((await this.askWhetherItWasDone(taken.said!)) === 'mark_done') {
        await this.sent.bookAsSaid();
        return true;
      }
    }
  }

  /** A no that people said, to this run or to the one before, ends it. */
  heed(said: SaidBefore | null = this.run.order.saidBefore ?? null): void {
    if (said?.word === 'reject') throw new Stopped('rejected', 'rejected', said.comment ?? REJECTED, said.resolutionId);
    if (said?.word === 'mark_failed') {
      const issue = said.comment ?? 'Marked as failed by an operator.';
      throw new Stopped('failed', 'marked_failed', issue, said.resolutionId);
    }
  }

  private async found(): Promise<false | Stopped | { book: () => Promise<void> }> {
    try {
      return (await this.sent?.find()) ?? false;
    } catch (error) {
      if (error instanceof Stopped) return error;
      throw error;
    }
  }

  private saysDone(said: SaidBefore | null): boolean {
    return said?.word === 'mark_done' || (said?.word === 'approve' && this.sent?.approvedIsDone === true);
  }

  /** Nothing shows that it was done, and somebody had said so. Throws Stopped: it was not. "continue": it is looked for once more. */
  private async askWhetherItWasDone({ word }: SaidBefore): Promise<DecisionWord> {
    const { run } = this;
    run.tooLateToCancel('somebody had said that it was done');
    const why = `Before its run was ended somebody said "${word}", and nothing else shows that it was done.`;
    const request = await run.openRequest('assistance', why);
    run.progress.at('assistance', `${why} Request ${request.applicationId} opened.`);
    const can = `find out whether it was paid, by our reference ${run.order.reference}, then decide request ${request.applicationId} or send \`decide\` with \`{"decision": "mark_done", "by": <your user id>}\`, with "mark_failed" (gives the money back) or with "continue" (looks once more).`;
    const verdict = await run.decision('an operator: whether it was done', () => can);
    if (verdict.word === 'mark_failed') this.heed(verdict);
    return verdict.word;
  }
}
