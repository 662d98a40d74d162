import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { z } from 'zod';
import { brokerSetting } from '../../../db/repositories/broker-settings.ts';
import { WrongFields } from '../../../domain/failures.ts';
import { defineStep } from '../step.ts';

/** A phone that codes go to from here on, once one has come back from it. */
export const phoneNumber = defineStep<Record<string, never>, { phone: string }>({
  kind: 'phone-number',
  types: ['twoFactorChange'],
  settings: z.strictObject({}),
  takes: ['client'],
  workflow: () => 'phone_number',
  sent: z.strictObject({ phone: z.string().trim().max(40) }),
  check: async ({ db, run }, { phone }) => {
    const wrong = (issue: string) => new WrongFields([{ field: 'phone', issue }]);
    const parsed = parsePhoneNumberFromString(phone);
    if (!parsed?.isValid() || parsed.ext !== undefined)
      throw wrong('phone must be a phone number in the international form, +…');
    if (await brokerSetting(db, 'clients.uniquePhone')) {
      const { rowCount } = await db.query(
        `select 1 from client c where c.phone = $1 and client_id <> $2 and status <> 'deleted'`,
        [parsed.number, run.clientId],
      );
      if (rowCount !== 0) throw wrong('phone belongs to somebody else.');
    }
    return { keep: { newPhone: parsed.number } };
  },
});
