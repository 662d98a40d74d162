import { z } from 'zod';
import { assertMayBeMain } from '../../clients/kinds/phone.ts';
import { defineStep } from '../step.ts';
import { assertNotTaken, PhoneAsked, phoneForm, phoneSent, readPhone } from './new-phone.ts';

/** Where the codes of a second factor are to go. */
export const phoneNumber = defineStep<Record<string, never>, { phone?: unknown }>({
  kind: 'phone-number',
  types: ['twoFactorChange'],
  settings: z.strictObject({}),
  takes: ['client'],
  gives: () => ['newPhone'],
  workflow: () => 'phone_number',
  asks: PhoneAsked,
  form: phoneForm,
  sent: phoneSent,
  check: async ({ db, run }, sent) => {
    const newPhone = readPhone(sent);
    await assertMayBeMain(db, run.clientId!, newPhone);
    await assertNotTaken(db, newPhone, run.clientId);
    return { keep: { newPhone } };
  },
});
