import type { Reached } from '../../activities/wizards/bring-step.ts';
import { SENT_WITH_EVERY_FORM } from '../../activities/wizards/form-fields.ts';
import type { Judged } from '../../activities/wizards/step.ts';
import { planOf } from '../../activities/wizards/work.ts';
import {
  type AskedRun,
  insertInput,
  insertNextInput,
  loadInputs,
  wantAgain,
  type WizardRun,
} from '../../db/repositories/wizards.ts';
import { parsePart } from '../kit/validate.ts';
import type { Caller } from './caller.ts';
import { over, wrongStep } from './refusals.ts';
import { type Waiting, waitingAt, workflowOf } from './waiting.ts';
import type { Meant, WizardHub } from './wizard-hub.ts';

type At = Waiting & { replaces?: number };
type Repeated = AskedRun & { repeated: NonNullable<AskedRun['repeated']> };

interface Sent {
  uuid: string;
  meant: Meant;
  caller: Caller;
  body: Record<string, unknown>;
  /** By which the same is known again, the first one by the key of today. */
  marks: readonly [Buffer, ...Buffer[]];
}

/** Something a client sent for a step of a run: found right, kept, then taken by the run. */
export class SentStep {
  private readonly wizards: WizardHub;
  private readonly sent: Sent;

  constructor(wizards: WizardHub, sent: Sent) {
    this.wizards = wizards;
    this.sent = sent;
  }

  async take(): Promise<Reached> {
    const answered = await this.asAnsweredHere();
    return answered ? this.takeAt(answered, true) : this.takeAt(await this.find());
  }

  private find(): Promise<AskedRun> {
    const { uuid, meant, caller, marks } = this.sent;
    return this.wizards.find(uuid, meant.type, caller, marks);
  }

  /** A run at the step it was answered with here. It may have gone on elsewhere since. */
  private async asAnsweredHere(): Promise<AskedRun | null> {
    const { uuid, meant, caller } = this.sent;
    const { type, steps } = meant;
    const run = await this.wizards.answered.take(
      uuid,
      (one) => this.wizards.mayGoOn(one, type, caller) && (!steps || steps.includes(one.step!)),
    );
    return run && { ...run, repeated: null, mayBeBehind: false };
  }

  /** `doubtful`: the run was not looked up, so nothing is kept or refused before it is. */
  private async takeAt(found: AskedRun, doubtful = false): Promise<Reached> {
    if (isRepeated(found, this.sent.meant)) return this.takeAgain(found);
    const at = await this.at(found);
    let judged: Judged;
    try {
      judged = await this.judge(at);
    } catch (error) {
      // The same may have come to another process at this moment: what is right only once was right there.
      const present = await this.find();
      const other = isRepeated(present, this.sent.meant) || (doubtful && this.isPast(present, at));
      return other ? this.takeAt(present) : this.wizards.refused(at.run, error);
    }
    return doubtful ? this.keepIfStill(at, judged) : this.keep(at, judged);
  }

  private async keep(at: At, judged: Judged): Promise<Reached> {
    const { db, ring } = this.wizards;
    return this.send(at, judged, await insertInput(db, ring, this.inputOf(at, judged)));
  }

  private async keepIfStill(at: At, judged: Judged): Promise<Reached> {
    const { db, ring } = this.wizards;
    const input = await insertNextInput(db, ring, this.inputOf(at, judged), at.run.inputs);
    if (input !== null) return this.send(at, judged, input);
    const present = await this.find();
    // What was found right is not judged twice, for some things are right only once.
    const isElsewhere = isRepeated(present, this.sent.meant) || this.isPast(present, at);
    return isElsewhere ? this.takeAt(present) : this.keep(at, judged);
  }

  private inputOf({ run, step, replaces }: At, { keep = {}, facts = {} }: Judged) {
    const told = toldWith(run, facts, replaces);
    return { runId: run.id, step: step.name, mark: this.sent.marks[0], keep: { ...keep, ...told } };
  }

  private send({ run, step, replaces }: At, { facts = {} }: Judged, input: number): Promise<Reached> {
    return this.wizards.send(run, { step: step.name, input, ...toldWith(run, facts, replaces) });
  }

