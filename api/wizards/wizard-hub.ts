import { createHash, randomUUID } from 'node:crypto';
import { bringStep, noteBeginning, noteWhereabouts, type Reached } from '../../activities/wizards/bring-step.ts';
import { isMarkOf, markOf, networkOf } from '../../activities/wizards/device.ts';
import { BEGINNING_KINDS, SILENT_KINDS, stepModule } from '../../activities/wizards/steps.ts';
import type { Asked, StepModule } from '../../activities/wizards/step.ts';
import { atStep, planOf } from '../../activities/wizards/work.ts';
import type { Queryable } from '../../db/pool.ts';
import {
  type AskedRun,
  findRun,
  insertInput,
  insertRun,
  loadDraft,
  noteOpening,
  noteUnanswered,
  type WizardRun,
} from '../../db/repositories/wizards.ts';
import { isHubFailure } from '../../domain/failures.ts';
import type { Facts, Step, WizardType } from '../../domain/wizards/grammar.ts';
import type { Submission } from '../../domain/wizards/machine.ts';
import type { Steering } from '../../worker/steering.ts';
import { canonical } from '../kit/json-body.ts';
import type { MoneyHub } from '../money/hub.ts';
import { AnsweredRuns } from './answered-runs.ts';
import type { Caller } from './caller.ts';
import { disabled, gone, over, wrongStep } from './refusals.ts';
import { SentStep } from './sent-step.ts';
import { REGISTRATION_LIST, type Waiting, waitingAt, workflowOf } from './waiting.ts';

export type { Reached };

/** The shape of every answer (objects-front-office 1.3). */
export interface WizardAnswer {
  code: 200 | 202;
  data: unknown;
  done: boolean;
  uuid: string;
  workflow: string;
}

/** What a run is opened with besides its definition. */
export interface Opening {
  facts?: Facts;
  /** Sealed for its steps. */
  keep?: Record<string, unknown>;
  clientId?: number | null;
  /** Nobody on another device goes on with it. */
  boundToDevice?: boolean;
}

/** What a method is for: one type of wizard and, where it is for some of its steps only, those. */
export interface Meant {
  type: WizardType;
  steps?: readonly string[];
}

export interface Definition {
  definitionId: number;
  version: number;
  lifetimeSeconds: number;
}

/** What every run of a wizard goes through on the API's side: opened, sent a step, sent a code again. */
export class WizardHub {
  readonly hub: MoneyHub;
  /** Steps that are being sent now, by what is sent and by whom. */
  private readonly underWay = new Map<string, Promise<Reached>>();
  readonly answered = new AnsweredRuns();

  constructor(hub: MoneyHub) {
    this.hub = hub;
  }

  get db() {
    return this.hub.pool;
  }

  get ring() {
    return this.hub.tools().ring;
  }

  /** The enabled definitions of a type, the default one first. */
  async definitions(
    type: WizardType,
  ): Promise<(Definition & { uuid: string; name: string; description: string; isDefault: boolean })[]> {
    return (
      await this.db.query<Definition & { uuid: string; name: string; description: string; isDefault: boolean }>(
        `select id as "definitionId", version, lifetime_seconds as "lifetimeSeconds", uuid, name, description, is_default as "isDefault"
           from wizard_definition where type = $1 and enabled order by is_default desc, id`,
        [type],
      )
    ).rows;
  }

  /** The one that serves the client apps. Throws `wizard_disabled`. */
  async defaultDefinition(type: WizardType): Promise<Definition> {
    const [first] = await this.definitions(type);
    if (!first) throw disabled();
    return first;
  }

  /** Writes a run down without beginning it. */
  async write(type: WizardType, chosen: Definition | null, caller: Caller, opening: Opening = {}): Promise<WizardRun> {
    const uuid = randomUUID();
    const { db } = this;
    const run = await insertRun(db, {
      uuid,
      type,
      chosen,
      lifetimeSeconds: chosen?.lifetimeSeconds ?? 1_800,
      openedBy: caller.clientId,
      addressMark: markOf(this.ring, networkOf(caller.ip)),
      deviceMark: opening.boundToDevice ? markOf(this.ring, caller.userAgent) : null,
      clientId: opening.clientId ?? null,
      locale: caller.locale,
    });
    if (opening.keep) await insertInput(db, this.ring, { runId: run.id, step: '', mark: OPENING, keep: opening.keep });
    return run;
  }

