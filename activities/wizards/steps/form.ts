import { z } from 'zod';
import { breachedFault } from '../../../db/new-password.ts';
import { hashPassword } from '../../../db/passwords.ts';
import type { Queryable } from '../../../db/pool.ts';
import { WrongFields } from '../../../domain/failures.ts';
import { assertHuman, captchaForm } from '../captcha.ts';
import { keptDevice } from '../device.ts';
import { fieldForm, Fields, type FormField } from '../form-fields.ts';
import { readForm, type ReadForm, type Wrong } from '../read-form.ts';
import { defineStep } from '../step.ts';
import { takenEmails } from '../taken-emails.ts';

const Settings = z.strictObject({
  stage: z.enum(['basic_register_form', 'phone_form', 'additional_info']).default('additional_info'),
  fields: Fields,
  /** Asked in the same form. */
  captcha: z.boolean().default(false),
});

/** Fields that the broker defines. What they are is known by their names; all others are kept with the client as they are. */
export const form = defineStep<z.output<typeof Settings>, Record<string, unknown>>({
  kind: 'form',
  types: ['registration', 'clientTypeChange'],
  settings: Settings,
  gives: ({ fields }) => [
    ...fields.filter(({ rules, type }) => type !== 'group' || rules.includes('required')).flatMap(givenBy),
  ],
  body: ({ fields }) => ({
    wants: fields.filter(isWanted).map(({ name }) => name),
    takes: fields.map(({ name }) => name),
  }),
  workflow: ({ stage }) => stage,
  form: async (asked) => {
    const { fields, captcha } = asked.settings;
    const countries = usesCountries(fields) ? await openCountries(asked.db) : [];
    return {
      fields: fields.map((field) => fieldForm(field, asked.locale, countries)),
      recaptcha: captcha ? await captchaForm(asked) : { enabled: false, key: null },
    };
  },
  sent: z.record(z.string().max(200), z.unknown()),
  check: async (asked, sent) => {
    const { fields, captcha } = asked.settings;
    const { recaptchaResponse, device_fingerprint: fingerprint, ...said } = sent;
    // The first form is sent by the device that will be signed in.
    if (
      asked.run.type === 'registration' &&
      asked.step.name === 'main' &&
      (typeof fingerprint !== 'string' || fingerprint.length > 8_192)
    )
      throw new WrongFields([{ field: 'device_fingerprint', issue: 'device_fingerprint is required.' }]);
    const device = typeof fingerprint === 'string' ? keptDevice(asked.ring, fingerprint, asked) : {};
    const read = readForm(fields, said);
    if (read.wrong.length > 0) throw new WrongFields(read.wrong);
    const stolen = typeof read.values['password'] === 'string' ? await breachedFault(read.values['password']) : null;
    if (stolen) throw new WrongFields([{ field: 'password', issue: `password ${stolen}.` }]);
    if (captcha) await assertHuman(asked, recaptchaResponse, 'registration');
    // Who is a client is told last, to people, and to each of them only now and then.
    const wrong = [...(await wrongCountries(asked.db, read)), ...(await takenEmails(asked, read))];
    if (wrong.length > 0) throw new WrongFields(wrong);
    const { password, password_confirmation: _same, ...values } = read.values;
    const countryId = await countryIdOf(asked.db, read);
    return {
      keep: {
        ...device,
        ...known(values),
        ...(typeof password === 'string' && { passwordHash: await hashPassword(password) }),
        [`extra:${asked.step.name}`]: unknown(values),
        ...(countryId !== null && { countryId }),
      },
      facts: countryId === null ? {} : { countryId },
    };
  },
});

const givenBy = (field: FormField): string[] => {
  if (field.type !== 'group') return ['email', 'password'].includes(field.name) ? [field.name] : [];
  return field.fields.filter(({ rules }) => rules.includes('required')).some(({ type }) => type === 'phone') &&
    field.name === 'phones'
    ? ['phone']
    : [];
};

const isWanted = (field: FormField): boolean =>
  field.rules.some((rule) => ['required', 'accepted'].includes(rule)) ||
  ['email', 'password', 'password_confirmation'].includes(field.name) ||
  (field.type === 'group' && !field.multiple && field.fields.some(isWanted));

const usesCountries = (fields: readonly FormField[]): boolean =>
  fields.some((field) => (field.type === 'group' ? usesCountries(field.fields) : field.rules.includes('country')));

const openCountries = async (db: Queryable): Promise<{ value: string; label: string }[]> =>
  (
    await db.query<{ value: string; label: string }>(
      `select numeric_code as value, country_name as label from country where enabled order by country_name`,
    )
  ).rows;

const wrongCountries = async (db: Queryable, { countries }: ReadForm): Promise<Wrong[]> => {
  const wrong: Wrong[] = [];
  for (const { field, value } of countries)
    if ((await countryOf(db, value)) === null)
      wrong.push({ field, issue: `${field} is not a country you can choose.` });
  return wrong;
};

const countryOf = async (db: Queryable, code: string): Promise<number | null> =>
  (
    await db.query<{ id: number }>(
      `select country_id as id from country where enabled and numeric_code = lpad($1, 3, '0') and $1 ~ '^[0-9]{1,3}$'`,
      [code],
    )
  ).rows[0]?.id ?? null;

const countryIdOf = async (db: Queryable, { countries }: ReadForm): Promise<number | null> =>
  countries[0] === undefined ? null : countryOf(db, countries[0].value);

type Values = Record<string, unknown>;
const GROUPS = ['info', 'addresses', 'phones'];
const ADDRESS_LINES = ['state', 'city', 'address', 'postcode'];

/** What the hub has a place for. */
const known = (values: Values): Values => {
  const { email, phones, info, addresses } = values as {
    email?: string;
    phones?: { phone?: string }[];
    info?: Values;
    addresses?: Values[];
  };
  const numbers = phones?.flatMap((one) => one.phone ?? []) ?? [];
  const address = Object.entries(addresses?.[0] ?? {}).filter(
    ([name, value]) => ADDRESS_LINES.includes(name) && typeof value === 'string',
  );
  return {
    ...(email !== undefined && { email }),
    ...(numbers.length > 0 && { phone: numbers[0], phones: numbers }),
    ...(address.length > 0 && { address: Object.fromEntries(address) }),
    ...(info !== undefined && { info }),
  };
};

const unknown = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([name]) => name !== 'email' && !GROUPS.includes(name)));
