import type { Amount } from '../../domain/money.ts';
import type { Pair } from '../../domain/reconciliation.ts';
import { FINAL_STAGES } from '../../domain/stages.ts';
import type { Queryable } from '../pool.ts';

/** What two books may differ about. */
export type Subject =
  | { of: 'transaction'; transactionId: number; accountId: number | null }
  | { of: 'reversal'; reversalId: number }
  /** Of the provider alone: our books have nothing to put beside it. */
  | { of: 'movement'; kind: string; providerId: string; accountId: number | null }
  | { of: 'account'; accountId: number };

export const subjectKey = (subject: Subject): string => {
  switch (subject.of) {
    case 'transaction':
      return `transaction:${subject.transactionId}${subject.accountId === null ? '' : `:account:${subject.accountId}`}`;
    case 'reversal':
      return `reversal:${subject.reversalId}`;
    case 'movement':
      return `movement:${subject.accountId ?? '-'}:${subject.kind}:${subject.providerId}`;
    case 'account':
      return `account:${subject.accountId}`;
  }
};

/** The other way round, for what was written down. */
export const subjectOf = (key: string): Subject => {
  const [of, first = '', kind = '', ...rest] = key.split(':');
  if (of === 'account') return { of, accountId: Number(first) };
  if (of === 'reversal') return { of, reversalId: Number(first) };
  if (of === 'transaction')
    return { of, transactionId: Number(first), accountId: kind === 'account' ? Number(rest[0]) : null };
  return { of: 'movement', kind, providerId: rest.join(':'), accountId: first === '-' ? null : Number(first) };
};

/** Both sides of one subject, and what an operator wants to know about it. */
export interface BookPair extends Pair {
  subject: Subject;
  transactionId: number | null;
  accountId: number | null;
  clientId: number | null;
  providerId: string | null;
  /** The stage of our transaction. */
  stage: string | null;
  at: Date;
}

/** How to look at what is still under way. */
export interface Horizon {
  connectionId: number;
  /** The provider's books were read from here on. */
  coveredFrom: Date;
  /** Runs of movements before it should be over. */
  lateBefore: Date;
}

/**
 * Finds whose each movement is: by the payment's id where it became a deposit of its own or part of one, by our reference, by the provider's id. Asked anew
 * as long as a movement has no match, because a deposit may be made of it at any time.
 */
export const linkMovements = async (db: Queryable, connectionId: number, ids: readonly string[]): Promise<void> => {
  await db.query(
    `update provider_movement m set
       reversal_id = case when kind = 'refund' then
         (select r.id from deposit_reversal r where r.connection_id = m.connection_id and r.provider_id = m.provider_id) end,
       transaction_id = case kind
         when 'operation' then
           (select t.transaction_id from money_transaction t where t.reference = m.reference and m.account_id in (t.debit_account_id, t.credit_account_id))
         when 'deposit' then coalesce(
           (select t.transaction_id from money_transaction t where t.arrival = m.connection_id || ':' || m.provider_id),
           (select min(t.transaction_id) from money_transaction t where t.connection_id = m.connection_id and t.type = 'deposit'
              and t.process_time is not null and t.provider_data -> 'credited' ? m.provider_id),
           (select t.transaction_id from money_transaction t where t.reference = m.reference and t.connection_id = m.connection_id))
         else coalesce(
           (select t.transaction_id from money_transaction t where t.reference = m.reference and t.connection_id = m.connection_id),
           (select min(t.transaction_id) from money_transaction t where t.connection_id = m.connection_id and t.provider_id = m.provider_id
              and t.type <> 'deposit')) end
      where m.connection_id = $1 and m.id = any($2::bigint[])`,
    [connectionId, ids],
  );
};

interface Row {
  transactionId: number | null;
  accountId: number | null;
  clientId: number | null;
  reference: string | null;
  providerId: string | null;
  stage: string | null;
  at: Date;
  theirs: Amount | null;
  theirCurrency: number | null;
  booked: Amount;
  currency: number;
  minorUnit: number;
  isAsked: boolean;
  isLate: boolean;
  isCovered: boolean;
}

