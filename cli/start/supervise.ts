import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningService } from '../embedded/service.ts';

export interface Supervised {
  name: string;
  /** Rejects when it has ended so often in a row that it cannot be chance. It is started again all the same. */
  hopeless: Promise<never>;
  stop(): Promise<void>;
  /** Ends it without asking. */
  force(): void;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
const HOPELESS_FROM_MS = 4_000; // the fourth time in a row
/** Whoever lived this long was fine: the next restart is quick again. */
const HEALTHY_AFTER_MS = 60_000;

/** Starts a process and starts it again whenever it ends by itself, after a growing delay. The first start may throw. */
export async function supervise(
  name: string,
  start: () => Promise<RunningService>,
  say: (line: string) => void,
  forceSignal: NodeJS.Signals = 'SIGKILL',
): Promise<Supervised> {
  let current = await start();
  let stopping = false;
  let restarting: Promise<void> = Promise.resolve();
  const { promise: hopeless, reject: giveUp } = Promise.withResolvers<never>();
  hopeless.catch(() => undefined); // only a hub that is starting cares

  const restart = async (): Promise<void> => {
    try {
      current = await start();
    } catch (error) {
      say(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const watch = async (): Promise<void> => {
    for (let delay = FIRST_DELAY_MS; ; delay = Math.min(delay * 2, LONGEST_DELAY_MS)) {
      const began = Date.now();
      const how = await current.exited;
      if (stopping) return;
      if (Date.now() - began > HEALTHY_AFTER_MS) delay = FIRST_DELAY_MS;
      say(`${name} ended by itself (${how}); starting it again in ${delay / 1000} s.`);
      if (delay >= HOPELESS_FROM_MS) giveUp(new Error(`${name} does not stay up: its lines above say why.`));
      await sleep(delay);
      if (stopping) return;
      restarting = restart();
      await restarting;
    }
  };
  void watch();

  return {
    name,
    hopeless,
    stop: async () => {
      stopping = true;
      await restarting;
      await current.stop();
    },
    force: () => {
      stopping = true;
      try {
        process.kill(current.pid, forceSignal);
      } catch {
        // has ended already
      }
    },
  };
}
