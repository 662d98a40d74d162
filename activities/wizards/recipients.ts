import type { Queryable } from '../../db/pool.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { CodeRecipient } from './codes.ts';
import type { At } from './step.ts';

/** Whom the code of a step goes to: the client once there is one, else what the form said. */
export const recipientOf = async <S>({ db, run, draft }: At<S>, channel: 'email' | 'sms'): Promise<CodeRecipient> => {
  if (run.clientId !== null) {
    const { rows } = await db.query<{ email: string; phone: string | null; firstName: string }>(
      `select email, c.phone, first_name as "firstName" from client c where client_id = $1 and status <> 'deleted'`,
      [run.clientId],
    );
    const to = channel === 'email' ? rows[0]?.email : rows[0]?.phone;
    if (!rows[0] || !to) throw noRecipient(channel);
    return { channel, to, firstName: rows[0].firstName, decoy: false };
  }
  const kept = (await draft())[channel === 'email' ? 'email' : 'phone'];
  if (typeof kept !== 'string') throw noRecipient(channel);
  // Only a registration speaks with somebody who is no client yet.
  return { channel, to: kept, decoy: run.type !== 'registration' };
};

/** What a mail to a client begins with. */
export const firstNameOf = async (db: Queryable, clientId: number | null): Promise<string> =>
  (
    await db.query<{ firstName: string }>(`select first_name as "firstName" from client where client_id = $1`, [
      clientId,
    ])
  ).rows[0]?.firstName ?? '';

const noRecipient = (channel: string) =>
  new HubFailure(
    'Rejected',
    'restricted',
    `There is no ${channel === 'email' ? 'e-mail address' : 'phone'} to send a code to.`,
  );
