/** What a transaction may have besides its two sides. */
import { z } from 'zod';
import { idAndName, money, time } from '../kit/shapes.ts';
import { Evidence } from './evidence.ts';

/** Ours: what a movement that changes currency is settled at. */
export const MyExchange = z
  .object({
    paidAmount: money().meta({
      description: 'What is paid in, or leaves the account; the sides above are in the currency of the account.',
    }),
    paidCurrencyCode: z.int(),
    receivedAmount: money().nullable().meta({ description: 'null: no rate yet.' }),
    receivedCurrencyCode: z.int(),
    expireTime: time()
      .nullable()
      .meta({ description: 'What is paid later is settled at the rate of then. null: no rate yet, or a preview.' }),
    isFixed: z.boolean().meta({ description: 'The rate will not change any more.' }),
  })
  .meta({ id: 'MyTransactionExchange' });

export const Exchange = z
  .object({
    ...MyExchange.shape,
    rate: money().nullable().meta({ description: 'Received for one that is paid, markup inside.' }),
    marketRate: money().nullable(),
    source: z.string().nullable().meta({ description: 'Name of the rate provider.' }),
    sourceTime: time().nullable(),
    quoteTime: time().nullable(),
    fixTime: time().nullable(),
  })
  .meta({ id: 'TransactionExchange' });

/** Ours: money that went back after a deposit was credited. `amount` in the currency of the payment, what was taken from whom in the account's. */
export const Reversal = z
  .object({
    id: z.int(),
    providerId: z.string().meta({
      description: "The provider's id of the refund or dispute; `payment:{id}` when the payment itself was undone.",
    }),
    kind: z.enum(['refund', 'dispute', 'return']),
    state: z
      .enum(['open', 'done', 'undone'])
      .meta({ description: 'As the provider says; undone: it gave the money back after all.' }),
    amount: money(),
    takenFromClient: money(),
    takenFromIncome: money().meta({ description: "The broker's commission, which goes back with the payment." }),
    owed: money().meta({ description: "What the client's wallet did not cover: he owes it to the broker." }),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'TransactionReversal' });

export const GivenEvidence = z
  .object({ ...Evidence.shape, user: idAndName(), createTime: time() })
  .meta({ id: 'GivenEvidence' });

export const Correction = z
  .object({
    against: z.enum(['suspense', 'clearing']),
    connectionId: z.int().nullable().meta({ description: 'Whose clearing.' }),
    reason: z.string(),
    settles: z.int().nullable().meta({ description: 'The transaction it puts right.' }),
  })
  .meta({ id: 'Correction' });
