import { noteEntered } from '../../db/repositories/wizards.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';
import { stepModule } from './steps.ts';
import { type AtStep, atStep } from './work.ts';

export interface Entering extends AtStep {
  kind: string;
  lifetimeSeconds: number;
}

/** A run comes to a step that begins with an effect (a code): it is done, and noted that the run is there. Harmless to repeat. */
export const enterStep: Activity<Entering, void> = (at, tools) =>
  atStep(tools, at, async (work) => {
    if (work.step.kind !== at.kind || !(await noteEntered(work.db, { ...at, facts: work.run.facts }))) throw gone();
    // Nothing, for a run of before (docs/decisions/0054-the-api-notes-where-a-run-is.md).
    await stepModule(at.kind).begin?.(work);
  });

const gone = () => new HubFailure('NotFound', 'wizard_not_found', 'The session has expired. Start again.');
