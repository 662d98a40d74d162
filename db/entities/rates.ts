import { type InferEntity, defineEntity, p } from '@mikro-orm/postgresql';
import { stamps } from './stamps.ts';

export const CurrencyAlias = defineEntity({
  name: 'CurrencyAlias',
  tableName: 'currency_alias',
  properties: {
    id: p.integer().primary(),
    currencyId: p.integer(),
    alias: p.text(),
    ...stamps(),
  },
});
export type CurrencyAliasRow = InferEntity<typeof CurrencyAlias>;

/** How one currency may be changed into another, and what the broker earns by it. */
export const CurrencyPair = defineEntity({
  name: 'CurrencyPair',
  tableName: 'currency_pair',
  properties: {
    id: p.integer().primary(),
    fromCurrency: p.integer(),
    toCurrency: p.integer(),
    isEnabled: p.boolean(),
    isEnabledForAdmin: p.boolean(),
    isHedgingEnabled: p.boolean(),
    isRequestRequired: p.boolean(),
    maxAmountFrom: p.decimal('string').nullable(),
    maxAmountTo: p.decimal('string').nullable(),
    stepFrom: p.decimal('string').nullable(),
    stepTo: p.decimal('string').nullable(),
    minAmountFrom: p.decimal('string').nullable(),
    minAmountTo: p.decimal('string').nullable(),
    markupBuy: p.decimal('string'),
    markupSell: p.decimal('string'),
    ...stamps(),
  },
});
export type CurrencyPairRow = InferEntity<typeof CurrencyPair>;

/** A rate provider: a connection, and how far it is believed. */
export const RateSource = defineEntity({
  name: 'RateSource',
  tableName: 'rate_source',
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    connectionId: p.integer(),
    priority: p.integer(),
    enabled: p.boolean(),
    fromCurrencies: p.array((text) => Number(text)),
    toCurrencies: p.array((text) => Number(text)),
    crossCurrency: p.integer().nullable(),
    refreshSeconds: p.integer(),
    maxAgeSeconds: p.integer(),
    outlierPercent: p.decimal('string'),
    confirmSeconds: p.integer(),
    askedAt: p.datetime().nullable(),
    answeredAt: p.datetime().nullable(),
    lastError: p.text().nullable(),
    ...stamps(),
  },
});
export type RateSourceRow = InferEntity<typeof RateSource>;

/** What a source says of a pair now. */
export const RateQuote = defineEntity({
  name: 'RateQuote',
  tableName: 'rate',
  properties: {
    id: p.integer().primary(),
    sourceId: p.integer(),
    fromCurrency: p.integer(),
    toCurrency: p.integer(),
    bid: p.decimal('string').nullable(),
    ask: p.decimal('string').nullable(),
    sourceTime: p.datetime().nullable(),
    expiresAt: p.datetime().nullable(),
    fetchedAt: p.datetime().nullable(),
    heldBid: p.decimal('string').nullable(),
    heldAsk: p.decimal('string').nullable(),
    heldSince: p.datetime().nullable(),
    ...stamps(),
  },
});
export type RateQuoteRow = InferEntity<typeof RateQuote>;
