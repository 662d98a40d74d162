import { z } from 'zod';
import { FINAL_STAGES } from '../../../domain/stages.ts';
import { scopeSql } from '../../kit/access.ts';
import { type Procedure, procedure, updateProcedures } from '../../kit/procedure.ts';
import { amountInput, day, id, idText, text } from '../../kit/shapes.ts';
import type { MoneyHub } from '../hub.ts';
import { auditOf, RequestAudit } from './audit-request.ts';
import { decideRequest } from './decide.ts';
import { editRequest } from './edit-request.ts';
import { DecidedApplication, showRequest } from './show-request.ts';

const params = z.object({ applicationId: idText() });

const Evidence = z
  .strictObject({
    bankReference: z
      .string()
      .trim()
      .regex(/^[\w/.: -]{1,64}$/, "must be the bank's reference, at most 64 characters"),
    valueDate: day(),
  })
  .meta({ description: 'What proves that the money moved outside the hub. A bank reference is used once.' });

const comment = () => text(2000).optional();
const ApproveBody = z.strictObject({ comment: comment(), evidence: Evidence.optional() }).optional();
const RejectBody = z.strictObject({ resolutionId: id(), comment: comment() });

const EditBody = z
  .strictObject({
    comment: text(2000).nullable().optional(),
    color: z
      .string()
      .regex(/^#[0-9a-fA-F]{6}$/, 'must look like #ffcc00')
      .nullable()
      .optional(),
    data: z
      .strictObject({ amount: amountInput('number') })
      .optional()
      .meta({
        description: 'The amount of a manual deposit, while the request is pending and nobody has decided.',
      }),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), 'must hold at least one field');

const deciding = {
  tags: ['Requests'] as [string],
  access: 'user' as const,
  permission: 'requests.update',
  params,
  errors: [409],
};

/** Drops members that were not sent, so that optional ones may be absent but never undefined. */
const given = <T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;

/** What operators do with requests: approve, reject, audit, edit, count. Lists and single ones are declared elsewhere. */
export const requestProcedures = (hub: MoneyHub): Procedure[] => [
  procedure('POST /applications/{applicationId}/approve', {
    ...deciding,
    summary: 'Approve a request',
    description:
      'One of as many approvals as the policy asks for, never by the requester, never twice by one person; `approvals` says how many are given. On a request for assistance: the operator found that the payment was made.',
    body: ApproveBody,
    answer: DecidedApplication,
    idempotent: true,
    handle: async ({ actor, params: { applicationId }, body = {} }) => {
      const request = await decideRequest(hub, actor, applicationId, 'yes', given(body));
      return showRequest(hub, actor, request);
    },
  }),

  procedure('POST /applications/{applicationId}/reject', {
    ...deciding,
    summary: 'Reject a request',
    description: 'On a request for assistance: the operator found that the payment was not made.',
    body: RejectBody,
    answer: DecidedApplication,
    idempotent: true,
    handle: async ({ actor, params: { applicationId }, body }) => {
      const request = await decideRequest(hub, actor, applicationId, 'no', given(body));
      return showRequest(hub, actor, request);
    },
  }),

  procedure('POST /applications/{applicationId}/audit', {
    ...deciding,
    summary: 'Add up the account of a request and compare with its balance',
    answer: RequestAudit,
    handle: ({ actor, params: { applicationId } }) => auditOf(hub, actor, applicationId),
  }),

  ...updateProcedures('/applications/{applicationId}', {
    ...deciding,
    summary: 'Comment on a request, colour it, correct its amount',
    body: EditBody,
    answer: DecidedApplication,
    handle: async ({ actor, params: { applicationId }, body, requestId }) => {
      const request = await editRequest(hub, actor, applicationId, body, requestId);
      return showRequest(hub, actor, request);
    },
  }),

  procedure('GET /applications/notifications', {
    summary: 'How many requests are pending, by type',
    description:
      '`unsettled`: transactions that are over and that somebody must look at nevertheless, GET /transactions?filter[needsHuman]=true; POST /transactions/{transactionId}/settle ends that.',
    tags: ['Requests'],
    access: 'user',
    permission: 'requests.read',
    answer: z.object({ total: z.int(), data: z.array(z.object({ type: z.string(), count: z.int() })) }),
    handle: async ({ actor }) => {
      const { rows } = await hub.pool.query<{ type: string; count: number }>(
        `select type, count(*)::int as count from (
           select type from application where status_id = 0 and ${scopeSql(actor, 'application.client_id')}
           union all
           select 'unsettled' from money_transaction where needs_human is not null and stage = any ($1) and ${scopeSql(actor, 'money_transaction.client_id')}) open
          group by type order by type`,
        [FINAL_STAGES],
      );
      return { total: rows.reduce((sum, one) => sum + one.count, 0), data: rows };
    },
  }),
];
