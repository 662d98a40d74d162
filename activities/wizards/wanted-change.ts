import type { Queryable } from '../../db/pool.ts';
import { changeWaits } from '../../db/repositories/client-changes.ts';
import type { ChangeKind, WantedChanges } from '../../domain/client-changes.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Judged } from './step.ts';

/** What a form of a signed-in client keeps for the last step. */
export interface Wanting<K extends ChangeKind = ChangeKind> {
  kind: K;
  wanted: WantedChanges[K];
}

/** Keeps what is wanted. Throws `already_exists` while the same is asked for already. */
export const wanting = async <K extends ChangeKind>(
  db: Queryable,
  clientId: number | null,
  change: Wanting<K>,
  facts: Judged['facts'] = {},
): Promise<Judged> => {
  await assertNothingWaits(db, clientId, change.kind);
  return { keep: { change }, facts };
};

export const assertNothingWaits = async (db: Queryable, clientId: number | null, kind: ChangeKind): Promise<void> => {
  if (clientId !== null && (await changeWaits(db, clientId, kind))) throw alreadyAsked();
};

export const alreadyAsked = () =>
  new HubFailure('Rejected', 'already_exists', 'You have asked for this already: wait until it is decided.');
