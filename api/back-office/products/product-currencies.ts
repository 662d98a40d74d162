import { z } from 'zod';
import { Product, ProductCurrency, type ProductCurrencyRow } from '../../../db/entities/products.ts';
import { problem } from '../../kit/errors.ts';
import { byFlag } from '../../kit/filters.ts';
import { resource, type Writing } from '../../kit/resource.ts';
import { amountInput, id, isoTimeOrNull, name, text, time, Translation, translations } from '../../kit/shapes.ts';
import { MyProductCurrency, productCurrencyViews } from '../../presenters/product-currency.ts';
import { ACCOUNT_PERMISSIONS } from '../../presenters/account.ts';
import { assertCurrency } from '../methods/parts.ts';

/** objects-back-office 6.2 */
const View = z
  .object({
    ...MyProductCurrency.shape,
    isEnabled: z.boolean(),
    resources: z.array(Translation),
    updateTime: time().nullable(),
  })
  .meta({ id: 'ProductCurrency' });

const leverage = () => z.string().regex(/^[1-9]\d{0,4}$/, 'must be a whole number such as "100"');

const write = z.object({
  currencyCode: id().meta({ description: 'Numeric.' }),
  caption: name(100),
  factory: z.union([z.literal(1), z.literal(100)], 'must be 1 or 100').default(1),
  variants: z
    .strictObject({ leverages: z.array(leverage()).max(100).default([]) })
    .default({ leverages: [] })
    .meta({ description: 'What may be chosen when an account is opened; the first leverage is what nobody chose.' }),
  platformGroups: z.array(name(200)).max(100).default([]).meta({
    description: 'Groups at the platform, in this currency; accounts are opened in the first when nobody chose.',
  }),
  isHedgingEnabled: z.boolean().default(true),
  maxAccounts: z.int().min(-1).max(1_000_000).default(-1).meta({ description: 'Per client; -1: any number.' }),
  permissions: z
    .array(z.enum(ACCOUNT_PERMISSIONS, `must be among ${ACCOUNT_PERMISSIONS.join(', ')}`))
    .max(ACCOUNT_PERMISSIONS.length)
    .default(['enabled', 'visible']),
  priority: z.int().min(0).max(1_000_000).default(0),
  linkInfo: text(500).default(''),
  agreementLink: text(500).default(''),
  minDepositAmount: amountInput('string', { zero: true })
    .default('0')
    .meta({ description: 'What a client first brings to such an account, at least; 0: any amount.' }),
  isEnabled: z.boolean().default(true),
  resources: translations().default([]),
});

/** What an account is opened from: a product in one currency, with the leverages and groups that may be chosen. */
export const productCurrencies = resource({
  path: '/products/{productId}/currencies',
  parent: { param: 'productId', property: 'productId', noun: 'product', entity: Product },
  idParam: 'currencyId',
  noun: 'product currency',
  tag: 'Products',
  entity: ProductCurrency,
  id: 'id',
  permission: 'products',
  filters: { isEnabled: byFlag('isEnabled') },
  sorts: ['createTime', 'priority'],
  read: View,
  write,
  fields: async (
    { currencyCode, variants, permissions, platformGroups, ...same },
    { db },
  ): Promise<Partial<ProductCurrencyRow>> => {
    if (currencyCode !== undefined) await assertCurrency(db, currencyCode, 'currencyCode');
    return {
      ...same,
      ...(currencyCode !== undefined && { currency: currencyCode }),
      ...(variants && { leverages: [...new Set(variants.leverages.map(Number))] }),
      ...(permissions && { permissions: [...new Set(permissions)] }),
      ...(platformGroups && { platformGroups: [...new Set(platformGroups)] }),
    };
  },
  guard: (row: ProductCurrencyRow, change, writing) =>
    change === 'delete' ? undefined : assertStays(row, change, writing),
  present: async (rows: ProductCurrencyRow[], { em }) => {
    const views = await productCurrencyViews(
      rows.map((row) => row.id),
      (sql) => em.execute(sql),
    );
    return rows.map((row) => ({
      ...views.get(row.id)!,
      isEnabled: row.isEnabled,
      resources: row.resources,
      updateTime: isoTimeOrNull(row.updateTime),
    }));
  },
});

const assertStays = async (
  row: ProductCurrencyRow,
  { currencyCode }: Partial<z.output<typeof write>>,
  { db }: Writing,
): Promise<void> => {
  if (currencyCode === undefined || currencyCode === row.currency) return;
  const { rows } = await db.query('select 1 as used from account where product_currency_id = $1 limit 1', [row.id]);
  if (rows.length > 0)
    throw problem(409, 'fixed', 'Accounts were opened in this currency: add another one.', 'currencyCode');
};
