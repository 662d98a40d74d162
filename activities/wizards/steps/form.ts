import { z } from 'zod';
import { breachedFault } from '../../../db/new-password.ts';
import { hashPassword } from '../../../db/passwords.ts';
import type { Queryable } from '../../../db/pool.ts';
import { openCountries, openCountryOf } from '../../../db/repositories/countries.ts';
import { WrongFields } from '../../../domain/failures.ts';
import { assertHuman, captchaForm, CaptchaShown } from '../captcha.ts';
import { otherThanConfirmed } from '../confirmed-contacts.ts';
import { keptDevice } from '../device.ts';
import { fieldForm, Fields, type FormField, FormShown } from '../form-fields.ts';
import { homeCountryOf, placesOf, unplaced } from '../form-places.ts';
import { readForm, type ReadForm, type Wrong } from '../read-form.ts';
import { type Asked, defineStep } from '../step.ts';
import { takenEmails } from '../taken-emails.ts';

const STAGES = ['basic_register_form', 'phone_form', 'additional_info'] as const;
const Settings = z.strictObject({
  stage: z.enum(STAGES).default('additional_info'),
  fields: Fields,
  /** Asked in the same form. */
  captcha: z.boolean().default(false),
});

const Asks = FormShown.extend({ recaptcha: CaptchaShown }).meta({
  id: 'FormAsked',
  description:
    'A form of the broker. Send `{uuid}` with its fields by their names; with the first form of a registration also `device_fingerprint`, a text that the app makes for its device and keeps.',
});

/** Fields that the broker defines. What they are is known by their names; all others are kept with the client as they are (`extra`). */
export const form = defineStep<z.output<typeof Settings>, Record<string, unknown>>({
  kind: 'form',
  types: ['registration', 'clientTypeChange'],
  settings: Settings,
  gives: ({ fields }) =>
    fields.filter(({ rules, type }) => type !== 'group' || rules.includes('required')).flatMap(givenBy),
  mayGive: ({ fields }) => fields.flatMap(({ name }) => CONTACTS.get(name) ?? []),
  body: ({ fields }) => ({
    wants: fields.filter(isWanted).map(({ name }) => name),
    takes: fields.map(({ name }) => name),
  }),
  workflow: ({ stage }) => stage,
  workflows: STAGES,
  asks: Asks,
  form: async (asked): Promise<z.input<typeof Asks>> => {
    const { fields, captcha } = asked.settings;
    const countries = usesCountries(fields) ? await countryOptions(asked.db) : [];
    return {
      fields: fields.map((field) => fieldForm(field, asked.locale, countries)),
      recaptcha: captcha ? await captchaForm(asked) : { enabled: false, key: null },
    };
  },
  sent: z.record(z.string().max(200), z.unknown()),
  check: async (asked, sent) => {
    const { fields, captcha } = asked.settings;
    const { recaptchaResponse, device_fingerprint: fingerprint, ...said } = sent;
    const isNew = asked.run.type === 'registration';
    // The first form is sent by the device that will be signed in.
    const isOfNoDevice =
      isNew && asked.step.name === 'main' && (typeof fingerprint !== 'string' || fingerprint.length > 8_192);
    const device = typeof fingerprint === 'string' && !isOfNoDevice ? keptDevice(asked.ring, fingerprint, asked) : {};
    const read = readForm(fields, said);
    if (isOfNoDevice) read.wrong.push({ field: 'device_fingerprint', issue: 'device_fingerprint is required.' });
    if (isNew) read.wrong.push(...(await otherThanConfirmed(asked, read)));
    if (read.wrong.length > 0) throw new WrongFields(read.wrong);
    const stolen = typeof read.values['password'] === 'string' ? await breachedFault(read.values['password']) : null;
    if (stolen) throw new WrongFields([{ field: 'password', issue: `password ${stolen}.` }]);
    if (captcha) await assertHuman(asked, recaptchaResponse, 'registration');
    // Who is a client is told last, to people, and to each of them only now and then.
    const wrong = [...(await wrongCountries(asked.db, read)), ...(await takenEmails(asked, read))];
    if (wrong.length > 0) throw new WrongFields(wrong);
    const { password } = read.values;
    const { known, extra } = isNew ? placesOf(read, await asked.draft()) : { known: {}, extra: unplaced(read) };
    const countryId = await countryIdOf(asked, read);
    return {
      keep: {
        ...device,
        ...known,
        ...(typeof password === 'string' && { passwordHash: await hashPassword(password) }),
        [`extra:${asked.step.name}`]: extra,
        ...(countryId !== null && { countryId }),
      },
      facts: countryId === null ? {} : { countryId },
    };
  },
});

/** What fields give that codes go to and clients sign in with. */
const CONTACTS = new Map([
  ['email', 'email'],
  ['password', 'password'],
  ['phones', 'phone'],
]);

const givenBy = (field: FormField): string[] => {
  const given = CONTACTS.get(field.name);
  const surely =
    field.type !== 'group' || field.fields.some(({ name, rules }) => name === 'phone' && rules.includes('required'));
  return given !== undefined && surely ? [given] : [];
};

const isWanted = (field: FormField): boolean =>
  field.rules.some((rule) => ['required', 'accepted'].includes(rule)) ||
  ['email', 'password', 'password_confirmation'].includes(field.name) ||
  (field.type === 'group' && !field.multiple && field.fields.some(isWanted));

const usesCountries = (fields: readonly FormField[]): boolean =>
  fields.some((field) => (field.type === 'group' ? usesCountries(field.fields) : field.rules.includes('country')));

const countryOptions = async (db: Queryable) =>
  (await openCountries(db)).map(({ numericCode: value, name: label }) => ({ value, label }));

const wrongCountries = async (db: Queryable, { countries }: ReadForm): Promise<Wrong[]> => {
  const wrong: Wrong[] = [];
  for (const { field, value } of countries)
    if ((await openCountryOf(db, value)) === null)
      wrong.push({ field, issue: `${field} is not a country you can choose.` });
  return wrong;
};

/** Where a client lives says where he is from; any other country does so only while nothing has. */
const countryIdOf = async ({ db, run }: Asked<unknown>, read: ReadForm): Promise<number | null> => {
  const code = homeCountryOf(read) ?? (run.facts['countryId'] === undefined ? read.countries[0]?.value : undefined);
  return code === undefined ? null : openCountryOf(db, code);
};
