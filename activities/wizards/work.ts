import type { KeyRing } from '../../config/key-ring.ts';
import { inTransaction, type Queryable } from '../../db/pool.ts';
import { loadDraft, loadPlan, loadRun, type WizardRun } from '../../db/repositories/wizards.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Facts, Plan, Step } from '../../domain/wizards/grammar.ts';
import type { Tools } from '../kit/activity.ts';
import { startMessages } from '../messaging/queue-message.ts';
import { provenFacts } from './proven.ts';
import type { Work } from './step.ts';

/** What a run tells an activity about one of its steps: numbers and facts, never what a client said. */
export interface AtStep {
  runId: number;
  position: number;
  step: string;
  /** For the history; the work goes by what is proven. */
  facts: Facts;
  /** Taken, in order. */
  inputs: readonly number[];
  /** What led here; null at the first step, and where nothing was asked. */
  input: number | null;
}

/**
 * Does something for a step in one transaction. The messages it promised are started after it, and nobody waits for that: whoever asks for an e-mail that
 * nobody has must not be answered sooner. The sweep starts what was not.
 */
export const atStep = async <T>(
  { pool, ring, run: by, steer }: Pick<Tools, 'pool' | 'ring' | 'run' | 'steer'>,
  { runId, step: name, inputs }: AtStep,
  work: (work: Work<never>) => Promise<T>,
): Promise<T> => {
  const promised: number[] = [];
  const starting: Work<never>['starting'] = [];
  const done = await inTransaction(pool, async (db) => {
    const { run, plan, step } = await runAt({ db, ring }, runId, name, inputs);
    const draft = () => loadDraft(db, ring, inputs);
    return work({ db, ring, run, plan, step, settings: step.settings as never, draft, by, promised, starting });
  });
  void startMessages(steer, promised);
  await Promise.allSettled(starting.map((run) => steer.startWaiting(run)));
  return done;
};

/** A run at a step, with what it has surely found out by then. Throws `wizard_not_found` for one that cannot be there. */
export const runAt = async (
  { db, ring }: { db: Queryable; ring: KeyRing },
  runId: number,
  name: string,
  inputs: readonly number[],
): Promise<{ run: WizardRun; plan: Plan; step: Step }> => {
  const run = await loadRun(db, runId);
  const plan = await planOf(db, run);
  run.facts = await provenFacts({ db, ring }, run, plan, inputs, name);
  const { clientId } = run.facts;
  if (typeof clientId === 'number') run.clientId = clientId;
  return { run, plan, step: plan.steps.find((one) => one.name === name)! };
};

export const planOf = (db: Queryable, { definitionId, version }: WizardRun): Promise<Plan> => {
  if (definitionId === null || version === null)
    throw new HubFailure('NotFound', 'wizard_not_found', 'The run has no definition yet.');
  return loadPlan(db, definitionId, version);
};
