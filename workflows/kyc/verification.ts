import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { CaseFacts } from '../../activities/kyc/prepare-case.ts';
import type { CaseState, Judged, WizardAction } from '../../domain/kyc.ts';
import { delay, TIMINGS, type Timings } from '../../domain/timings.ts';
import { atProvider, internal, setPatience } from '../kit/activities.ts';
import { Decisions, type Verdict } from '../kit/decisions.ts';
import { providerNews } from '../kit/messages.ts';
import { Progress } from '../kit/progress.ts';
import { hubFailureOf } from '../kit/stopped.ts';
import { type HandedIn, kycBegin, kycHandIn } from './messages.ts';

export interface VerificationInput {
  caseId: number;
  timings?: Partial<Timings>;
}

/** A client's way to a level: he shows who he is, a provider or a person checks, the level is given. */
export async function verification(input: VerificationInput): Promise<CaseState> {
  return CancellationScope.nonCancellable(() => new Verification(input).live());
}

const ENDS: readonly CaseState[] = ['approved', 'rejected', 'expired', 'withdrawn'];
const CAN_DECIDE = 'decide the request in the Back Office, or send the Update `decide`.';

/** What a run asks the operators, and what their words make of the case. */
interface Question {
  purpose: 'approval' | 'review';
  why: string;
  yes: 'approved' | 'withdrawn';
  /** Null: it stays as it is. */
  no: 'retry' | 'rejected' | null;
}

class Verification {
  private readonly input: VerificationInput;
  private readonly timings: Timings;
  private readonly progress = new Progress();
  private readonly decisions = new Decisions((said) => this.progress.note(said));
  private facts: CaseFacts | null = null;
  private news = true;
  private called = false;
  /** Counts the looks: whoever said that there is news waits until one was taken after it. */
  private looks = 0;
  private failures = 0;
  private asked: { question: Question; applicationId: number } | null = null;
  private checkingSince: number | null = null;

  constructor(input: VerificationInput) {
    this.input = input;
    this.timings = { ...TIMINGS, ...input.timings };
    setPatience(this.timings);
    setHandler(providerNews, ({ said }) => {
      this.progress.note(`The provider calls: ${said}.`);
      this.news = true;
      this.called = true;
    });
    setHandler(kycBegin, () => this.begin(), {
      description: 'What the client goes on with; gives a fresh token or page.',
    });
    setHandler(kycHandIn, () => this.handIn(), { description: 'The client is done: look at what he handed in.' });
  }

  async live(): Promise<CaseState> {
    for (let polls = 0; ;) {
      if (this.news || this.decisions.waiting) polls = 0;
      if (this.decisions.waiting) await this.decided();
      else await this.look();
      if (await this.isOver()) return this.facts!.state;
      if (workflowInfo().continueAsNewSuggested && !this.isTold() && allHandlersFinished())
        await continueAsNew<typeof verification>(this.input);
      this.showWaiting();
      const timer = this.nextLookIn(polls);
      if (timer === null) await condition(() => this.isTold());
      else if (!(await condition(() => this.isTold(), timer))) polls += 1;
    }
  }

  private isTold(): boolean {
    return this.news || this.decisions.waiting;
  }

  /** Reads the case again, asks the provider when it knows the client, and opens whatever question follows. */
  private async look(): Promise<void> {
    this.news = false;
    const { caseId } = this.input;
    const facts = await internal('Reading the verification').prepareCase({ caseId });
    const first = this.facts === null;
    this.facts = facts;
    if (first) this.introduce(facts);
    let contested = false;
    if (facts.connectionId !== null && (facts.begun || this.called)) contested = await this.askProvider(facts);
    await this.ask(this.questionFor(this.facts, contested));
    this.looks += 1;
  }

  private introduce({ clientId, provider, level, state }: CaseFacts): void {
    this.progress.about({ kind: 'verification', client: clientId, provider, what: level });
    this.progress.stands(state, provider ? `${provider} checks this client.` : 'Our own people check this client.');
  }

  /** True when an approval is contested. What could not be asked is asked again later. */
  private async askProvider(facts: CaseFacts): Promise<boolean> {
    const { caseId } = this.input;
    try {
      const report = await atProvider(facts.connectionId!, 'Asking how far the check is').findCheck({ caseId });
      this.failures = 0;
      if (report === null) return false;
      const judged: Judged = await internal(`Noting: ${report.state}`).noteReport({ caseId, report });
      if (judged.stale) this.progress.note('An older report came and was left aside.');
      if (report.unknownWord)
        this.progress.note(`${facts.provider} says '${report.providerStatus}', which is not known here.`);
      if (judged.state !== facts.state) this.turned(judged.state, `${facts.provider} says: ${report.providerStatus}.`);
      return judged.contested;
    } catch (error) {
      const why = hubFailureOf(error)?.message ?? 'the answer was lost';
      this.failures += 1;
      this.progress.note(`${facts.provider} could not be asked: ${why}.`);
      return false;
    }
  }

  private turned(state: CaseState, said: string): void {
    this.facts = { ...this.facts!, state };
    this.progress.stands(state, said);
  }

