import { type InferEntity, defineEntity, p } from '@mikro-orm/postgresql';
import type { DifferenceKind, DifferenceState, ReconciliationState } from '../../domain/reconciliation.ts';
import { stamps } from './stamps.ts';

/** What lists are filtered and sorted by; written by plain SQL only. */

export const Reconciliation = defineEntity({
  name: 'Reconciliation',
  tableName: 'reconciliation',
  properties: {
    id: p.integer().primary(),
    connectionId: p.integer(),
    windowFrom: p.datetime(),
    windowTo: p.datetime(),
    state: p.text().$type<ReconciliationState>(),
    waitsFor: p.text().nullable(),
    movements: p.integer(),
    accounts: p.integer(),
    found: p.integer(),
    resolved: p.integer(),
    leftOut: p.json<Record<string, number>>(),
    userId: p.integer().nullable(),
    workflowId: p.text(),
    processTime: p.datetime().nullable(),
    ...stamps(),
  },
});
export type ReconciliationListRow = InferEntity<typeof Reconciliation>;

export const ReconciliationDifference = defineEntity({
  name: 'ReconciliationDifference',
  tableName: 'reconciliation_difference',
  properties: {
    id: p.integer().primary(),
    connectionId: p.integer(),
    reconciliationId: p.integer(),
    kind: p.text().$type<DifferenceKind>(),
    state: p.text().$type<DifferenceState>(),
    why: p.text(),
    clientId: p.integer().nullable(),
    accountId: p.integer().nullable(),
    transactionId: p.integer().nullable(),
    reference: p.text().nullable(),
    providerId: p.text().nullable(),
    ours: p.decimal('string').nullable(),
    oursCurrency: p.integer().nullable(),
    theirs: p.decimal('string').nullable(),
    theirsCurrency: p.integer().nullable(),
    offBy: p.decimal('string').nullable(),
    at: p.datetime(),
    note: p.text().nullable(),
    userId: p.integer().nullable(),
    workflowId: p.text(),
    processTime: p.datetime().nullable(),
    goneTime: p.datetime().nullable(),
    ...stamps(),
  },
});
export type DifferenceListRow = InferEntity<typeof ReconciliationDifference>;
