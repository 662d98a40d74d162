import type { Queryable } from '../pool.ts';

export interface CountryName {
  /** ISO 3166 numeric, three digits. */
  numericCode: string;
  name: string;
}

/** The countries clients may come from, by name. */
export const openCountries = async (db: Queryable): Promise<CountryName[]> =>
  (
    await db.query<CountryName>(
      `select numeric_code as "numericCode", country_name as name from country where enabled order by country_name`,
    )
  ).rows;

/** The id of a country that clients may come from, by its numeric code ('16' or '016'); null for all else. */
export const openCountryOf = async (db: Queryable, code: string): Promise<number | null> => {
  if (!/^\d{1,3}$/.test(code)) return null;
  const { rows } = await db.query<{ id: number }>(
    `select country_id as id from country where enabled and numeric_code = lpad($1, 3, '0')`,
    [code],
  );
  return rows[0]?.id ?? null;
};
