import type { UpdateDefinition } from '@temporalio/common';
import { CancellationScope, patched, setHandler } from '@temporalio/workflow';

/**
 * Sets who answers an Update. A handler runs in the workflow's own scope, which a "Request Cancellation" cancels for good: whatever it waited for from then on
 * would throw at once, and whoever sent the Update would hear "Workflow cancelled" although the run acts on it. So a handler that waits is sheltered.
 */
export const onUpdate = <Answer, Args extends unknown[]>(
  update: UpdateDefinition<Answer, Args>,
  handler: (...args: Args) => Answer | Promise<Answer>,
  options: { description?: string; validator?: (...args: Args) => void } = {},
): void => setHandler(update, (...args) => sheltered(() => handler(...args)), options);

const SHELTERED = 'answers-outlive-cancellation';

const sheltered = async <T>(answer: () => T | Promise<T>): Promise<T> => {
  const root = CancellationScope.current();
  // Workers of before answered with the cancellation, one that came first or meanwhile: what they recorded is replayed as they went on.
  if (root.consideredCancelled && !patched(SHELTERED)) return answer();
  return shelterIn(root).run(async () => answer());
};

/** Runs share their modules (docs/decisions/0087-runs-share-their-modules.md); globals are each run's own. */
const ofThisRun = globalThis as { hubShelter?: CancellationScope };

/** One for all Updates of a run: two scopes are seven promises, and each promise costs a run a tenth of a millisecond. */
const shelterIn = (root: CancellationScope): CancellationScope => {
  if (ofThisRun.hubShelter) return ofThisRun.hubShelter;
  const shelter = new CancellationScope({ cancellable: true, parent: new CancellationScope({ cancellable: false }) });
  root.cancelRequested.catch(() => patched(SHELTERED) || shelter.cancel());
  ofThisRun.hubShelter = shelter;
  return shelter;
};
