import { randomUUID } from 'node:crypto';
import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../../db/pool.ts';
import { queueMessage } from './queue-message.ts';

export type VerificationMessage =
  | 'VerificationBegan'
  | 'VerificationReceived'
  | 'VerificationRetry'
  | 'VerificationApproved'
  | 'VerificationRefused'
  | 'VerificationWithdrawn'
  | 'VerificationReminder'
  | 'VerificationClosed'
  | 'VerificationExpiring'
  | 'VerificationExpired';

/**
 * Promises the client a message about his way to a level, within the transaction of `db` that makes it true: that happens once, and so does the message.
 * Answers what to start after it.
 */
export const tellAboutVerification = async (
  db: Queryable,
  ring: KeyRing,
  template: VerificationMessage,
  { caseId, parameters = {} }: { caseId: number; parameters?: Record<string, string> },
): Promise<number[]> => {
  const { rows } = await db.query<{ clientId: number; level: string }>(
    `select c.client_id as "clientId",
            coalesce((select r ->> 'value' from jsonb_array_elements(l.resources) r where r ->> 'key' = 'caption' and r ->> 'locale' = c.locale limit 1), l.caption) as level
       from kyc_case k join verification_level l on l.id = k.level_id join client c on c.client_id = k.client_id where k.id = $1`,
    [caseId],
  );
  const { clientId, level } = rows[0]!;
  const key = `${template}:case-${caseId}:${randomUUID()}`;
  return queueMessage(db, ring, { to: { clientId }, template, parameters: { level, ...parameters }, key });
};

/** Why better documents are wanted, in words for the client; theirs come first. */
export const whyAgain = (comment: string | null): string => comment ?? 'it could not be read well enough.';
