import { randomBytes } from 'node:crypto';
import type { Arrival } from '../../adapters/kit/payments.ts';
import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { keepExchange } from '../../db/repositories/exchanges.ts';
import { loadMethodFacts } from '../../db/repositories/orders.ts';
import { paymentNamed, settle, settledOf } from '../../db/repositories/settled-payments.ts';
import { commissionOn } from '../../domain/commissions.ts';
import { isPositive, round } from '../../domain/money.ts';
import { referenceFrom } from '../../domain/references.ts';
import { isFinal, type Stage } from '../../domain/stages.ts';
import type { Activity, Tools } from '../kit/activity.ts';

export interface Registered {
  /** Deposits whose run is not known to have started. */
  created: number[];
  /** Payments that cannot become a deposit by themselves. */
  odd: string[];
  /** What a person settles with them. Absent in histories of before. */
  toSettle?: string[];
}

interface Target {
  clientId: number;
  accountId: number;
  methodId: number;
  connectionId: number;
  /** What is paid in, and what the account is kept in. */
  currency: number;
  accountCurrency: number;
  minorUnit: number;
  /** The deposit these payments were meant for, when it is one that ended. */
  parentId: number | null;
  /** Payments that deposit was credited with itself. */
  credited: string[];
  /** Why nobody gets it by itself any more. */
  closed: string | null;
  /** For the audit. */
  object: string;
}

/** Nobody has said that the money shall not be credited. */
const ENDED_WITHOUT_IT: readonly Stage[] = ['failed', 'cancelled', 'expired'];

/**
 * Turns payments nobody asked for into deposits: one row for each payment of the provider, however often it is told. Answers
 * those whose workflow is not known to run; those that wait for their payment hear that there is news of it: providers tell of the address, or of the
 * deposit it came late for.
 */
export const registerArrivals: Activity<{ reference: string; arrivals: Arrival[] }, Registered> = async (
  { reference, arrivals: told },
  { pool, run, steer },
) => {
  const { waiting, ...registered } = await inTransaction(
    pool,
    async (db): Promise<Registered & { waiting: number[] }> => {
      const settled = await settledOf(db, reference);
      const arrivals = told.filter(({ id }) => !settled.has(paymentNamed(id)));
      const target = (await addressTarget(db, reference)) ?? (await depositTarget(db, reference));
      // Its run was ended from outside: who goes on with it asks the provider himself.
      if (!target && (await isUnderWay(db, reference))) return { created: [], odd: [], toSettle: [], waiting: [] };
      if (!target) {
        const toSettle = arrivals.filter(({ state }) => state !== 'failed').map(({ id }) => paymentNamed(id));
        const odd = toSettle.length > 0 ? [`payments for ${reference}, which is nobody's`] : [];
        return { created: [], odd, toSettle, waiting: [] };
      }
      const method = await loadMethodFacts(db, target.methodId);
      const rule = method?.commissions.find((one) => one.numericCode === target.currency);
      // The commission of what changes currency is known with its rate.
      const changes = target.currency !== target.accountCurrency;
      const created: number[] = [];
      const odd: string[] = [];
      const toSettle: string[] = [];
      const waiting: number[] = [];
      const ask = ({ id }: Arrival, why: string) => {
        odd.push(why);
        toSettle.push(paymentNamed(id));
      };
      const askIfFrozen = ({ id, amount, blocked }: Arrival, deposit: number) => {
        const frozen = `blocked:${id}`;
        if (!blocked || settled.has(frozen)) return;
        odd.push(
          `payment ${id} of ${amount}, with which deposit ${deposit} was credited, is kept back by the provider`,
        );
        toSettle.push(frozen);
      };
      for (const arrival of arrivals) {
        const amount = round(arrival.amount, target.minorUnit, 'down');
        // One that failed may still come: it becomes a deposit then.
        if (arrival.state === 'failed') continue;
        if (target.credited.includes(arrival.id)) {
          askIfFrozen(arrival, target.parentId!);
          continue;
        }
        const isThere = arrival.state === 'succeeded' || arrival.state === 'review';
        if (arrival.currencyCode === target.currency && isPositive(arrival.amount) && !isPositive(amount)) {
          // Less than our books can hold, so there is nothing to settle: it is to be seen in the audit, once. Nobody gets it, so it may go back unseen.
          const isNew = isThere && (await settle(db, reference, [paymentNamed(arrival.id)], 'rejected')).length > 0;
          if (isNew) await audited(db, 'deposit.dust', target.object, arrival, run);
          continue;
        }
        if (arrival.currencyCode !== target.currency || !isPositive(amount)) {
          // Unconfirmed payments may have no amount yet; one that is final and has none, or another currency, needs a person.
          if (isThere) ask(arrival, `payment ${arrival.id} of ${arrival.amount} in currency ${arrival.currencyCode}`);
          continue;
        }
        const why =
          target.closed ??
          (target.parentId === null ? null : `A payment for deposit ${target.parentId}, which is over`);
        const { rows } = await db.query<{ id: number; stage: Stage; started: boolean; fresh: boolean }>(
          `insert into money_transaction (type, stage, status, client_id, credit_account_id, currency, amount, vendor_commission, method_id, connection_id,
                reference, provider_data, arrival, parent_id)
         values ('deposit', 'seen', 'inProgress', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (arrival) do update set arrival = excluded.arrival
         returning transaction_id as id, stage, workflow_started as started, xmax = 0 as fresh`,
          [
            target.clientId,
            target.accountId,
            target.currency,
            amount,
            changes ? '0' : commissionOn(amount, rule, target.minorUnit),
            target.methodId,
            target.connectionId,
            referenceFrom(randomBytes(12)),
            { arrivalOf: reference, arrivalWhy: why, txid: arrival.txHash ?? null },
            `${target.connectionId}:${arrival.id}`,
            target.parentId,
          ],
        );
        const row = rows[0]!;
        if (changes) await keepExchange(db, row.id, target.accountCurrency, null);
        if (!row.started) created.push(row.id);
        else if (isThere && waitsFor(row.stage, arrival, why)) waiting.push(row.id);
        if (row.stage === 'done') askIfFrozen(arrival, row.id);
        if (isThere && ENDED_WITHOUT_IT.includes(row.stage))
          ask(arrival, `payment ${arrival.id} of ${amount}, whose deposit ${row.id} ended as ${row.stage}`);
        if (row.fresh) await audited(db, 'deposit.arrived', `transaction:${row.id}`, { ...arrival, amount }, run);
      }
      return { created, odd, toSettle, waiting };
    },
  );
  for (const transactionId of waiting)
    await steer.news({
      workflowId: `deposit:${transactionId}`,
      type: 'deposit',
      transactionId,
      webhookId: 'none',
      said: 'its payment is there',
    });
  return registered;
};

