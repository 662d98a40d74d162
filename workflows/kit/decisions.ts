import type { ApplicationFailure } from '@temporalio/common';
import { condition, currentUpdateInfo, workflowInfo } from '@temporalio/workflow';
import {
  type DecisionBy,
  howApprovalsStand,
  namesOf,
  onlyThroughApi,
  whyMayNotApprove,
} from '../../domain/approvals.ts';
import {
  type Decided,
  type Decision,
  type DecisionRecord,
  type DecisionWord,
  type OpenRequest,
  WORDS,
  whatIsWrongWith,
} from '../../domain/decisions.ts';
import { internal } from './activities.ts';
import { decide } from './messages.ts';
import { onUpdate } from './on-update.ts';
import { hubFailureOf, refusal } from './stopped.ts';

interface Queued {
  decision: Decision;
  updateId: string;
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

interface Question extends OpenRequest {
  requestedBy: number | null;
  given: DecisionBy[];
}

/**
 * Decisions on a run. The validator refuses what cannot be right before anything is written; the handler only queues; `next`
 * takes them one by one in the order they came, so two persons deciding at the same moment meet in a queue, not in a race.
 * A question is open only while the run asks it: an answer that comes after is refused at once, and one that comes before, since people see a request a
 * moment earlier, is asked to come again.
 *
 * The API is answered as soon as its decision is taken, which is when its Update is durable, and then writes the decision down itself;
 * so does the run before it goes on (docs/decisions/0016-decisions-answer-when-durable.md). A person at Temporal UI, whom nobody else would
 * tell, is answered when it is written down.
 */
export class Decisions {
  private open: Question | null = null;
  /** The last question, so that asking the very same one again keeps the approvals it had. */
  private last: Question | null = null;
  /** Requests that were asked about, answered or not. */
  private readonly asked = new Set<number>();
  private readonly queue: Queued[] = [];
  private readonly note: (said: string) => void;

  /** `note` is shown to operators: who decided what, and how several approvals stand. */
  constructor(note: (said: string) => void) {
    this.note = note;
    onUpdate(decide, (decision) => this.handle(decision), {
      validator: (decision) => this.validate(decision),
      description:
        'Approve, reject or resolve what this run waits for: {"decision": "approve", "by": <user id>, "resolutionId": <on reject>, "comment": "…"}',
    });
  }

  /** From now on decisions for this request are welcome. */
  ask(request: OpenRequest, requestedBy: number | null): void {
    const same = this.last?.applicationId === request.applicationId && this.last.amount === request.amount;
    this.open = { ...request, requestedBy, given: same ? this.last!.given : [] };
    this.last = this.open;
    this.asked.add(request.applicationId);
  }

  get waiting(): boolean {
    return this.queue.length > 0;
  }

  /** How many of several approvals are given, and how the others may come. Null: one word decides. */
  get standing(): string | null {
    return this.open && howApprovalsStand(this.open.given, this.open.needed);
  }

  /** What is missing cannot come from Temporal UI. */
  get onlyThroughApi(): boolean {
    return this.open !== null && onlyThroughApi(this.open.given);
  }

  /** Takes one decision from the queue. Null when it was refused or when another one is still needed. */
  async next(): Promise<Verdict | null> {
    const item = this.queue.shift();
    if (!item || !this.open) return null;
    const { decision } = item;
    const question = this.open;
    try {
      const wrong = this.whyNot(decision, true);
      if (wrong) throw refusal('Rejected', wrong.reason, wrong.issue);
      const record: DecisionRecord = {
        applicationId: question.applicationId,
        updateId: item.updateId,
        earlier: [...question.given],
      };
      const { purpose, applicationId } = question;
      const decided = { purpose, decision: decision.decision, record, runId: workflowInfo().runId };
      // From here on nothing else happens until it is written down.
      if (decision.proof !== undefined) item.answer = { ...decided, missing: null };
      const recording = internal(`Recording: ${decision.decision}`).recordDecision({ ...record, decision });
      const { proven, amount, missing } = await recording;
      const by = { userId: decision.by, proven };
      if (decision.decision === 'approve') question.given.push(by);
      item.answer = { ...decided, missing };
      if (missing > 0) {
        question.needed = question.given.length + missing;
        this.note(`Request ${applicationId}: approve, says ${namesOf([by])}; ${this.standing}.`);
        return null;
      }
      this.close();
      const deciders = decision.decision === 'approve' ? question.given : [by];
      this.note(`Request ${applicationId}: ${decision.decision}, says ${namesOf(deciders)}.`);
      const { resolutionId = null, comment = null } = decision;
      return { word: decision.decision, by: decision.by, resolutionId, comment, amount };
    } catch (error) {
      const failure = hubFailureOf(error);
      if (!failure) throw error;
      item.error = refusal('Rejected', failure.reason, failure.message);
      if (item.answer) this.note(`Not taken, ${decision.decision} by user ${decision.by}: ${failure.message}`);
      return null;
    }
  }

  /** Nothing is asked any more: whoever still queues hears so. */
  close(issue = 'The request was decided already.'): void {
    this.open = null;
    for (const item of this.queue.splice(0)) item.error = refusal('Rejected', 'not_waiting', issue);
  }

  private validate(decision: Decision): void {
    const wrong = whatIsWrongWith(decision);
    if (wrong) throw refusal('InvalidInput', 'validation', wrong);
    if (decision.applicationId !== undefined && !this.asked.has(decision.applicationId))
      throw refusal('Unavailable', 'not_ready', 'This run has not come to that request yet; try again in a moment.', {
        retryAfter: 1,
      });
    const why = this.whyNot(decision, Boolean(decision.proof));
    if (why) throw refusal('Rejected', why.reason, why.issue);
  }

  private whyNot(decision: Decision, proven: boolean): { reason: string; issue: string } | null {
    const { open } = this;
    if (!open || (decision.applicationId ?? open.applicationId) !== open.applicationId) {
      return { reason: 'not_waiting', issue: 'This run does not wait for this decision now.' };
    }
    const words = WORDS[open.purpose];
    if (!words.includes(decision.decision)) {
      return { reason: 'not_waiting', issue: `This run waits for one of: ${words.join(', ')}.` };
    }
    if (decision.decision === 'reject' && open.purpose === 'approval' && decision.resolutionId === undefined) {
      return { reason: 'validation', issue: 'A rejection needs a resolutionId.' };
    }
    if (decision.decision === 'mark_done' && open.purpose === 'difference' && !decision.comment?.trim()) {
      return { reason: 'validation', issue: 'Say in the comment how the difference was settled.' };
    }
    // Words that move money, or give it back on somebody's word alone, need other eyes than the requester's.
    if (['approve', 'mark_done', 'mark_failed'].includes(decision.decision)) {
      return whyMayNotApprove({ userId: decision.by, proven }, open.requestedBy, open.given);
    }
    return null;
  }

  private async handle(decision: Decision): Promise<Decided> {
    const item: Queued = { decision, updateId: currentUpdateInfo()!.id };
    this.queue.push(item);
    await condition(() => item.answer !== undefined || item.error !== undefined);
    if (item.answer) return item.answer;
    throw item.error!;
  }
}
