import type { Client } from '@temporalio/client';

/** Temporal's word for how a run stands; 'absent' when it knows none, or cannot be asked now. */
export const statusOf = (client: Client, workflowId: string): Promise<string> =>
  client.workflow
    .getHandle(workflowId)
    .describe()
    .then(
      ({ status }) => status.name,
      () => 'absent',
    );

/** Whether all of them are over. One that is absent is not. */
export const haveEnded = async (client: Client, workflowIds: readonly string[]): Promise<boolean> => {
  const statuses = await Promise.all(workflowIds.map((id) => statusOf(client, id)));
  return statuses.every((status) => status !== 'RUNNING' && status !== 'absent');
};
