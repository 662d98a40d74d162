import { describe, expect, it } from '@jest/globals';
import { type Client, WorkflowUpdateFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, CancelledFailure, WorkflowNotFoundError } from '@temporalio/common';
import { Steering } from '../../worker/steering.ts';
import { PAYLOAD_KEYS } from '../kit/keys.ts';

/** As the server says it. */
const ended = ApplicationFailure.create({ type: 'AcceptedUpdateCompletedWorkflow', message: 'Workflow completed' });

/** Decides at a Temporal that answers the Update with this failure. */
const decidedWith = (cause: Error): Promise<unknown> => {
  const executeUpdate = () => Promise.reject(new WorkflowUpdateFailedError('Workflow Update failed', cause));
  const client = { workflow: { getHandle: () => ({ executeUpdate }) } } as unknown as Client;
  return new Steering(client, PAYLOAD_KEYS).decide('payout:1', { decision: 'approve', by: 1 }, 'an-update');
};

describe('an order whose run was ended from outside', () => {
  const begunWith = (answer: Error): Promise<unknown> => {
    const executeUpdateWithStart = () => Promise.reject(answer);
    const client = { workflow: { executeUpdateWithStart } } as unknown as Client;
    return new Steering(client, PAYLOAD_KEYS).beginMoney('payout', 1);
  };

  it.each([
    ['taken', new WorkflowUpdateFailedError('Workflow Update failed', ended)],
    ['not yet taken', new WorkflowNotFoundError('workflow execution already completed', 'payout:1', undefined)],
  ])('before it answered a question it had %s was not refused: it stands', async (_, error) => {
    await expect(begunWith(error)).rejects.toMatchObject({ type: 'Unavailable', reason: 'unavailable' });
  });
});

describe('an Update that was taken and failed', () => {
  it('because its run ended, as the server says, is told so', async () => {
    await expect(decidedWith(ended)).rejects.toMatchObject({
      type: 'Rejected',
      reason: 'not_waiting',
      message: 'The run ended before it could answer.',
    });
  });

  it('is not told to have found a run that ended when nobody says so: it may have been acted upon', async () => {
    await expect(decidedWith(new CancelledFailure('Workflow cancelled'))).rejects.toMatchObject({
      type: 'OutcomeUnknown',
      reason: 'unavailable',
    });
  });

  it('in a step of its run is told with what that step said', async () => {
    const said = ApplicationFailure.create({ type: 'Config', message: 'no', details: [{ reason: 'internal' }] });
    const step = new ActivityFailure('Activity task failed', 'noteBegun', '1', 'MAXIMUM_ATTEMPTS_REACHED', 'w', said);
    await expect(decidedWith(step)).rejects.toMatchObject({ type: 'Config', message: 'no' });
  });
});
