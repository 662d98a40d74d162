import type { Queryable } from '../../../db/pool.ts';
import type { ProfileChangeLine } from '../../../db/repositories/profile-changes.ts';
import type { ChangeKind, WantedChanges } from '../../../domain/client-changes.ts';
import type { Reason } from '../../../domain/reasons.ts';

/** Why a change cannot be made now. */
export interface Obstacle {
  reason: Reason;
  issue: string;
  /** Of the form that asked for it. */
  field?: string;
}

export interface Made {
  history: ProfileChangeLine[];
  /** The phone or address that came of it. */
  madeId?: number;
}

/** How one kind of change is made. All of it in a transaction that holds the client's row; harmless only because it is called once. */
export interface KindOfChange<K extends ChangeKind> {
  /** The members of `wanted` as they are now. */
  before: (db: Queryable, clientId: number, wanted: WantedChanges[K]) => Promise<Record<string, unknown>>;
  obstacle: (db: Queryable, clientId: number, wanted: WantedChanges[K]) => Promise<Obstacle | null>;
  make: (db: Queryable, clientId: number, wanted: WantedChanges[K]) => Promise<Made>;
}
