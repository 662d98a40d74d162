import { isSuperseded } from '../../db/repositories/wizards.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Facts } from '../../domain/wizards/grammar.ts';
import type { Activity } from '../kit/activity.ts';
import { superseded } from './enter-step.ts';
import { stepModule } from './steps.ts';
import { type AtStep, atStep } from './work.ts';

/** Does a step that asks nothing; answers what it found out. Each makes itself harmless to repeat by the number of the run. */
export const applyStep: Activity<AtStep, Facts> = (at, tools) =>
  atStep(tools, at, async (work) => {
    const { rowCount } = await work.db.query(
      `with taken as (update wizard_input set state = 'taken' where id = $3 and run_id = $1 and state <> 'superseded' returning id)
       select 1 from wizard_run r where id = $1 and state in ('opening', 'open')
          and (select count(*) from wizard_input where run_id = r.id and id = any($2)) = cardinality($2::int[])
          and ($3::int is null or exists (select from taken)) for update`,
      [at.runId, at.inputs, at.input],
    );
    if (rowCount === 0 && (await isSuperseded(work.db, at.input))) throw superseded();
    if (rowCount === 0) throw new HubFailure('NotFound', 'wizard_not_found', 'The session has expired. Start again.');
    return stepModule(work.step.kind).apply!(work);
  });
