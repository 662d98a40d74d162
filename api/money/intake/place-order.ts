import { insufficientFunds } from '../../../activities/intake/accounts.ts';
import type { NewOrder } from '../../../activities/intake/new-order.ts';
import { findOrder, writeOrder, type WrittenOrder } from '../../../activities/intake/write-order.ts';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import { HubFailure } from '../../../domain/failures.ts';
import type { Begun } from '../../../domain/money-order.ts';
import { REASONS, type Reason } from '../../../domain/reasons.ts';
import { isFinal } from '../../../domain/stages.ts';
import { toldClient } from '../../../domain/told-client.ts';
import { type Actor, assertSees } from '../../kit/access.ts';
import { assertSameRequest } from '../../kit/idempotency.ts';
import type { Call } from '../../kit/procedure.ts';
import type { MoneyHub } from '../hub.ts';

/** Who orders, and under which key. */
export type Ordering = Pick<Call, 'key' | 'once' | 'requestId' | 'log'> & { actor: Actor };

/** What its run shows from the first moment; unknown of an order that was placed before. */
const shownOf = ({ clientId, currency, amount, method, credit, debit }: NewOrder) => ({
  client: clientId,
  provider: method?.provider ?? credit?.provider ?? debit?.provider ?? null,
  currency: currency.alphabeticCode,
  amount,
});

/** A user's tags may be others than when he ordered. */
export const assertStillSees = async (
  db: Queryable,
  actor: Actor,
  { clientId }: Pick<WrittenOrder, 'clientId'>,
): Promise<void> => {
  if (actor.kind === 'user') await assertSees(db, actor, clientId, 'account', 'accountId');
};

interface Placing {
  placed: WrittenOrder;
  shown?: ReturnType<typeof shownOf>;
}

/**
 * The one way money orders come in: check → one row with its audit row → its run → where it stands. A crash between the row and the
 * run is mended by the sweep; a repeat under the same key finds the row and asks the same run. `wait` false: not even the
 * first answer is waited for. Answers the transaction's id; a refusal is thrown and the row stays as its record.
 */
export const placeOrder = async (
  hub: MoneyHub,
  call: Ordering,
  check: (db: Queryable) => Promise<NewOrder>,
  { wait = true } = {},
): Promise<number> => {
  const { placed, shown } = await inTransaction<Placing>(hub.pool, async (db) => {
    // Twins queue here: the second one must find the first one's row before it looks at the balance.
    await call.once?.lock(db);
    const twin = call.key === undefined ? null : await findOrder(db, call.key);
    if (twin) {
      assertSameRequest(twin, call.once);
      await assertStillSees(db, call.actor, twin);
      return { placed: twin };
    }
    const order = await check(db);
    const { actor, key, once, requestId } = call;
    const by = { actor, key, cause: { requestId }, ...(once && { fingerprint: once.fingerprint }) };
    return { placed: await writeOrder(db, by, order), shown: shownOf(order) };
  });
  try {
    await beginOrder(hub, placed, { wait, by: call.actor.kind, ...(shown && { shown }) });
  } catch (error) {
    // With a key the caller can safely ask again. Without one he could only order twice, so he hears what is true:
    // the order is stored and will be started.
    const outage = error instanceof HubFailure && error.type === 'Unavailable';
    if (!outage || (wait && call.key !== undefined)) throw error;
    call.log.warn({ transactionId: placed.id }, 'order stored; its run will be started by the sweep');
  }
  return placed.id;
};

/** Brings an order that is written down to its run and hears where it stands; throws when the run refused it. Harmless to repeat. */
export const beginOrder = async (
  hub: MoneyHub,
  { kind, id, stage, resolution }: WrittenOrder,
  {
    wait = true,
    by = 'client',
    shown,
  }: { wait?: boolean; by?: Actor['kind']; shown?: ReturnType<typeof shownOf> } = {},
): Promise<void> => {
  // A run is looked for only while it can be there: Temporal forgets runs that are over, money may not.
  if (isFinal(stage)) {
    if (stage === 'hold_refused') throw insufficientFunds(resolution ?? undefined);
    return;
  }
  if (wait) assertNotRefused(await hub.begin(kind, id, shown), by);
  else await hub.ask((steering) => steering.startWaiting({ workflowId: `${kind}:${id}`, type: kind, id }));
};

const ABOUT_THE_AMOUNT: readonly string[] = [
  'insufficient_funds',
  'amount_too_small',
  'amount_too_big',
  'limit_exceeded',
];

/** A run that said no at once is a refusal of the order. One that a person ended meanwhile is not: its row tells. */
const assertNotRefused = ({ refusal }: Begun, by: Actor['kind']): void => {
  if (!refusal || !(REASONS as readonly string[]).includes(refusal.reason)) return;
  const issue = by === 'client' ? toldClient(refusal.reason, refusal.issue) : refusal.issue;
  throw new HubFailure('Rejected', refusal.reason as Reason, issue, {
    ...(ABOUT_THE_AMOUNT.includes(refusal.reason) ? { field: 'amount' } : {}),
  });
};
