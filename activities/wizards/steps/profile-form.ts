import { z } from 'zod';
import { WrongFields } from '../../../domain/failures.ts';
import type { WantedChanges } from '../../../domain/client-changes.ts';
import { emailOf } from '../../clients/kinds/email.ts';
import { type Person, personOf } from '../../clients/kinds/profile.ts';
import { fieldForm, FormShown, leaf, type LeafField } from '../form-fields.ts';
import { readForm } from '../read-form.ts';
import { type Asked, defineStep, type Judged } from '../step.ts';
import { takenEmails } from '../taken-emails.ts';
import { wanting } from '../wanted-change.ts';

const NAME = ['string', 'min:1', 'max:30', 'info_name'];
const INFO: readonly LeafField[] = [
  leaf('firstName', 'input', 'First name', ...NAME),
  leaf('middleName', 'input', 'Middle name', ...NAME),
  leaf('lastName', 'input', 'Last name', ...NAME),
  leaf('birthday', 'date', 'Birthday', 'date', 'age:18'),
];
const EMAIL = leaf('email', 'input', 'E-mail', 'required', 'email', 'unique_active_email');

/** As registrations read them: names without signs that are none, 18 years or older. Only the middle name may be taken away. */
export const readInfo = (info: Record<string, unknown>): WantedChanges['profile'] => {
  const { middleName, ...others } = info;
  const drops = middleName === null || middleName === '';
  const sent = drops ? others : info;
  // What is sent must say something; what is not sent stays as it is.
  const fields = INFO.filter(({ name }) => name in sent).map((one) => ({ ...one, rules: ['required', ...one.rules] }));
  const group = { name: 'info', type: 'group' as const, texts: [], rules: [], multiple: false, fields };
  const { values, wrong } = readForm([group], { info: sent });
  if (wrong.length > 0) throw new WrongFields(wrong);
  return { ...(values['info'] as WantedChanges['profile']), ...(drops && { middleName: '' }) };
};

/** What of it is not so already. */
export const onlyNew = (wanted: WantedChanges['profile'], now: Person): WantedChanges['profile'] =>
  Object.fromEntries(Object.entries(wanted).filter(([name, value]) => now[name as keyof Person] !== value));

type Sent = { info?: Record<string, unknown> | undefined; email?: unknown };

const Asks = FormShown.meta({
  id: 'ProfileAsked',
  description:
    'What is there now is each `default`. Send `{uuid, info}` with what shall be another, or `{uuid, email}`.',
});

/** Names and birthday, or the e-mail. */
export const profileForm = defineStep<Record<string, never>, Sent>({
  kind: 'profile-form',
  types: ['profileChange'],
  settings: z.strictObject({}),
  takes: ['client'],
  gives: () => ['newEmail'],
  workflow: () => 'profile_form',
  asks: Asks,
  form: async ({ db, run, locale }): Promise<z.input<typeof Asks>> => {
    const now = await personOf(db, run.clientId!);
    const fields = INFO.map((one) => ({ ...one, default: now[one.name as keyof Person] }));
    const info = { name: 'info', type: 'group' as const, texts: [], rules: [], multiple: false, fields };
    return { fields: [info, { ...EMAIL, rules: EMAIL.rules.slice(1) }].map((one) => fieldForm(one, locale, [])) };
  },
  sent: z
    .strictObject({ info: z.record(z.string().max(200), z.unknown()).optional(), email: z.unknown().optional() })
    .refine(({ info, email }) => (info === undefined) !== (email === undefined), {
      message: 'or email must be sent, and not both',
      path: ['info'],
    }),
  check: async (asked, { info, email }) => (info === undefined ? checkEmail(asked, email) : checkInfo(asked, info)),
});

const checkInfo = async ({ db, run }: Asked<unknown>, info: Record<string, unknown>): Promise<Judged> => {
  const wanted = onlyNew(readInfo(info), await personOf(db, run.clientId!));
  if (Object.keys(wanted).length === 0)
    throw new WrongFields([{ field: 'info', issue: 'info says what is so already.' }]);
  return wanting(db, run.clientId, { kind: 'profile', wanted });
};

const checkEmail = async (asked: Asked<unknown>, sent: unknown): Promise<Judged> => {
  const { db, run } = asked;
  const read = readForm([EMAIL], { email: sent });
  if (read.wrong.length > 0) throw new WrongFields(read.wrong);
  const email = read.values['email'] as string;
  if (email.toLowerCase() === (await emailOf(db, run.clientId!)).toLowerCase())
    throw new WrongFields([{ field: 'email', issue: 'email is the one you have.' }]);
  const judged = await wanting(db, run.clientId, { kind: 'email', wanted: { email } }, { emailChange: true });
  const taken = await takenEmails(asked, read);
  if (taken.length > 0) throw new WrongFields(taken);
  return judged;
};
