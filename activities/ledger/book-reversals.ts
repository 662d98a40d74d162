import type { Arrival, Reversal } from '../../adapters/kit/payments.ts';
import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { post } from '../../db/repositories/ledger.ts';
import {
  type CreditedDeposit,
  creditedDeposits,
  goneForGood,
  keepReversal,
  noteBooked,
  type ReversalRow,
} from '../../db/repositories/reversals.ts';
import { depositNamed, paymentNamed, type Settled, settledOf } from '../../db/repositories/settled-payments.ts';
import { setStage } from '../../db/repositories/transactions.ts';
import { clearingCode, exchangeCode, incomeCode, suspenseCode, walletCode } from '../../domain/chart-of-accounts.ts';
import {
  type Amount,
  add,
  atLeastZero,
  compare,
  equal,
  isPositive,
  isZero,
  least,
  round,
  subtract,
  sum,
} from '../../domain/money.ts';
import { feesOf } from '../../domain/provider-fees.ts';
import { convert } from '../../domain/rates.ts';
import type { Activity, Tools } from '../kit/activity.ts';
import { askAboutDoubts } from './ask-about-doubts.ts';
import { bookFees } from './book-fees.ts';

export interface Seen {
  reference: string;
  connectionId: number;
  arrivals: Arrival[];
  reversals: Reversal[];
  /** What a person was asked about, who has not said yet that it is settled. Absent in histories of before. */
  asked?: string[];
}

interface Booked {
  /** What a person has to know. */
  odd: string[];
  /** What he settles with it. Absent in histories of before. */
  toSettle?: string[];
}

/**
 * Follows the provider in what it took back of credited deposits, and in what it gave back after all. The client pays for it, the commission is
 * returned with it; what his wallet does not cover is taken from suspense and told to a person, because he owes it. So are fees that were not known when a
 * deposit was credited, and those of a reversal. Harmless to repeat.
 */
export const bookReversals: Activity<Seen, Booked> = async (seen, { pool, run }) => {
  return inTransaction(pool, async (db) => {
    const settled = await settledOf(db, seen.reference);
    const deposits = await creditedDeposits(db, seen.reference);
    const { odd, toSettle } = await askAboutDoubts(db, seen, deposits, run);
    // Who is still asked about a payment may have settled it already.
    const asked = new Set(seen.asked);
    const howSettled: HowSettled = (paymentId) =>
      settled.get(paymentNamed(paymentId)) ?? (asked.has(paymentNamed(paymentId)) ? 'by hand' : undefined);
    const touched = new Map<CreditedDeposit, { gaveBack: boolean }>();
    const charged: { deposit: CreditedDeposit; told: (Arrival | Reversal)[] }[] = [];
    const toTake: { deposit: CreditedDeposit; told: Reversal }[] = [];
    for (const reversal of [...seen.reversals, ...undonePayments(seen.arrivals, deposits, howSettled)]) {
      const deposit = takenFrom(reversal, deposits, howSettled);
      if (!deposit && !settled.has(named(reversal)) && isOfNobody(reversal, seen.arrivals, howSettled)) {
        odd.push(ofNobody(reversal, seen.reference));
        toSettle.push(named(reversal));
      }
      if (deposit) charged.push({ deposit, told: [reversal] });
      // Booked as a payout; an adapter should not have told of it here.
      if (reversal.kind === 'refund' && deposit?.refunds.includes(reversal.id)) continue;
      const amount = deposit && round(reversal.amount, deposit.currency.minorUnit, 'down');
      if (!deposit || !amount || !isPositive(amount)) continue;
      const told = { ...reversal, amount };
      const row = await keepReversal(db, deposit.transactionId, seen.connectionId, told);
      const gone = row.state !== 'undone';
      // Of a dispute that is lost a part may come back: it is given back whole and taken anew.
      const comesBack = row.booked && !(gone && equal(row.amount, amount));
      touched.set(deposit, { gaveBack: comesBack || touched.get(deposit)?.gaveBack === true });
      if (comesBack) await giveBack(db, deposit, row, run);
      if (comesBack) odd.push(...(await owedNoMore(db, deposit, row, gone ? amount : null)));
      if (gone && (comesBack || !row.booked)) toTake.push({ deposit, told });
    }
    // After all that came back: it can be taken from that.
    for (const { deposit, told } of toTake) {
      const row = await keepReversal(db, deposit.transactionId, seen.connectionId, told);
      if (!row.booked) odd.push(...(await take(db, deposit, row, run)));
    }
    for (const [deposit, { gaveBack }] of touched) odd.push(...(await conclude(db, deposit, gaveBack)));
    for (const deposit of deposits)
      charged.push({ deposit, told: seen.arrivals.filter(({ id }) => deposit.credited.includes(id)) });
    // After the wallets, which are locked first everywhere.
    for (const { deposit, told } of charged) await bookFees(db, deposit, feesOf(told), run);
    // Told when it was booked, and a person's until he says that it is settled.
    for (const { transactionId, why } of await standing(db, deposits)) {
      if (!odd.includes(why)) odd.push(why);
      toSettle.push(depositNamed(transactionId));
    }
    return { odd, toSettle };
  });
};

