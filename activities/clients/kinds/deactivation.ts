import { markDeleted, openBusinessOf } from '../../../db/repositories/client-deletion.ts';
import { ABOUT_KIND } from '../../../domain/client-changes.ts';
import type { KindOfChange } from './kind.ts';

/** He goes: nobody signs in as him any more and his e-mail is free. Not while there is money of his, or anything under way. */
export const deactivation: KindOfChange<'deactivation'> = {
  before: () => Promise.resolve({}),
  obstacle: async (db, clientId) => {
    const issue = await openBusinessOf(db, clientId, ABOUT_KIND.deactivation.request);
    return issue === null ? null : { reason: 'restricted', issue };
  },
  make: async (db, clientId) => {
    await markDeleted(db, clientId);
    return { history: [] };
  },
};
