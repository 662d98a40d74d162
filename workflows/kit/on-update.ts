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

/** One for all Updates of a run: two scopes are seven promises, and each promise costs a run a tenth of a millisecond. Runs share this module; each has its own root. */
const shelters = new WeakMap<CancellationScope, CancellationScope>();

const shelterIn = (root: CancellationScope): CancellationScope => {
  const known = shelters.get(root);
  if (known) return known;
  const shelter = new CancellationScope({ cancellable: true, parent: new CancellationScope({ cancellable: false }) });
  root.cancelRequested.catch(() => patched(SHELTERED) || shelter.cancel());
  shelters.set(root, shelter);
  return shelter;
};
