import { HubFailure } from '../../domain/failures.ts';
import { isOversized } from './http.ts';
import type { Window } from './trading.ts';

/**
 * Reads a window of time from a platform that knows no pages. `read` answers null when its answer may have been cut off; then, and when it was longer
 * than we read, both halves are read instead. What lies on the seam is given once: `idOf` tells.
 */
export const readWindow = async <T>(
  { from, to }: Window,
  read: (window: Window) => Promise<T[] | null>,
  idOf: (one: T) => string,
): Promise<T[]> => {
  const whole = await read({ from, to }).catch((error: unknown) => {
    if (isOversized(error)) return null;
    throw error;
  });
  if (whole) return whole;
  if (to - from < 2)
    throw new HubFailure('Unavailable', 'provider_garbage', 'one moment holds more than one answer of the platform');
  const middle = Math.floor((from + to) / 2);
  const first = await readWindow({ from, to: middle }, read, idOf);
  const second = await readWindow({ from: middle, to }, read, idOf);
  return [...new Map([...first, ...second].map((one) => [idOf(one), one])).values()];
};
