import { z } from 'zod';
import type { Queryable } from '../../../db/pool.ts';
import { phonesOf } from '../../../db/repositories/client-phones.ts';
import { WrongFields } from '../../../domain/failures.ts';
import { phoneTaken } from '../../clients/kinds/phone.ts';
import { fieldForm, FormShown, leaf } from '../form-fields.ts';
import { readForm } from '../read-form.ts';
import { defineStep } from '../step.ts';
import { wanting } from '../wanted-change.ts';

const PHONE = leaf('phone', 'phone', 'Phone number', 'required', 'phone:AUTO');

export const PhoneAsked = FormShown.meta({
  id: 'PhoneAsked',
  description: 'Send `{uuid, phone}` in E.164: `+995555123456`.',
});
export const phoneForm = ({ locale }: { locale: string }): Promise<z.input<typeof PhoneAsked>> =>
  Promise.resolve({ fields: [fieldForm(PHONE, locale, [])] });

export const phoneSent = z.strictObject({ phone: z.unknown().optional() });

/** E.164. Throws WrongFields. */
export const readPhone = (sent: { phone?: unknown }): string => {
  const { values, wrong } = readForm([PHONE], sent);
  if (wrong.length > 0) throw new WrongFields(wrong);
  return values['phone'] as string;
};

/** Throws WrongFields when it is another client's and the broker wants one client for each number. */
export const assertNotTaken = async (db: Queryable, phone: string, clientId: number | null): Promise<void> => {
  const taken = await phoneTaken(db, phone, clientId);
  if (taken) throw new WrongFields([{ field: 'phone', issue: taken.issue }]);
};

/** The number that is to be the client's. */
export const newPhone = defineStep<Record<string, never>, { phone?: unknown }>({
  kind: 'new-phone',
  types: ['phoneChange'],
  settings: z.strictObject({}),
  takes: ['client'],
  gives: () => ['newPhone'],
  workflow: () => 'phone_number',
  asks: PhoneAsked,
  form: phoneForm,
  sent: phoneSent,
  check: async ({ db, run }, sent) => {
    const phone = readPhone(sent);
    const [main] = await phonesOf(db, run.clientId!);
    if (main?.number === phone && main.confirmed)
      throw new WrongFields([{ field: 'phone', issue: 'phone is the one you have.' }]);
    const judged = await wanting(db, run.clientId, { kind: 'phone', wanted: { phone } });
    await assertNotTaken(db, phone, run.clientId);
    return judged;
  },
});
