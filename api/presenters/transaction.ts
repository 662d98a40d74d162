import type pg from 'pg';
import { z } from 'zod';
import { correctionJson } from '../../db/repositories/corrections.ts';
import { evidenceJson } from '../../db/repositories/requests.ts';
import { anyOf } from '../../db/unseen.ts';
import { wire } from '../../domain/money.ts';
import { idAndName, isoTime, isoTimeOrNull, money, time } from '../kit/shapes.ts';
import {
  Account,
  type AccountView,
  MyAccountShort,
  type MyAccountShortView,
  accountViews,
  maskAccount,
  myShortAccountViews,
} from './account.ts';
import { maskColleague } from './colleague.ts';
import { maskEvidence } from './evidence.ts';
import { type Asked, ClientAction, clientActionOf } from './client-action.ts';
import { Correction, Exchange, GivenEvidence, MyExchange, Reversal } from './transaction-parts.ts';
import { CurrencyRef, type CurrencyView, MyCurrency, currencyJson } from './currency.ts';

type Db = Pick<pg.ClientBase, 'query'>;

const MethodRef = z.object({ id: z.int(), name: z.string(), caption: z.string() });
const side = <A extends z.ZodType, C extends z.ZodType>(account: A, currency: C) =>
  z.object({ account, amount: money(), commission: money(), currency });

/** Transaction as the Back Office sees it (objects-back-office 4.1). */
/** All that B2Core knows, and `assistance`; `trade` and `refundFailed` are never ours. */
export const TRANSACTION_STATUSES = ['assistance', 'cancelled', 'done', 'failed', 'hold', 'holdFailed', 'inProgress', 'new', 'partial', 'pending', 'rejected', 'refund', 'refundFailed', 'trade'] as const; // prettier-ignore
/** All that B2Core knows: ours are deposit, transfer and withdrawal. */
export const TRANSACTION_TYPES = ['deposit', 'exchange', 'external', 'partner', 'transfer', 'withdrawal'] as const;

export const Transaction = z
  .object({
    transactionId: z.int(),
    creditDetails: side(Account, CurrencyRef).nullable(),
    debitDetails: side(Account, CurrencyRef).nullable(),
    foreignExchangeRate: money().nullable(),
    method: MethodRef.nullable(),
    resolution: z.string().nullable(),
    status: z.string().meta({
      description:
        'cancelled, done, failed, hold, holdFailed, inProgress, new, partial, pending, rejected, refund, refundFailed, trade; `assistance`: an operator must look.',
    }),
    type: z.string(),
    createTime: time(),
    updateTime: time().nullable(),
    clientId: z.int(),
    vendorCommission: money(),
    providerCommission: money(),
    finalAmount: money().nullable(),
    finalCurrency: CurrencyRef.nullable(),
    kytStatus: z.enum(['green', 'red']).nullable(),
    applicationId: z.int().nullable(),
    refundOf: z.int().nullable().meta({ description: 'The deposit that this withdrawal gives back.' }),
    correction: Correction.nullable().meta({
      description: 'Ours: of a transfer with one side, whose other is the broker.',
    }),
    user: idAndName().nullable(),
    comment: z.string().nullable(),
    evidence: z.array(GivenEvidence).meta({ description: 'What operators gave to prove that its money moved.' }),
    data: z.record(z.string(), z.unknown()),
    processTime: time().nullable(),
    exchange: Exchange.nullable(),
    reference: z.string().meta({ description: 'Ours: what the provider knows it by, also when its answer was lost.' }),
    providerId: z.string().nullable().meta({ description: "The provider's id of it, once it told one." }),
    providerStatus: z.string().nullable().meta({ description: "The provider's word for how it stands, as it came." }),
    needsHuman: z.string().nullable().meta({
      description:
        'Why a person must look, whatever the status. While a request is open, decide that; of what is over: POST /transactions/{transactionId}/settle.',
    }),
    reversals: z
      .array(Reversal)
      .meta({ description: 'What the provider took back of a deposit after it was credited.' }),
  })
  .meta({ id: 'Transaction' });

