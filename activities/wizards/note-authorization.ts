import type { Queryable } from '../../db/pool.ts';

/**
 * One line in a client's history of sign-ins; of a run that lets him in, one. An e-mail nobody has is looked for as well, and noted nowhere. Of tries at a
 * closed door one a minute is noted: a flood is no history.
 */
export const noteAuthorization = async (
  db: Queryable,
  record: ({ email: string } | { clientId: number }) & {
    status: 'success' | 'failure';
    ip: string;
    userAgent: string | null;
    reason: string | null;
    runId?: number;
  },
): Promise<void> => {
  await db.query(
    `insert into authorization_record (client_id, status, ip, user_agent, reason, run_id)
     select client_id, $3, $4, $5, $6::text, $7 from client where (client_id = $1 or lower(email) = lower($2) and status <> 'deleted')
        and ($6::text is distinct from 'blocked'
             or not exists (select from authorization_record a where a.client_id = client.client_id and a.create_time > now() - interval '1 minute' and a.reason = 'blocked'))
     on conflict (run_id) where run_id is not null do nothing`,
    [
      'clientId' in record ? record.clientId : null,
      'email' in record ? record.email.trim() : null,
      record.status,
      record.ip,
      record.userAgent,
      record.reason,
      record.runId ?? null,
    ],
  );
};
