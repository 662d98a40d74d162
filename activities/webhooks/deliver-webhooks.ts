import { webhookOf } from '../../adapters/kit/manifest.ts';
import { newsIn, type ProviderNews } from '../../adapters/kit/webhooks.ts';
import type { Queryable } from '../../db/pool.ts';
import { openConnectionRow } from '../../db/repositories/connections.ts';
import { noteDelivery } from '../../db/repositories/messages.ts';
import { type Settling, settleWebhooks, type WebhookRow } from '../../db/repositories/webhooks.ts';
import { noteWake } from '../../db/repositories/unsigned-wakes.ts';
import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import type { Tools } from '../kit/activity.ts';
import { isRefused, matchesFor, type Read } from './matches.ts';
import { tell, tellingOnce, type Told } from './tell.ts';
import { type Unsigned, unsignedAmong } from './unsigned.ts';

/** What became of one callback: its status now, or why it could not be delivered. */
export type Delivery = { status: string } | { error: unknown };

/** How many runs are told at once. */
const AT_ONCE = 4;

/**
 * Brings stored callbacks to the runs that wait for them. A callback is a hint: the run asks the provider itself. Harmless to
 * repeat; a callback for something we do not know yet is parked and tried again. One that cannot be delivered leaves the others alone.
 * Answers by id.
 */
export const deliverWebhooks = async (
  callbacks: readonly WebhookRow[],
  tools: Tools,
): Promise<Map<string, Delivery>> => {
  const { pool } = tools;
  const deliveries = new Map<string, Delivery>(callbacks.map(({ id, status }) => [id, { status }]));
  const settlings: Settling[] = [];
  const settle = (settling: Settling): void => void settlings.push(settling);

  const readable: Read[] = [];
  for (const [connectionId, webhooks] of Map.groupBy(callbacks, (one) => one.connectionId)) {
    const proved = webhooks.filter(({ status }) => status !== 'rejected');
    if (proved.length === 0) continue;
    const translate = await translatorOf(tools, connectionId).catch((error: unknown) => () => {
      throw error;
    });
    for (const webhook of proved) {
      try {
        readable.push({ webhook, news: translate(webhook) });
      } catch (error) {
        if (isHubFailure(error)) settle({ webhook, as: 'parked', reason: error.message });
        else deliveries.set(webhook.id, { error });
      }
    }
  }

  // What the database refuses to look up is one callback's fault, and each is looked up alone.
  const together = await lookUp(tools, readable).catch((error: unknown) => {
    if (isRefused(error)) return null;
    throw error;
  });
  const runs = tellingOnce(tools.steer);
  const queue = readable.values();
  const deliverSome = async (): Promise<void> => {
    for (const { webhook, news } of queue) {
      try {
        const { matches, unsigned } = together ?? (await lookUp(tools, [{ webhook, news }]));
        const results: Told[] = [];
        for (const one of news) {
          const match = matches.get(one);
          if (!match) results.push(await deliverToMessage(tools, webhook, one));
          else results.push(await sparing(pool, unsigned.get(one), () => tell(runs, webhook, one, match)));
        }
        settle(settlingOf(webhook, results));
      } catch (error) {
        deliveries.set(webhook.id, { error });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, deliverSome));
  await settleWebhooks(pool, settlings);
  for (const { webhook, as } of settlings) deliveries.set(webhook.id, { status: as });
  return deliveries;
};

const lookUp = async (tools: Tools, read: readonly Read[]) => {
  const matches = await matchesFor(tools.pool, read);
  return { matches, unsigned: await unsignedAmong(tools, read, matches) };
};

/** Anybody can send thousands of unsigned callbacks, and a history takes only so many signals: they wake a run ever more rarely. */
const sparing = async (db: Queryable, unsigned: Unsigned | undefined, telling: () => Promise<Told>): Promise<Told> => {
  if (!unsigned) return telling();
  const { subject, standing } = unsigned;
  if (standing.heard) return { to: subject };
  if (!standing.may) return { parked: 'it is unsigned, as was the last one about the same' };
  const told = await telling();
  if ('to' in told) await noteWake(db, subject, standing);
  return told;
};

const settlingOf = (webhook: WebhookRow, results: readonly Told[]): Settling => {
  const parked = results.find((result) => 'parked' in result);
  if (parked) return { webhook, as: 'parked', reason: parked.parked };
  const delivered = results.find((result) => 'to' in result);
  if (delivered) return { webhook, as: 'delivered', workflowId: delivered.to };
  const ignored = results.find((result) => 'ignored' in result);
  return { webhook, as: 'ignored', reason: ignored?.ignored ?? 'nothing for us in it' };
};

const translatorOf = async ({ pool, provider, ring }: Tools, connectionId: number) => {
  const row = await openConnectionRow(pool, ring, connectionId);
  const found = provider(row.provider);
  const webhook = webhookOf(found);
  const config = found.config.safeParse(row.config);
  if (!config.success)
    throw new HubFailure('Config', 'provider_misconfigured', `the settings of connection ${row.name} are wrong`);
  return (raw: { headers: Record<string, string>; body: Buffer }): ProviderNews[] =>
    webhook ? newsIn(webhook, config.data, raw) : [];
};

/** What became of a message hangs on nothing else: it is noted as it was told. */
const deliverToMessage = async (
  { pool }: Tools,
  { connectionId }: WebhookRow,
  { reference, providerId, said, message }: ProviderNews,
): Promise<Told> => {
  const { state, code, why } = message ?? { state: 'unknown' as const };
  const reason = [code, why].filter((part) => part !== undefined).join(' ');
  const id = await noteDelivery(pool, {
    connectionId,
    state,
    providerStatus: said,
    ...(reference !== undefined && { reference }),
    ...(providerId !== undefined && { providerId }),
    ...(reason !== '' && { reason }),
  });
  return id === null ? { parked: 'it names no message we sent' } : { to: `message:${id}` };
};
