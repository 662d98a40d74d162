import type { Queryable } from '../../db/pool.ts';
import { IS_ASKED } from '../../db/repositories/kyc.ts';
import type { CaseState } from '../../domain/kyc.ts';
import { isWorkedOn } from '../../domain/kyc-dates.ts';
import type { Activity } from '../kit/activity.ts';

const AT_ONCE = 100;

/**
 * Wakes the verifications whose next date has come. One that is worked on is left to its run as long as that goes on, and one that waits for an operator to him.
 * Whatever is lost here is woken again in an hour.
 */
export const lookAfterVerifications: Activity<void, { woken: number }> = async (_, { pool, steer }) => {
  await findEndsNobodyPlanned(pool);
  const { rows } = await pool.query<{ caseId: number; workflowId: string; state: CaseState; asked: boolean }>(
    `update kyc_case k set next_look = now() + interval '1 hour'
      where id in (select id from kyc_case where next_look <= now() order by next_look limit $1 for update skip locked)
     returning id as "caseId", workflow_id as "workflowId", state, ${IS_ASKED} as asked`,
    [AT_ONCE],
  );
  let woken = 0;
  for (const { state, asked, ...one } of rows) {
    if (isWorkedOn({ state, asked }) && (await steer.isRunning(one.workflowId))) continue;
    await steer.verificationDue(one);
    woken += 1;
  }
  return { woken };
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