const standing = async (
  db: Queryable,
  deposits: readonly CreditedDeposit[],
): Promise<{ transactionId: number; why: string }[]> =>
  (
    await db.query<{ transactionId: number; why: string }>(
      `select transaction_id as "transactionId", needs_human as why from money_transaction where transaction_id = any($1) and needs_human is not null`,
      [deposits.map(({ transactionId }) => transactionId)],
    )
  ).rows;

type HowSettled = (paymentId: string) => Settled | undefined;

/**
 * A payment that is named is only taken from the deposit that was credited with it, or from one of which nobody knows what it was credited with; what
 * people settled was no deposit's. Before there is one nothing is taken: once it is credited the provider is asked again.
 */
const takenFrom = (
  { paymentId }: Reversal,
  deposits: readonly CreditedDeposit[],
  howSettled: HowSettled,
): CreditedDeposit | undefined =>
  paymentId
    ? (deposits.find(({ credited }) => credited.includes(paymentId)) ??
      (howSettled(paymentId) ? undefined : deposits.find(({ credited }) => credited.length === 0)))
    : deposits[0];

const named = ({ kind, id }: Reversal): string => `${kind}:${id}`;

/**
 * Neither credited nor on its way. Who rejects a payment has it given back; what was credited by hand must not go unseen, and providers go on telling of
 * the payment itself.
 */
const isOfNobody = ({ paymentId, state }: Reversal, arrivals: readonly Arrival[], howSettled: HowSettled): boolean => {
  if (state === 'undone' || paymentId === undefined) return false;
  const how = howSettled(paymentId);
  return how === undefined ? arrivals.every(({ id }) => id !== paymentId) : how === 'by hand';
};

const ofNobody = ({ kind, amount, paymentId }: Reversal, reference: string): string =>
  `The provider took back ${amount} of payment ${paymentId} of ${reference} (${kind}), and no deposit was credited with it`;

/** Where a provider has no object for it, a payment that was credited or settled by hand and failed later is one that went back. */
const undonePayments = (
  arrivals: readonly Arrival[],
  deposits: readonly CreditedDeposit[],
  howSettled: HowSettled,
): (Reversal & { paymentId: string })[] =>
  arrivals
    .filter((arrival) => {
      const deposit = deposits.find(({ credited }) => credited.includes(arrival.id));
      if (!deposit) return arrival.state === 'failed' && howSettled(arrival.id) === 'by hand';
      return arrival.state === 'failed' || (isThere(arrival) && deposit.undone.includes(arrival.id));
    })
    .map(({ id, state, amount }) => ({
      id: `payment:${id}`,
      kind: 'return',
      state: state === 'failed' ? 'done' : 'undone',
      amount,
      paymentId: id,
    }));

const isThere = ({ state, blocked }: Arrival): boolean => !blocked && (state === 'succeeded' || state === 'review');

const take = async (
  db: Queryable,
  deposit: CreditedDeposit,
  row: ReversalRow,
  run: Tools['run'],
): Promise<string[]> => {
  const { transactionId, net, fee, takenFromClient, takenFromIncome, takenFromSuspense } = deposit;
  const alphabeticCode = accountCurrency(deposit);
  const worth = worthOf(deposit, row.amount);
  const wallet = walletCode(deposit.accountId);
  // Locked, so that it cannot be spent between the look and the posting.
  const { rows } = await db.query<{ available: Amount }>(
    `select trim_scale(balance - held)::text as available from ledger_account where code = $1 for no key update`,
    [wallet],
  );
  // What he owes already he does not owe again; a refund by our own order may have taken more than he got of it: the commission too.
  const owed = least(worth, atLeastZero(subtract(net, add(takenFromClient, takenFromSuspense))));
  const fromClient = least(owed, rows[0]?.available ?? '0');
  const fromIncome = least(subtract(worth, owed), atLeastZero(subtract(fee, takenFromIncome)));
  const fromSuspense = subtract(worth, add(fromClient, fromIncome));
  const parts = { fromClient, fromIncome, fromSuspense };
  const key = `reversal:${row.id}:taken:${row.turns}`;
  await post(db, key, movements(deposit, row, parts));
  await noteBooked(db, row.id, true, parts);
  deposit.takenFromClient = add(takenFromClient, fromClient);
  deposit.takenFromIncome = add(takenFromIncome, fromIncome);
  deposit.takenFromSuspense = add(takenFromSuspense, fromSuspense);
  deposit.taken = add(deposit.taken, row.amount);
  const short = isPositive(fromSuspense)
    ? `The provider took back ${row.amount} ${deposit.currency.alphabeticCode} of deposit ${transactionId} (${row.kind}); ${fromSuspense}${deposit.exchange ? ` ${alphabeticCode}` : ''} of it the client's wallet did not cover`
    : null;
  // What a person was told of an earlier one still holds.
  if (short !== null) await setStage(db, transactionId, deposit.stage, { needsHuman: short });
  await audited(db, 'deposit.reversed', transactionId, { ...parts, kind: row.kind, state: row.state }, run);
  return short === null ? [] : [short];
};

