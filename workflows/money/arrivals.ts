import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { condition, ParentClosePolicy, setHandler, startChild } from '@temporalio/workflow';
import { askProvider, internal } from '../kit/activities.ts';
import { providerNews } from '../kit/messages.ts';
import { deposit } from './deposit.ts';

export interface ArrivalsInput {
  /** Our reference at the provider: of a client's address, or of a deposit that is over. */
  reference: string;
  connectionId: number;
}

/**
 * Collects payments that came without being asked for: on a client's own address, late, or a second time. Each becomes a
 * deposit of its own, once, however often the provider tells of it.
 */
export async function arrivals({ reference, connectionId }: ArrivalsInput): Promise<{ deposits: number }> {
  let news = 1; // started because there may be some
  setHandler(providerNews, () => {
    news += 1;
  });
  let deposits = 0;
  while (news > 0) {
    news = 0;
    const report = await askProvider(connectionId, 'Asking which payments arrived').findArrivals({
      reference,
      connectionId,
    });
    const created = await internal('Registering new payments').registerArrivals({ reference, arrivals: report });
    for (const transactionId of created) {
      deposits += 1;
      try {
        await startChild(deposit, {
          workflowId: `deposit:${transactionId}`,
          args: [{ transactionId }],
          parentClosePolicy: ParentClosePolicy.ABANDON,
        });
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    }
    await condition(() => news > 0, '1s');
  }
  return { deposits };
}
