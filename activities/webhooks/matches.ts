import type { ProviderNews } from '../../adapters/kit/webhooks.ts';
import type { Queryable } from '../../db/pool.ts';
import { isInDoubt } from '../../db/repositories/payment-doubts.ts';
import type { WebhookRow } from '../../db/repositories/webhooks.ts';
import { unseenArrays } from '../../db/unseen.ts';

/** A callback and what it says. */
export interface Read {
  webhook: WebhookRow;
  news: ProviderNews[];
}

/** Whom news are for: a client's verification, a transaction, or a client's own address. */
export type Match =
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
      /** Something of it was taken back, or is in doubt. */
      reversed: boolean;
    }
  | { caseId: null; transactionId: null; address: boolean };

/** Whom each piece of news is for. */
export const matchesFor = async (db: Queryable, read: readonly Read[]): Promise<Map<ProviderNews, Match>> => {
  const all = read.flatMap(({ webhook, news }) =>
    news.flatMap((one) => (one.kind === 'message' ? [] : [{ connectionId: webhook.connectionId, news: one }])),
  );
  if (all.length === 0) return new Map();
  const { rows } = await db.query<Match & { n: string }>(
    `select asked.n, k.id as "caseId", k.workflow_id as "caseWorkflowId", t.*, t."transactionId" is null and asked.type = 'deposit'
              and exists (select from deposit_address a where a.reference = asked.reference and a.connection_id = asked.connection_id) as address
       from unnest(${unseenArrays('integer', 'text', 'text', 'text', 'text')}) with ordinality
              as asked (connection_id, type, reference, provider_id, payment_id, n)
       left join lateral (
         select transaction_id as "transactionId", workflow_id as "workflowId", m.type, process_time is not null as over,
                coalesce(provider_data ->> 'arrivalOf', m.reference) as reference,
                coalesce(array(select jsonb_array_elements_text(provider_data -> 'credited')), '{}') as credited,
                exists (select from deposit_reversal r where r.transaction_id = m.transaction_id and r.booked) or ${isInDoubt('m')} as reversed
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

/** SQLSTATE 22: it is about the data, and no other data would be refused. */
export const isRefused = (error: unknown): boolean => String((error as { code?: unknown }).code).startsWith('22');

/** What a match is known by, whichever of its runs is told; null: there is none. */
export const subjectOf = (match: Match, { reference }: ProviderNews): string | null => {
  if (match.caseId !== null) return match.caseWorkflowId;
  if (match.transactionId !== null) return match.workflowId;
  return match.address && reference ? `arrivals:${reference}` : null;
};
