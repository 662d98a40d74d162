import { z } from 'zod';
import { loadTransaction } from '../../../db/repositories/transactions.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { equal, subtract, wire } from '../../../domain/money.ts';
import type { UserActor } from '../../kit/access.ts';
import { notFound } from '../../kit/errors.ts';
import { money } from '../../kit/shapes.ts';
import type { MoneyHub } from '../hub.ts';
import { seenRequest } from './decide.ts';

export const RequestAudit = z
  .object({
    accountId: z.int(),
    balance: money(),
    incoming: money(),
    outgoing: money(),
    expectedBalance: money(),
    difference: money(),
    isBalanced: z.boolean(),
  })
  .meta({ id: 'RequestAudit' });

/** Adds up every posting of the account a request is about, and compares the sum with the balance the ledger keeps. */
export const auditOf = async (
  hub: MoneyHub,
  actor: UserActor,
  applicationId: number,
): Promise<z.input<typeof RequestAudit>> => {
  const request = await seenRequest(hub, actor, applicationId);
  if (request.transactionId === null)
    throw new HubFailure('Unsupported', 'unsupported', 'The request is about no money.');
  const { creditAccountId, debitAccountId } = await loadTransaction(hub.pool, request.transactionId);
  const accountId = (debitAccountId ?? creditAccountId)!;
  // One statement, so that a posting that happens meanwhile is in both figures or in neither.
  const { rows } = await hub.pool.query<{ balance: string; incoming: string; outgoing: string }>(
    `select l.balance::text, coalesce(sum(p.amount) filter (where p.amount > 0), 0)::text as incoming,
            coalesce(-sum(p.amount) filter (where p.amount < 0), 0)::text as outgoing
       from account a join ledger_account l on l.code = a.ledger_code left join ledger_posting p on p.account_id = l.id
      where a.account_id = $1 group by l.id`,
    [accountId],
  );
  if (!rows[0]) throw notFound('account in the ledger');
  const { balance, incoming, outgoing } = rows[0];
  const expected = subtract(incoming, outgoing);
  return {
    accountId,
    balance: wire(balance),
    incoming: wire(incoming),
    outgoing: wire(outgoing),
    expectedBalance: wire(expected),
    difference: wire(subtract(balance, expected)),
    isBalanced: equal(balance, expected),
  };
};
