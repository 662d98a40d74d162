import type { Queryable } from '../../db/pool.ts';
import type { Currency } from '../../domain/money-order.ts';
import { notFound } from '../kit/errors.ts';

/** By its alphabetic code or an alias, in any case. Throws 404 on `field`. */
export const currencyCalled = async (db: Queryable, code: string, field: string): Promise<Currency> => {
  const { rows } = await db.query<Currency>(
    `select c.numeric_code as "numericCode", c.alphabetic_code as "alphabeticCode", c.minor_unit as "minorUnit" from currency c
      where c.enabled and (c.alphabetic_code = upper($1) or c.numeric_code = (select currency_id from currency_alias where alias = upper($1)))
      order by c.alphabetic_code = upper($1) desc limit 1`,
    [code],
  );
  if (!rows[0]) throw notFound('currency', field);
  return rows[0];
};
