import { noteEntered } from '../../db/repositories/wizards.ts';
import type { Queryable } from '../../db/pool.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';
import { stepModule } from './steps.ts';
import { type AtStep, atStep } from './work.ts';

export interface Entering extends AtStep {
  kind: string;
  lifetimeSeconds: number;
}

/** A run comes to a step that asks something: noted, and what the step begins with (a code) is done. Harmless to repeat. */
export const enterStep: Activity<Entering, void> = (at, tools) => {
  const { begin } = stepModule(at.kind);
  // Most steps begin with nothing: one statement is enough, and a client waits for it.
  if (!begin) return note(tools.pool, at);
  return atStep(tools, at, async (work) => {
    await note(work.db, at);
    await begin(work);
  });
};

const note = async (db: Queryable, at: Entering): Promise<void> => {
  if (!(await noteEntered(db, at)))
    throw new HubFailure('NotFound', 'wizard_not_found', 'The session has expired. Start again.');
};
