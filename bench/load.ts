/** `lanes` loops work side by side until `ms` have passed. Answers how many jobs were done per second. */
export const forSome = async (ms: number, lanes: number, job: (lane: number) => Promise<unknown>): Promise<number> => {
  const begun = performance.now();
  const until = begun + ms;
  let done = 0;
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      while (performance.now() < until) {
        await job(lane);
        done += 1;
      }
    }),
  );
  return done / ((performance.now() - begun) / 1000);
};

/** The same load; answers the median time of a job in milliseconds. */
export const medianForSome = async (
  ms: number,
  lanes: number,
  job: (lane: number) => Promise<unknown>,
): Promise<number> => {
  const times: number[] = [];
  await forSome(ms, lanes, async (lane) => {
    const begun = performance.now();
    await job(lane);
    times.push(performance.now() - begun);
  });
  return median(times);
};

/** Does every job, `lanes` at once. Answers how long each took, milliseconds. */
export const timesAtOnce = async <T>(jobs: readonly T[], lanes: number, work: (job: T) => Promise<unknown>) => {
  const times: number[] = [];
  await allAtOnce(jobs, lanes, async (job) => {
    const begun = performance.now();
    await work(job);
    times.push(performance.now() - begun);
  });
  return times;
};

/** Does every job, `lanes` at once. Answers jobs per second from the first start to the last end. */
export const allAtOnce = async <T>(jobs: readonly T[], lanes: number, work: (job: T) => Promise<unknown>) => {
  const begun = performance.now();
  const queue = jobs.values();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (const job of queue) await work(job);
    }),
  );
  return jobs.length / ((performance.now() - begun) / 1000);
};

/** One job after the other; `rest` is not timed. Answers the median time of a job in milliseconds. */
export const oneByOne = async <T>(
  jobs: readonly T[],
  work: (job: T) => Promise<unknown>,
  rest: (job: T) => Promise<unknown> = async () => undefined,
): Promise<number> => {
  const times: number[] = [];
  for (const job of jobs) {
    const begun = performance.now();
    await work(job);
    times.push(performance.now() - begun);
    await rest(job);
  }
  return median(times);
};

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** The value that `share` (0…1) of them do not exceed. */
export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)]!;
