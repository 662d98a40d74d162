import type { SourceAnswer } from '../../activities/rates/ask-source.ts';
import type { DueSource } from '../../activities/rates/due-sources.ts';
import { atProvider } from '../kit/activities.ts';
import { hubFailureOf } from '../kit/stopped.ts';

/** A call that nobody took up in this time is not made any more: its connection is paused, and the next one comes by the clock. */
const WITHIN_MS = 60_000;

/** Asks one source once. That it could not be asked is no failure of the run: the source says so itself, and what it said before grows old. */
export async function rateSource({
  sourceId,
  connectionId,
}: DueSource): Promise<SourceAnswer & { failure: string | null }> {
  try {
    const answer = await atProvider(connectionId, 'Asking for rates', WITHIN_MS).askRateSource({ sourceId });
    return { ...answer, failure: null };
  } catch (error) {
    return { accepted: 0, held: 0, failure: hubFailureOf(error)?.message ?? 'nobody took the call up, or it was lost' };
  }
}
