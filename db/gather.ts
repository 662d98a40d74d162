/**
 * Joins calls that wait at the same time: while one batch is under way the next calls gather, and go together when it is over. No call
 * waits for a clock; alone it goes at once. `work` answers in the order it was asked. When a batch fails each call is tried alone, so
 * that a bad one does not take its neighbours down: `work` must be harmless to repeat.
 */
export const gather = <In, Out>(
  work: (inputs: In[]) => Promise<readonly Out[]>,
  { most, lanes = 1 }: { most: number; lanes?: number },
): ((input: In) => Promise<Out>) => {
  type Waiting = { input: In; done: (out: Out) => void; failed: (error: unknown) => void };
  const waiting: Waiting[] = [];
  let running = 0;

  const alone = async ({ input, done, failed }: Waiting): Promise<void> => {
    try {
      done((await work([input]))[0]!);
    } catch (error) {
      failed(error);
    }
  };

  const run = async (): Promise<void> => {
    // What else arrives in this turn of the loop goes along.
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      const batch = waiting.splice(0, most);
      try {
        const outs = await work(batch.map(({ input }) => input));
        for (const [i, { done }] of batch.entries()) done(outs[i]!);
      } catch (error) {
        if (batch.length === 1) batch[0]!.failed(error);
        else await Promise.all(batch.map(alone));
      }
    }
    running -= 1;
  };

  return (input) =>
    new Promise((done, failed) => {
      waiting.push({ input, done, failed });
      if (running >= lanes) return;
      running += 1;
      void run();
    });
};
