import type { Payer } from '../../adapters/kit/payments.ts';
import type { Queryable } from '../../db/pool.ts';

/**
 * Who pays, or is paid, as providers ask for it. Read by the activity that speaks with the provider: personal data goes on their wire and nowhere
 * else, into no history and no log.
 */
export const loadPayer = async (db: Queryable, clientId: number): Promise<Payer> => {
  const { rows } = await db.query<Partial<Record<keyof Payer, string | null>>>(
    `select c.locale, c.first_name as "firstName", c.last_name as "lastName", c.email, c.phone, co.alpha2_code as country, c.city,
            to_char(c.birthday, 'YYYY-MM-DD') as birthday
       from client c left join country co using (country_id) where c.client_id = $1`,
    [clientId],
  );
  const known = Object.entries(rows[0] ?? {}).filter(([, value]) => value !== null && value !== '');
  return { clientId: String(clientId), ...Object.fromEntries(known) };
};

/** What the client filled into the method's own form, by name; checked when the order came in (api/money/intake/method-fields.ts). */
export const formFields = (data: Record<string, unknown>): { fields?: Record<string, string> } => {
  const fields = Object.entries(data).filter((one): one is [string, string] => typeof one[1] === 'string');
  return fields.length > 0 ? { fields: Object.fromEntries(fields) } : {};
};
