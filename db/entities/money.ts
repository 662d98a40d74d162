import { type InferEntity, defineEntity, p } from '@mikro-orm/postgresql';
import type { ChangeState, WantedOfAccount } from '../../domain/account-change.ts';
import { stamps } from './stamps.ts';

/** What lists are filtered and sorted by. Money moves by plain SQL only; nothing here is ever written through the ORM. */

export const Account = defineEntity({
  name: 'Account',
  tableName: 'account',
  properties: {
    accountId: p.integer().primary(),
    accountNumber: p.text().nullable(),
    clientId: p.integer(),
    productCurrencyId: p.integer(),
    currency: p.integer(),
    platformId: p.integer(),
    type: p.text(),
    permissions: p.array(),
    status: p.text(),
    ...stamps(),
  },
});
export type AccountRow = InferEntity<typeof Account>;

export const AccountChange = defineEntity({
  name: 'AccountChange',
  tableName: 'account_change',
  properties: {
    id: p.integer().primary(),
    accountId: p.integer(),
    clientId: p.integer(),
    wanted: p.json<WantedOfAccount>(),
    state: p.text().$type<ChangeState>(),
    reason: p.text().nullable(),
    issue: p.text().nullable(),
    requestedBy: p.text(),
    ...stamps(),
  },
});
export type AccountChangeRow = InferEntity<typeof AccountChange>;

export const MoneyTransaction = defineEntity({
  name: 'MoneyTransaction',
  tableName: 'money_transaction',
  properties: {
    transactionId: p.integer().primary(),
    type: p.text(),
    status: p.text(),
    clientId: p.integer(),
    debitAccountId: p.integer().nullable(),
    creditAccountId: p.integer().nullable(),
    currency: p.integer(),
    amount: p.decimal('string'),
    finalAmount: p.decimal('string').nullable(),
    methodId: p.integer().nullable(),
    providerId: p.text().nullable(),
    needsHuman: p.text().nullable(),
    ...stamps(),
  },
});
export type MoneyTransactionRow = InferEntity<typeof MoneyTransaction>;

export const Application = defineEntity({
  name: 'Application',
  tableName: 'application',
  properties: {
    id: p.integer().primary(),
    clientId: p.integer().nullable(),
    type: p.text(),
    statusId: p.smallint(),
    transactionId: p.integer().nullable(),
    purpose: p.text(),
    ...stamps(),
  },
});
export type ApplicationRow = InferEntity<typeof Application>;

export const PayoutAddress = defineEntity({
  name: 'PayoutAddress',
  tableName: 'payout_address',
  properties: {
    id: p.integer().primary(),
    clientId: p.integer(),
    currency: p.integer(),
    walletAddress: p.text(),
    destinationTag: p.text().nullable(),
    caption: p.text().nullable(),
    usableFrom: p.datetime(),
    ...stamps(),
  },
});
export type PayoutAddressRow = InferEntity<typeof PayoutAddress>;

export const PayoutTemplate = defineEntity({
  name: 'PayoutTemplate',
  tableName: 'payout_template',
  properties: {
    id: p.integer().primary(),
    clientId: p.integer(),
    name: p.text(),
    accountId: p.integer().nullable(),
    methodId: p.integer(),
    currency: p.integer(),
    amount: p.decimal('string').nullable(),
    sealed: p.blob(),
    ...stamps(),
  },
});
export type PayoutTemplateRow = InferEntity<typeof PayoutTemplate>;