  async open(type: WizardType, chosen: Definition, caller: Caller, opening: Opening = {}): Promise<Reached> {
    const run = await this.write(type, chosen, caller, opening);
    return this.begin(run, opening.facts ?? {});
  }

  /** Begins a run that is written down; the same again has the same answer. */
  async begin(run: WizardRun, facts: Facts): Promise<Reached> {
    const plan = await planOf(this.db, run);
    const opening = await noteOpening(this.db, run.id, facts, OPENING);
    const kinds = { silent: [...SILENT_KINDS], begins: [...BEGINNING_KINDS] };
    return this.hub.ask(async (steer) => {
      const place = await steer.openWizard(run.uuid, { runId: run.id, type: run.type, plan, ...kinds, ...opening });
      return noteBeginning(this.tools(steer), { ...run, openingFacts: opening.facts }, opening.inputs, place);
    });
  }

  /**
   * One step of a run: found right, kept, then taken by the run. Throws `wizard_not_found` for a run that is over or
   * somebody else's, `wrong_step`, whatever the step's check says, and `too_many_attempts`, after which the run is over.
   * The same sent twice at one moment is one try: an app is impatient, a client clicks twice.
   */
  async submit(uuid: string, meant: Meant, caller: Caller, body: Record<string, unknown>): Promise<Reached> {
    const marks = this.ring.marks(canonical(body), 'wizard-input');
    const name = JSON.stringify([uuid, meant, caller, marks[0].toString('base64')]);
    const going =
      this.underWay.get(name) ??
      new SentStep(this, { uuid, meant, caller, body, marks }).take().finally(() => void this.underWay.delete(name));
    this.underWay.set(name, going);
    return going;
  }

  /** A code once more. Throws `resend_too_early`, `wrong_step`. */
  async sendAgain(uuid: string, { type, steps }: Meant, caller: Caller): Promise<Reached> {
    const found = await this.find(uuid, type, caller, []);
    const { run, step, module } = await this.waiting(await this.whereItIs(found));
    if (steps && !steps.includes(step.name)) throw wrongStep(workflowOf(step));
    await this.resend(run, step, module);
    return { run, step };
  }

  /** Also for an operator, on whose word a code goes out again: `note` is written in the same transaction. */
  async resend(
    run: WizardRun,
    step: Step,
    module: StepModule,
    note: (db: Queryable) => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    const { again } = module;
    if (!again) throw wrongStep(workflowOf(step));
    const { pool, ring, steer, provider } = this.hub.tools();
    const at = { runId: run.id, position: 0, step: step.name, facts: run.facts, inputs: run.inputs, input: null };
    const by = { workflowId: `wizard:${run.uuid}`, runId: '' };
    await atStep({ pool, ring, steer, provider, run: by }, at, async (work) => {
      await note(work.db);
      await again(work);
    });
    void this.note(run.uuid, { said: `The code of ${step.name} was sent again.` });
  }

  /** The answer at a step that asks something. `done`: only the opening was meant to be done. */
  async ask(run: WizardRun, step: Step, caller: Caller, done = false): Promise<WizardAnswer> {
    const module = stepModule(step.kind);
    const data = module.form ? await module.form(await this.asked(run, step, caller)) : null;
    return { code: 200, data, done, uuid: run.uuid, workflow: workflowOf(step) };
  }

  /** A run, for whoever may go on with it: `wizard_not_found` else. */
  async find(uuid: string, type: WizardType, caller: Caller, marks: readonly Buffer[]): Promise<AskedRun> {
    await this.answered.noted(uuid);
    const run = await findRun(this.db, uuid, marks);
    if (!run || !this.mayGoOn(run, type, caller)) throw gone();
    return run;
  }