  /** What was sent before is wanted again. */
  private async takeAgain(run: Repeated): Promise<Reached> {
    const { db, ring } = this.wizards;
    const { input } = run.repeated;
    if (!run.inputs.includes(input)) await wantAgain(db, run.id, input);
    const [kept] = await loadInputs(db, ring, run.id, [input]);
    // A twin brought it to the run meanwhile, which did not take it: it was dropped, and may be sent anew.
    if (!kept) return this.takeAt(await this.find());
    const reached = await this.wizards.send(run, kept);
    // It answers as it did then; but nothing waits any more in a run that is over.
    if (reached.step && reached.run.state !== 'open') throw over(reached.run);
    return reached;
  }

  private async judge(at: At): Promise<Judged> {
    const { run, step, module } = at;
    const { caller, body } = this.sent;
    if (!this.fits(at) && (await this.fitsElsewhere(run))) throw wrongStep(workflowOf(step));
    const read = module.sent ? parsePart(module.sent, body, 'step') : body;
    return module.check!(await this.wizards.asked(run, step, caller), read);
  }

  /** The step it is sent for: the one the run waits at, or the one before it where that may be sent anew. */
  private async at(found: AskedRun): Promise<At> {
    const { steps } = this.sent.meant;
    const { wizards } = this;
    const noted = await wizards.waiting(found);
    // What is for another step than the books show may be for the one they do not show yet.
    const waiting =
      found.mayBeBehind && !this.fits(noted) ? await wizards.waiting(await wizards.whereItIs(found)) : noted;
    const { run } = waiting;
    if (!steps || steps.includes(waiting.step.name)) return waiting;
    const [last] = await loadInputs(wizards.db, wizards.ring, run.id, run.inputs.slice(-1));
    const step = (await planOf(wizards.db, run)).steps.find(({ name }) => name === last?.step);
    const before = step && waitingAt(run, step);
    if (!before || !steps.includes(before.step.name) || !before.module.replaceable)
      throw wrongStep(workflowOf(waiting.step));
    return { ...before, replaces: last!.input };
  }

  /** Whether it is for a step that is over, or that is still to come: who goes back in his browser sends the form again. */
  private async fitsElsewhere(run: WizardRun): Promise<boolean> {
    if (this.names().length === 0) return false;
    const { steps } = await planOf(this.wizards.db, run);
    return steps.map((step) => waitingAt(run, step)).some((one) => one.module.sent && this.fits(one));
  }

  private names(): string[] {
    return Object.keys(this.sent.body).filter((name) => !SENT_WITH_EVERY_FORM.includes(name));
  }

  /** Whether it looks like what this step asks for: no body does for two steps of a run (domain/wizards/definition.ts). */
  private fits({ step, module }: Waiting): boolean {
    const { steps } = this.sent.meant;
    if (steps && !steps.includes(step.name)) return false;
    if (!module.body) return module.sent?.safeParse(this.sent.body).success ?? true;
    const { wants, takes } = module.body(step.settings);
    const names = this.names();
    return wants.every((name) => names.includes(name)) && names.every((name) => takes.includes(name));
  }

  /** Whether the run is not any more where this was judged. */
  private isPast(present: AskedRun, at: At): boolean {
    return present.step !== at.step.name || present.state !== 'open' || (present.mayBeBehind && !this.fits(at));
  }
}

const isRepeated = (run: AskedRun, { steps }: Meant): run is Repeated =>
  run.repeated !== null && (steps === undefined || steps.includes(run.repeated.step));

/** What goes to the run with an input, and is kept with it. */
const toldWith = (run: WizardRun, facts: NonNullable<Judged['facts']>, replaces: number | undefined) => ({
  facts,
  after: afterOf(run, replaces),
  ...(replaces !== undefined && { replaces }),
});

/** The input a submission comes after; of one that stands instead of another, what that came after. */
const afterOf = ({ inputs }: WizardRun, replaces: number | undefined): number | null =>
  inputs.at(replaces === undefined ? -1 : -2) ?? null;