  private questionFor({ state, connectionId, provider, settled }: CaseFacts, contested: boolean): Question | null {
    if (contested && !settled) {
      const why = `${provider} takes its approval back: approve to take the level back, reject to leave it`;
      return { purpose: 'approval', why, yes: 'withdrawn', no: null };
    }
    if (state === 'checking' && connectionId === null) {
      return {
        purpose: 'approval',
        why: 'the documents of the client are to be checked',
        yes: 'approved',
        no: 'retry',
      };
    }
    if (state === 'rejected' && !settled) {
      const why = `${provider} refuses this client for good: approve to give the level nevertheless`;
      return { purpose: 'review', why, yes: 'approved', no: 'rejected' };
    }
    return null;
  }

  private async ask(question: Question | null): Promise<void> {
    // What is asked already waits for its answer, whatever else is heard meanwhile.
    if (!question || this.asked?.question.why === question.why) return;
    const { caseId } = this.input;
    const { purpose, why } = question;
    const request = await internal('Asking the operators').openCaseRequest({ caseId, purpose, why });
    this.asked = { question, applicationId: request.applicationId };
    this.decisions.ask(request, null);
    this.progress.note(`Request ${request.applicationId}: ${why}.`);
  }

  private async decided(): Promise<void> {
    const verdict = await this.decisions.next();
    if (!verdict || !this.asked) return;
    const { question } = this.asked;
    this.asked = null;
    this.progress.note(`User ${verdict.by} decided: ${verdict.word}.`);
    if (verdict.word === 'continue') {
      this.news = true;
      return;
    }
    await this.settle(verdict, verdict.word === 'approve' ? question.yes : question.no);
  }

  private async settle(
    { by, resolutionId }: Verdict,
    state: 'approved' | 'withdrawn' | 'retry' | 'rejected' | null,
  ): Promise<void> {
    const { caseId } = this.input;
    await internal(`Settling: ${state ?? 'as it is'}`).settleCase({ caseId, state, by, resolutionId });
    this.facts = { ...this.facts!, settled: true };
    if (state !== null) this.turned(state, `Settled by user ${by}.`);
  }

  /** Nothing is asked and nobody is awaited. Later news begin a new run. */
  private async isOver(): Promise<boolean> {
    const { state } = this.facts!;
    if (!ENDS.includes(state) || this.asked || this.isTold() || this.failures > 0) return false;
    await condition(allHandlersFinished);
    if (this.isTold() || !ENDS.includes(this.facts!.state)) return false;
    this.progress.ended('The verification is over.');
    return true;
  }

  /** Milliseconds; null: only when somebody says something. */
  private nextLookIn(polls: number): number | null {
    const { timings, facts } = this;
    if (this.failures > 0) return delay(timings.retries, this.failures - 1);
    if (facts!.connectionId === null || !facts!.begun) return null;
    const { state } = facts!;
    return state === 'checking' || state === 'on_hold' ? delay(timings.polls, polls) : timings.worryAfter;
  }

  private showWaiting(): void {
    const { progress, asked, facts } = this;
    const { state, provider } = facts!;
    const since = state === 'checking' || state === 'on_hold' ? (this.checkingSince ??= Date.now()) : null;
    if (since === null) this.checkingSince = null;
    const late = since !== null && Date.now() - since > this.timings.worryAfter;
    if (asked)
      progress.waitingFor(`request ${asked.applicationId}: ${asked.question.why}`, CAN_DECIDE, { human: true });
    else if (this.failures > 0)
      progress.waitingFor(`${provider} to answer`, 'check the connection; it is asked again by itself.', {
        human: this.failures > 3,
      });
    else if (since !== null)
      progress.waitingFor(`${provider} to check (${state})`, 'look at the applicant there; news come by themselves.', {
        human: late,
      });
    else progress.waitingFor('the client', 'remind the client; nothing else is missing.', { human: false });
  }

  private async begin(): Promise<WizardAction> {
    await condition(() => this.looks > 0);
    const { connectionId } = this.facts!;
    if (connectionId === null) return { kind: 'documents' };
    const { caseId } = this.input;
    try {
      const { providerId, action } = await atProvider(connectionId, 'Beginning the check').beginCheck({ caseId });
      const state = await internal('Noting the applicant').noteBegun({ caseId, providerId });
      this.facts = { ...this.facts!, begun: true, state };
      return action;
    } catch (error) {
      const failure = hubFailureOf(error);
      throw ApplicationFailure.create({
        type: failure && failure.type !== 'OutcomeUnknown' ? failure.type : 'Unavailable',
        message: failure?.message ?? 'the answer of the provider was lost',
        nonRetryable: true,
        category: 'BENIGN',
        details: [{ reason: failure?.reason ?? 'provider_unavailable' }],
      });
    }
  }

  private async handIn(): Promise<HandedIn> {
    const before = this.looks;
    this.news = true;
    await condition(() => this.looks > before && !this.news, this.timings.firstAnswer);
    return { state: this.facts?.state ?? 'checking', requestId: this.asked?.applicationId ?? null };
  }
}