const giveBack = async (
  db: Queryable,
  deposit: CreditedDeposit,
  row: ReversalRow,
  run: Tools['run'],
): Promise<void> => {
  const { transactionId } = deposit;
  const { fromClient, fromIncome, fromSuspense } = row;
  const parts = { fromClient, fromIncome, fromSuspense };
  const back = movements(deposit, row, parts).map(({ from, to, amount }) => ({
    do: 'post' as const,
    from: to,
    to: from,
    amount,
  }));
  await post(db, `reversal:${row.id}:back:${row.turns}`, back);
  await noteBooked(db, row.id, false, { fromClient: '0', fromIncome: '0', fromSuspense: '0' });
  deposit.takenFromClient = subtract(deposit.takenFromClient, fromClient);
  deposit.takenFromIncome = subtract(deposit.takenFromIncome, fromIncome);
  deposit.takenFromSuspense = subtract(deposit.takenFromSuspense, fromSuspense);
  deposit.taken = subtract(deposit.taken, row.amount);
  await audited(db, 'deposit.reversal-undone', transactionId, { ...parts, kind: row.kind }, run);
};

/**
 * A person was told of what the wallet did not cover of the amount of before, which is given back by now. What it does not cover of the new one is told after this. `amount` null: all
 * of it came back.
 */
const owedNoMore = async (
  db: Queryable,
  { transactionId, stage, currency, exchange, takenFromSuspense }: CreditedDeposit,
  { kind, amount: before, fromSuspense }: ReversalRow,
  amount: Amount | null,
): Promise<string[]> => {
  if (!isPositive(fromSuspense)) return [];
  const of = (some: Amount) => `${some} ${currency.alphabeticCode} of deposit ${transactionId} (${kind})`;
  const news = amount === null ? `gave back ${of(before)}` : `took back ${of(amount)}, not ${before}`;
  const odd = `The provider ${news}; the ${fromSuspense}${exchange ? ` ${exchange.currency.alphabeticCode}` : ''} that the client's wallet had not covered are not owed any more${isPositive(takenFromSuspense) ? `, ${takenFromSuspense} of what else was taken back still are` : ''}`;
  await setStage(db, transactionId, stage, { needsHuman: odd });
  return [odd];
};

/** Says of the deposit what all that is booked by now makes of it. */
const conclude = async (db: Queryable, deposit: CreditedDeposit, gaveBack: boolean): Promise<string[]> => {
  const { transactionId, stage, amount } = deposit;
  const whole = compare(await goneForGood(db, transactionId), amount) >= 0;
  if (stage === 'done' && whole)
    await setStage(db, transactionId, 'returned', { resolution: 'The payment was taken back.' });
  if (stage !== 'returned' || whole || !gaveBack) return [];
  const odd = `Deposit ${transactionId} counts as taken back, but the provider gave the money back after all`;
  await setStage(db, transactionId, stage, { needsHuman: odd });
  return [odd];
};

interface Parts {
  fromClient: Amount;
  fromIncome: Amount;
  fromSuspense: Amount;
}

/** The parts back to where the payment came from: straight to the provider, or through the broker's positions when it had changed currency. */
const movements = (deposit: CreditedDeposit, row: ReversalRow, parts: Parts) => {
  const clearing = clearingCode(deposit.connectionId, deposit.currency.alphabeticCode);
  const currency = accountCurrency(deposit);
  const to = deposit.exchange ? exchangeCode(currency) : clearing;
  const changed = { from: exchangeCode(deposit.currency.alphabeticCode), to: clearing, amount: row.amount };
  return [
    { from: walletCode(deposit.accountId), to, amount: parts.fromClient },
    { from: incomeCode(currency), to, amount: parts.fromIncome },
    { from: suspenseCode(currency), to, amount: parts.fromSuspense },
    ...(deposit.exchange ? [changed] : []),
  ]
    .filter(({ amount }) => !isZero(amount)) // one below zero is refused: together they are what went, to the last digit
    .map((one) => ({ do: 'post' as const, ...one }));
};

const accountCurrency = ({ currency, exchange }: CreditedDeposit): string =>
  (exchange ?? { currency }).currency.alphabeticCode;

/**
 * What a part of the payment is worth in the account's currency, at the rate it was credited at. Taken together the parts are worth what the whole was, to
 * the last digit: each gets what is not taken yet.
 */
const worthOf = (
  { exchange, taken, takenFromClient, takenFromIncome, takenFromSuspense }: CreditedDeposit,
  amount: Amount,
): Amount => {
  if (!exchange) return amount;
  const upToNow = convert(add(taken, amount), exchange.rate, exchange.currency.minorUnit);
  const rest = subtract(upToNow, sum([takenFromClient, takenFromIncome, takenFromSuspense]));
  return atLeastZero(rest);
};

const audited = (db: Queryable, action: string, transactionId: number, after: object, run: Tools['run']) =>
  recordAudit(db, { actor: 'workflow', action, object: `transaction:${transactionId}`, after, ...run });
