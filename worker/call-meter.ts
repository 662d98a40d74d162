import { Runtime } from '@temporalio/worker';
import type { ObservedCall } from '../activities/kit/observe-calls.ts';

/** Figures of calls to providers, served beside Temporal's own (WORKER_METRICS_PORT). Labels hold names of configuration, nothing of clients. */
export const callMeter = (): ((call: ObservedCall) => void) => {
  const meter = Runtime.instance().metricMeter;
  const calls = meter.createCounter('hub_provider_calls', 'calls', 'Calls to providers by what came of them');
  const durations = meter.createHistogram('hub_provider_call_milliseconds', 'int', 'ms', 'How long providers took');
  return ({ provider, connection, operation, durationMs, failure }) => {
    const labels = { provider, connection, operation };
    calls.add(1, { ...labels, outcome: failure?.type ?? 'answered' });
    durations.record(Math.round(durationMs), labels);
  };
};
