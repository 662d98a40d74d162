import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../../db/pool.ts';
import { loadInputs, type WizardRun } from '../../db/repositories/wizards.ts';
import { HubFailure } from '../../domain/failures.ts';
import { type Facts, holds, type Plan } from '../../domain/wizards/grammar.ts';
import { isSilent } from './step.ts';
import { stepModule } from './steps.ts';

/**
 * What a run has found out on its way to a step, or to its end (`until` null): by what its opening and its sealed inputs say, never by what Temporal says,
 * where somebody else may write. Throws `wizard_not_found` when a step that asks was passed without an input, or the way does not lead there.
 */
export const provenFacts = async (
  { db, ring }: { db: Queryable; ring: KeyRing },
  run: WizardRun,
  { steps }: Plan,
  inputs: readonly number[],
  until: string | null,
): Promise<Facts> => {
  const shown = await loadInputs(db, ring, run.id, inputs);
  if (shown.length !== inputs.length) throw unproven();
  // A code that was right for what was replaced since says nothing of what stands now.
  if (shown.some(({ input, after }) => after !== undefined && after !== before(inputs, input))) throw unproven();
  let facts = run.openingFacts;
  for (const step of steps) {
    const isOnTheWay = holds(step.when, facts);
    if (step.name === until && isOnTheWay) return facts;
    if (!isOnTheWay || isSilent(stepModule(step.kind))) continue;
    const input = shown.find((one) => one.step === step.name);
    if (!input) throw unproven();
    facts = { ...facts, ...input.facts };
  }
  if (until !== null) throw unproven();
  return facts;
};

const before = (inputs: readonly number[], input: number): number | null => inputs[inputs.indexOf(input) - 1] ?? null;

const unproven = () => new HubFailure('NotFound', 'wizard_not_found', 'The session has expired. Start again.');
