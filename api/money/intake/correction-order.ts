import { accountOf, assertFits, assertFunds, currencyOf, isWallet } from '../../../activities/intake/accounts.ts';
import { freshFacts } from '../../../activities/intake/facts.ts';
import type { NewOrder } from '../../../activities/intake/new-order.ts';
import { assertSameMoney } from '../../../activities/transactions/restrictions.ts';
import type { Queryable } from '../../../db/pool.ts';
import { correctionsOf, settledByCorrection, type Sibling, stillOwedOf } from '../../../db/repositories/corrections.ts';
import { clearingCode, suspenseCode } from '../../../domain/chart-of-accounts.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { type Amount, compare } from '../../../domain/money.ts';
import { NOT_MOVED, STAGES } from '../../../domain/stages.ts';
import type { UserActor } from '../../kit/access.ts';
import { providerById } from '../../../worker/tools.ts';

export interface CorrectionRequest {
  direction: 'fromClient' | 'toClient';
  amount: Amount;
  against: 'suspense' | { connectionId: number };
  reason: string;
  settles?: number | undefined;
  /** Corrections of the same that this one comes on top of. */
  besides?: number[] | undefined;
}

/** A wallet put right against the broker's own books, or the reason why not. What the client may has no say, what his wallet holds has. */
export const correctionOrder = async (
  db: Queryable,
  actor: UserActor,
  accountId: number,
  request: CorrectionRequest,
): Promise<NewOrder> => {
  const { direction, amount, against, reason, settles } = request;
  const facts = freshFacts(db);
  const account = await accountOf(db, actor, accountId, 'accountId', facts);
  if (!isWallet(account))
    throw refused('accountId', 'Only wallets are corrected: a trading account is what its platform says.');
  assertSameMoney(account, null, 'accountId');
  const currency = await currencyOf(facts, account.currency);
  assertFits(amount, currency);
  if (against !== 'suspense') await assertKeepsMoney(db, against.connectionId);
  if (settles !== undefined) await assertSettles(db, accountId, settles, request);
  else if (request.besides?.[0] !== undefined) throw noSibling(request.besides[0]);
  if (direction === 'fromClient') await assertFunds(db, account, amount);
  const code = currency.alphabeticCode;
  return {
    type: 'transfer',
    clientId: account.clientId,
    debit: direction === 'fromClient' ? account : null,
    credit: direction === 'toClient' ? account : null,
    currency,
    amount,
    vendorCommission: '0',
    providerCommission: '0',
    exchange: null,
    method: null,
    data: {},
    comment: null,
    correction: {
      against: against === 'suspense' ? suspenseCode(code) : clearingCode(against.connectionId, code),
      reason,
      settles: settles ?? null,
    },
  };
};

const refused = (field: string, issue: string) => new HubFailure('Rejected', 'restricted', issue, { field });

const noSibling = (id: number) =>
  new HubFailure('InvalidInput', 'not_found', `${id} is no correction of the transaction that this one settles.`, {
    field: 'besides',
  });

/** Only who takes payments owes us money, or is owed. */
const assertKeepsMoney = async (db: Queryable, connectionId: number): Promise<void> => {
  const field = 'against.connectionId';
  const { rows } = await db.query<{ provider: string }>(`select provider from connection where id = $1`, [
    connectionId,
  ]);
  if (!rows[0]) throw new HubFailure('InvalidInput', 'not_found', 'There is no such connection.', { field });
  if (providerById(rows[0].provider).category !== 'payments')
    throw refused(field, 'Only connections that take payments have a clearing account.');
};

/** What it puts right is a movement of this account; for a deposit that was taken back no more is collected than is owed. */
const assertSettles = async (
  db: Queryable,
  accountId: number,
  settles: number,
  request: CorrectionRequest,
): Promise<void> => {
  const type = await settledByCorrection(db, accountId, settles);
  if (type === null)
    throw new HubFailure('InvalidInput', 'not_found', 'There is no such transaction of this account.', {
      field: 'settles',
    });
  const collects = type === 'deposit' && request.direction === 'fromClient' && request.against === 'suspense';
  if (collects) {
    const owed = await stillOwedOf(db, settles);
    if (compare(request.amount, owed) > 0)
      throw new HubFailure('Rejected', 'amount_too_big', `Of deposit ${settles} ${owed} is still owed.`, {
        field: 'amount',
      });
  }
  // What collects the same debt is counted there.
  await assertNotAgain(db, settles, request, (other) => collects && other.against === 'suspense');
};

/**
 * What puts the same transaction right in the same direction may be the same thing once more: whoever orders it says that he knows of it. Amounts tell nothing, for
 * half of a payment may be given back twice, and more may be missing than was booked.
 */
const assertNotAgain = async (
  db: Queryable,
  settles: number,
  { direction, besides = [] }: CorrectionRequest,
  isCounted: (other: Sibling) => boolean,
): Promise<void> => {
  const others = await correctionsOf(db, settles);
  const stranger = besides.find((id) => others.every(({ transactionId }) => transactionId !== id));
  if (stranger !== undefined) throw noSibling(stranger);
  const unknown = others.filter(
    (other) =>
      other.direction === direction &&
      !NOT_MOVED.includes(other.stage) &&
      !isCounted(other) &&
      !besides.includes(other.transactionId),
  );
  if (unknown.length === 0) return;
  const named = unknown.map(
    ({ transactionId, amount, currency, stage }) =>
      `${transactionId} (${direction} ${amount} ${currency}, ${STAGES[stage]})`,
  );
  throw new HubFailure(
    'Rejected',
    'already_done',
    `Transaction ${settles} is corrected already: ${named.join(', ')}. If this comes on top of it, name it in besides.`,
    { field: 'besides' },
  );
};
