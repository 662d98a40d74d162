import type { Queryable } from '../../db/pool.ts';
import { isSuperseded, noteEntered } from '../../db/repositories/wizards.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';
import { stepModule } from './steps.ts';
import { type AtStep, atStep } from './work.ts';

export interface Entering extends AtStep {
  kind: string;
  lifetimeSeconds: number;
  /** An input that `input` stands instead of: it is dropped, and a code that was sent for it counts no more. */
  replaces?: number;
}

/**
 * A run comes to a step that begins with an effect (a code), or once more to one because what led there was replaced: the effect is done, and noted that the
 * run is there. Harmless to repeat.
 */
export const enterStep: Activity<Entering, void> = (at, tools) =>
  atStep(tools, at, async (work) => {
    const isNew = await dropReplaced(work.db, at);
    if (work.step.kind !== at.kind) throw gone();
    if (!(await noteEntered(work.db, { ...at, facts: work.run.facts })))
      throw (await isSuperseded(work.db, at.input)) ? superseded() : gone();
    const { begin, again, anew = again } = stepModule(at.kind);
    // Nothing, for a run of before (docs/decisions/0054-the-api-notes-where-a-run-is.md).
    await (isNew ? anew : begin)?.(work);
  });

/** True once: when this is done again, after its answer was lost, the new code is on its way already. */
const dropReplaced = async (db: Queryable, { runId, replaces }: Entering): Promise<boolean> =>
  replaces !== undefined &&
  (await db.query(`delete from wizard_input where id = $1 and run_id = $2`, [replaces, runId])).rowCount === 1;

export const superseded = () =>
  new HubFailure('Rejected', 'wrong_step', 'Something else was sent for this step since.');

const gone = () => new HubFailure('NotFound', 'wizard_not_found', 'The session has expired. Start again.');
