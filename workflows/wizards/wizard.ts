import type { ApplicationFailure } from '@temporalio/common';
import {
  allHandlersFinished,
  condition,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { TIMINGS, type Timings } from '../../domain/timings.ts';
import type { Facts, Plan, Step } from '../../domain/wizards/grammar.ts';
import {
  advanced,
  beforeTaking,
  beginning,
  type Submission,
  whyNot,
  type WizardEnd,
  type WizardPlace,
  type WizardState,
} from '../../domain/wizards/machine.ts';
import { internal, setPatience } from '../kit/activities.ts';
import { attributes as keys } from '../kit/attributes.ts';
import { onUpdate } from '../kit/on-update.ts';
import { hubFailureOf, refusal } from '../kit/stopped.ts';
import { uncancelled } from '../kit/uncancelled.ts';
import { wizardNoted, wizardOpen, wizardStop, wizardSubmit, wizardWhere } from './messages.ts';

export interface WizardInput {
  runId: number;
  /** 'registration' */
  type: string;
  plan: Plan;
  /** Kinds of steps that ask nothing: they are done and passed. */
  silent: string[];
  /** Kinds that begin with an effect. Where the run is at any other is noted by whoever it answers; a run begun without this list notes each itself. */
  begins?: string[];
  facts: Facts;
  /** What was sent with the opening. */
  inputs: number[];
  timings?: Partial<Timings>;
}

/** A procedure that a client does in steps, as its version of a definition says; ends when the last is done, or when nobody goes on. */
export async function wizard(input: WizardInput): Promise<{ over: WizardEnd }> {
  return uncancelled('cancel it in the Back Office (wizard runs).', () => new Wizard(input));
}

/** One thing at a time: what the client sends, what an operator wants, the end of patience. */
interface Job {
  work: () => Promise<void>;
  done: boolean;
  /** Where the run was when it was done. */
  place?: WizardPlace;
  error?: ApplicationFailure;
}

class Wizard {
  private readonly input: WizardInput;
  private state: WizardState;
  private ready = false;
  /** Why the first step could not be entered. */
  private stillborn: ApplicationFailure | null = null;
  private readonly jobs: Job[] = [];
  private works = false;
  private expiresAt = 0;
  private since = new Date();
  private triesLeft: number | null = null;
  private shownClient: unknown;
  private readonly log: string[] = [];

  constructor(input: WizardInput) {
    this.input = input;
    // It begins with what it shows.
    this.shownClient = input.facts['clientId'];
    this.state = beginning(input.plan, input.facts, input.inputs);
    setPatience({ ...TIMINGS, ...input.timings });
    onUpdate(
      wizardOpen,
      async () => {
        await condition(() => this.ready);
        if (this.stillborn) throw this.stillborn;
        return this.place();
      },
      { description: 'Begins the procedure; answers its first step.' },
    );
    onUpdate(wizardSubmit, (submission) => this.submit(submission), {
      validator: (submission) => this.assertTakes(submission),
      description: 'A step that was checked, by the number under which it is kept.',
    });
    onUpdate(wizardStop, ({ by, end }) => this.inTurn(() => this.end(end, `Stopped by ${by}.`)), {
      description: 'Ends it: {"by": "user:<id>", "end": "cancelled"}.',
    });
    setHandler(wizardWhere, () => ({ step: this.step(), over: this.state.over, inputs: this.state.inputs }));
    setHandler(wizardNoted, ({ said, triesLeft }) => {
      if (triesLeft !== undefined) this.triesLeft = triesLeft;
      this.note(said);
    });
  }

  async live(): Promise<{ over: WizardEnd }> {
    try {
      await this.enter(this.state);
    } catch (error) {
      this.stillborn = said(error);
      if (this.state.over === null) await this.end('failed', 'It could not begin.');
    }
    this.ready = true;
    void this.watchLifetime();
    for (;;) {
      const job = this.jobs.shift();
      if (job) {
        this.works = true;
        await job.work().catch((error: unknown) => (job.error = said(error)));
        job.place = this.place();
        job.done = true;
        this.works = false;
      } else if (this.isOver() && allHandlersFinished()) break;
      else await condition(() => this.jobs.length > 0 || (this.isOver() && allHandlersFinished()));
    }
    const over = this.state.over!;
    upsertSearchAttributes([{ key: keys.status, value: over }]);
    return { over };
  }

  private isOver(): boolean {
    return this.state.over !== null;
  }

  private assertTakes(submission: Submission): void {
    const why = this.ready ? whyNot(this.input.plan, this.state, submission) : null;
    if (why) throw wrongStep(why);
  }

  /** Most steps lead to one for which nothing is to be done: those are taken on the spot, for each promise costs a run as much as a small statement. */
  private submit(submission: Submission): WizardPlace | Promise<WizardPlace> {
    const isIdle = this.ready && !this.works && this.jobs.length === 0;
    const next = isIdle ? this.after(submission) : null;
    const step = next && this.input.plan.steps[next.position];
    if (!next || !step || submission.replaces !== undefined || !this.asksAtOnce(step))
      return this.inTurn(() => this.take(submission));
    this.at(next, step.name);
    return this.place();
  }

  private async inTurn(work: () => Promise<void>): Promise<WizardPlace> {
    const job: Job = { work, done: false };
    this.jobs.push(job);
    await condition(() => job.done);
    if (job.error) throw job.error;
    return job.place!;
  }

  private async take(submission: Submission): Promise<void> {
    await this.enter(this.after(submission), submission.input, submission.replaces);
  }

  /** Of two who send the same step at the same moment the second finds it taken. */
  private after(submission: Submission): WizardState {
    const { plan } = this.input;
    const { input, facts } = submission;
    const why = whyNot(plan, this.state, submission);
    if (why) throw wrongStep(why);
    return advanced(plan, beforeTaking(plan, this.state, submission), { facts, input });
  }

  private asksAtOnce({ kind }: Step): boolean {
    const { silent, begins } = this.input;
    return begins !== undefined && !begins.includes(kind) && !silent.includes(kind);
  }

  /**
   * Goes to a step, and on through those that ask nothing. When the step that asks cannot begin, the run stays where it was; what a silent
   * step refuses ends it, because it has all that the client could say.
   */
  private async enter(next: WizardState, input: number | null = null, replaces?: number): Promise<void> {
    const { runId, plan, silent } = this.input;
    for (;;) {
      const step = plan.steps[next.position];
      if (step && !silent.includes(step.kind)) {
        const { name, kind } = step;
        const { lifetimeSeconds } = plan;
        const entering = { runId, ...next, step: name, kind, lifetimeSeconds, input };
        if (replaces !== undefined) await internal(`Going to ${name} again`).enterStep({ ...entering, replaces });
        else if (!this.asksAtOnce(step)) await internal(`Going to ${name}`).enterStep(entering);
        this.at(next, name);
        return;
      }
      // From here on nothing of before may be sent again.
      this.state = next;
      if (!step) return this.end('done', 'Done.');
      const summary = `Doing: ${step.name}`;
      try {
        const found = await internal(summary).applyStep({ runId, ...next, step: step.name, input });
        this.note(`${step.name}: done.`);
        next = advanced(plan, next, { facts: found });
      } catch (error) {
        await this.end('failed', `${step.name} was refused: ${hubFailureOf(error)?.message ?? 'internal'}`);
        throw error;
      }
    }
  }

  private at(next: WizardState, step: string): void {
    this.state = next;
    this.since = new Date();
    this.triesLeft = null;
    this.expiresAt = Date.now() + this.input.plan.lifetimeSeconds * 1_000;
    this.note(`Waits at ${step}.`);
  }

  /** One timer at a time: each step moves the deadline, not the timer. */
  private async watchLifetime(): Promise<void> {
    while (this.state.over === null) {
      if (Date.now() < this.expiresAt) await sleep(this.expiresAt - Date.now());
      else
        await this.inTurn(async () => {
          if (Date.now() >= this.expiresAt) await this.end('expired', 'Nobody went on.');
        });
    }
  }

  private async end(over: WizardEnd, what: string): Promise<void> {
    if (this.state.over !== null) return;
    const { runId } = this.input;
    await internal(`Noting: ${over}`).endWizard({ runId, over, clientId: this.clientId(), inputs: this.state.inputs });
    this.state = { ...this.state, over };
    this.note(what);
  }

  private place(): WizardPlace {
    return { step: this.step(), over: this.state.over, clientId: this.clientId() };
  }

  private step(): string | null {
    const { position, over } = this.state;
    return over === null ? (this.input.plan.steps[position]?.name ?? null) : null;
  }

  private clientId(): number | null {
    const { clientId } = this.state.facts;
    if (typeof clientId !== 'number') return null;
    if (this.shownClient !== clientId) upsertSearchAttributes([{ key: keys.client, value: `client-${clientId}` }]);
    this.shownClient = clientId;
    return clientId;
  }

  note(said: string): void {
    this.log.push(`- ${new Date().toISOString().slice(0, 19).replace('T', ' ')} ${said}`);
    if (this.log.length > 30) this.log.splice(1, 1);
    const { position, over } = this.state;
    const step = this.input.plan.steps[position];
    const waits =
      over === null && step
        ? `\n\n**Waits for** the client at *${step.name}*, since ${this.since.toISOString().slice(0, 19).replace('T', ' ')} UTC, until ${new Date(this.expiresAt).toISOString().slice(0, 19).replace('T', ' ')} UTC` +
          `${this.triesLeft === null ? '' : `; ${this.triesLeft} tries left`}.\n\n**You can** send its code again, confirm the step by hand or cancel, in the Back Office (wizard runs).`
        : '';
    setCurrentDetails(`**${this.input.type}** · ${over ?? step?.name ?? ''}${waits}\n\n${this.log.join('\n')}`);
  }
}

const said = (error: unknown): ApplicationFailure => {
  const failure = hubFailureOf(error);
  return failure
    ? refusal(failure.type, failure.reason, failure.message, failure.facts)
    : refusal('Rejected', 'internal', 'This step could not be done.');
};

const wrongStep = (why: 'over' | 'wrong_step') =>
  why === 'over'
    ? refusal('Rejected', 'wizard_not_found', 'The session has expired. Start again.')
    : refusal('Rejected', 'wrong_step', 'This step is not available now.');
