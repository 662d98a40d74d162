import {
  type ChangeOrder,
  findChange,
  freeKey,
  writeChange,
  type WrittenChange,
} from '../../activities/intake/write-change.ts';
import { inTransaction } from '../../db/pool.ts';
import type { WantedOfAccount } from '../../domain/account-change.ts';
import { type FailureType, HubFailure } from '../../domain/failures.ts';
import type { Reason } from '../../domain/reasons.ts';
import type { Actor } from '../kit/access.ts';
import { assertSameRequest } from '../kit/idempotency.ts';
import type { MoneyHub } from '../money/hub.ts';
import { assertStillSees, type Ordering } from '../money/intake/place-order.ts';
import { refusalToldClient } from '../presenters/account-change.ts';

/**
 * The one way to change an account at its platform: check → a row with its audit row → its run. Answers the change's id, done or still waiting; throws
 * when a rule or the platform says no. A repeat under the same key finds the row; a no that was not kept for the key leaves it free.
 */
export const orderChange = async (
  hub: MoneyHub,
  call: Ordering,
  accountId: number,
  order: ChangeOrder,
): Promise<number> => {
  const { actor, key, once, requestId, log } = call;
  const written = await inTransaction(hub.pool, async (db) => {
    await once?.lock(db);
    const twin = key === undefined ? null : await findChange(db, key);
    if (twin && twin.state !== 'refused') {
      assertSameRequest(twin, once);
      await assertStillSees(db, actor, twin);
      return twin;
    }
    if (twin) await freeKey(db, twin.id);
    const by = { actor, key, cause: { requestId }, ...(once && { fingerprint: once.fingerprint }) };
    return writeChange(db, hub.tools(), by, accountId, order);
  });
  await beginChange(hub, written, { log, reader: actor.kind });
  return written.id;
};

/** Brings a change that is written down to its run, and hears what the platform says unless that takes long. Throws when it says no, as `reader` may read it. Harmless to repeat. */
export const beginChange = async (
  hub: MoneyHub,
  written: WrittenChange,
  { log, reader }: Pick<Ordering, 'log'> & { reader: Actor['kind'] },
): Promise<void> => {
  const { state, reason, issue } = written.state === 'waiting' ? await begin(hub, written.id, log) : written;
  if (state !== 'refused') return;
  const told = reader === 'client' ? refusalToldClient(written.wanted, reason) : { reason, issue };
  throw refused(written.wanted, told.reason, told.issue);
};

const begin = async (
  hub: MoneyHub,
  id: number,
  log: Ordering['log'],
): Promise<Pick<WrittenChange, 'state' | 'reason' | 'issue'>> => {
  try {
    return await hub.ask((steering) => steering.changeAccount(id));
  } catch (error) {
    if (!(error instanceof HubFailure) || error.type !== 'Unavailable') throw error;
    log.warn({ changeId: id }, 'account change stored; its run will be started by the sweep');
    return { state: 'waiting', reason: null, issue: null };
  }
};

const refused = ({ password }: WantedOfAccount, reason: string | null, issue: string | null) => {
  const type: FailureType = reason === 'unsupported' ? 'Unsupported' : 'Rejected';
  // The account is known here: what its platform does not find is the platform's no.
  const known = reason === null || reason === 'not_found' ? 'provider_refused' : (reason as Reason);
  const facts = known === 'validation' && password !== undefined ? { field: 'password' } : {};
  return new HubFailure(type, known, issue ?? 'The platform refused the change.', facts);
};
