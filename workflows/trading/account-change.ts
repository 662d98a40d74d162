import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  defineUpdate,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { TradingAccount } from '../../adapters/kit/trading.ts';
import type { ChangeFacts } from '../../activities/accounts/prepare-account-change.ts';
import type { ChangeEnd, ChangeState, ChangeStep } from '../../domain/account-change.ts';
import type { Answer } from '../../domain/outcomes.ts';
import { delay, TIMINGS, type Timings } from '../../domain/timings.ts';
import { atProvider, internal } from '../kit/activities.ts';
import { type Answering, answering } from '../kit/answering.ts';
import { askUntilAnswered } from '../kit/ask-until-answered.ts';
import { attempted, NEVER_BEGUN } from '../kit/attempted.ts';
import { hubFailureOf, refusal, Stopped } from '../kit/stopped.ts';

export interface AccountChangeInput {
  changeId: number;
  timings?: Partial<Timings>;
  /** Of a run that goes on with a new history: the platform may have heard of it. */
  mayBeSent?: boolean;
  lost?: ChangeStep[];
}

export interface ChangeAnswer {
  state: ChangeState;
  reason: string | null;
  issue: string | null;
}

/** Who wants it: 'user:7', 'client:7'. */
export interface Withdrawal {
  by: string;
}

export const changeBegin = defineUpdate<ChangeAnswer, []>('begin');

/** It is not sent again. Answers once that is noted; whether it arrived before may take longer. */
export const changeWithdraw = defineUpdate<ChangeAnswer, [Withdrawal]>('withdraw');

/** Sets what is wanted of an account at its platform, for as long as it takes: setting what is set is harmless, so a lost answer is repeated. */
export async function accountChange(input: AccountChangeInput): Promise<ChangeAnswer> {
  const change = new AccountChange(input);
  return answering<ChangeAnswer>({
    update: changeBegin,
    meanwhile: () => change.standing(),
    timings: input.timings,
    heedsCancellation: true,
    story: (run) => change.untilOver(run),
  });
}

const CAN = 'check the connection; it is tried again by itself. Or withdraw the change.';
/** What a later look at the platform shows. */
const SEEN: readonly ChangeStep[] = ['group', 'leverage', 'access'];
const LOST = 'It was sent and no answer came: look at the platform whether it has it.';
const GONE = 'It was sent and no answer came, and the platform no longer knows the account.';

class AccountChange {
  private readonly input: AccountChangeInput;
  private run!: Answering;
  private facts!: ChangeFacts;
  private state: ChangeState = 'waiting';
  private end: ChangeEnd | null = null;
  private wish: Withdrawal | null = null;
  private withdrawn!: Promise<void>;
  private mayBeSent: boolean;
  private lastSent = 0;
  /** Each was attempted, and no yes or no came. */
  private readonly lost: Set<ChangeStep>;
  /** What the platform said to a repeat after that: it may have taken the first. */
  private no: { reason: string; message: string } | null = null;

  constructor(input: AccountChangeInput) {
    this.input = input;
    this.mayBeSent = input.mayBeSent ?? false;
    this.lost = new Set(input.lost);
    setHandler(changeWithdraw, (wish) => CancellationScope.nonCancellable(() => this.withdraw(wish)), {
      validator: (wish: Withdrawal) => this.assertMayWithdraw(wish),
      description: 'Stops trying: {"by": "user:7"}.',
    });
    // "Request cancellation" in Temporal UI is the same wish.
    CancellationScope.current().cancelRequested.catch(() => (this.wish ??= { by: 'somebody in Temporal UI' }));
  }

  standing(): ChangeAnswer {
    return this.end ?? { state: this.state, reason: null, issue: null };
  }

  async untilOver(run: Answering): Promise<ChangeAnswer> {
    this.run = run;
    // Here, not in the constructor: in the scope that cancellation does not reach.
    this.withdrawn = condition(() => this.wish !== null);
    const { changeId } = this.input;
    this.facts = await internal('Reading what to change').prepareAccountChange({ changeId });
    const { clientId: client, accountId, provider, said, end, state } = this.facts;
    run.progress.about({ kind: 'account-change', client, provider, what: `account ${accountId}` });
    run.progress.at('submitting', `${provider} is asked for: ${said}.`);
    if (this.facts.begunBefore) this.countOnTheRunBefore();
    if (state === 'withdrawing') this.wish = { by: 'somebody' };
    const ended = end ?? (await this.apply());
    if (!end) await internal(`Settling: ${ended.state}`).settleAccountChange({ changeId, ...ended });
    this.end = ended;
    this.tellEnd(ended);
    return ended;
  }

  /** One that was ended from outside: all of it may be sent, the last a moment ago. */
  private countOnTheRunBefore(): void {
    this.mayBeSent = true;
    this.lastSent = Date.now();
    for (const step of this.facts.steps) this.lost.add(step);
  }

  private tellEnd({ state, issue }: ChangeEnd): void {
    const stage = state === 'done' ? 'done' : state === 'refused' ? 'failed' : 'cancelled';
    this.run.progress.ends(stage, issue ?? `The change is ${state}.`);
  }

