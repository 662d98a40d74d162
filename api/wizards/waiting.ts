import type { StepModule } from '../../activities/wizards/step.ts';
import { stepModule } from '../../activities/wizards/steps.ts';
import type { WizardRun } from '../../db/repositories/wizards.ts';
import type { Step } from '../../domain/wizards/grammar.ts';

/** B2Core's name of the last step of every wizard. */
export const END = 'B2B\\TCA\\Wizards\\Workflow\\TerminateWorkflow';

/** Before a client has chosen which registration his run is. */
export const REGISTRATION_LIST = 'registration_list';

/** A step at which a run waits. */
export interface Waiting {
  run: WizardRun;
  step: Step;
  module: StepModule;
}

export const waitingAt = (run: WizardRun, step: Step): Waiting => ({ run, step, module: stepModule(step.kind) });

export const workflowOf = (step: Step): string => stepModule(step.kind).workflow?.(step.settings) ?? END;
