import type { Queryable } from '../../db/pool.ts';
import { openChangeRequest } from '../../db/repositories/client-changes.ts';
import { ABOUT_KIND, type ChangeKind, type WantedChanges } from '../../domain/client-changes.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Judged } from './step.ts';

/** What a form of a signed-in client keeps for the last step. */
export interface Wanting<K extends ChangeKind = ChangeKind> {
  kind: K;
  wanted: WantedChanges[K];
}

/** Keeps what is wanted. Throws `already_exists` while a request of the same type waits. */
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
  if (clientId !== null && (await openChangeRequest(db, clientId, ABOUT_KIND[kind].request)) !== undefined)
    throw alreadyAsked();
};

export const alreadyAsked = () =>
  new HubFailure('Rejected', 'already_exists', 'You have asked for this already: wait until it is decided.');
