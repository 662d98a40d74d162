import { QUICK_TIMINGS } from '../../domain/timings.ts';
import { eventually, type TestHub } from './hub.ts';

/**
 * How long a run waits before it looks again, once the waits have grown as far as they do and its lost attempt is surely over: from then on only a miss may
 * make it look sooner. Milliseconds. However slow the looks are on this machine, such a wait comes.
 */
export const lateWait = async (hub: TestHub, workflowId: string): Promise<number> => {
  const { probes, settleAfter } = { ...QUICK_TIMINGS, ...hub.timings };
  const waits = async () => {
    const { events } = await hub.handle(workflowId).fetchHistory();
    const all = (events ?? []).flatMap(({ eventTime, timerStartedEventAttributes: timer }) =>
      timer ? [{ since: Number(eventTime?.seconds), ms: Number(timer.startToFireTimeout?.nanos) / 1_000_000 }] : [],
    );
    // Whole seconds are waited for something else, such as by whoever began it: the first look is awaited once the answer is lost.
    return all.filter(({ ms }) => ms > 0);
  };
  const late = await eventually(async () => {
    const all = await waits();
    return all.find(({ since }, n) => n >= probes!.length && (since - all[0]!.since) * 1_000 > settleAfter! + 1_000);
  }, 'a look when a miss would count');
  return late.ms;
};
