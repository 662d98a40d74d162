import { z } from 'zod';
import { maskedEmail } from '../../activities/wizards/codes.ts';
import type { Queryable } from '../../db/pool.ts';
import { brokerSetting } from '../../db/repositories/broker-settings.ts';
import { phonesOf } from '../../db/repositories/client-phones.ts';
import { idAndName, isoTime, isoTimeOrNull, time } from '../kit/shapes.ts';
import { COUNTRY, MyCountryRef, MyPhone, myPhoneView } from './my-contacts.ts';

/** Client Profile (objects-front-office 2.4). */
export const MyProfile = z
  .object({
    id: z.int(),
    email: z.string(),
    maskedEmail: z.string(),
    locale: z.string(),
    status: z.enum(['active', 'inactive', 'banned', 'deleted']),
    nickname: z.string().nullable(),
    photo: z.string().nullable().meta({ description: 'Address of the picture.' }),
    clientUiConfig: z.object({
      showId: z.boolean(),
      allowChangeUserPic: z.boolean(),
      allowChangeNickname: z.boolean(),
    }),
    info: z.object({
      firstName: z.string(),
      lastName: z.string(),
      middleName: z.string().nullable(),
      birthday: z.string().nullable().meta({ description: 'YYYY-MM-DD' }),
    }),
    phone: MyPhone.nullable(),
    phones: z.array(MyPhone),
    type: z.object({ id: z.int(), name: z.string(), group: z.string(), enabled: z.boolean() }),
    country: MyCountryRef.nullable(),
    verificationLevel: idAndName(),
    limits: z.object({ maxDemoTradingAccounts: z.string().nullable(), maxLiveTradingAccounts: z.string().nullable() }),
    lastLoginTime: time().nullable(),
    createTime: time(),
    updateTime: time(),
  })
  .meta({ id: 'MyProfile' });
type View = z.output<typeof MyProfile>;

interface Row extends Pick<
  View,
  'id' | 'email' | 'locale' | 'status' | 'nickname' | 'info' | 'type' | 'country' | 'verificationLevel'
> {
  loggedAt: Date | null;
  createTime: Date;
  updateTime: Date;
}

export const myProfileView = async (db: Queryable, clientId: number): Promise<View> => {
  const { rows } = await db.query<Row>(
    `select c.client_id as id, c.email, c.locale, c.status, c.nickname,
            jsonb_build_object('firstName', c.first_name, 'lastName', c.last_name, 'middleName', nullif(c.middle_name, ''),
              'birthday', to_char(c.birthday, 'YYYY-MM-DD')) as info,
            jsonb_build_object('id', t.id, 'name', t.name, 'group', t."group", 'enabled', t.enabled) as type, ${COUNTRY} as country,
            jsonb_build_object('id', v.id, 'name', v.name) as "verificationLevel",
            c.logged_at as "loggedAt", c.create_time as "createTime", c.update_time as "updateTime"
       from client c join client_type t on t.id = c.type_id join verification_level v on v.id = c.verification_level_id
       left join country co on co.country_id = c.country_id where c.client_id = $1`,
    [clientId],
  );
  const { loggedAt, createTime, updateTime, ...said } = rows[0]!;
  const phones = (await phonesOf(db, clientId)).map(myPhoneView);
  return {
    ...said,
    maskedEmail: maskedEmail(said.email),
    photo: null,
    clientUiConfig: {
      showId: await brokerSetting(db, 'profile.showId'),
      allowChangeUserPic: await brokerSetting(db, 'profile.changePhoto'),
      allowChangeNickname: await brokerSetting(db, 'profile.changeNickname'),
    },
    phone: phones.find((one) => one.default) ?? null,
    phones,
    limits: { maxDemoTradingAccounts: null, maxLiveTradingAccounts: null },
    lastLoginTime: isoTimeOrNull(loggedAt),
    createTime: isoTime(createTime),
    updateTime: isoTime(updateTime),
  };
};
