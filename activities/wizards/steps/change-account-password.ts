import { z } from 'zod';
import { eraseFromInputs } from '../../../db/repositories/wizards.ts';
import { findChange, writeChange } from '../../intake/write-change.ts';
import { assertStillGuarded } from '../guard.ts';
import { signedIn } from '../signed-in.ts';
import { defineStep } from '../step.ts';
import type { AccountPasswordDraft } from './account-password.ts';

/** Under which key the change of a run is written: once. */
export const changeKey = (uuid: string): string => `wizard:${uuid}`;

/** The change of the account is ordered as every other one is, and has the password from now on. The API brings it to its run; when the API is gone, the sweep does. */
export const changeAccountPassword = defineStep<Record<string, never>>({
  kind: 'change-account-password',
  types: ['accountPassword'],
  settings: z.strictObject({}),
  takes: ['client', 'account-password'],
  apply: async (work) => {
    const { db, ring, run, draft, by: cause } = work;
    const key = changeKey(run.uuid);
    const before = await findChange(db, key);
    if (before) return { changeId: before.id };
    await assertStillGuarded(work);
    const { accountPassword } = (await draft()) as unknown as AccountPasswordDraft;
    const { accountId } = run.facts as { accountId: number };
    const { type, password } = accountPassword;
    const order = { wanted: { password: type }, password };
    const written = await writeChange(db, work, { actor: signedIn(work), key, cause }, accountId, order);
    await eraseFromInputs(db, ring, run.id, 'accountPassword');
    return { changeId: written.id };
  },
});
