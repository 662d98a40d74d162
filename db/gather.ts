/** What takes longer is waited for by nobody who need not. Milliseconds. */
const SLOW_MS = 250;

/**
 * Joins calls that wait at the same time: while one batch is under way the next calls gather, and go together when it is over. No call
 * waits for a clock; alone it goes at once. Lanes beside the first are for crowds: a few do better to go with those that come next, unless what is
 * under way is slow, such as a statement on a connection that is dead.
 * `work` answers in the order it was asked. When a batch fails each call is tried alone, so that a bad one does not take its
 * neighbours down: `work` must be harmless to repeat.
 */
export const gather = <In, Out>(
  work: (inputs: In[]) => Promise<readonly Out[]>,
  { most, lanes = 1, crowd = 1 }: { most: number; lanes?: number; crowd?: number },
): ((input: In) => Promise<Out>) => {
  type Waiting = { input: In; done: (out: Out) => void; failed: (error: unknown) => void };
  const waiting: Waiting[] = [];
  /** The lanes at work, and since when with what they have under way. */
  const atWork = new Set<{ since: number }>();
  const isWorthALane = (own?: { since: number }): boolean => {
    const now = performance.now();
    const soonOver = [...atWork].some((lane) => lane !== own && now - lane.since < SLOW_MS);
    return waiting.length >= (soonOver ? crowd : 1);
  };

  const alone = async ({ input, done, failed }: Waiting): Promise<void> => {
    try {
      done((await work([input]))[0]!);
    } catch (error) {
      failed(error);
    }
  };

  /** Answers how to tell those of the batch. */
  const together = async (batch: readonly Waiting[]): Promise<() => void> => {
    try {
      const outs = await work(batch.map(({ input }) => input));
      return () => batch.forEach(({ done }, i) => done(outs[i]!));
    } catch (error) {
      if (batch.length === 1) return () => batch[0]!.failed(error);
      await Promise.all(batch.map(alone));
      return () => undefined;
    }
  };

  const run = async (lane: { since: number }): Promise<void> => {
    // What else arrives in this turn of the loop goes along.
    await new Promise(setImmediate);
    let tell = (): void => undefined;
    while (isWorthALane(lane)) {
      lane.since = performance.now();
      const under = together(waiting.splice(0, most));
      // The batch before is told when this one is on its way.
      process.nextTick(tell);
      tell = await under;
    }
    tell();
    atWork.delete(lane);
  };

  return (input) =>
    new Promise((done, failed) => {
      waiting.push({ input, done, failed });
      if (atWork.size >= lanes || !isWorthALane()) return;
      const lane = { since: performance.now() };
      atWork.add(lane);
      void run(lane);
    });
};
