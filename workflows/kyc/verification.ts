import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Noted } from '../../activities/kyc/note-report.ts';
import type { CaseFacts } from '../../activities/kyc/prepare-case.ts';
import type { Settled } from '../../activities/kyc/settle-case.ts';
import type { CaseState, WizardAction } from '../../domain/kyc.ts';
import { delay, TIMINGS, type Timings } from '../../domain/timings.ts';
import { atProvider, internal, setPatience } from '../kit/activities.ts';
import { Decisions, type Verdict } from '../kit/decisions.ts';
import { providerNews } from '../kit/messages.ts';
import { onUpdate } from '../kit/on-update.ts';
import { Progress } from '../kit/progress.ts';
import { hubFailureOf } from '../kit/stopped.ts';
import { uncancelled } from '../kit/uncancelled.ts';
import { type HandedIn, kycBegin, kycDue, kycHandIn } from './messages.ts';
import { type Question, questionFor, type SecondThoughts } from './question.ts';
import { ENDS, isClients, MEANS } from './states.ts';

export interface VerificationInput {
  caseId: number;
  timings?: Partial<Timings>;
}

/**
 * A client's way to a level: he shows who he is, a provider or a person checks, the level is given. The run ends when only the client or a date is awaited:
 * his next step, the provider's news and the sweep begin it again (docs/decisions/0034-dates-of-a-verification.md).
 */
export async function verification(input: VerificationInput): Promise<CaseState> {
  return uncancelled('decide its request in the Back Office (verifications).', () => new Verification(input));
}

const NO_SECOND_THOUGHTS: SecondThoughts = { contested: false, overturned: false };
const CAN_DECIDE = 'decide the request in the Back Office, or send the Update `decide`.';

