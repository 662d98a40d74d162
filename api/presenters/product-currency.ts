import { z } from 'zod';
import { wire } from '../../domain/money.ts';
import { isoTime, isoTimeOrNull, money, time } from '../kit/shapes.ts';
import { MyCurrency, type CurrencyView, currencyJson } from './currency.ts';

export const MyProductGroup = z
  .object({
    id: z.int(),
    caption: z.string(),
    description: z.string(),
    type: z.string(),
    priority: z.int(),
    createTime: time().nullable(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'MyProductGroup' });

/** What an account is opened from: a product in a currency (objects-front-office 2.14). */
export const MyProductCurrency = z
  .object({
    id: z.int(),
    caption: z.string(),
    product: z.object({
      id: z.int(),
      type: z.string(),
      name: z.string(),
      caption: z.string(),
      group: MyProductGroup.nullable(),
      platform: z.object({
        id: z.int(),
        caption: z.string(),
        shortCaption: z.string(),
        name: z.string(),
        class: z.string(),
        isDemo: z.boolean(),
      }),
    }),
    currency: MyCurrency,
    factory: z.int(),
    variants: z.object({ startAmounts: z.array(z.string()), leverages: z.array(z.string()) }),
    platformGroups: z.array(z.string()),
    isHedgingEnabled: z.boolean(),
    maxAccounts: z.int(),
    permissions: z.array(z.string()),
    priority: z.int(),
    linkInfo: z.string(),
    agreementLink: z.string(),
    minDepositAmount: money().meta({ description: 'Of the first deposit into an account, or transfer to it.' }),
    createTime: time().nullable(),
  })
  .meta({ id: 'MyProductCurrency' });

type View = z.infer<typeof MyProductCurrency>;
type Group = z.infer<typeof MyProductGroup>;

/** What productCurrencyJson builds: the object itself, with times and money still as PostgreSQL writes them. */
export type ProductCurrencyRow = Omit<View, 'currency' | 'product'> & {
  currency: CurrencyView;
  product: Omit<View['product'], 'group'> & { group: Group | null };
};

/** Expects the aliases pc (product_currency), pr (product), pg (product_group or nothing), pl (platform), cur (currency). */
export const productCurrencyJson = `jsonb_build_object(
  'id', pc.id, 'caption', pc.caption, 'currency', ${currencyJson('cur')}, 'factory', pc.factory,
  'variants', jsonb_build_object('startAmounts', '[]'::jsonb, 'leverages', to_jsonb(pc.leverages::text[])),
  'platformGroups', to_jsonb(pc.platform_groups), 'isHedgingEnabled', pc.is_hedging_enabled, 'maxAccounts', pc.max_accounts,
  'permissions', to_jsonb(pc.permissions), 'priority', pc.priority, 'linkInfo', pc.link_info, 'agreementLink', pc.agreement_link,
  'minDepositAmount', pc.min_deposit_amount::text, 'createTime', pc.create_time,
  'product', jsonb_build_object(
    'id', pr.id, 'type', pr.type, 'name', pr.name, 'caption', pr.caption,
    'platform', jsonb_build_object('id', pl.id, 'caption', pl.caption, 'shortCaption', pl.short_caption, 'name', pl.name, 'class', pl.type, 'isDemo', pl.is_demo),
    'group', case when pg.id is null then null else jsonb_build_object('id', pg.id, 'caption', pg.caption, 'description', coalesce(pg.description, ''),
      'type', pg.type, 'priority', pg.priority, 'createTime', pg.create_time, 'updateTime', pg.update_time) end))`;

/** Joins that the aliases of productCurrencyJson need, from `product_currency pc`. */
export const PRODUCT_CURRENCY_JOINS = `join product pr on pr.id = pc.product_id left join product_group pg on pg.id = pr.group_id
  join platform pl on pl.id = pr.platform_id join currency cur on cur.numeric_code = pc.currency`;

/** Objects by id; `read` runs SQL in the caller's transaction. */
export const productCurrencyViews = async (
  ids: readonly number[],
  read: (sql: string) => Promise<{ id: number; view: ProductCurrencyRow }[]>,
): Promise<Map<number, View>> => {
  if (ids.length === 0) return new Map();
  const rows = await read(
    `select pc.id, ${productCurrencyJson} as view from product_currency pc ${PRODUCT_CURRENCY_JOINS} where pc.id in (${ids.join(',')})`,
  );
  return new Map(rows.map(({ id, view }) => [id, productCurrencyView(view)]));
};

export const productCurrencyView = (row: ProductCurrencyRow): View => ({
  ...row,
  permissions: row.permissions.toSorted(),
  minDepositAmount: wire(row.minDepositAmount),
  createTime: isoTimeOrNull(row.createTime),
  product: {
    ...row.product,
    group: row.product.group && {
      ...row.product.group,
      createTime: isoTime(row.product.group.createTime!),
      updateTime: isoTimeOrNull(row.product.group.updateTime),
    },
  },
});