/** Whoever is asked about a payment is not asked anew because the provider tells the same once more. */
const waitsFor = (stage: Stage, { state, blocked }: Arrival, why: string | null): boolean =>
  !isFinal(stage) && (stage !== 'review' || (why === null && !blocked && state === 'succeeded'));

const audited = (db: Queryable, action: string, object: string, { id, amount }: Arrival, run: Tools['run']) =>
  recordAudit(db, { actor: 'workflow', action, object, after: { amount, payment: id }, ...run });

const CLOSED = `case when client.status = 'deleted' then 'Its client was deleted' when a.status <> 'active' then 'Its account is ' || a.status end`;

const isUnderWay = async (db: Queryable, reference: string): Promise<boolean> =>
  (await db.query(`select from money_transaction where reference = $1 and type = 'deposit'`, [reference])).rowCount ===
  1;

const addressTarget = async (db: Queryable, reference: string): Promise<Target | undefined> => {
  const { rows } = await db.query<Target>(
    `select d.client_id as "clientId", d.account_id as "accountId", d.method_id as "methodId", d.connection_id as "connectionId", d.currency,
            a.currency as "accountCurrency", c.minor_unit as "minorUnit", null::integer as "parentId", '{}'::text[] as credited,
            ${CLOSED} as closed, 'deposit-address:' || d.id as object
       from deposit_address d join currency c on c.numeric_code = d.currency join account a on a.account_id = d.account_id
       join client on client.client_id = d.client_id where d.reference = $1`,
    [reference],
  );
  return rows[0];
};

/** Only a deposit that is over takes further payments this way; what it was credited with itself is known by its own reference. */
const depositTarget = async (db: Queryable, reference: string): Promise<Target | undefined> => {
  const { rows } = await db.query<Target>(
    `select t.client_id as "clientId", t.credit_account_id as "accountId", t.method_id as "methodId", t.connection_id as "connectionId", t.currency,
            a.currency as "accountCurrency", c.minor_unit as "minorUnit", t.transaction_id as "parentId",
            coalesce(array(select jsonb_array_elements_text(t.provider_data -> 'credited')), '{}') as credited,
            ${CLOSED} as closed, 'transaction:' || t.transaction_id as object
       from money_transaction t join currency c on c.numeric_code = t.currency join account a on a.account_id = t.credit_account_id
       join client on client.client_id = t.client_id
      where t.reference = $1 and t.type = 'deposit' and t.process_time is not null`,
    [reference],
  );
  return rows[0];
};
