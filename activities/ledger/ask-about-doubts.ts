import type { Arrival } from '../../adapters/kit/payments.ts';
import type { Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import type { CreditedDeposit } from '../../db/repositories/reversals.ts';
import { askAbout, askedAbout, askNoMore } from '../../db/repositories/unsettled.ts';
import { dropDoubt, noteDoubt } from '../../db/repositories/payment-doubts.ts';
import { lookSoon } from '../../db/repositories/looks.ts';
import { doubtNamed, doubtsOf, forgetSettled } from '../../db/repositories/settled-payments.ts';
import type { Tools } from '../kit/activity.ts';

/**
 * A payment that a deposit was credited with, and that its provider does not call confirmed any more: a chain was reorganised. Nothing is taken, because mostly it
 * is confirmed again; but the client can spend it meanwhile, so a person is asked for as long as that lasts, and the provider is looked at soon. Answers what he settles.
 */
export const askAboutDoubts = async (
  db: Queryable,
  { reference, arrivals }: { reference: string; arrivals: readonly Arrival[] },
  deposits: readonly CreditedDeposit[],
  run: Tools['run'],
): Promise<{ odd: string[]; toSettle: string[] }> => {
  const odd: string[] = [];
  const toSettle: string[] = [];
  const references = [...new Set([reference, ...deposits.map((one) => one.reference)])];
  const ids = deposits.map(({ transactionId }) => transactionId);
  const known = await doubtsOf(db, ids, references);
  for (const deposit of deposits) {
    const { transactionId } = deposit;
    for (const arrival of arrivals.filter(({ id }) => deposit.credited.includes(id))) {
      const asked = doubtNamed(arrival.id);
      if (!isUnsure(arrival) || deposit.undone.includes(arrival.id)) {
        if (known.asked.has(asked)) await askNoMore(db, transactionId, asked);
        if (known.settled.has(asked)) await forgetSettled(db, references, asked);
        await dropDoubt(db, transactionId, arrival.id);
        continue;
      }
      await lookSoon(db, reference);
      if (known.settled.has(asked)) {
        await dropDoubt(db, transactionId, arrival.id);
        continue;
      }
      const why = inWords(deposit, arrival);
      await noteDoubt(db, { transactionId, payment: arrival.id, references, why });
      odd.push(why);
      toSettle.push(asked);
      // What he is asked about it already stands first.
      const standing = await askedAbout(db, transactionId);
      if (standing.why !== null || !(await askAbout(db, transactionId, { why, asked }))) continue;
      const object = `transaction:${transactionId}`;
      await recordAudit(db, { actor: 'workflow', action: 'deposit.unconfirmed', object, after: { why }, ...run });
    }
  }
  return { odd, toSettle };
};

/** Of a page that is paid twice the first payment stays confirmed, whatever becomes of the second. */
const isUnsure = ({ state, isConfirmed }: Arrival): boolean =>
  (state === 'seen' || state === 'processing') && isConfirmed !== true;

const inWords = ({ transactionId, currency }: CreditedDeposit, { id, amount }: Arrival): string =>
  `Payment ${id} of ${amount} ${currency.alphabeticCode}, with which deposit ${transactionId} was credited, is not confirmed any more`;
