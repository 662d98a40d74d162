import { isGrpcServiceError } from '@temporalio/client';
import { CallBook } from '../../activities/kit/call-book.ts';
import { isHubFailure } from '../../domain/failures.ts';
import type { Begun } from '../../domain/money-order.ts';
import { TIMINGS, type Timings, timingsNamed } from '../../domain/timings.ts';
import { temporalAway } from '../../worker/runs.ts';
import { Steering } from '../../worker/steering.ts';
import { lendTools } from '../../worker/tools.ts';
import type { ApiDeps } from '../deps.ts';
import { type MyAccountShortView, rememberedAccounts } from '../presenters/account.ts';
import { type OrderFacts, rememberedFacts } from '../../activities/intake/facts.ts';

export interface MoneyDeps extends ApiDeps {
  /** Shortens the waits of the runs started here (tests, demo). */
  timings?: Partial<Timings>;
  /** How long Temporal and its workers may take to answer. */
  patienceMs?: number;
}

/** Above the longest wait for a first answer (domain/timings.ts), so that only a silent Temporal ends it. */
const PATIENCE_MS = 12_000;

/** What money methods work with: the database, and every question to Temporal with an end to its patience. */
export class MoneyHub {
  readonly deps: MoneyDeps;
  /** Good enough to say what would happen; whatever is placed is checked against fresh ones. */
  readonly facts: OrderFacts;
  /** An account inside its owner's transaction, as remembered. */
  readonly myAccount: (accountId: number) => Promise<MyAccountShortView>;
  private made: Steering | undefined;
  private lent: ReturnType<typeof lendTools> | undefined;

  constructor(deps: MoneyDeps) {
    this.deps = deps;
    this.facts = rememberedFacts(deps.memory, deps.pool);
    this.myAccount = rememberedAccounts(deps.memory, deps.pool);
  }

  get pool(): MoneyDeps['pool'] {
    return this.deps.pool;
  }

  /** Throws HubFailure `Unavailable` when Temporal or the workers do not answer in time. */
  async ask<T>(question: (steering: Steering) => Promise<T>): Promise<T> {
    const { temporal, patienceMs = PATIENCE_MS } = this.deps;
    const { steering } = this;
    try {
      return await temporal.connection.withDeadline(Date.now() + patienceMs, () => question(steering));
    } catch (error) {
      throw isHubFailure(error) || !isOutage(error) ? error : temporalAway();
    }
  }

  begin(...order: Parameters<Steering['beginMoney']>): Promise<Begun> {
    return this.ask((steering) => steering.beginMoney(...order));
  }

  /** What activities work with, for what the API does at once as they do. */
  tools(): ReturnType<typeof lendTools> {
    const { settings, pool, temporal, measureCall: measure, timings = timingsNamed(settings.hubTimings) } = this.deps;
    const pauses = timings?.breakerPauses ?? TIMINGS.breakerPauses;
    this.lent ??= lendTools(settings, pool, temporal.client, timings, new CallBook({ pool, pauses, measure }));
    return this.lent;
  }

  get steering(): Steering {
    const { settings, temporal, timings = timingsNamed(settings.hubTimings) } = this.deps;
    this.made ??= new Steering(temporal.client, settings.payloadKeys, timings);
    return this.made;
  }
}

/** The client wraps what gRPC says, more than once. */
const isOutage = (error: unknown): boolean => {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (isGrpcServiceError(inner) || inner.name === 'ServiceError') return true;
  }
  return false;
};
