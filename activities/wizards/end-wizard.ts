import { loadRun, noteEnded } from '../../db/repositories/wizards.ts';
import type { WizardEnd } from '../../domain/wizards/machine.ts';
import type { Activity } from '../kit/activity.ts';
import { provenFacts } from './proven.ts';
import { planOf } from './work.ts';

/** A run is over. Done is only one that has an input for every step it went through; whom it is about is taken from those. Harmless to repeat. */
export const endWizard: Activity<
  { runId: number; over: WizardEnd; clientId: number | null; inputs: readonly number[] },
  void
> = async ({ runId, over, inputs }, { pool, ring }) => {
  const run = await loadRun(pool, runId);
  const facts =
    over === 'done' ? await provenFacts({ db: pool, ring }, run, await planOf(pool, run), inputs, null) : {};
  const { clientId } = facts;
  await noteEnded(pool, { runId, over, clientId: typeof clientId === 'number' ? clientId : null, inputs });
};
