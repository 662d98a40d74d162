import type { Begun } from '../../domain/money-order.ts';
import { type Timings, timingsNamed } from '../../domain/timings.ts';
import { Steering } from '../../worker/steering.ts';
import type { ApiDeps } from '../deps.ts';

/** `timings` shortens the waits of the runs started here (tests, demo). */
export interface MoneyDeps extends ApiDeps {
  timings?: Partial<Timings>;
}

/** Above the longest wait for a first answer (domain/timings.ts), so that only a silent Temporal ends it. */
const PATIENCE_MS = 15_000;

/** What money methods work with: the database, and every question to Temporal with an end to its patience. */
export class MoneyHub {
  readonly deps: MoneyDeps;
  private made: Steering | undefined;

  constructor(deps: MoneyDeps) {
    this.deps = deps;
  }

  get pool(): MoneyDeps['pool'] {
    return this.deps.pool;
  }

  /** Throws HubFailure `Unavailable` when Temporal or the workers do not answer in time. */
  async ask<T>(question: (steering: Steering) => Promise<T>): Promise<T> {
    const { settings, temporal, timings = timingsNamed(this.deps.settings.hubTimings) } = this.deps;
    this.made ??= new Steering(temporal.client, settings.payloadKeys, timings);
    const steering = this.made;
    return temporal.connection.withDeadline(Date.now() + PATIENCE_MS, () => question(steering));
  }

  begin(kind: 'deposit' | 'payout' | 'transfer', transactionId: number): Promise<Begun> {
    return this.ask((steering) => steering.beginMoney(kind, transactionId));
  }
}
