import { z } from 'zod';
import { HubFailure } from '../../../domain/failures.ts';
import type { AdapterContext } from '../../kit/context.ts';
import { word } from '../../kit/json.ts';
import type { ScreeningAdapter } from '../../kit/screening.ts';
import { webhook } from '../../kyc/sumsub/webhook.ts';
import { account, call, look, mustList } from '../../kyc/sumsub/wire.ts';
import { assertSameMoney, reportOf, transactionOf } from './map.ts';

export const SumsubKytConfig = z.object({
  ...account,
  levelName: z.string().min(1).describe('Level of applicants SumSub has to make for clients it has not met'),
});
export type SumsubKytConfig = z.output<typeof SumsubKytConfig>;
type Context = AdapterContext<SumsubKytConfig>;

const encoded = encodeURIComponent;

const byReference = (ctx: Context, reference: string) =>
  look(ctx, `/resources/kyt/txns/-;data.txnId=${encoded(reference)}/one`);

/** Whether a client is known decides which of two calls is the right one. */
const submitTarget = async (ctx: Context, client: string): Promise<string> => {
  const known = await look(ctx, `/resources/applicants/-;externalUserId=${encoded(client)}/one`);
  return known
    ? `/resources/applicants/${encoded(word(known['id']))}/kyt/txns/-/data`
    : `/resources/applicants/-/kyt/txns/-/data?levelName=${encoded(ctx.config.levelName)}`;
};

export const sumsubKyt: ScreeningAdapter<SumsubKytConfig> = {
  async screen(ctx, order) {
    const { status, body } = await call(ctx, {
      method: 'POST',
      target: await submitTarget(ctx, order.client.reference),
      body: transactionOf(order, ctx.callbackUrl),
      effect: 'write',
      accept: [409],
    });
    // 409: it is there already, under our txnId.
    const txn = status === 409 ? await byReference(ctx, order.reference) : body;
    if (!txn) {
      throw new HubFailure(
        'OutcomeUnknown',
        'provider_outcome_unknown',
        'SumSub has the transaction and does not show it',
      );
    }
    assertSameMoney(txn, order);
    return reportOf(txn, order);
  },

  async find(ctx, ref) {
    const found = ref.providerId
      ? await look(ctx, `/resources/kyt/txns/${encoded(ref.providerId)}/one`)
      : await byReference(ctx, ref.reference);
    return found && reportOf(found, ref);
  },

  webhook: webhook('screening'),

  async testConnection(ctx) {
    await mustList(ctx, '/resources/kyt/txns/query/-;data.type=finance?limit=1');
  },
};
