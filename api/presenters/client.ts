import type pg from 'pg';
import { z } from 'zod';
import type { CountryRow } from '../../db/entities/clients.ts';
import { anyOf } from '../../db/unseen.ts';
import { idAndName, isoTime, isoTimeOrNull, time } from '../kit/shapes.ts';

type Db = Pick<pg.ClientBase, 'query'>;

/** The Back Office writes numeric codes without leading zeros. */
export const CountryRef = z
  .object({
    countryId: z.int(),
    alpha2Code: z.string(),
    alpha3Code: z.string(),
    countryName: z.string(),
    numericCode: z.string(),
  })
  .meta({ id: 'CountryRef' });

export const countryRefOf = ({ countryId, alpha2Code, alpha3Code, countryName }: CountryRow) => ({
  ...{ countryId, alpha2Code, alpha3Code, countryName },
  numericCode: String(countryId),
});

/** Client as the Back Office sees it (objects-back-office 2.1). */
export const Client = z
  .object({
    clientId: z.int(),
    accounts: z.array(z.object({ accountId: z.int(), accountNumber: z.string(), createTime: time() })),
    analytics: z.array(z.object({ property: z.string(), value: z.string().nullable() })),
    birthday: time().nullable(),
    city: z.string().nullable(),
    company: z.object({ fullName: z.string().nullable(), shortName: z.string().nullable() }),
    country: CountryRef.nullable(),
    email: z.string(),
    extra: z
      .record(z.string(), z.unknown())
      .meta({ description: "What the broker's own fields were answered with, by their names" }),
    firstName: z.string(),
    middleName: z.string(),
    lastName: z.string(),
    name: z.string(),
    nickname: z.string().nullable(),
    internalType: z.string(),
    locale: z.string(),
    manager: z
      .object({
        id: z.int(),
        enabled: z.boolean(),
        email: z.string(),
        name: z.string(),
        title: z.string().nullable(),
        phone: z.string().nullable(),
        createTime: time(),
      })
      .nullable(),
    phone: z.string().nullable(),
    riskLevel: z.enum(['low', 'middle', 'high']).nullable(),
    status: z.enum(['active', 'inactive', 'banned', 'deleted']),
    tags: z.array(idAndName()),
    type: idAndName(),
    verificationLevel: idAndName(),
    jurisdiction: idAndName().nullable(),
    createTime: time(),
    updateTime: time(),
    loggedAt: time().nullable(),
  })
  .meta({ id: 'Client' });
type ClientView = z.infer<typeof Client>;

const SELECT = `
  select c.client_id, c.analytics, to_char(c.birthday, 'YYYY-MM-DD') as birthday, c.city, c.company_full_name, c.company_short_name, c.email, c.extra,
         c.first_name, c.middle_name, c.last_name, c.nickname, c.internal_type, c.locale, c.phone, c.risk_level, c.status, c.create_time, c.update_time, c.logged_at,
         case when co.country_id is null then null else jsonb_build_object('countryId', co.country_id, 'alpha2Code', co.alpha2_code, 'alpha3Code', co.alpha3_code,
           'countryName', co.country_name, 'numericCode', co.country_id::text) end as country,
         case when u.id is null then null else jsonb_build_object('id', u.id, 'enabled', u.active and coalesce(m.enabled, true), 'email', u.email, 'name', u.name,
           'title', m.title, 'phone', m.phone, 'createTime', coalesce(m.create_time, u.create_time)) end as manager,
         case when j.id is null then null else jsonb_build_object('id', j.id, 'name', j.caption) end as jurisdiction,
         jsonb_build_object('id', ty.id, 'name', ty.name) as type, jsonb_build_object('id', vl.id, 'name', vl.name) as verification_level,
         (select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name) order by t.id), '[]') from client_tag ct join tag t on t.id = ct.tag_id
           where ct.client_id = c.client_id) as tags,
         (select coalesce(jsonb_agg(jsonb_build_object('accountId', a.account_id, 'accountNumber', coalesce(a.account_number, ''), 'createTime', a.create_time)
           order by a.account_id), '[]') from account a where a.client_id = c.client_id) as accounts
    from client c
    join client_type ty on ty.id = c.type_id
    join verification_level vl on vl.id = c.verification_level_id
    left join country co on co.country_id = c.country_id
    left join hub_user u on u.id = c.manager_id
    left join manager m on m.user_id = c.manager_id
    left join jurisdiction j on j.id = c.jurisdiction_id
   where c.client_id = ${anyOf(1)}`;

interface ClientRow {
  client_id: number;
  analytics: ClientView['analytics'];
  birthday: string | null;
  city: string | null;
  company_full_name: string | null;
  company_short_name: string | null;
  email: string;
  extra: ClientView['extra'];
  first_name: string;
  middle_name: string;
  last_name: string;
  nickname: string | null;
  internal_type: string;
  locale: string;
  phone: string | null;
  risk_level: ClientView['riskLevel'];
  status: ClientView['status'];
  create_time: Date;
  update_time: Date;
  logged_at: Date | null;
  country: ClientView['country'];
  manager: ClientView['manager'];
  jurisdiction: ClientView['jurisdiction'];
  type: ClientView['type'];
  verification_level: ClientView['verificationLevel'];
  tags: ClientView['tags'];
  accounts: ClientView['accounts'];
}

export const fullName = (first: string, middle: string, last: string): string =>
  [first, middle, last].filter(Boolean).join(' ');

const viewOf = (row: ClientRow): ClientView => ({
  clientId: row.client_id,
  accounts: row.accounts.map((one) => ({ ...one, createTime: isoTime(one.createTime) })),
  analytics: row.analytics,
  birthday: row.birthday === null ? null : `${row.birthday}T00:00:00+00:00`,
  city: row.city,
  company: { fullName: row.company_full_name, shortName: row.company_short_name },
  country: row.country,
  email: row.email,
  extra: row.extra,
  firstName: row.first_name,
  middleName: row.middle_name,
  lastName: row.last_name,
  name: fullName(row.first_name, row.middle_name, row.last_name),
  nickname: row.nickname,
  internalType: row.internal_type,
  locale: row.locale,
  manager: row.manager && { ...row.manager, createTime: isoTime(row.manager.createTime) },
  phone: row.phone,
  riskLevel: row.risk_level,
  status: row.status,
  tags: row.tags,
  type: row.type,
  verificationLevel: row.verification_level,
  jurisdiction: row.jurisdiction,
  createTime: isoTime(row.create_time),
  updateTime: isoTime(row.update_time),
  loggedAt: isoTimeOrNull(row.logged_at),
});

/** Client objects by id, read with one query. */
export const clientViews = async (db: Db, ids: readonly number[]): Promise<Map<number, ClientView>> => {
  const { rows } = await db.query<ClientRow>(SELECT, [[...new Set(ids)]]);
  return new Map(rows.map((row) => [row.client_id, viewOf(row)]));
};

const star = <T extends string | null>(value: T): T => (value ? ('*' as T) : value);

/** Everything that says who the person is, hidden; what the broker decided about them stays. */
export const maskClient = (view: ClientView): ClientView => ({
  ...view,
  analytics: [],
  birthday: null,
  city: star(view.city),
  company: { fullName: star(view.company.fullName), shortName: star(view.company.shortName) },
  email: '*',
  extra: {},
  firstName: '*',
  middleName: star(view.middleName),
  lastName: '*',
  name: '*',
  nickname: star(view.nickname),
  phone: star(view.phone),
  manager: view.manager && { ...view.manager, email: '*', name: '*', phone: star(view.manager.phone) },
});
