import { inTransaction } from '../../db/pool.ts';
import { HubFailure } from '../../domain/failures.ts';
import { recipientMarks } from '../messaging/recipient-marks.ts';
import type { ReadForm, Wrong } from './read-form.ts';
import type { Asked } from './step.ts';

/** How often an address hears within an hour that an e-mail is taken; then it hears of none. */
const MOST_AN_HOUR = 10;

/** Which e-mails of a form a client has already. Throws `too_many_attempts` for an address that has asked for many, whatever the answer would be. */
export const takenEmails = async <S>(
  { pool, ring, run }: Asked<S>,
  { emails }: Pick<ReadForm, 'emails'>,
): Promise<Wrong[]> => {
  if (emails.length === 0) return [];
  return inTransaction(pool, async (db) => {
    const address = run.addressMark ?? Buffer.alloc(0);
    // Two that ask from one address at the same moment are counted one after the other.
    await db.query(`select pg_advisory_xact_lock(hashtextextended($1, 2))`, [address.toString('base64')]);
    const { rows } = await db.query<{ heard: number }>(
      `select count(*)::int as heard from code_sending where address_mark = $1 and type = 'taken' and create_time > now() - interval '1 hour'`,
      [address],
    );
    if (rows[0]!.heard >= MOST_AN_HOUR)
      throw new HubFailure('Rejected', 'too_many_attempts', 'Too many attempts. Try again in an hour.', {
        retryAfter: 3_600,
      });
    const wrong: Wrong[] = [];
    for (const { field, value } of emails) {
      const mark = recipientMarks(ring, 'email', value)[0];
      const { rowCount } = await db.query(
        `insert into code_sending (recipient_mark, address_mark, type)
         select $2, $3, 'taken' from client where lower(email) = lower($1) and status <> 'deleted'`,
        [value, mark, address],
      );
      if (rowCount !== 0) wrong.push({ field, issue: 'The email has already been taken.' });
    }
    return wrong;
  });
};
