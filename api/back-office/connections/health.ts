import { z } from 'zod';
import type { HealthRow } from '../../../db/repositories/connection-health.ts';
import { OPENS_AFTER, percentile } from '../../../domain/breaker.ts';
import { isoTime, isoTimeOrNull, time } from '../../kit/shapes.ts';

const States = z.enum(['unused', 'ok', 'failing', 'misconfigured', 'garbled', 'slowed', 'paused', 'trying']);
type State = z.infer<typeof States>;

export const ConnectionHealth = z
  .object({
    state: States,
    since: time().nullable().meta({ description: 'When calls were paused or began again; null: never paused.' }),
    explanation: z.string().meta({ description: 'The state in plain words, for an operator.' }),
    pausedUntil: time().nullable().meta({ description: 'Nothing is sent before.' }),
    failuresInRow: z.int(),
    lastError: z.object({ type: z.string(), message: z.string(), time: time() }).nullable(),
    lastSuccess: time().nullable(),
    lastHour: z.object({
      calls: z.int(),
      failures: z.int(),
      p50Milliseconds: z.int().nullable().meta({ description: 'Half of the calls took no longer; rounded up.' }),
      p95Milliseconds: z.int().nullable(),
    }),
  })
  .meta({ id: 'ConnectionHealth' });

export const healthView = (row: HealthRow): z.input<typeof ConnectionHealth> => {
  const state = stateOf(row);
  return {
    state,
    since: isoTimeOrNull(row.since),
    explanation: explain(state, row),
    pausedUntil: isoTimeOrNull(row.pausedUntil),
    failuresInRow: row.failuresInRow,
    lastError: row.lastErrorAt
      ? { type: row.lastErrorType ?? 'Unavailable', message: row.lastError ?? '', time: isoTime(row.lastErrorAt) }
      : null,
    lastSuccess: isoTimeOrNull(row.lastSuccessAt),
    lastHour: {
      calls: row.calls,
      failures: row.failures,
      p50Milliseconds: percentile(row.durations, 0.5),
      p95Milliseconds: percentile(row.durations, 0.95),
    },
  };
};

const stateOf = (row: HealthRow): State => {
  if (row.state === 'half_open') return 'trying';
  if (row.state === 'open') return 'paused';
  if (row.pausedUntil) return 'slowed';
  if (row.failuresInRow > 0) return 'failing';
  const isLatest = row.lastErrorAt !== null && row.lastErrorAt.getTime() > (row.lastSuccessAt?.getTime() ?? 0);
  if (isLatest && row.lastErrorType === 'Config') return 'misconfigured';
  // What had no answer counts as a failure in a row: these had one.
  if (isLatest && row.lastErrorType !== 'RateLimited') return 'garbled';
  return row.lastSuccessAt || row.lastErrorAt ? 'ok' : 'unused';
};

const explain = (state: State, row: HealthRow): string => {
  const until = isoTimeOrNull(row.pausedUntil);
  switch (state) {
    case 'unused':
      return 'It was not called yet: test it.';
    case 'ok':
      return 'It answers.';
    case 'failing':
      return `The last ${row.failuresInRow} calls had no answer. After ${OPENS_AFTER} in a row its work is paused.`;
    case 'misconfigured':
      return 'It answers, but does not accept what we send: check the settings.';
    case 'garbled':
      return 'It answers, but not what was asked, or nothing we can read: see `lastError`, and ask the provider. Reads are repeated; what was sent counts as unknown.';
    case 'slowed':
      return `The provider asks to be left alone until ${until}. Its work waits and goes on by itself.`;
    case 'paused':
      return `The provider does not answer. Its work waits and goes on by itself; whether it is back is tried at ${until}.`;
    case 'trying':
      return 'The provider did not answer; whether it is back is being tried now. Its work waits.';
  }
};