/** What our ledger moved for a transaction on one account, with the provider's sign. A provider's fee is its own affair: movements are without. */
const BOOKED = `
  select coalesce(sum(case when x.to_account = own.id then x.amount else -x.amount end), 0) as amount
    from ledger_account own join ledger_transfer x
      on x.operation_key = any(array['transaction:' || t.transaction_id || ':credit', 'transaction:' || t.transaction_id || ':capture',
                                     'transaction:' || t.transaction_id || ':book'] || payout_return_keys(t.transaction_id))
     and x.kind in ('post', 'capture') and own.id in (x.from_account, x.to_account)
    join ledger_account other on other.id = case when x.to_account = own.id then x.from_account else x.to_account end
   where own.code = coalesce(a.ledger_code, 'provider:' || t.connection_id || ':clearing:' || c.alphabetic_code) and other.kind <> 'fees'`;

/** At a provider a payout is in the currency it was changed into; a deposit is in the payer's anyway. */
const transactionPairs = async (
  db: Queryable,
  { connectionId, coveredFrom, lateBefore }: Horizon,
  subjects: readonly Extract<Subject, { of: 'transaction' }>[],
): Promise<BookPair[]> => {
  const { rows } = await db.query<Row>(
    `select s.transaction_id as "transactionId", s.account_id as "accountId", t.client_id as "clientId", t.reference, t.stage,
            coalesce(th.provider_id, t.provider_id) as "providerId", coalesce(th.at, t.process_time, t.create_time) as at,
            trim_scale(th.amount)::text as theirs, coalesce(th.other_currency, th.currency) as "theirCurrency",
            trim_scale(case when t.type = 'deposit' then -b.amount else b.amount end)::text as booked, c.numeric_code as currency, c.minor_unit as "minorUnit",
            exists (select from application q where q.transaction_id = t.transaction_id and q.status_id in (0, 3)) as "isAsked",
            coalesce(th.at, t.create_time) < $5 as "isLate",
            t.create_time >= $4 or exists (select from reconciliation_difference d where d.connection_id = $3 and d.state <> 'resolved'
              and d.subject = 'transaction:' || s.transaction_id || coalesce(':account:' || s.account_id, '')) as "isCovered"
       from unnest($1::integer[], $2::integer[]) as s(transaction_id, account_id)
       join money_transaction t using (transaction_id) left join account a on a.account_id = s.account_id
       left join transaction_exchange x on x.transaction_id = t.transaction_id and t.type = 'withdrawal' and s.account_id is null
       join currency c on c.numeric_code = coalesce(x.currency, t.currency)
       cross join lateral (${BOOKED}) b
       left join lateral (
         select sum(m.amount) as amount, max(m.currency) as currency, max(m.currency) filter (where m.currency <> c.numeric_code) as other_currency,
                min(m.at) as at, min(m.provider_id) as provider_id
           from provider_movement m where m.transaction_id = s.transaction_id and m.connection_id = $3 and m.reversal_id is null
            and m.account_id is not distinct from s.account_id having count(*) > 0) th on true`,
    [
      subjects.map(({ transactionId }) => transactionId),
      subjects.map(({ accountId }) => accountId),
      connectionId,
      coveredFrom,
      lateBefore,
    ],
  );
  return rows.map((row) =>
    pairOf(row, { of: 'transaction', transactionId: row.transactionId!, accountId: row.accountId }),
  );
};

