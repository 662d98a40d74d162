import { ApplicationFailure } from '@temporalio/common';
import { condition, setHandler } from '@temporalio/workflow';
import { whyMayNotApprove, type DecisionBy } from '../../domain/approvals.ts';
import {
  type Decided,
  type Decision,
  type DecisionWord,
  type OpenRequest,
  type Purpose,
  WORDS,
  whatIsWrongWith,
} from '../../domain/decisions.ts';
import { internal } from './activities.ts';
import { decide } from './messages.ts';
import { hubFailureOf } from './stopped.ts';

const refusal = (reason: string, message: string) =>
  ApplicationFailure.create({
    type: 'Rejected',
    message,
    nonRetryable: true,
    category: 'BENIGN',
    details: [{ reason }],
  });

interface Queued {
  decision: Decision;
  answer?: Decided;
  error?: ApplicationFailure;
}

export interface Verdict {
  word: DecisionWord;
  by: number;
  resolutionId: number | null;
  comment: string | null;
  /** What was approved: as asked, or as an operator corrected it before. */
  amount: string;
}

/**
 * Decisions on a run. The validator refuses what cannot be right before anything is written; the handler only queues; `next`
 * takes them one by one in the order they came, so two persons deciding at the same moment meet in a queue, not in a race.
 */
export class Decisions {
  private open: (OpenRequest & { needed: number; requestedBy: number | null; given: DecisionBy[] }) | null = null;
  private readonly queue: Queued[] = [];

  constructor() {
    setHandler(decide, (decision) => this.handle(decision), {
      validator: (decision) => this.validate(decision),
      description:
        'Approve, reject or resolve what this run waits for: {"decision": "approve", "by": <user id>, "resolutionId": <on reject>, "comment": "…"}',
    });
  }

  /** From now on decisions for this request are welcome. */
  ask(request: OpenRequest, needed: number, requestedBy: number | null): void {
    this.open = { ...request, needed, requestedBy, given: [] };
  }

  get waiting(): boolean {
    return this.queue.length > 0;
  }

  get missing(): number {
    return this.open ? this.open.needed - this.open.given.length : 0;
  }

  /** Takes one decision from the queue. Null when it was refused or when another one is still needed. */
  async next(): Promise<Verdict | null> {
    const item = this.queue.shift();
    if (!item || !this.open) return null;
    const { decision } = item;
    try {
      const wrong = this.whyNot(decision, true);
      if (wrong) throw refusal(wrong.reason, wrong.issue);
      const { proven, amount } = await internal(`Recording: ${decision.decision}`).recordDecision({
        applicationId: this.open.applicationId,
        decision,
        earlier: this.open.given,
      });
      if (decision.decision === 'approve') this.open.given.push({ userId: decision.by, proven });
      const missing = decision.decision === 'approve' ? this.missing : 0;
      item.answer = { purpose: this.open.purpose, decision: decision.decision, missing };
      // The last word ends the question: whoever spoke at the same moment hears so now, not when the run is over.
      if (missing === 0 && decision.decision !== 'continue') this.close();
      return missing > 0
        ? null
        : {
            word: decision.decision,
            by: decision.by,
            resolutionId: decision.resolutionId ?? null,
            comment: decision.comment ?? null,
            amount,
          };
    } catch (error) {
      const failure = hubFailureOf(error);
      if (!failure) throw error;
      item.error = refusal(failure.reason, failure.message);
      return null;
    }
  }

  /** Nothing is asked any more: whoever still queues hears so. */
  close(): void {
    this.open = null;
    for (const item of this.queue.splice(0)) item.error = refusal('not_waiting', 'The request was decided already.');
  }

  private validate(decision: Decision): void {
    const wrong = whatIsWrongWith(decision);
    if (wrong)
      throw ApplicationFailure.create({
        type: 'InvalidInput',
        message: wrong,
        nonRetryable: true,
        category: 'BENIGN',
        details: [{ reason: 'validation' }],
      });
    const why = this.whyNot(decision, Boolean(decision.proof));
    if (why) throw refusal(why.reason, why.issue);
  }

  private whyNot(decision: Decision, proven: boolean): { reason: string; issue: string } | null {
    if (!this.open) return { reason: 'not_waiting', issue: 'This run waits for no decision now.' };
    const words: readonly string[] = WORDS[this.open.purpose satisfies Purpose];
    if (!words.includes(decision.decision)) {
      return { reason: 'not_waiting', issue: `This run waits for one of: ${words.join(', ')}.` };
    }
    if (decision.decision === 'reject' && this.open.purpose === 'approval' && decision.resolutionId === undefined) {
      return { reason: 'validation', issue: 'A rejection needs a resolutionId.' };
    }
    if (decision.decision === 'approve' || decision.decision === 'mark_done') {
      return whyMayNotApprove({ userId: decision.by, proven }, this.open.requestedBy, this.open.given);
    }
    return null;
  }

  private async handle(decision: Decision): Promise<Decided> {
    const item: Queued = { decision };
    this.queue.push(item);
    await condition(() => item.answer !== undefined || item.error !== undefined);
    if (item.error) throw item.error;
    return item.answer!;
  }
}
