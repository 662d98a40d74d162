import type pg from 'pg';
import { z } from 'zod';
import { anyOf } from '../../db/unseen.ts';
import { paysToAddresses } from '../../domain/payout-address.ts';
import { fits, fixed, isZero, normal } from '../../domain/money.ts';
import { JsonNumber } from '../../domain/json-number.ts';
import { type CurrencyView, MyCurrency, currencyJson } from './currency.ts';

type Db = Pick<pg.ClientBase, 'query'>;

/** Answer side: a JSON number written from decimal text, never through a float. */
export const exactNumber = () =>
  z.custom<JsonNumber>((value) => value instanceof JsonNumber).meta({ override: { type: 'number' } });
export const Limit = z.object({ value: z.string(), scale: z.int() });

const MethodCurrency = z
  .object({
    min: Limit,
    max: Limit.meta({ description: 'value "0" = no limit' }),
    icon: z.string().nullable(),
    caption: z.string().nullable(),
    keyCaption: z.string().nullable(),
    currency: MyCurrency,
  })
  .meta({ id: 'MyMethodCurrency' });

const Commission = z
  .object({
    percent: exactNumber(),
    min: exactNumber(),
    max: exactNumber(),
    fix: exactNumber(),
    type: z.string(),
    numericCode: z.int(),
  })
  .meta({ id: 'MyMethodCommission' });

export const MyPaymentGroup = z
  .object({
    id: z.int(),
    name: z.string(),
    caption: z.string(),
    description: z.string().nullable(),
    icon: z.string().nullable(),
    priority: z.int(),
  })
  .meta({ id: 'MyPaymentGroup' });

const method = {
  id: z.int(),
  name: z.string(),
  caption: z.string(),
  description: z.string().nullable(),
  icon: z.string().nullable(),
  libraryTimeToFund: z.string().nullable(),
  pretend: z.boolean(),
  provider: z.string(),
  tradersRoomCurrencies: z.array(MethodCurrency),
  paymentSystemCurrencies: z.array(MethodCurrency),
  vendorCommissions: z.array(Commission),
  providerCommissions: z.array(Commission),
  hideAmount: z.boolean(),
  hideProceed: z.boolean(),
  groups: z.array(MyPaymentGroup),
  fields: z.array(z.record(z.string(), z.unknown())),
};

/** objects-front-office 2.9 */
export const MyDepositMethod = z.object(method).meta({ id: 'MyDepositMethod' });
/** objects-front-office 2.21 */
export const MyWithdrawalMethod = z
  .object({ ...method, isWhitelistSupported: z.boolean() })
  .meta({ id: 'MyWithdrawalMethod' });
type MyWithdrawalMethodView = z.infer<typeof MyWithdrawalMethod>;

interface MethodRow {
  id: number;
  name: string;
  caption: string;
  description: string | null;
  icon: string | null;
  provider: string;
  time_to_fund: string | null;
  hide_amount: boolean;
  hide_proceed: boolean;
  fields: Record<string, unknown>[];
  currencies: {
    type: 'TR' | 'PS';
    min: string;
    max: string;
    icon: string | null;
    caption: string | null;
    keyCaption: string | null;
    currency: CurrencyView;
  }[];
  commissions: { type: 'TR' | 'PSP'; percent: string; min: string; max: string; fix: string; numericCode: number }[];
  groups: z.infer<typeof MyPaymentGroup>[];
}

const SELECT = `
  select m.id, m.name, m.caption, m.description, m.icon, m.provider, m.library_time_to_fund as time_to_fund, m.hide_amount, m.hide_proceed, m.fields,
         (select coalesce(jsonb_agg(jsonb_build_object('type', mc.type, 'min', mc.min::text, 'max', mc.max::text, 'icon', mc.icon, 'caption', mc.caption,
            'keyCaption', mc.key_caption, 'currency', ${currencyJson('cur')}) order by mc.id), '[]')
            from payment_method_currency mc join currency cur on cur.numeric_code = mc.currency
           where mc.method_id = m.id and mc.enabled and cur.enabled) as currencies,
         (select coalesce(jsonb_agg(jsonb_build_object('type', c.type, 'percent', c.percent::text, 'min', c.min::text, 'max', c.max::text, 'fix', c.fix::text,
            'numericCode', c.currency) order by c.id), '[]') from payment_method_commission c where c.method_id = m.id) as commissions,
         (select coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'name', g.name, 'caption', g.caption, 'description', g.description, 'icon', g.icon,
            'priority', g.priority) order by g.priority, g.id), '[]') from payment_method_group mg join payment_group g on g.id = mg.group_id where mg.method_id = m.id) as groups
    from payment_method m
   where m.id = ${anyOf(1)}`;

export const limitOf = (amount: string, minorUnit: number) => ({
  value: isZero(amount) ? '0' : fits(amount, minorUnit) ? fixed(amount, minorUnit) : normal(amount),
  scale: minorUnit,
});

const currenciesOf = (row: MethodRow, type: 'TR' | 'PS') =>
  row.currencies
    .filter((one) => one.type === type)
    .map(({ min, max, icon, caption, keyCaption, currency }) => ({
      min: limitOf(min, currency.minorUnit),
      max: limitOf(max, currency.minorUnit),
      icon,
      caption,
      keyCaption,
      currency,
    }));

const commissionsOf = (row: MethodRow, type: 'TR' | 'PSP') =>
  row.commissions
    .filter((one) => one.type === type)
    .map(({ percent, min, max, fix, numericCode }) => ({
      percent: new JsonNumber(normal(percent)),
      min: new JsonNumber(normal(min)),
      max: new JsonNumber(normal(max)),
      fix: new JsonNumber(normal(fix)),
      type,
      numericCode,
    }));

const viewOf = (row: MethodRow): MyWithdrawalMethodView => ({
  id: row.id,
  name: row.name,
  caption: row.caption,
  description: row.description,
  icon: row.icon,
  libraryTimeToFund: row.time_to_fund,
  pretend: true,
  provider: row.provider,
  tradersRoomCurrencies: currenciesOf(row, 'TR'),
  paymentSystemCurrencies: currenciesOf(row, 'PS'),
  vendorCommissions: commissionsOf(row, 'TR'),
  providerCommissions: commissionsOf(row, 'PSP'),
  hideAmount: row.hide_amount,
  hideProceed: row.hide_proceed,
  groups: row.groups,
  fields: row.fields,
  isWhitelistSupported: paysToAddresses(row.fields as { id: string; name?: string }[]),
});

/** Method objects by id, read with one query. Those of deposits use the same object without `isWhitelistSupported`. */
export const methodViews = async (db: Db, ids: readonly number[]): Promise<Map<number, MyWithdrawalMethodView>> => {
  const { rows } = await db.query<MethodRow>(SELECT, [[...new Set(ids)]]);
  return new Map(rows.map((row) => [row.id, viewOf(row)]));
};
