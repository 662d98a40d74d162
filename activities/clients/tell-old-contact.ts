import { randomUUID } from 'node:crypto';
import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../../db/pool.ts';
import { ABOUT_KIND } from '../../domain/client-changes.ts';
import { queueMessage } from '../messaging/queue-message.ts';

/** How a client was reached until now. */
export interface OldContact {
  email: string;
  /** E.164 */
  phone: string | null;
  locale: string;
  firstName: string;
}

/** An operator changed how a client is reached: whoever reads the old mailbox, or has the old phone, learns it. Started by the sweep. */
export const tellOldContact = async (
  db: Queryable,
  ring: KeyRing,
  kind: 'email' | 'phone',
  { email, phone, locale, firstName }: OldContact,
): Promise<void> => {
  const said = { template: 'ProfileChanged', parameters: { firstName, what: ABOUT_KIND[kind].words } };
  const key = `contact:${randomUUID()}`;
  await queueMessage(db, ring, { to: { email, locale }, ...said, key });
  if (kind === 'phone' && phone !== null) await queueMessage(db, ring, { to: { phone, locale }, ...said, key });
};
