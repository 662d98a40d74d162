import { z } from 'zod';
import type { NewOrder } from '../../activities/intake/new-order.ts';
import { findOrder } from '../../activities/intake/write-order.ts';
import { payoutKey } from '../../activities/wizards/steps/place-payout.ts';
import { subtract, wire } from '../../domain/money.ts';
import { notFound } from '../kit/errors.ts';
import { money } from '../kit/shapes.ts';
import { Redirect, redirectOf } from '../money/front-office/deposit-answers.ts';
import { showMyTransaction } from '../money/front-office/show.ts';
import type { MoneyHub } from '../money/hub.ts';
import { beginOrder } from '../money/intake/place-order.ts';
import { MyTransaction } from '../presenters/transaction.ts';

/** objects-front-office 3.22 */
export const WithdrawalPreview = z
  .object({
    rate: money().meta({ description: 'One unit of the source in the destination currency, at this moment.' }),
    amount: money().meta({ description: 'What leaves the account.' }),
    commission: money().meta({ description: 'The part of it that the broker keeps.' }),
    sourceCurrencyAlphaCode: z.string(),
    sourceCurrencyAmount: money(),
    destinationCurrencyAlphaCode: z.string(),
    destinationCurrencyAmount: money().meta({ description: 'What arrives.' }),
  })
  .meta({ id: 'WithdrawalPreview' });

export const previewOf = ({
  amount,
  vendorCommission,
  currency,
  exchange,
}: NewOrder): z.input<typeof WithdrawalPreview> => ({
  rate: wire(exchange?.quote?.rate ?? '1'),
  amount: wire(amount),
  commission: wire(vendorCommission),
  sourceCurrencyAlphaCode: currency.alphabeticCode,
  sourceCurrencyAmount: wire(amount),
  destinationCurrencyAlphaCode: (exchange?.currency ?? currency).alphabeticCode,
  destinationCurrencyAmount: wire(exchange?.quote?.amount ?? subtract(amount, vendorCommission)),
});

export const PlacedPayout = z.object({
  transaction: MyTransaction,
  redirect: Redirect.optional().meta({
    description: 'Of methods whose provider asks the client itself where the money shall go: he goes on there.',
  }),
});

export const showPlaced = async (hub: MoneyHub, transactionId: number): Promise<z.input<typeof PlacedPayout>> => {
  const transaction = await showMyTransaction(hub, transactionId);
  const redirect = redirectOf(transaction.data?.action);
  return { transaction, ...(redirect && { redirect }) };
};

/** The payout that a wizard's run ordered, brought to its own run. Throws when that says no. */
export const payoutOf = async (hub: MoneyHub, uuid: string): Promise<z.input<typeof PlacedPayout>> => {
  const written = await findOrder(hub.pool, payoutKey(uuid));
  if (!written) throw notFound('transaction');
  await beginOrder(hub, written);
  return showPlaced(hub, written.id);
};
