import { z } from 'zod';
import type { UserActor } from '../../kit/access.ts';
import { idAndName, time } from '../../kit/shapes.ts';
import { Application, applicationView, maskApplication } from '../../presenters/request.ts';
import type { MoneyHub } from '../hub.ts';

/** A request with what its deciders want to know next: how many approvals are given, and which run it steers. */
export const DecidedApplication = z
  .object({
    ...Application.shape,
    workflowId: z.string(),
    approvals: z.object({ needed: z.int(), given: z.array(z.object({ user: idAndName(), time: time() })) }),
  })
  .meta({ id: 'DecidedApplication' });

export const showRequest = async (
  { pool }: MoneyHub,
  actor: UserActor,
  { id, workflowId }: { id: number; workflowId: string },
): Promise<z.input<typeof DecidedApplication>> => {
  const whole = await applicationView(pool, id);
  const view = actor.maskData ? maskApplication(whole) : whole;
  const given = view.decisions
    .filter(({ decision }) => decision === 'approve' || decision === 'mark_done')
    .map(({ user, createTime }) => ({ user, time: createTime }));
  return {
    ...view,
    workflowId,
    approvals: { needed: view.approvalsNeeded, given },
  };
};
