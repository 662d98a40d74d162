import type pg from 'pg';
import {
  addMinute,
  type MinuteOfCalls,
  noteOtherFailure,
  noteRecovery,
  noteSilence,
  noteTransportFailure,
} from '../../db/repositories/connection-health.ts';
import { DURATION_BOUNDS, durationSlot, isTransportFailure, LONGEST_SILENCE_S } from '../../domain/breaker.ts';
import type { NoteCall, ObservedCall } from './observe-calls.ts';

export interface CallBookOptions {
  pool: pg.Pool;
  /** How long the breaker waits before each trial. */
  pauses: readonly number[];
  /** Feeds the process's own metrics. */
  measure?: (call: ObservedCall) => void;
  /** The connection shall not be called for now. */
  onPause?: (connectionId: number) => void;
}

/**
 * Keeps how connections fare. What decides about pausing is written at once, for all workers to see; counts are gathered and written by `flush`.
 * Nothing here ever changes what came of a call.
 */
export class CallBook {
  private readonly options: CallBookOptions;
  private readonly minutes = new Map<string, MinuteOfCalls>();
  private minute = 0;

  constructor(options: CallBookOptions) {
    this.options = options;
  }

  readonly note: NoteCall = async (call) => {
    try {
      this.options.measure?.(call);
      if (call.outdated) return;
      const minuteBegan = this.count(call);
      await this.judge(call);
      if (minuteBegan) await this.flush();
    } catch {
      // Our own database is away: the call's outcome stands, and the next one is judged again.
    }
  };

  /** Writes what was counted since the last time; what cannot be written is counted on. */
  async flush(): Promise<void> {
    for (const [key, counted] of [...this.minutes]) {
      this.minutes.delete(key);
      await addMinute(this.options.pool, counted);
    }
  }

  /** True when a minute began: what was counted before is written, even where nobody flushes. */
  private count({ connectionId, durationMs, failure }: ObservedCall): boolean {
    const minute = Math.floor(Date.now() / 60_000) * 60_000;
    const isNew = this.minute !== minute;
    this.minute = minute;
    const key = `${connectionId} ${minute}`;
    const counted = this.minutes.get(key) ?? {
      connectionId,
      minute,
      calls: 0,
      failures: 0,
      durations: Array.from({ length: DURATION_BOUNDS.length + 1 }, () => 0),
      lastSuccessAt: null,
    };
    counted.calls += 1;
    counted.durations[durationSlot(durationMs)]! += 1;
    if (failure) counted.failures += 1;
    else counted.lastSuccessAt = Date.now();
    this.minutes.set(key, counted);
    return isNew;
  }

  private async judge({ connectionId, failure, afterFailure }: ObservedCall): Promise<void> {
    const { pool, pauses, onPause } = this.options;
    if (failure === null) {
      if (afterFailure) await noteRecovery(pool, connectionId);
      return;
    }
    if (isTransportFailure(failure.type, failure.reason)) {
      const state = await noteTransportFailure(pool, connectionId, failure, pauses);
      if (state === 'open') onPause?.(connectionId);
      return;
    }
    await noteOtherFailure(pool, connectionId, failure);
    if (failure.type === 'RateLimited' && failure.retryAfter) {
      await noteSilence(pool, connectionId, Math.min(failure.retryAfter, LONGEST_SILENCE_S));
      onPause?.(connectionId);
    }
  }
}
