import { type InferEntity, defineEntity, p } from '@mikro-orm/postgresql';
import { stamps, translated } from './stamps.ts';

/** What accounts are opened from: products on platforms, in groups and currencies. */

export const Platform = defineEntity({
  name: 'Platform',
  tableName: 'platform',
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    caption: p.text(),
    shortCaption: p.text(),
    type: p.text(),
    isDemo: p.boolean(),
    terminalUrl: p.text(),
    connectionId: p.integer().nullable(),
    ...stamps(),
  },
});
export type PlatformRow = InferEntity<typeof Platform>;

export const ProductGroup = defineEntity({
  name: 'ProductGroup',
  tableName: 'product_group',
  properties: {
    id: p.integer().primary(),
    caption: p.text(),
    description: p.text().nullable(),
    type: p.text(),
    priority: p.integer(),
    ...translated(),
    ...stamps(),
  },
});
export type ProductGroupRow = InferEntity<typeof ProductGroup>;

export const Product = defineEntity({
  name: 'Product',
  tableName: 'product',
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    caption: p.text(),
    type: p.text(),
    groupId: p.integer().nullable(),
    platformId: p.integer(),
    status: p.text(),
    priority: p.integer(),
    ...translated(),
    ...stamps(),
  },
});
export type ProductRow = InferEntity<typeof Product>;

export const ProductCurrency = defineEntity({
  name: 'ProductCurrency',
  tableName: 'product_currency',
  properties: {
    id: p.integer().primary(),
    productId: p.integer(),
    currency: p.integer(),
    caption: p.text(),
    factory: p.integer(),
    leverages: p.array((text) => Number(text)),
    platformGroups: p.array(),
    isHedgingEnabled: p.boolean(),
    maxAccounts: p.integer(),
    permissions: p.array(),
    priority: p.integer(),
    linkInfo: p.text(),
    agreementLink: p.text(),
    minDepositAmount: p.decimal('string'),
    isEnabled: p.boolean(),
    ...translated(),
    ...stamps(),
  },
});
export type ProductCurrencyRow = InferEntity<typeof ProductCurrency>;