/** Transaction as its owner sees it (objects-front-office 2.17). */
export const MyTransaction = z
  .object({
    transactionId: z.int(),
    type: z.string(),
    status: z.string(),
    creditDetails: side(MyAccountShort, MyCurrency).nullable(),
    debitDetails: side(MyAccountShort, MyCurrency).nullable(),
    foreignExchangeRate: money().nullable(),
    method: MethodRef.nullable(),
    resolution: z.string().nullable(),
    isCorrection: z
      .boolean()
      .meta({ description: 'Ours: the broker put the balance right; there is no other account.' }),
    data: z
      .looseObject({
        action: ClientAction.optional().meta({
          description: 'Where and how the client pays, or says where his payout goes: as long as that is to be done.',
        }),
      })
      .nullable()
      .meta({ description: 'Beside it what the client filled in, and `txid`: the hash of a transaction on a chain.' }),
    createTime: time(),
    updateTime: time().nullable(),
    exchange: MyExchange.nullable(),
  })
  .meta({ id: 'MyTransaction' });

export type TransactionView = z.infer<typeof Transaction>;
export type MyTransactionView = z.input<typeof MyTransaction>;

interface TransactionRow {
  transaction_id: number;
  type: 'deposit' | 'withdrawal' | 'transfer';
  status: string;
  client_id: number;
  debit_account_id: number | null;
  credit_account_id: number | null;
  amount: string;
  vendor_commission: string;
  provider_commission: string;
  final_amount: string | null;
  currency: CurrencyView;
  exchange: {
    currency: CurrencyView;
    rate: string | null;
    marketRate: string | null;
    amount: string | null;
    source: string | null;
    sourceTime: string | null;
    quotedAt: string | null;
    expiresAt: string | null;
    fixedAt: string | null;
  } | null;
  method: z.infer<typeof MethodRef> | null;
  resolution: string | null;
  why: string | null;
  user: { id: number; name: string } | null;
  application_id: number | null;
  refund_of: number | null;
  correction: z.infer<typeof Correction> | null;
  comment: string | null;
  evidence: z.infer<typeof GivenEvidence>[];
  data: Record<string, unknown>;
  asked: Asked & { filledIn: Record<string, unknown>; txid: string | null };
  create_time: Date;
  update_time: Date | null;
  process_time: Date | null;
  reference: string;
  provider_id: string | null;
  provider_status: string | null;
  needs_human: string | null;
  reversals: z.input<typeof Reversal>[];
}

const REVERSALS = `(
  select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'providerId', r.provider_id, 'kind', r.kind, 'state', r.state, 'amount', r.amount::text,
           'takenFromClient', r.from_client::text, 'takenFromIncome', r.from_income::text, 'owed', r.from_suspense::text,
           'createTime', r.create_time, 'updateTime', r.update_time) order by r.id), '[]')
    from deposit_reversal r where r.transaction_id = t.transaction_id)`;

