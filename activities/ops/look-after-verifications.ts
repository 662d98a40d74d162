import type { Queryable } from '../../db/pool.ts';
import type { Activity } from '../kit/activity.ts';

const AT_ONCE = 100;

/** Wakes the verifications whose next date has come. One that waits for an operator is left to him. Whatever is lost here is woken again in an hour. */
export const lookAfterVerifications: Activity<void, { woken: number }> = async (_, { pool, steer }) => {
  await findEndsNobodyPlanned(pool);
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

/** Workers of before, which may go on beside new ones for a while, plan none for a level that they give for the first time; nor does a level that was put lower. */
const findEndsNobodyPlanned = async (db: Queryable): Promise<void> => {
  await db.query(
    `update kyc_case k set next_look = now()
       from client c join verification_level has on has.id = c.verification_level_id, verification_level l
      where k.state = 'approved' and k.valid_until is not null and k.next_look is null
        and c.client_id = k.client_id and l.id = k.level_id and has.index >= l.index`,
  );
};
