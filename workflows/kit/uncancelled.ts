import { CancellationScope } from '@temporalio/workflow';

interface Story<T> {
  live(): Promise<T>;
  /** A line that operators read in Temporal UI. */
  note(said: string): void;
}

/**
 * Lives through a story that "Request Cancellation" does not stop: torn apart it would leave half a thing behind. Whoever asked for it reads that it stops
 * nothing, and what he can do: `instead` completes "…, which stops nothing here: ".
 */
export const uncancelled = <T>(instead: string, begin: () => Story<T>): Promise<T> => {
  const root = CancellationScope.current();
  return CancellationScope.nonCancellable(() => {
    const story = begin();
    root.cancelRequested.catch(() =>
      story.note(`Cancellation was asked for in Temporal UI, which stops nothing here: ${instead}`),
    );
    return story.live();
  });
};