const SELECT = `
  select t.transaction_id, t.type, t.status, t.client_id, t.debit_account_id, t.credit_account_id, t.amount::text, t.vendor_commission::text,
         t.provider_commission::text, t.final_amount::text, ${currencyJson('cur')} as currency,
         jsonb_build_object('type', t.type, 'stage', t.stage, 'reference', t.reference, 'action', t.provider_data -> 'action', 'instruction', m.instruction,
           'isHereAlready', t.arrival is not null or t.user_id is not null, 'filledIn', t.data, 'txid', t.provider_data ->> 'txid') as asked,
         case when x.transaction_id is not null then jsonb_build_object('currency', ${currencyJson('xcur')}, 'rate', x.rate::text, 'marketRate', x.market_rate::text,
           'amount', x.amount::text, 'source', x.source, 'sourceTime', x.source_time, 'quotedAt', x.quoted_at, 'expiresAt', x.expires_at, 'fixedAt', x.fixed_at) end as exchange,
         case when m.id is null then null else jsonb_build_object('id', m.id, 'name', m.name, 'caption', m.caption) end as method,
         t.resolution, coalesce(t.why, t.resolution) as why, case when u.id is null then null else jsonb_build_object('id', u.id, 'name', u.name) end as user,
         (select id from application where transaction_id = t.transaction_id order by id desc limit 1) as application_id,
         case when t.type = 'withdrawal' then t.parent_id end as refund_of, ${correctionJson('k')} as correction,
         (select coalesce(jsonb_agg(${evidenceJson('e')} || jsonb_build_object('user', jsonb_build_object('id', eu.id, 'name', eu.name), 'createTime', e.create_time)
            order by e.create_time), '[]') from bank_evidence e join hub_user eu on eu.id = e.user_id where e.transaction_id = t.transaction_id) as evidence,
         t.comment, t.data || t.provider_data as data, t.create_time, t.update_time, t.process_time, t.reference, t.provider_id, t.provider_status, t.needs_human,
         case when t.type = 'deposit' then ${REVERSALS} else '[]' end as reversals
    from money_transaction t
    join currency cur on cur.numeric_code = t.currency
    left join transaction_exchange x on x.transaction_id = t.transaction_id
    left join currency xcur on xcur.numeric_code = x.currency
    left join correction k on k.transaction_id = t.transaction_id
    left join payment_method m on m.id = t.method_id
    left join hub_user u on u.id = t.user_id
   where t.transaction_id = ${anyOf(1)}`;

const ONE = wire('1');
const ZERO = wire('0');

const rowsOf = async (db: Db, ids: readonly number[]): Promise<TransactionRow[]> =>
  (await db.query<TransactionRow>(SELECT, [[...new Set(ids)]])).rows;

/** The commission stands on the side it is taken from: the payer's, or the receiver's when there is no payer of ours. */
const sides = <A>(row: TransactionRow, accounts: Map<number, A>) => {
  const { exchange } = row;
  const onAccount =
    row.type === 'deposit' && exchange
      ? { amount: exchange.amount ?? ZERO, currency: exchange.currency }
      : { amount: wire(row.amount), currency: row.currency };
  const sideOf = (accountId: number | null, commission: string) => {
    const account = accountId === null ? undefined : accounts.get(accountId);
    return account ? { account, ...onAccount, commission } : null;
  };
  const fee = wire(row.vendor_commission);
  return {
    debitDetails: sideOf(row.debit_account_id, fee),
    creditDetails: sideOf(row.credit_account_id, row.debit_account_id === null ? fee : ZERO),
  };
};

const withAccounts = async <A, V>(
  db: Db,
  ids: readonly number[],
  accountsOf: (db: Db, ids: readonly number[]) => Promise<Map<number, A>>,
  view: (row: TransactionRow, accounts: Map<number, A>) => V,
): Promise<Map<number, V>> => {
  const rows = await rowsOf(db, ids);
  const accounts = await accountsOf(
    db,
    rows.flatMap((row) => [row.debit_account_id, row.credit_account_id]).filter((id) => id !== null),
  );
  return new Map(rows.map((row) => [row.transaction_id, view(row, accounts)]));
};

const common = (row: TransactionRow) => ({
  transactionId: row.transaction_id,
  type: row.type,
  status: row.status,
  foreignExchangeRate: row.exchange ? row.exchange.rate : ONE,
  method: row.method,
  resolution: row.resolution,
  data: row.data,
  createTime: isoTime(row.create_time),
  updateTime: isoTimeOrNull(row.update_time),
});

