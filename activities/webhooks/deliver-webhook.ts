import { webhookOf } from '../../adapters/kit/manifest.ts';
import type { ProviderNews } from '../../adapters/kit/webhooks.ts';
import { openConnectionRow } from '../../db/repositories/connections.ts';
import type { Queryable } from '../../db/pool.ts';
import { loadWebhook, parkWebhook, settleWebhook } from '../../db/repositories/webhooks.ts';
import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import type { Activity, Tools } from '../kit/activity.ts';

type Delivered = { to: string } | { nobody: string } | { ignored: string };

/**
 * Brings a stored callback to the run that waits for it. The callback is a hint: the run asks the provider itself. Harmless to
 * repeat; a callback for something we do not know yet is parked and tried again.
 */
export const deliverWebhook: Activity<{ webhookId: string }, { status: string }> = async ({ webhookId }, tools) => {
  const { pool } = tools;
  const webhook = await loadWebhook(pool, webhookId);
  if (!webhook || webhook.status === 'rejected') return { status: webhook?.status ?? 'unknown' };
  let news: ProviderNews[];
  try {
    const translator = await translatorOf(tools, webhook.connectionId);
    news = translator(webhook);
  } catch (error) {
    if (!isHubFailure(error)) throw error;
    await parkWebhook(pool, webhook, error.message);
    return { status: 'parked' };
  }
  const results: Delivered[] = [];
  for (const one of news) results.push(await deliver(tools, webhook.connectionId, webhookId, one));
  const nobody = results.find((result) => 'nobody' in result);
  if (nobody) {
    await parkWebhook(pool, webhook, nobody.nobody);
    return { status: 'parked' };
  }
  const delivered = results.find((result) => 'to' in result);
  const ignored = results.find((result) => 'ignored' in result);
  if (delivered) await settleWebhook(pool, webhookId, { status: 'delivered', workflowId: delivered.to });
  else await settleWebhook(pool, webhookId, { status: 'ignored', reason: ignored?.ignored ?? 'nothing for us in it' });
  return { status: delivered ? 'delivered' : 'ignored' };
};

const translatorOf = async ({ pool, provider, ring }: Tools, connectionId: number) => {
  const row = await openConnectionRow(pool, ring, connectionId);
  const found = provider(row.provider);
  const webhook = webhookOf(found);
  const config = found.config.safeParse(row.config);
  if (!config.success)
    throw new HubFailure('Config', 'provider_misconfigured', `the settings of connection ${row.name} are wrong`);
  return (raw: { headers: Record<string, string>; body: Buffer }): ProviderNews[] =>
    webhook?.translate(config.data, raw) ?? [];
};

const deliver = async (
  tools: Tools,
  connectionId: number,
  webhookId: string,
  news: ProviderNews,
): Promise<Delivered> => {
  const { pool, steer } = tools;
  const transaction = await transactionOf(pool, connectionId, news);
  const said = news.said;
  if (transaction) {
    const { transactionId, workflowId, type, reference } = transaction;
    if (!transaction.over) {
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
    if (!news.reverses && (!news.paymentId || transaction.credited.includes(news.paymentId)))
      return { ignored: 'the deposit is over and this payment is booked' };
    await steer.arrivals({ reference, connectionId, webhookId, said });
    return { to: `arrivals:${reference}` };
  }
  if (news.kind === 'deposit' && news.reference) {
    const { rows } = await pool.query(`select from deposit_address where reference = $1 and connection_id = $2`, [
      news.reference,
      connectionId,
    ]);
    if (rows.length > 0) {
      await steer.arrivals({ reference: news.reference, connectionId, webhookId, said });
      return { to: `arrivals:${news.reference}` };
    }
  }
  return { nobody: 'it names nothing we know' };
};

interface Match {
  transactionId: number;
  workflowId: string;
  type: 'deposit' | 'withdrawal';
  reference: string;
  over: boolean;
  /** Payments this deposit was credited with. */
  credited: string[];
}

const transactionOf = async (
  db: Queryable,
  connectionId: number,
  { kind, reference, providerId }: ProviderNews,
): Promise<Match | undefined> => {
  const { rows } = await db.query<Match>(
    `select transaction_id as "transactionId", workflow_id as "workflowId", type, reference, process_time is not null as over,
            coalesce(array(select jsonb_array_elements_text(provider_data -> 'credited')), '{}') as credited
       from money_transaction
      where connection_id = $1 and type = $2 and (reference = $3 or ($3::text is null and provider_id = $4)) limit 1`,
    [connectionId, kind === 'payout' ? 'withdrawal' : 'deposit', reference ?? null, providerId ?? null],
  );
  return rows[0];
};
