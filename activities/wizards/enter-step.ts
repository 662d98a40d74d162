import { noteEntered } from '../../db/repositories/wizards.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';
import { stepModule } from './steps.ts';
import { type AtStep, atStep } from './work.ts';

/** A run comes to a step that asks something: noted, and what the step begins with (a code) is done. Harmless to repeat. */
export const enterStep: Activity<AtStep, void> = (at, tools) =>
  atStep(tools, at, async (work) => {
    const { step, plan, db } = work;
    if (!(await noteEntered(db, { ...at, lifetimeSeconds: plan.lifetimeSeconds })))
      throw new HubFailure('NotFound', 'wizard_not_found', 'The session has expired. Start again.');
    await stepModule(step.kind).begin?.(work);
  });
