import type { temporal } from '@temporalio/proto';
import { eventually, type TestHub } from './hub.ts';

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** What people do to runs in Temporal UI, and books that refuse something in the middle of it. */
export class Meddling {
  private readonly hub: TestHub;
  private sweeps = 0;

  constructor(hub: TestHub) {
    this.hub = hub;
  }

  async terminate(workflowId: string): Promise<void> {
    await this.hub.rests(workflowId);
    await this.hub.handle(workflowId).terminate('by mistake');
  }

  sweep(): Promise<unknown> {
    return this.hub.client.workflow.execute('sweep', { workflowId: `sweep-${++this.sweeps}`, taskQueue: 'hub' });
  }

  runOf(workflowId: string): Promise<string> {
    return this.hub
      .handle(workflowId)
      .describe()
      .then(({ runId }) => runId);
  }

  /** Until the sweep has seen that this run was ended, and begun another one. */
  begunAnew(workflowId: string, runId: string): Promise<unknown> {
    return eventually(async () => {
      await this.sweep();
      return (await this.runOf(workflowId)) !== runId;
    }, `${workflowId} to be begun anew`);
  }

  /** Begins again at the last task before the first event of this kind. */
  async resetBefore(workflowId: string, event: (one: HistoryEvent) => boolean): Promise<void> {
    const { client } = this.hub;
    const { runId } = (await this.hub.handle(workflowId).describe()) as { runId: string };
    const { events } = await this.hub.handle(workflowId).fetchHistory();
    const task = events!
      .slice(0, events!.findIndex(event))
      .findLast((one) => one.workflowTaskCompletedEventAttributes)!;
    await client.workflowService.resetWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: { workflowId, runId },
      workflowTaskFinishEventId: task.eventId!,
      reason: 'a test',
      requestId: `${workflowId} ${runId}`,
    });
  }

  /** The books refuse this stage from now on. Answers how to mend them. */
  async refuse(stage: string): Promise<() => Promise<unknown>> {
    const { pool } = this.hub;
    await pool.query(`
      create function refuse_stage() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = '57014'; end $$;
      create trigger refuse_stage before update on money_transaction for each row when (new.stage = '${stage}') execute function refuse_stage()`);
    return () => pool.query(`drop trigger refuse_stage on money_transaction; drop function refuse_stage()`);
  }

  isUnderWay(workflowId: string, activity: string): Promise<boolean> {
    return eventually(async () => {
      const { raw } = await this.hub.handle(workflowId).describe();
      return (raw.pendingActivities ?? []).some(({ activityType }) => activityType?.name === activity);
    }, `${activity} to be under way`);
  }
}

export const isScheduled =
  (activity: string) =>
  (one: HistoryEvent): boolean =>
    one.activityTaskScheduledEventAttributes?.activityType?.name === activity;

export const isDecision = (one: HistoryEvent): boolean =>
  one.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.name === 'decide';
