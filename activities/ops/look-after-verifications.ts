import type { Activity } from '../kit/activity.ts';

const AT_ONCE = 100;

/** Wakes the verifications whose next date has come. One that waits for an operator is left to him. Whatever is lost here is woken again in an hour. */
export const lookAfterVerifications: Activity<void, { woken: number }> = async (_, { pool, steer }) => {
  const { rows } = await pool.query<{ caseId: number; workflowId: string }>(
    `update kyc_case set next_look = now() + interval '1 hour'
      where id in (select k.id from kyc_case k where next_look <= now()
                      and not exists (select from application a where a.kyc_case_id = k.id and a.status_id in (0, 3))
                    order by next_look limit $1 for update skip locked)
     returning id as "caseId", workflow_id as "workflowId"`,
    [AT_ONCE],
  );
  for (const one of rows) await steer.verificationDue(one);
  return { woken: rows.length };
};
