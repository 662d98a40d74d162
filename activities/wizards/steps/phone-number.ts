import { z } from 'zod';
import { WrongFields } from '../../../domain/failures.ts';
import { assertMayBeMain, phoneTaken } from '../../clients/kinds/phone.ts';
import { defineStep } from '../step.ts';
import { phoneForm, readPhone } from './new-phone.ts';

/** Where the codes of a second factor are to go. */
export const phoneNumber = defineStep<Record<string, never>, { phone?: unknown }>({
  kind: 'phone-number',
  types: ['twoFactorChange'],
  settings: z.strictObject({}),
  takes: ['client'],
  gives: () => ['newPhone'],
  workflow: () => 'phone_number',
  form: phoneForm,
  sent: z.strictObject({ phone: z.unknown().optional() }),
  check: async ({ db, run }, sent) => {
    const newPhone = readPhone(sent);
    await assertMayBeMain(db, run.clientId!, newPhone);
    const taken = await phoneTaken(db, newPhone, run.clientId);
    if (taken) throw new WrongFields([{ field: 'phone', issue: taken.issue }]);
    return { keep: { newPhone } };
  },
});