  private async apply(): Promise<ChangeEnd> {
    try {
      for (const step of this.facts.steps) {
        if (!(await this.isSet(step))) return await this.findOut(step);
      }
      return { state: 'done', reason: null, issue: null };
    } catch (error) {
      if (error instanceof Stopped) return { state: 'refused', reason: error.reason, issue: error.issue };
      throw error;
    }
  }

  /** Tries until the platform has it, or says no. False: the change is withdrawn, or the no may be to the repeat only. */
  private async isSet(step: ChangeStep): Promise<boolean> {
    const { changeId } = this.input;
    const { progress, timings } = this.run;
    for (let n = 0; !this.wish; n++) {
      const answer = await this.try(step);
      if (answer.outcome === 'done') {
        await internal(`Noting: ${step} is set`).noteAccountSet({ changeId, step });
        progress.note(`${this.facts.provider} confirms: ${step} is set.`);
        return true;
      }
      if (answer.outcome === 'refused') {
        if (!this.lost.has(step)) throw new Stopped('failed', answer.reason, answer.message);
        this.no = answer;
      }
      if (this.wish || this.no) break;
      const why = 'message' in answer ? answer.message : 'it has not said yes or no';
      const retryAfter = 'retryAfter' in answer ? (answer.retryAfter ?? 0) * 1_000 : 0;
      progress.waitingFor(`${this.facts.provider} (${why})`, CAN, { human: n > 4 });
      await condition(() => this.wish !== null, Math.max(delay(timings.retries, n), retryAfter));
      progress.notWaiting();
      if (workflowInfo().continueAsNewSuggested && !this.wish && allHandlersFinished())
        await continueAsNew<typeof accountChange>({ ...this.input, mayBeSent: this.mayBeSent, lost: [...this.lost] });
    }
    return false;
  }

  private async try(step: ChangeStep): Promise<Answer<null>> {
    const { changeId } = this.input;
    const at = atProvider(this.facts.connectionId, `Setting ${step}`, this.run.timings.settleAfter);
    const going = attempted(at.setAccount({ changeId, step }));
    await Promise.race([going, this.withdrawn]);
    // Whoever withdraws hears of it at once, not when a silent platform has answered.
    if (this.wish && this.mayBeSent) await this.noteWithdrawing();
    const answer = await going;
    if (answer.outcome !== 'not_sent' || answer.message !== NEVER_BEGUN) {
      this.mayBeSent = true;
      this.lastSent = Date.now();
      // `not_sent` too: adapters say so of a repeatable call whose answer was lost.
      if (answer.outcome === 'unknown' || answer.outcome === 'not_sent') this.lost.add(step);
    }
    return answer;
  }

  private async noteWithdrawing(): Promise<void> {
    if (this.state === 'withdrawing') return;
    const { changeId } = this.input;
    const why = this.wish ? `Withdrawn by ${this.wish.by}` : `Refused (${this.no?.message}) after an answer was lost`;
    this.run.progress.note(`${why}.`);
    await internal('Noting the withdrawal').settleAccountChange({
      changeId,
      state: 'withdrawing',
      reason: null,
      issue: null,
    });
    this.state = 'withdrawing';
  }

  /** An attempt that was made may have arrived, or be on its way still. */
  private async findOut(step: ChangeStep): Promise<ChangeEnd> {
    const withdrawn = (issue: string | null): ChangeEnd => ({ state: 'withdrawn', reason: null, issue });
    if (!this.mayBeSent) return withdrawn(null);
    await this.noteWithdrawing();
    if (!SEEN.includes(step))
      return withdrawn(this.no ? `${LOST} The next attempt was refused: ${this.no.message}` : LOST);
    const { changeId } = this.input;
    const { progress, timings } = this.run;
    await sleep(Math.max(this.lastSent + timings.settleAfter - Date.now(), 0));
    const seen = await askUntilAnswered(progress, timings, 'how the account is set', () => this.readAccount());
    if (!seen) return withdrawn(GONE);
    const isAsWanted = await internal('Noting how the account is').noteAccountSeen({ changeId, seen });
    if (isAsWanted) return { state: 'done', reason: null, issue: null };
    if (this.no) throw new Stopped('failed', this.no.reason, this.no.message);
    return withdrawn(null);
  }

  /** Null: the platform no longer knows it, which no repeat would change. */
  private async readAccount(): Promise<TradingAccount | null> {
    const { changeId } = this.input;
    try {
      return await atProvider(this.facts.connectionId, 'Looking at the account').readAccount({ changeId });
    } catch (error) {
      if (hubFailureOf(error)?.type === 'NotFound') return null;
      throw error;
    }
  }

  private assertMayWithdraw(wish: Withdrawal | undefined): void {
    if (this.end) throw refusal('Rejected', 'not_waiting', `The change is over: ${this.end.state}.`);
    if (typeof wish?.by !== 'string' || !/^(user|client):\d+$/.test(wish.by))
      throw refusal('InvalidInput', 'validation', 'by must look like user:7.');
  }

  /** May be what the run begins with. */
  private async withdraw(wish: Withdrawal): Promise<ChangeAnswer> {
    this.wish ??= wish;
    const { firstAnswer } = { ...TIMINGS, ...this.input.timings };
    await condition(() => this.state === 'withdrawing' || this.end !== null, firstAnswer);
    return this.standing();
  }
}
