import type { Queryable } from '../pool.ts';

export const PHONE_TYPES = ['fixed', 'mobile', 'fax', 'voip', 'pager'] as const;
export type PhoneType = (typeof PHONE_TYPES)[number];

export interface Phone {
  id: number;
  clientId: number;
  /** E.164 */
  number: string;
  ext: string | null;
  type: PhoneType | null;
  confirmed: boolean;
  isDefault: boolean;
  createTime: Date;
  updateTime: Date | null;
}

export interface PhoneToSave {
  /** E.164 */
  number: string;
  ext?: string | null;
  type?: PhoneType | null;
  confirmed?: boolean;
  /** Codes and messages go there from now on. The first phone of a client is always it. */
  isDefault?: boolean;
}

const COLUMNS = `id, client_id as "clientId", number, ext, type, confirmed, is_default as "isDefault", create_time as "createTime", update_time as "updateTime"`;

/** The default one first. */
export const phonesOf = async (db: Queryable, clientId: number): Promise<Phone[]> =>
  (
    await db.query<Phone>(
      `select ${COLUMNS} from client_phone where client_id = $1 order by is_default desc, confirmed desc, id`,
      [clientId],
    )
  ).rows;

/** Adds a phone; one with this number that the client has already is changed instead. In a transaction, which holds the client's row. */
export const savePhone = async (db: Queryable, clientId: number, phone: PhoneToSave): Promise<Phone> => {
  await holdClient(db, clientId);
  const { number, ext = null, type = null, confirmed = false, isDefault = false } = phone;
  if (isDefault) await dropDefault(db, clientId, number);
  const { rows } = await db.query<Phone>(
    `insert into client_phone (client_id, number, ext, type, confirmed, is_default)
     values ($1, $2, $3, $4, $5, $6 or not exists (select from client_phone where client_id = $1 and is_default))
     on conflict (client_id, number) do update set ext = coalesce(excluded.ext, client_phone.ext), type = coalesce(excluded.type, client_phone.type),
       confirmed = client_phone.confirmed or excluded.confirmed, is_default = client_phone.is_default or excluded.is_default, update_time = now()
     returning ${COLUMNS}`,
    [clientId, number, ext, type, confirmed, isDefault],
  );
  return rows[0]!;
};

/** Takes a phone away; when it was the default one, another takes its place, a confirmed one first. False: the client has no such phone. */
export const removePhone = async (db: Queryable, clientId: number, phoneId: number): Promise<boolean> => {
  await holdClient(db, clientId);
  const { rowCount } = await db.query(`delete from client_phone where id = $1 and client_id = $2`, [phoneId, clientId]);
  if (rowCount === 0) return false;
  await db.query(
    `update client_phone set is_default = true, update_time = now()
      where id = (select id from client_phone where client_id = $1 order by confirmed desc, id limit 1)
        and not exists (select from client_phone where client_id = $1 and is_default)`,
    [clientId],
  );
  return true;
};

/** Whether another client has this number. Two that save one number at the same moment ask one after the other. */
export const isPhoneOfAnother = async (db: Queryable, number: string, clientId: number | null): Promise<boolean> => {
  await db.query(`select pg_advisory_xact_lock(hashtextextended('phone:' || $1, 3))`, [number]);
  const { rowCount } = await db.query(
    `select 1 from client_phone p join client c using (client_id)
      where p.number = $1 and p.client_id is distinct from $2 and c.status <> 'deleted' limit 1`,
    [number, clientId],
  );
  return rowCount !== 0;
};

const dropDefault = (db: Queryable, clientId: number, number: string) =>
  db.query(
    `update client_phone set is_default = false, update_time = now() where client_id = $1 and is_default and number <> $2`,
    [clientId, number],
  );

/** One default phone, whoever saves at the same moment. */
const holdClient = (db: Queryable, clientId: number) =>
  db.query(`select 1 from client where client_id = $1 for update`, [clientId]);