class Verification {
  private readonly input: VerificationInput;
  private readonly timings: Timings;
  private readonly progress = new Progress();
  private readonly decisions = new Decisions((said) => this.progress.note(said));
  private facts: CaseFacts | null = null;
  private news = true;
  private called = false;
  private woken = false;
  /** When somebody was there last: the client, or the provider about him. Milliseconds. */
  private visited = 0;
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
      this.visited = Date.now();
    });
    setHandler(kycDue, () => {
      this.news = true;
      this.woken = true;
    });
    onUpdate(kycBegin, () => this.begin(), {
      description: 'What the client goes on with; gives a fresh token or page.',
    });
    onUpdate(kycHandIn, () => this.handIn(), { description: 'The client is done: look at what he handed in.' });
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
      else if (!(await condition(() => this.isTold(), timer, { summary: this.waitsFor() }))) polls += 1;
    }
  }

  note(said: string): void {
    this.progress.note(said);
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
    const mayKnow = facts.connectionId !== null && (facts.begun || this.called);
    const thoughts = mayKnow ? await this.askProvider(facts) : NO_SECOND_THOUGHTS;
    const hasEnded = this.mayKeepDate(facts) && (await this.keepDate());
    await this.ask(questionFor(this.facts, thoughts, hasEnded));
    this.looks += 1;
  }

  private introduce({ clientId, provider, reference, level, state }: CaseFacts): void {
    this.progress.about({ kind: 'verification', client: clientId, provider, what: level });
    const who = provider ? `${provider} checks this client (${reference}).` : 'Our own people check this client.';
    this.progress.stands(state, `${who} ${MEANS[state]}`);
  }

  /** What could not be asked is asked again later. */
  private async askProvider(facts: CaseFacts): Promise<SecondThoughts> {
    const { caseId } = this.input;
    try {
      const report = await atProvider(facts.connectionId!, 'Asking how far the check is').findCheck({ caseId });
      this.failures = 0;
      if (report === null) return NO_SECOND_THOUGHTS;
      const judged: Noted = await internal(`Noting: ${report.state}`).noteReport({ caseId, report });
      this.settledBy(judged);
      if (judged.stale) this.progress.note('An older report came and was left aside.');
      if (report.unknownWord)
        this.progress.note(`${facts.provider} says '${report.providerStatus}', which is not known here.`);
      if (judged.state !== facts.state)
        this.turned(judged.state, `${facts.provider} says: ${[report.providerStatus, ...report.reasons].join(', ')}.`);
      return { contested: judged.contested, overturned: judged.overturned === true };
    } catch (error) {
      const why = hubFailureOf(error)?.message ?? 'the answer was lost';
      this.failures += 1;
      this.progress.note(`${facts.provider} could not be asked: ${why}.`);
      return NO_SECOND_THOUGHTS;
    }
  }

  /** What noting a report has dealt with. Workers of before did not look at it: what they recorded is replayed as they went on. */
  private settledBy({ settled, closedRequest }: Noted): void {
    const says = (settled ?? this.facts!.settled) !== this.facts!.settled || closedRequest != null;
    if (!says || !patched('hears-what-is-settled')) return;
    this.facts = { ...this.facts!, settled: settled ?? this.facts!.settled };
    if (closedRequest != null) this.closed(closedRequest);
  }

  /** While the provider does not answer, nobody is reminded or closed: he may have sent everything. */
  private mayKeepDate({ next }: CaseFacts): boolean {
    if (this.failures > 0 && (next?.what === 'reminder' || next?.what === 'deadline')) return false;
    return next?.isDue === true || this.woken;
  }

  /** True when what was approved has ended and a person is to be asked. The books say what is due: news may have made it void. */
  private async keepDate(): Promise<boolean> {
    const { caseId } = this.input;
    this.woken = false;
    const { state, said, asks } = await internal('Keeping a date').keepDate({ caseId, known: this.facts!.state });
    if (said !== null) this.turned(state, said);
    return asks;
  }

  private turned(state: CaseState, said: string): void {
    this.facts = { ...this.facts!, state };
    this.progress.stands(state, `${said} ${MEANS[state]}`);
  }

  private async ask(question: Question | null): Promise<void> {
    // What is asked already waits for its answer, whatever else is heard meanwhile.
    if (!question || this.asked?.question.why === question.why) return;
    const { caseId } = this.input;
    const { purpose, why } = question;
    // The same words would mean something else.
    if (this.asked) this.decisions.close('Something else is asked now; look at the request again.');
    const request = await internal('Asking the operators').openCaseRequest({ caseId, purpose, why });
    this.asked = { question, applicationId: request.applicationId };
    this.decisions.ask(request, null);
    this.progress.note(`Request ${request.applicationId}: ${why}.`);
  }

  /** The provider's word has made this request void. */
  private closed(applicationId: number): void {
    if (this.asked?.applicationId !== applicationId) return;
    this.asked = null;
    this.decisions.close('The provider has approved meanwhile; nothing is asked any more.');
    this.progress.note(`Request ${applicationId} was closed: nothing is asked any more.`);
  }

  private async decided(): Promise<void> {
    const verdict = await this.decisions.next();
    if (!verdict || !this.asked) return;
    const { question, applicationId } = this.asked;
    this.asked = null;
    if (verdict.word === 'continue') {
      this.news = true;
      return;
    }
    await this.settle(applicationId, verdict, verdict.word === 'approve' ? question.yes : question.no);
  }

  private async settle(applicationId: number, { by, resolutionId }: Verdict, to: Settled): Promise<void> {
    const { caseId } = this.input;
    const state = await internal(`Settling: ${to}`).settleCase({ caseId, applicationId, to, by, resolutionId });
    this.facts = { ...this.facts!, settled: true };
    this.turned(state, `Settled by user ${by}: ${to}.`);
    if (to === 'heard') this.news = true;
  }

  /** Nothing is asked and nobody is awaited but a client who left. Later news begin a new run. */
  private async isOver(): Promise<boolean> {
    if (!this.isDone()) return false;
    await condition(allHandlersFinished);
    if (!this.isDone()) return false;
    this.progress.ended(
      isClients(this.facts!.state) ? 'The client left; his next step begins a new run.' : 'The verification is over.',
    );
    return true;
  }

  private isDone(): boolean {
    const { state } = this.facts!;
    if (this.asked || this.isTold() || this.failures > 0) return false;
    return ENDS.includes(state) || (isClients(state) && this.quietIn() <= 0);
  }

  /** How long the run still stays for the client. */
  private quietIn(): number {
    return this.visited + this.timings.quietAfter - Date.now();
  }

  /** Milliseconds; null: only when somebody says something. */
  private nextLookIn(polls: number): number | null {
    const { timings, facts } = this;
    if (this.failures > 0) return delay(timings.retries, this.failures - 1);
    if (isClients(facts!.state)) return Math.max(1, this.quietIn());
    if (facts!.connectionId === null || !facts!.begun) return null;
    return delay(timings.polls, polls);
  }

  /** What a timer counts down to. */
  private waitsFor(): string {
    if (this.failures > 0) return 'Trying to ask again';
    return isClients(this.facts!.state) ? 'Waiting for the client' : 'Asking again how far the check is';
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
    else {
      const until = facts!.next && { until: new Date(facts!.next.at) };
      progress.waitingFor('the client', 'leave it to him: he is reminded by mail.', { human: false, ...until });
    }
  }

  private async begin(): Promise<WizardAction> {
    this.visited = Date.now();
    await condition(() => this.looks > 0);
    this.progress.note('The client opened his verification.');
    const { connectionId } = this.facts!;
    const { caseId } = this.input;
    if (connectionId === null) {
      this.begun(await internal('Noting that the client is on his way').noteBegun({ caseId, providerId: null }));
      return { kind: 'documents' };
    }
    try {
      const { providerId, action } = await atProvider(connectionId, 'Beginning the check').beginCheck({ caseId });
      this.begun(await internal('Noting the applicant').noteBegun({ caseId, providerId }));
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

  /** The state of before may be old news by now; what had ended is open again. */
  private begun(state: CaseState): void {
    const facts = this.facts!;
    this.facts = { ...facts, begun: facts.connectionId !== null };
    if (state === 'open' && facts.state !== 'open') this.turned(state, 'The client begins anew.');
  }

  private async handIn(): Promise<HandedIn> {
    this.visited = Date.now();
    const before = this.looks;
    this.news = true;
    await condition(() => this.looks > before && !this.news, this.timings.firstAnswer);
    return { state: this.facts?.state ?? 'checking', requestId: this.asked?.applicationId ?? null };
  }
}
