import { z } from 'zod';
import { ApprovalPolicy, type ApprovalPolicyRow } from '../../../db/entities/configuration.ts';
import { wire } from '../../../domain/money.ts';
import { byFlag, byId, byWord } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { amountInput, id, isoTime, isoTimeOrNull, money, name, time } from '../../kit/shapes.ts';

const Kind = z.enum(['deposit', 'withdrawal', 'transfer']);

/** Our own: how many persons must approve which money. The first enabled policy that fits, by priority, counts. */
export const approvalPolicies = resource({
  path: '/approval-policies',
  idParam: 'policyId',
  noun: 'approval policy',
  tag: 'Requests',
  entity: ApprovalPolicy,
  id: 'id',
  permission: 'approvalPolicies',
  confirm: true,
  filters: {
    kind: byWord('kind'),
    enabled: byFlag('enabled'),
    currencyCode: byId('currency'),
    methodId: byId('methodId'),
    tagId: byId('tagId'),
  },
  sorts: ['priority', 'createTime', 'name'],
  read: z
    .object({
      id: z.int(),
      name: z.string(),
      kind: Kind,
      currencyCode: z.int().nullable().meta({ description: 'Numeric code; null = any currency.' }),
      methodId: z.int().nullable(),
      tagId: z.int().nullable(),
      minAmount: money().meta({ description: 'Of the transaction, inclusive.' }),
      approvals: z.int(),
      priority: z.int(),
      enabled: z.boolean(),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'ApprovalPolicy' }),
  write: z.object({
    name: name(120),
    kind: Kind,
    currencyCode: id().nullable().default(null),
    methodId: id().nullable().default(null),
    tagId: id().nullable().default(null),
    minAmount: amountInput('string', { zero: true }).default('0'),
    approvals: z.int().min(0).max(2),
    priority: z.int().min(0).max(1_000_000),
    enabled: z.boolean().default(true),
  }),
  fields: ({ currencyCode, ...same }) => ({
    ...same,
    ...(currencyCode === undefined ? {} : { currency: currencyCode }),
  }),
  present: (rows: ApprovalPolicyRow[]) =>
    rows.map((row) => ({
      ...row,
      currencyCode: row.currency ?? null,
      methodId: row.methodId ?? null,
      tagId: row.tagId ?? null,
      minAmount: wire(row.minAmount),
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    })),
});
