import { jest } from '@jest/globals';
import { eventually, type TestHub } from './hub.ts';

/** Settles once a run was asked something so `many` times from now on: whoever asks has read by then what he goes by. */
export const asked = (hub: TestHub, workflowId: string, many = 1): Promise<unknown> => {
  const handles = jest.spyOn(hub.client.workflow, 'getHandle');
  const times = (): number => handles.mock.calls.filter(([id]) => id === workflowId).length;
  return eventually(async () => times() >= many, `${workflowId} to be asked`).finally(() => handles.mockRestore());
};
