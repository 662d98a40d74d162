import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { MoneyRun } from './money-run.ts';

/** What the provider told after the last look is not lost with this run: it is looked into by one that comes after. */
export const passOnNews = async (run: MoneyRun): Promise<void> => {
  while (run.takeNews() && run.order?.method) {
    try {
      await startLookingAfter(run, run.order.method.connectionId);
    } catch (error) {
      // One runs already and asks the provider itself, later than this news.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
};

const startLookingAfter = async (
  { kind, transactionId, order, timings }: MoneyRun,
  connectionId: number,
): Promise<void> => {
  const child = { parentClosePolicy: ParentClosePolicy.ABANDON, workflowIdReusePolicy: 'ALLOW_DUPLICATE' } as const;
  if (kind === 'payout') {
    const args = [{ transactionId, connectionId, timings }];
    await startChild('payoutReturn', {
      ...child,
      workflowId: `payout-return:${transactionId}`,
      args,
      staticSummary: `return of payout ${transactionId}`,
    });
  } else {
    const reference = order.arrival?.ofReference ?? order.reference;
    const args = [{ reference, connectionId, timings }];
    await startChild('arrivals', {
      ...child,
      workflowId: `arrivals:${reference}`,
      args,
      staticSummary: `payments for ${reference}`,
    });
  }
};