const reversalPairs = async (
  db: Queryable,
  { connectionId, lateBefore }: Horizon,
  ids: readonly number[],
): Promise<BookPair[]> => {
  const { rows } = await db.query<Row & { reversalId: number }>(
    `select r.id as "reversalId", t.transaction_id as "transactionId", null as "accountId", t.client_id as "clientId", t.reference, t.stage,
            r.provider_id as "providerId", coalesce(th.at, r.create_time) as at, trim_scale(th.amount)::text as theirs,
            coalesce(th.other_currency, th.currency) as "theirCurrency", trim_scale(case when r.booked then r.amount else 0 end)::text as booked,
            t.currency, c.minor_unit as "minorUnit", false as "isAsked", coalesce(th.at, r.create_time) < $3 as "isLate", true as "isCovered"
       from deposit_reversal r join money_transaction t using (transaction_id) join currency c on c.numeric_code = t.currency
       left join lateral (
         select sum(m.amount) as amount, max(m.currency) as currency, max(m.currency) filter (where m.currency <> t.currency) as other_currency, min(m.at) as at
           from provider_movement m where m.reversal_id = r.id having count(*) > 0) th on true
      where r.connection_id = $1 and r.id = any($2::integer[])`,
    [connectionId, ids, lateBefore],
  );
  return rows.map((row) => pairOf(row, { of: 'reversal', reversalId: row.reversalId }));
};

const pairOf = (row: Row, subject: Subject): BookPair => ({
  subject,
  transactionId: row.transactionId,
  accountId: row.accountId,
  clientId: row.clientId,
  reference: row.reference,
  providerId: row.providerId,
  stage: row.stage,
  at: row.at,
  theirs: row.theirs === null ? null : { amount: row.theirs, currency: row.theirCurrency! },
  ours: {
    booked: row.booked,
    currency: row.currency,
    minorUnit: row.minorUnit,
    isOver: subject.of === 'reversal' || (FINAL_STAGES as readonly string[]).includes(row.stage ?? ''),
    isAsked: row.isAsked,
    isLate: row.isLate,
    isCovered: row.isCovered,
  },
});

/** Whatever the provider has under one id, while nothing of ours belongs to it. */
const movementPair = async (
  db: Queryable,
  connectionId: number,
  subject: Extract<Subject, { of: 'movement' }>,
): Promise<BookPair> => {
  const { rows } = await db.query<{
    amount: Amount;
    currency: number;
    at: Date;
    reference: string | null;
    clientId: number | null;
  }>(
    `select trim_scale(sum(m.amount))::text as amount, max(m.currency) as currency, min(m.at) as at, max(a.client_id) as "clientId",
            max(m.reference) filter (where not exists (select from deposit_address d where d.reference = m.reference)) as reference
       from provider_movement m left join account a using (account_id)
      where m.connection_id = $1 and m.kind = $2 and m.provider_id = $3 and m.account_id is not distinct from $4
        and m.transaction_id is null and m.reversal_id is null having count(*) > 0`,
    [connectionId, subject.kind, subject.providerId, subject.accountId],
  );
  const [found] = rows;
  return {
    subject,
    transactionId: null,
    accountId: subject.accountId,
    clientId: found?.clientId ?? null,
    reference: found?.reference ?? null,
    providerId: subject.providerId,
    stage: null,
    at: found?.at ?? new Date(),
    theirs: found ? { amount: found.amount, currency: found.currency } : null,
    ours: null,
  };
};

/** Both sides of each subject as they are now. Accounts are compared by their balance (account-pairs.ts). */
export const loadPairs = async (db: Queryable, horizon: Horizon, subjects: readonly Subject[]): Promise<BookPair[]> => {
  const transactions = subjects.filter((one) => one.of === 'transaction');
  const reversals = subjects.filter((one) => one.of === 'reversal');
  const pairs = [
    ...(transactions.length > 0 ? await transactionPairs(db, horizon, transactions) : []),
    ...(reversals.length > 0
      ? await reversalPairs(
          db,
          horizon,
          reversals.map(({ reversalId }) => reversalId),
        )
      : []),
  ];
  for (const one of subjects) if (one.of === 'movement') pairs.push(await movementPair(db, horizon.connectionId, one));
  return pairs;
};
