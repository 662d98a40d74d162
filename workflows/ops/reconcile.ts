import { TIMINGS } from '../../domain/timings.ts';
import { internal } from '../kit/activities.ts';

/** Starts the comparison of every connection's books for the days that are over. Run by a schedule once a day; harmless to repeat. */
export async function reconcile(): Promise<{ started: number }> {
  return internal('Starting comparisons').startReconciliations({ settle: TIMINGS.booksSettle });
}
