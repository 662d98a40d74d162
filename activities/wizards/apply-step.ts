import { HubFailure } from '../../domain/failures.ts';
import type { Facts } from '../../domain/wizards/grammar.ts';
import type { Activity } from '../kit/activity.ts';
import { stepModule } from './steps.ts';
import { type AtStep, atStep } from './work.ts';

/** Does a step that asks nothing; answers what it found out. Each makes itself harmless to repeat by the number of the run. */
export const applyStep: Activity<AtStep, Facts> = (at, tools) =>
  atStep(tools, at, async (work) => {
    const { rowCount } = await work.db.query(
      `select 1 from wizard_run r where id = $1 and state in ('opening', 'open')
          and (select count(*) from wizard_input where run_id = r.id and id = any($2)) = cardinality($2::int[]) for update`,
      [at.runId, at.inputs],
    );
    if (rowCount === 0) throw new HubFailure('NotFound', 'wizard_not_found', 'The session has expired. Start again.');
    return stepModule(work.step.kind).apply!(work);
  });
