import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until GET /readyz answers 200. While it does not, `say` hears every 15 s what the API reports as missing. */
export async function untilReady(origin: string, say: (line: string) => void): Promise<void> {
  let spokenAt = Date.now();
  for (;;) {
    const answer = await readyz(origin);
    if (answer.ready) return;
    if (Date.now() - spokenAt > 15_000) {
      say(`Still waiting for ${origin}/readyz: ${answer.words}`);
      spokenAt = Date.now();
    }
    await sleep(200);
  }
}

export async function readyz(origin: string): Promise<{ ready: boolean; words: string }> {
  try {
    const response = await fetch(`${origin}/readyz`, { signal: AbortSignal.timeout(5_000) });
    return { ready: response.status === 200, words: `${response.status} ${(await response.text()).slice(0, 500)}` };
  } catch (error) {
    const cause =
      error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error);
    return { ready: false, words: `no answer (${cause})` };
  }
}
