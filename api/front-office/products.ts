import { raw } from '@mikro-orm/postgresql';
import { z } from 'zod';
import {
  Platform,
  type PlatformRow,
  ProductCurrency,
  type ProductCurrencyRow,
  ProductGroup,
  type ProductGroupRow,
} from '../../db/entities/products.ts';
import { byWords, custom } from '../kit/filters.ts';
import { resource } from '../kit/resource.ts';
import { isoTime, isoTimeOrNull } from '../kit/shapes.ts';
import { MyProductCurrency, MyProductGroup, productCurrencyViews } from '../presenters/product-currency.ts';

const catalogue = { tag: 'My products', id: 'id' as const, access: 'client' as const };
/** A condition on the row in plain SQL; `sql` gets its alias. */
const on = (sql: (alias: string) => string) => ({ [raw(sql) as unknown as string]: [] });

/** GET /my/products/currencies: what this client can open an account from. */
const productCurrencies = resource({
  ...catalogue,
  path: '/my/products/currencies',
  idParam: 'currencyId',
  noun: 'product currency',
  entity: ProductCurrency,
  where: () => ({
    isEnabled: true,
    ...on(
      (
        alias,
      ) => `exists (select 1 from product p join platform pl on pl.id = p.platform_id left join connection co on co.id = pl.connection_id
        join currency cur on cur.numeric_code = ${alias}.currency
        where p.id = ${alias}.product_id and p.status in ('enabled', 'default') and cur.enabled and coalesce(co.enabled, true))`,
    ),
  }),
  filters: {
    alphabeticCode: custom(z.string().regex(/^[A-Z0-9-]{2,16}$/i, 'must be a currency code'), (code) => ({
      [raw(
        (alias) => `(select alphabetic_code from currency where numeric_code = ${alias}.currency)`,
      ) as unknown as string]: code.toUpperCase(),
    })),
  },
  sorts: ['createTime', 'priority'],
  read: MyProductCurrency,
  present: async (rows: ProductCurrencyRow[], { em }) => {
    const views = await productCurrencyViews(
      rows.map((row) => row.id),
      (sql) => em.execute(sql),
    );
    return rows.flatMap((row) => views.get(row.id) ?? []);
  },
});

/** GET /my/products/groups */
const productGroups = resource({
  ...catalogue,
  path: '/my/products/groups',
  idParam: 'groupId',
  noun: 'product group',
  entity: ProductGroup,
  filters: { type: byWords('type') },
  sorts: ['caption', 'priority', 'createTime'],
  read: MyProductGroup,
  present: (rows: ProductGroupRow[]) =>
    rows.map((row) => ({
      id: row.id,
      caption: row.caption,
      description: row.description ?? '',
      type: row.type,
      priority: row.priority,
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    })),
});

/** GET /my/platforms: those that are switched on. */
const platforms = resource({
  ...catalogue,
  path: '/my/platforms',
  idParam: 'platformId',
  noun: 'platform',
  entity: Platform,
  operations: ['list'],
  where: () =>
    on(
      (alias) =>
        `(${alias}.connection_id is null or exists (select 1 from connection c where c.id = ${alias}.connection_id and c.enabled))`,
    ),
  read: z
    .object({
      id: z.int(),
      name: z.string(),
      caption: z.string(),
      shortCaption: z.string(),
      type: z.string(),
      isDemo: z.boolean(),
      terminalUrl: z.string(),
    })
    .meta({ id: 'MyPlatform' }),
  present: (rows: PlatformRow[]) => rows,
});

export const myProducts = [productCurrencies, productGroups, platforms];
