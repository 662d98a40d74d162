import { z } from 'zod';
import { Webhook as WebhookEntity, type WebhookRow } from '../../db/entities/webhooks.ts';
import { lendTools } from '../../worker/tools.ts';
import { type Actor, type UserActor, actorName } from '../kit/access.ts';
import { notFound } from '../kit/errors.ts';
import { byId, byWords } from '../kit/filters.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { resource } from '../kit/resource.ts';
import { idText, isoTime, isoTimeOrNull, text, time } from '../kit/shapes.ts';
import type { MoneyDeps } from '../money/hub.ts';
import { replayWebhook } from './replay.ts';
import { type SetAside, setWebhookAside } from './set-aside.ts';

/** A stored callback without what it said. */
const STATUSES = ['received', 'rejected', 'parked', 'delivered', 'ignored', 'failed'] as const;

const Webhook = z
  .object({
    id: z.int(),
    connectionId: z.int(),
    status: z.enum(STATUSES),
    reason: z.string().nullable().meta({ description: 'Why it was rejected, parked, ignored or given up.' }),
    dedupeKey: z.string().nullable(),
    copies: z.int().meta({ description: 'How often the same message came.' }),
    workflowId: z.string().nullable().meta({ description: 'The run it was delivered to.' }),
    attempts: z.int(),
    remoteAddress: z.string().nullable(),
    nextAttempt: time().nullable(),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'Webhook' });

const WebhookWithBody = z
  .object({ ...Webhook.shape, headers: z.record(z.string(), z.string()), body: z.string() })
  .meta({ id: 'WebhookWithBody' });

/** What a provider, or a colleague, says of it may name a person, whoever's client that is. */
const hides = (actor: Actor): boolean => actor.kind === 'user' && (actor.maskData || actor.tagIds.length > 0);

const viewOf = (row: WebhookRow, actor: Actor): z.input<typeof Webhook> => ({
  id: row.id,
  connectionId: row.connectionId,
  status: row.status as z.infer<typeof Webhook>['status'],
  reason: (hides(actor) ? row.reason && '*' : row.reason) ?? null,
  dedupeKey: row.dedupeKey ?? null,
  copies: row.copies,
  workflowId: row.workflowId ?? null,
  attempts: row.attempts,
  remoteAddress: row.remoteAddress ?? null,
  nextAttempt: isoTimeOrNull(row.nextAttempt),
  createTime: isoTime(row.createTime!),
  updateTime: isoTimeOrNull(row.updateTime),
});

const list = resource({
  path: '/webhooks',
  idParam: 'webhookId',
  noun: 'webhook',
  tag: 'Webhooks',
  entity: WebhookEntity,
  id: 'id',
  permission: 'connections',
  operations: ['list'],
  // Numbers are given as they come, and a list by them needs no index of its own.
  sorts: { createTime: 'id' },
  filters: {
    connectionId: byId('connectionId'),
    status: byWords('status', STATUSES),
    workflowId: byWords('workflowId'),
  },
  read: Webhook,
  present: (rows: WebhookRow[], { actor }) => rows.map((row) => viewOf(row, actor)),
});

const params = z.object({ webhookId: idText() });
const common = {
  tags: ['Webhooks'] as [string],
  access: 'user' as const,
  params,
  answer: WebhookWithBody,
};

/** GET /webhooks, GET /webhooks/{webhookId}, POST /webhooks/{webhookId}/replay, /park and /ignore: what providers said, for operators. */
export const webhookProcedures = (deps: MoneyDeps): Procedure[] => {
  const show = (actor: UserActor, webhookId: number) => showWebhook(deps, actor, webhookId);
  const setAside = (word: 'park' | 'ignore', as: SetAside, summary: string, description: string): Procedure =>
    procedure(`POST /webhooks/{webhookId}/${word}`, {
      ...common,
      summary,
      description,
      permission: 'connections.update',
      body: z.strictObject({ comment: text(500).optional() }).optional(),
      errors: [409],
      handle: async ({ actor, params: { webhookId }, body, requestId }) => {
        const by = { actor: actorName(actor), comment: body?.comment, requestId };
        await setWebhookAside(deps.pool, String(webhookId), as, by);
        return show(actor, webhookId);
      },
    });
  return [
    ...list(deps),
    procedure('GET /webhooks/{webhookId}', {
      ...common,
      summary: 'One webhook, with headers and body',
      permission: 'connections.read',
      handle: ({ actor, params: { webhookId } }) => show(actor, webhookId),
    }),
    procedure('POST /webhooks/{webhookId}/replay', {
      ...common,
      summary: 'Deliver a webhook once more',
      description: 'A rejected one is verified again with the present settings of its connection.',
      permission: 'connections.update',
      errors: [409],
      handle: async ({ actor, params: { webhookId }, requestId }) => {
        const tools = lendTools(deps.settings, deps.pool, deps.temporal.client, deps.timings);
        await replayWebhook(tools, String(webhookId), { actor: actorName(actor), requestId });
        return show(actor, webhookId);
      },
    }),
    setAside('park', 'parked', 'Keep a webhook for later', 'It is not tried again until it is replayed.'),
    setAside('ignore', 'ignored', 'Nothing is to be done about a webhook', 'It can still be replayed.'),
  ];
};

const showWebhook = async (
  { orm, pool }: MoneyDeps,
  actor: UserActor,
  webhookId: number,
): Promise<z.input<typeof WebhookWithBody>> => {
  const row = (await orm.em.fork().findOne(WebhookEntity as never, { id: webhookId } as never)) as WebhookRow | null;
  const { rows } = await pool.query<{ headers: Record<string, string>; body: Buffer }>(
    `select headers, body from webhook where id = $1`,
    [webhookId],
  );
  if (!row || !rows[0]) throw notFound('webhook');
  const { headers, body } = rows[0];
  return {
    ...viewOf(row, actor),
    ...(hides(actor) ? { headers: {}, body: '*' } : { headers, body: body.toString('utf8') }),
  };
};
