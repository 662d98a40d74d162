import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild } from '@temporalio/workflow';
import { internal } from '../kit/activities.ts';
import { rateSource } from './rate-source.ts';

/** Has every rate source asked whose time has come, each by a run of its own: one that is slow or away never delays another. Run by a schedule. */
export async function refreshRates(): Promise<{ asked: number }> {
  const due = await internal('Looking which rate sources are due').dueRateSources();
  for (const source of due) {
    try {
      await startChild(rateSource, {
        workflowId: `rate-source:${source.sourceId}`,
        args: [source],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: `rates of source ${source.sourceId}`,
      });
    } catch (error) {
      // It is being asked already.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
  return { asked: due.length };
}
