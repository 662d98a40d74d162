import { dropInput, loadRun, noteReached, type WizardRun } from '../../db/repositories/wizards.ts';
import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import type { Plan, Step } from '../../domain/wizards/grammar.ts';
import {
  advanced,
  beginning,
  type Submission,
  type WizardPlace,
  type WizardState,
} from '../../domain/wizards/machine.ts';
import type { Tools } from '../kit/activity.ts';
import { beginsWithEffect, isSilent } from './step.ts';
import { stepModule } from './steps.ts';
import { planOf, runAt } from './work.ts';

type With = Pick<Tools, 'pool' | 'ring'> & { steer: Pick<Tools['steer'], 'submitStep' | 'whereIsWizard'> };

/** Where a run is now. `step` null: all is done. */
export interface Reached {
  run: WizardRun;
  step: Step | null;
}

/** What a run answered. `noted`: when the books show it too; whoever reads them before finds that they are behind (`mayBeBehind` of a run). Null: they do. */
export interface Brought extends Reached {
  noted: Promise<void> | null;
}

/**
 * Brings what was kept for a step to its run, and notes where the run is then. What the run does not take is dropped, so that it may be sent anew. Harmless
 * to repeat: the run answers the same. Throws what the run refuses with, and `wizard_not_found` when it is over but not done.
 */
export const bringStep = async (tools: With, run: WizardRun, submission: Submission): Promise<Brought> => {
  const { step, input, facts } = submission;
  const place = await tools.steer.submitStep(run.uuid, submission).catch(async (error: unknown) => {
    if (isHubFailure(error) && error.type !== 'Unavailable') await dropInput(tools.pool, input);
    throw error;
  });
  const plan = await planOf(tools.pool, run);
  if (run.step === step)
    return noteAnswer(tools, run, plan, advanced(plan, { ...run, over: null }, { facts, input }), place);
  // It was sent before and the run has gone on since; how far, is noted unless whoever was to do it died.
  const present = run.inputs.includes(input) ? run : await noteWhereabouts(tools, run);
  return { ...reachedAs(place, present, plan), noted: null };
};

/** A run that was begun: the same for its first step. */
export const noteBeginning = async (
  tools: With,
  run: WizardRun,
  inputs: number[],
  place: WizardPlace,
): Promise<Reached> => {
  const plan = await planOf(tools.pool, run);
  if (run.state !== 'opening') return reachedAs(place, run, plan);
  const { noted, ...reached } = await noteAnswer(tools, run, plan, beginning(plan, run.openingFacts, inputs), place);
  await noted;
  return reached;
};

/** The books go by what they hold themselves: a run that says otherwise is asked how it came there. */
const noteAnswer = async (
  tools: With,
  run: WizardRun,
  plan: Plan,
  { position, facts, inputs }: WizardState,
  place: WizardPlace,
): Promise<Brought> => {
  const step = plan.steps[position];
  if (place.over !== null) return { ...reachedAs(place, await loadRun(tools.pool, run.id), plan), noted: null };
  if (!step || step.name !== place.step)
    return { ...reachedAs(place, await noteWhereabouts(tools, run), plan), noted: null };
  const clientId = typeof facts['clientId'] === 'number' ? facts['clientId'] : run.clientId;
  const there: WizardRun = { ...run, state: 'open', position, step: step.name, facts, inputs: [...inputs], clientId };
  const isNotedByItself = beginsWithEffect(stepModule(step.kind));
  return { run: there, step, noted: isNotedByItself ? null : noteReached(tools.pool, there, plan.lifetimeSeconds) };
};

/** Asks a run where it is, and notes it when its inputs prove it. For whoever finds that the books may be behind. A step that asks nothing is no place to wait at. */
export const noteWhereabouts = async ({ pool, ring, steer }: With, { id, uuid }: WizardRun): Promise<WizardRun> => {
  const { step: name, over, inputs } = await steer.whereIsWizard(uuid);
  if (over === null && name !== null) {
    const { run, plan, step } = await runAt({ db: pool, ring }, id, name, inputs);
    const position = plan.steps.indexOf(step);
    if (!isSilent(stepModule(step.kind)))
      await noteReached(pool, { ...run, position, step: name, inputs: [...inputs] }, plan.lifetimeSeconds);
  }
  return loadRun(pool, id);
};

const reachedAs = ({ over, step: name }: WizardPlace, run: WizardRun, { steps }: Plan): Reached => {
  if (over !== null && over !== 'done')
    throw new HubFailure('NotFound', 'wizard_not_found', 'The session has expired. Start again.');
  return { run, step: over ? null : steps.find((step) => step.name === name)! };
};
