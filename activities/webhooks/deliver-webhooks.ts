import { webhookOf } from '../../adapters/kit/manifest.ts';
import { newsIn, type ProviderNews } from '../../adapters/kit/webhooks.ts';
import { openConnectionRow } from '../../db/repositories/connections.ts';
import type { Queryable } from '../../db/pool.ts';
import { noteDelivery } from '../../db/repositories/messages.ts';
import { type Settling, settleWebhooks, type WebhookRow } from '../../db/repositories/webhooks.ts';
import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import type { Tools } from '../kit/activity.ts';

type Delivered = { to: string } | { nobody: string } | { ignored: string };

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
  const together = await matchesFor(pool, readable).catch((error: unknown) => {
    if (isRefused(error)) return null;
    throw error;
  });
  const queue = readable.values();
  const deliverSome = async (): Promise<void> => {
    for (const { webhook, news } of queue) {
      try {
        const matches = together ?? (await matchesFor(pool, [{ webhook, news }]));
        const results: Delivered[] = [];
        for (const one of news) {
          const match = matches.get(one);
          results.push(await (match ? deliver(tools, webhook, one, match) : deliverToMessage(tools, webhook, one)));
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

/** SQLSTATE 22: it is about the data, and no other data would be refused. */
const isRefused = (error: unknown): boolean => /^22/.test(String((error as { code?: unknown }).code));

interface Read {
  webhook: WebhookRow;
  news: ProviderNews[];
}

const settlingOf = (webhook: WebhookRow, results: readonly Delivered[]): Settling => {
  const nobody = results.find((result) => 'nobody' in result);
  if (nobody) return { webhook, as: 'parked', reason: nobody.nobody };
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

const deliver = async (
  { steer }: Tools,
  { id: webhookId, connectionId }: WebhookRow,
  news: ProviderNews,
  match: Match,
): Promise<Delivered> => {
  const said = news.said;
  if (match.caseId !== null) {
    const { caseId, caseWorkflowId: workflowId } = match;
    await steer.verification({ caseId, workflowId, webhookId, said });
    return { to: workflowId };
  }
  if (match.transactionId !== null) {
    const { transactionId, workflowId, type, reference } = match;
    if (!match.over) {
      const sent = await steer.news({
        workflowId,
        type: type === 'withdrawal' ? 'payout' : 'deposit',
        transactionId,
        webhookId,
        said,
      });
      if (sent === 'delivered') return { to: workflowId };
    }
    // The run is over. A payout may come back; a deposit may be paid late or twice.
    if (type === 'withdrawal') {
      await steer.payoutReturn({ transactionId, connectionId, webhookId, said });
      return { to: `payout-return:${transactionId}` };
    }
    if (!news.reverses && (!news.paymentId || match.credited.includes(news.paymentId)))
      return { ignored: 'the deposit is over and this payment is booked' };
    await steer.arrivals({ reference, connectionId, webhookId, said });
    return { to: `arrivals:${reference}` };
  }
  if (match.address && news.reference) {
    await steer.arrivals({ reference: news.reference, connectionId, webhookId, said });
    return { to: `arrivals:${news.reference}` };
  }
  return { nobody: 'it names nothing we know' };
};

/** What became of a message hangs on nothing else: it is noted as it was told. */
const deliverToMessage = async (
  { pool }: Tools,
  { connectionId }: WebhookRow,
  { reference, providerId, said, message }: ProviderNews,
): Promise<Delivered> => {
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
  return id === null ? { nobody: 'it names no message we sent' } : { to: `message:${id}` };
};

/** Whom news are for: a client's verification, a transaction, or a client's own address. */
type Match =
  | { caseId: number; caseWorkflowId: string }
  | {
      caseId: null;
      transactionId: number;
      workflowId: string;
      type: 'deposit' | 'withdrawal';
      /** Ours at the provider: of a payment that came late or unasked, that of the deposit or address it came to. */
      reference: string;
      over: boolean;
      /** Payments this deposit was credited with. */
      credited: string[];
    }
  | { caseId: null; transactionId: null; address: boolean };

const matchesFor = async (db: Queryable, read: readonly Read[]): Promise<Map<ProviderNews, Match>> => {
  const all = read.flatMap(({ webhook, news }) =>
    news.flatMap((one) => (one.kind === 'message' ? [] : [{ connectionId: webhook.connectionId, news: one }])),
  );
  if (all.length === 0) return new Map();
  const { rows } = await db.query<Match & { n: string }>(
    `select asked.n, k.id as "caseId", k.workflow_id as "caseWorkflowId", t.*, t."transactionId" is null and asked.type = 'deposit'
              and exists (select from deposit_address a where a.reference = asked.reference and a.connection_id = asked.connection_id) as address
       from unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[]) with ordinality
              as asked (connection_id, type, reference, provider_id, payment_id, n)
       left join lateral (
         select transaction_id as "transactionId", workflow_id as "workflowId", m.type, process_time is not null as over,
                coalesce(provider_data ->> 'arrivalOf', m.reference) as reference,
                coalesce(array(select jsonb_array_elements_text(provider_data -> 'credited')), '{}') as credited
           from (select * from money_transaction where reference = asked.reference
                 union all
                 select * from money_transaction where asked.reference is null and connection_id = asked.connection_id and provider_id = asked.provider_id
                 union all
                 -- A dispute or refund may name nothing but the payment it takes back.
                 select * from money_transaction
                  where asked.reference is null and process_time is not null and provider_data -> 'credited' ? asked.payment_id) m
          where m.connection_id = asked.connection_id and m.type = asked.type limit 1) t on true
       left join lateral (
         select id, workflow_id from kyc_case
          where asked.type = 'kyc' and connection_id = asked.connection_id
            and (reference = asked.reference or asked.reference is null and provider_id = asked.provider_id) limit 1) k on true
      order by asked.n`,
    [
      all.map(({ connectionId }) => connectionId),
      all.map(({ news }) => (news.kind === 'payout' ? 'withdrawal' : news.kind)),
      all.map(({ news }) => news.reference ?? null),
      all.map(({ news }) => news.providerId ?? null),
      all.map(({ news }) => news.paymentId ?? null),
    ],
  );
  return new Map(all.map(({ news }, i) => [news, rows[i]!]));
};
