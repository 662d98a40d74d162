import { z } from 'zod';
import { maskedPhone } from '../../activities/wizards/codes.ts';
import type { Queryable } from '../../db/pool.ts';
import { type Address, ADDRESS_TYPES } from '../../db/repositories/client-addresses.ts';
import { type Phone, PHONE_TYPES } from '../../db/repositories/client-phones.ts';
import { anyOf } from '../../db/unseen.ts';
import { isoTime, isoTimeOrNull, time } from '../kit/shapes.ts';

/** Country as clients see it (objects-front-office 2.6). */
export const MyCountryRef = z
  .object({
    countryId: z.int(),
    alpha2Code: z.string(),
    alpha3Code: z.string(),
    countryName: z.string(),
    numericCode: z.string(),
    enabled: z.boolean(),
  })
  .meta({ id: 'MyCountryRef' });

/** SQL: the country in the row `co`. */
export const COUNTRY = `case when co.country_id is not null then jsonb_build_object('countryId', co.numeric_code::int, 'alpha2Code', co.alpha2_code,
  'alpha3Code', co.alpha3_code, 'countryName', co.country_name, 'numericCode', co.numeric_code, 'enabled', co.enabled) end`;

/** A phone as its client sees it (objects-front-office 2.4). */
export const MyPhone = z
  .object({
    id: z.int(),
    phone: z.string().meta({ description: 'E.164' }),
    ext: z.string().nullable(),
    type: z.enum(PHONE_TYPES).nullable(),
    confirm: z.boolean(),
    default: z.boolean(),
    maskedPhone: z.string(),
  })
  .meta({ id: 'MyPhone' });

export const myPhoneView = ({ id, number, ext, type, confirmed, isDefault }: Phone): z.output<typeof MyPhone> => ({
  ...{ id, phone: number, ext, type, confirm: confirmed, default: isDefault },
  maskedPhone: maskedPhone(number),
});

/** An address as its client sees it (objects-front-office 3.20). */
export const MyAddress = z
  .object({
    addressId: z.int(),
    type: z.enum(ADDRESS_TYPES),
    country: MyCountryRef.nullable(),
    state: z.string().nullable(),
    city: z.string().nullable(),
    address: z.string().nullable(),
    postcode: z.string().nullable(),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'MyAddress' });

export const myAddressViews = async (
  db: Queryable,
  addresses: readonly Address[],
): Promise<z.output<typeof MyAddress>[]> => {
  const { rows } = await db.query<{ id: number; country: z.output<typeof MyCountryRef> }>(
    `select country_id as id, ${COUNTRY} as country from country co where country_id = ${anyOf(1)}`,
    [addresses.map(({ countryId }) => countryId)],
  );
  const named = new Map(rows.map(({ id, country }) => [id, country]));
  return addresses.map(({ id, countryId, createTime, updateTime, type, state, city, address, postcode }) => ({
    ...{ addressId: id, type, state, city, address, postcode },
    country: countryId === null ? null : named.get(countryId)!,
    createTime: isoTime(createTime),
    updateTime: isoTimeOrNull(updateTime),
  }));
};
