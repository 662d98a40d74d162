import { setHandler } from '@temporalio/workflow';
import type { MoneyInput } from '../../domain/money-order.ts';
import { askProvider, internal } from '../kit/activities.ts';
import { providerNews } from '../kit/messages.ts';

/** News about a payout that is done. When the provider says that the money came back, the client gets it back, once. */
export async function payoutReturn({
  transactionId,
  connectionId,
}: MoneyInput & { connectionId: number }): Promise<{ returned: boolean }> {
  setHandler(providerNews, () => undefined); // started by one; what it means is read from the provider
  const found = await askProvider(connectionId, 'Asking whether the payout came back').findReturn({ transactionId });
  if (!found) return { returned: false };
  await internal('Crediting the returned money').bookReturn({ transactionId, returned: found });
  return { returned: true };
}
