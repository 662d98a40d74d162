import type { Amount } from '../../domain/money.ts';
import type { Activity } from '../kit/activity.ts';

/** What a run shows of the movement, or the address, that it looks after. No personal data. */
export interface Subject {
  /** 'payout 16: 25 USDT of client 7' */
  what: string;
  /** Null: it is nobody's. */
  client: number | null;
  provider: string | null;
  currency?: string;
  amount?: Amount;
}

interface Found {
  id: number;
  type: 'deposit' | 'payout' | 'transfer' | 'address';
  client: number;
  provider: string | null;
  currency: string;
  amount: Amount | null;
}

const SELECT = `
  select t.transaction_id as id, case t.type when 'withdrawal' then 'payout' else t.type end as type, t.client_id as client, n.provider,
         c.alphabetic_code as currency, trim_scale(t.amount)::text as amount
    from money_transaction t join currency c on c.numeric_code = t.currency left join connection n on n.id = t.connection_id`;
const ADDRESS = `
  select d.id, 'address' as type, d.client_id as client, n.provider, c.alphabetic_code as currency, null as amount
    from deposit_address d join currency c on c.numeric_code = d.currency left join connection n on n.id = d.connection_id`;

/** Whom a run is about that looks after what is over: read before anything is asked of a provider, which may take days. */
export const readSubject: Activity<{ transactionId: number } | { reference: string }, Subject> = async (
  of,
  { pool },
) => {
  const { rows } =
    'transactionId' in of
      ? await pool.query<Found>(`${SELECT} where t.transaction_id = $1`, [of.transactionId])
      : await pool.query<Found>(`${SELECT} where t.reference = $1 union all ${ADDRESS} where d.reference = $1`, [
          of.reference,
        ]);
  if (!rows[0])
    return {
      what: `${'reference' in of ? of.reference : of.transactionId}, which is nobody's`,
      client: null,
      provider: null,
    };
  const { id, type, client, provider, currency, amount } = rows[0];
  return {
    what: `${type} ${id}: ${amount === null ? '' : `${amount} `}${currency} of client ${client}`,
    client,
    provider,
    currency,
    ...(amount !== null && { amount }),
  };
};