  mayGoOn(run: WizardRun, type: WizardType, { clientId, userAgent }: Caller): boolean {
    if (run.type !== type || (run.openedBy !== null && run.openedBy !== clientId)) return false;
    return run.deviceMark === null || isMarkOf(this.ring, run.deviceMark, userAgent);
  }

  /** A run as it is now: it is asked where the books may be behind. */
  async whereItIs(run: AskedRun): Promise<WizardRun> {
    if (!run.mayBeBehind || run.state !== 'open') return run;
    try {
      return await this.hub.ask((steer) => noteWhereabouts(this.tools(steer), run));
    } catch (error) {
      throw isHubFailure(error) && error.reason === 'not_waiting' ? gone() : error;
    }
  }

  /** The step a run waits at. */
  async waiting(run: WizardRun): Promise<Waiting> {
    if (run.state === 'opening' && run.definitionId === null) throw wrongStep(REGISTRATION_LIST);
    if (run.state !== 'open') throw over(run);
    const step = (await planOf(this.db, run)).steps.find(({ name }) => name === run.step);
    if (!step) throw gone();
    return waitingAt(run, step);
  }

  async asked(run: WizardRun, step: Step, caller: Caller): Promise<Asked<unknown>> {
    const { db, ring } = this;
    const { open, provider, steer } = this.hub.tools();
    const plan = await planOf(db, run);
    return {
      ...{ db, pool: db, ring, run, plan, step, settings: step.settings, open, provider, steer, ...caller },
      draft: () => loadDraft(db, ring, run.inputs),
    };
  }

  /** Brings an input to its run. What the run does not take may be sent anew. */
  async send(run: WizardRun, submission: Submission): Promise<Reached> {
    try {
      const { noted, ...reached } = await this.hub.ask((steer) => bringStep(this.tools(steer), run, submission));
      if (noted) this.answered.add(reached.run, noted);
      noted?.catch(({ code }: { code?: string }) =>
        this.hub.deps.log.warn({ runId: run.id, code }, 'where a wizard run is was not noted'),
      );
      return reached;
    } catch (error) {
      if (!isHubFailure(error) || error.type === 'Unavailable') {
        // Not noted: after a while it counts as such.
        await noteUnanswered(this.db, submission.input).catch(() => undefined);
        throw error;
      }
      // Somebody was quicker: he hears where the run is.
      if (error.reason === 'wrong_step') throw wrongStep(await this.presentWorkflow(run));
      throw error.reason === 'not_waiting' ? gone() : error;
    }
  }

  private async presentWorkflow(run: WizardRun): Promise<string> {
    const present = await this.hub.ask((steer) => noteWhereabouts(this.tools(steer), run));
    return workflowOf((await this.waiting(present)).step);
  }

  private tools(steer: Steering) {
    const { db: pool, ring } = this;
    return { pool, ring, steer };
  }

  /** Too many wrong codes end the run; a wrong one is shown to operators. */
  async refused(run: WizardRun, error: unknown): Promise<never> {
    if (isHubFailure(error) && error.reason === 'too_many_attempts')
      await this.hub.ask((steering) => steering.stopWizard(run.uuid, 'tries', 'failed')).catch(() => undefined);
    if (isHubFailure(error) && error.reason === 'invalid_code') void this.noteWrongCode(run).catch(() => undefined);
    throw error;
  }

  private async noteWrongCode({ id, uuid, step }: WizardRun): Promise<void> {
    const { rows } = await this.db.query<{ triesLeft: number }>(
      `select tries_left as "triesLeft" from wizard_code where run_id = $1 and step = $2`,
      [id, step],
    );
    if (rows[0]) await this.note(uuid, { said: 'A wrong code was given.', ...rows[0] });
  }

  /** For those who look at the run in Temporal UI: nobody waits for it. */
  private note(uuid: string, note: { said: string; triesLeft?: number }): Promise<void> {
    return this.hub.ask((steering) => steering.noteWizard(uuid, note)).catch(() => undefined);
  }
}

/** The mark of what was sent with the opening. */
const OPENING = createHash('sha256').update('opening').digest();
