import { noteEntered } from '../../db/repositories/wizards.ts';
import type { Queryable } from '../../db/pool.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';
import { stepModule } from './steps.ts';
import { type AtStep, atStep, runAt } from './work.ts';

export interface Entering extends AtStep {
  kind: string;
  lifetimeSeconds: number;
  /** An input that `input` stands instead of: it is dropped, and a code that was sent for it counts no more. */
  replaces?: number;
}

/** A run comes to a step that asks something: noted, and what the step begins with (a code) is done. Harmless to repeat. */
export const enterStep: Activity<Entering, void> = async (at, tools) => {
  const { begin, again } = stepModule(at.kind);
  // Most steps begin with nothing: a client waits for it, and one statement needs no transaction.
  if (!begin && at.replaces === undefined) {
    const { run, step } = await runAt({ ...tools, db: tools.pool }, at.runId, at.step, at.inputs);
    if (step.kind !== at.kind) throw gone();
    return note(tools.pool, { ...at, facts: run.facts });
  }
  return atStep(tools, at, async (work) => {
    if (work.step.kind !== at.kind) throw gone();
    const isNew = await dropReplaced(work.db, at);
    await note(work.db, { ...at, facts: work.run.facts });
    await (isNew ? again : begin)?.(work);
  });
};

/** True once: when this is done again, after its answer was lost, the new code is on its way already. */
const dropReplaced = async (db: Queryable, { runId, replaces }: Entering): Promise<boolean> =>
  replaces !== undefined &&
  (await db.query(`delete from wizard_input where id = $1 and run_id = $2`, [replaces, runId])).rowCount === 1;

const note = async (db: Queryable, at: Entering): Promise<void> => {
  if (!(await noteEntered(db, at))) throw gone();
};

const gone = () => new HubFailure('NotFound', 'wizard_not_found', 'The session has expired. Start again.');
