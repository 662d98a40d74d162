import { noteEnded } from '../../db/repositories/wizards.ts';
import type { WizardEnd } from '../../domain/wizards/machine.ts';
import type { Activity } from '../kit/activity.ts';

/** A run is over. Harmless to repeat. */
export const endWizard: Activity<
  { runId: number; over: WizardEnd; clientId: number | null; inputs: readonly number[] },
  void
> = (end, { pool }) => noteEnded(pool, end);
