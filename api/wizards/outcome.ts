import { WIZARD_PURPOSE, type WizardRun } from '../../db/repositories/wizards.ts';
import type { WizardHub } from './wizard-hub.ts';

/** What the last step of a run left for its answer, sealed, for minutes: whoever did not get the answer may ask again. Null: nothing, or it is too late. */
export const outcomeOf = async ({ db, ring }: WizardHub, { id }: WizardRun): Promise<unknown> => {
  const { rows } = await db.query<{ sealed: Buffer }>(
    `select sealed from wizard_outcome where run_id = $1 and create_time > now() - interval '5 minutes'`,
    [id],
  );
  return rows[0] ? (JSON.parse(ring.open(rows[0].sealed, WIZARD_PURPOSE).toString()) as unknown) : null;
};
