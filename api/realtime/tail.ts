import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from 'pino';
import { type Place, presentPlace, type RealtimeEvent, eventsBehind } from '../../db/repositories/realtime-events.ts';

const EVERY_MS = 250;
const AFTER_TROUBLE_MS = 2_000;
/** Few enough that what they say is on its way before the next are read. */
const AT_ONCE = 100;

interface Hearing {
  pool: pg.Pool;
  log: Logger;
  /** Not asked while nobody listens. */
  isWanted: () => boolean;
  tell: (events: RealtimeEvent[]) => Promise<void>;
}

/**
 * Reads what happens, one event behind the other, as long as somebody of this process listens: one short statement, four times a second, whatever their number.
 * What cannot be read or told now is read again.
 */
export const createTail = ({ pool, log, isWanted, tell }: Hearing) => {
  let place: Promise<Place> | undefined;

  const read = async (from: Place): Promise<void> => {
    let [at, inTrouble] = [from, false];
    while (isWanted()) {
      try {
        const events = await eventsBehind(pool, at, AT_ONCE);
        if (events.length > 0) await tell(events);
        at = events.at(-1) ?? at;
        inTrouble = false;
        if (events.length === AT_ONCE) continue;
      } catch (error) {
        if (!inTrouble) log.warn({ err: error }, 'apps that listen are told later: what happened cannot be read');
        inTrouble = true;
      }
      await sleep(inTrouble ? AFTER_TROUBLE_MS : EVERY_MS, undefined, { ref: false });
    }
    place = undefined;
  };

  return {
    /** Once this is answered nothing that is committed later is missed. */
    listen: async (): Promise<void> => {
      if (!place) {
        place = presentPlace(pool);
        // Whoever asks hears why not; the next one tries again.
        place.then(read, () => (place = undefined)).catch(() => undefined);
      }
      await place;
    },
  };
};