const exchangeOf = ({ amount, currency, exchange }: TransactionRow): z.input<typeof Exchange> | null =>
  exchange && {
    paidAmount: wire(amount),
    paidCurrencyCode: currency.numericCode,
    receivedAmount: exchange.amount,
    receivedCurrencyCode: exchange.currency.numericCode,
    expireTime: isoTimeOrNull(exchange.expiresAt),
    isFixed: exchange.fixedAt !== null,
    rate: exchange.rate,
    marketRate: exchange.marketRate,
    source: exchange.source,
    sourceTime: isoTimeOrNull(exchange.sourceTime),
    quoteTime: isoTimeOrNull(exchange.quotedAt),
    fixTime: isoTimeOrNull(exchange.fixedAt),
  };

/** Of what the provider told and we noted, only what is for the client. */
const forItsOwner = ({ asked: { filledIn, txid, ...asked } }: TransactionRow): MyTransactionView['data'] => {
  const action = clientActionOf(asked);
  return { ...filledIn, ...(txid !== null && { txid }), action };
};

/** On its provider's page the client says where a payout goes: nobody else may open it. */
const forOperators = ({ type, data }: TransactionRow): Record<string, unknown> => {
  if (type !== 'withdrawal') return data;
  const { action: _page, ...others } = data;
  return others;
};

/** Transaction objects by id, read with two queries whatever their number. */
export const transactionViews = (db: Db, ids: readonly number[]): Promise<Map<number, TransactionView>> =>
  withAccounts<AccountView, TransactionView>(db, ids, accountViews, (row, accounts) => ({
    ...common(row),
    ...sides(row, accounts),
    resolution: row.why,
    data: forOperators(row),
    clientId: row.client_id,
    vendorCommission: wire(row.vendor_commission),
    providerCommission: wire(row.provider_commission),
    finalAmount: row.final_amount === null ? null : wire(row.final_amount),
    finalCurrency: row.final_amount === null ? null : (row.exchange ?? row).currency,
    kytStatus: null,
    applicationId: row.application_id,
    refundOf: row.refund_of,
    correction: row.correction,
    user: row.user,
    comment: row.comment,
    evidence: row.evidence.map((one) => ({ ...one, createTime: isoTime(one.createTime) })),
    processTime: isoTimeOrNull(row.process_time),
    exchange: exchangeOf(row),
    reference: row.reference,
    providerId: row.provider_id,
    providerStatus: row.provider_status,
    needsHuman: row.needs_human,
    reversals: row.reversals.map((one) => ({
      ...one,
      createTime: isoTime(one.createTime),
      updateTime: isoTimeOrNull(one.updateTime),
    })),
  }));

export const myTransactionViews = (db: Db, ids: readonly number[]): Promise<Map<number, MyTransactionView>> =>
  withAccounts<MyAccountShortView, MyTransactionView>(db, ids, myShortAccountViews, (row, accounts) => ({
    ...common(row),
    ...sides(row, accounts),
    isCorrection: row.correction !== null,
    data: forItsOwner(row),
    exchange: exchangeOf(row),
  }));

const hidden = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(hidden);
  if (typeof value === 'object' && value !== null) return hiddenMembers(value as Record<string, unknown>);
  return value === null ? null : '*';
};
/** Free-form members may hold anything about a person: all values are hidden. */
export const hiddenMembers = (data: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, hidden(value)]));

/** Why it ended, or needs a person, may be what a colleague wrote, or what a provider says of somebody. */
export const maskTransaction = (view: TransactionView): TransactionView => ({
  ...view,
  data: hiddenMembers(view.data),
  comment: view.comment && '*',
  resolution: view.resolution && '*',
  needsHuman: view.needsHuman && '*',
  correction: view.correction && { ...view.correction, reason: '*' },
  evidence: view.evidence.map((one) => ({ ...maskEvidence(one), user: maskColleague(one.user) })),
  user: view.user && maskColleague(view.user),
  creditDetails: view.creditDetails && { ...view.creditDetails, account: maskAccount(view.creditDetails.account) },
  debitDetails: view.debitDetails && { ...view.debitDetails, account: maskAccount(view.debitDetails.account) },
});
