import { z } from 'zod';
import { e164 } from '../../../activities/wizards/phone-numbers.ts';
import { isEmail } from '../../../activities/wizards/read-form.ts';
import { isDay } from '../../../domain/days.ts';
import { atLeastOneField, email, id, name, text } from '../../kit/shapes.ts';
import { CLIENT_STATUS, RISK_LEVEL } from './client-lists.ts';

const optional = <S extends z.ZodType>(schema: S) => schema.nullable().optional();
const among = (words: Record<number, string>) =>
  z.int().refine((value) => value in words, `must be among ${Object.keys(words).join(', ')}`);

const fields = {
  middleName: text(100).optional(),
  nickname: optional(name(100)),
  birthday: optional(
    z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}(T00:00:00(\.0+)?(Z|\+00:00))?$/, 'must be a date such as 1990-05-01')
      .refine(isPastDay, 'must be a day in the past'),
  ),
  locale: z
    .string()
    .regex(/^[a-z]{2}_[A-Z]{2}$/, 'must look like en_US')
    .optional(),
  phone: optional(
    z
      .string()
      .max(30)
      .refine((said) => e164(said) !== null, 'must be a phone number such as +995555123456'),
  ),
  city: optional(name(100)),
  countryId: optional(id()),
  typeId: id().optional(),
  internalTypeId: id().optional(),
  jurisdictionId: optional(id()),
  managerId: optional(id()),
  riskLevelId: optional(among(RISK_LEVEL)),
  statusId: among(CLIENT_STATUS).optional(),
  verificationLevelId: z.int().min(-1_000_000).max(1_000_000).optional(),
  tagIds: z.array(id()).max(100).optional(),
  company: z.strictObject({ fullName: optional(name(200)), shortName: optional(name(100)) }).optional(),
};
/** One that a client can sign in with. */
const clientEmail = () => email().refine(isEmail, 'must be a valid e-mail address in plain letters');
const required = { email: clientEmail(), firstName: name(100), lastName: name(100) };
export const CreateBody = z.strictObject({
  ...required,
  ...fields,
  statusId: among({ 1: 'active', 2: 'inactive', 3: 'banned' }).optional(),
  analytics: z
    .array(z.strictObject({ property: name(64), value: text(2000).nullable() }))
    .max(50)
    .optional(),
  sendMail: z.boolean().default(false).meta({ description: 'He is told by e-mail.' }),
});
export const UpdateBody = atLeastOneField(
  z.strictObject({
    email: required.email.optional(),
    firstName: required.firstName.optional(),
    lastName: required.lastName.optional(),
    ...fields,
  }),
);
type Fields = Omit<z.output<typeof CreateBody>, 'sendMail'>;
export type ClientBody = { [K in keyof Fields]?: Fields[K] | undefined };

function isPastDay(value: string): boolean {
  const day = value.slice(0, 10);
  return isDay(day) && new Date(day) < new Date() && day >= '1900';
}

/** Column → value of what the body says; nothing for what it leaves out. */
export const columnsOf = (body: ClientBody, internalType: string | undefined): [string, unknown][] => {
  const all: Record<string, unknown> = {
    email: body.email,
    first_name: body.firstName,
    middle_name: body.middleName,
    last_name: body.lastName,
    nickname: body.nickname,
    birthday: body.birthday?.slice(0, 10) ?? body.birthday,
    city: body.city,
    country_id: body.countryId,
    company_full_name: body.company?.fullName,
    company_short_name: body.company?.shortName,
    locale: body.locale,
    internal_type: internalType,
    jurisdiction_id: body.jurisdictionId,
    risk_level: typeof body.riskLevelId === 'number' ? RISK_LEVEL[body.riskLevelId] : body.riskLevelId,
    status: body.statusId === undefined ? undefined : CLIENT_STATUS[body.statusId],
    manager_id: body.managerId,
    type_id: body.typeId,
    verification_level_id: body.verificationLevelId,
    analytics: body.analytics === undefined ? undefined : JSON.stringify(body.analytics),
  };
  return Object.entries(all).filter(([, value]) => value !== undefined);
};
