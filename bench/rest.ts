import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const AT_REST = 0.15;
const SECONDS_IN_A_ROW = 2;
const MOST_SECONDS = 120;

const worked = (): { busy: number; all: number } => {
  const times = cpus().map((one) => one.times);
  const all = times.reduce((sum, { user, nice, sys, irq, idle }) => sum + user + nice + sys + irq + idle, 0);
  return { busy: all - times.reduce((sum, { idle }) => sum + idle, 0), all };
};

/**
 * Waits until the processors have nothing to do: what was measured before may have set something going that does not concern what comes now. Gives up after two
 * minutes on a machine that others use too.
 */
export const comeToRest = async (): Promise<void> => {
  let before = worked();
  for (let second = 0, quiet = 0; second < MOST_SECONDS && quiet < SECONDS_IN_A_ROW; second++) {
    await sleep(1_000);
    const now = worked();
    quiet = (now.busy - before.busy) / (now.all - before.all) < AT_REST ? quiet + 1 : 0;
    before = now;
  }
};
