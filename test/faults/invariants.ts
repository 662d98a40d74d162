import type { SandboxBookEntry } from '../../adapters/kit/sandbox.ts';
import type { Breach as LedgerBreach } from '../../db/repositories/ledger.ts';
import { checkLedger } from '../../db/repositories/ledger.ts';
import { loadApprovalFacts } from '../../db/repositories/orders.ts';
import { approvalsNeeded } from '../../domain/approvals.ts';
import { add, type Amount, compare, equal, negate, normal, subtract, sum } from '../../domain/money.ts';
import { isFinal, type Stage } from '../../domain/stages.ts';
import type { SandboxControl } from '../../sandbox/control.ts';
import { statusOf } from '../kit/runs.ts';
import { bankOf, effective, movements } from './operators.ts';
import { isAboutAccount } from './scenario.ts';
import type { Stack } from './stack.ts';
import type { Telling } from './teller.ts';

/** One thing that must never be, and is. */
export interface Breach {
  invariant: string;
  detail: string;
}

interface Row {
  id: number;
  type: 'deposit' | 'withdrawal' | 'transfer';
  stage: Stage;
  reference: string;
  workflowId: string;
  amount: Amount;
  final: Amount | null;
  commission: Amount;
  /** What the books say its provider kept. */
  providerFee: Amount;
  clientId: number;
  debit: number | null;
  credit: number | null;
  platform: string | null;
  /** Name of the connection it goes through. */
  venue: string | null;
  arrival: string | null;
  arrivalOf: string | null;
  key: string | null;
  methodId: number | null;
  currency: number;
  requestedBy: number | null;
  needsHuman: string | null;
  refundOf: number | null;
  /** Of a deposit: what the provider took back, and how much of that from the client. */
  takenBack: Amount;
  takenFromClient: Amount;
}

const load = async ({ pool }: Stack, clientIds: readonly number[]): Promise<Row[]> =>
  (
    await pool.query<Row>(
      `select t.transaction_id as id, t.type, t.stage, t.reference, t.workflow_id as "workflowId", trim_scale(t.amount)::text as amount,
              trim_scale(t.final_amount)::text as final, trim_scale(t.vendor_commission)::text as commission, trim_scale(fees.paid)::text as "providerFee", t.client_id as "clientId",
              t.debit_account_id as debit, t.credit_account_id as credit, coalesce(pd.connection_id, pc.connection_id)::text as platform, co.name as venue, t.arrival,
              t.provider_data ->> 'arrivalOf' as "arrivalOf", t.idempotency_key as key, t.method_id as "methodId", t.currency, t.user_id as "requestedBy",
              t.needs_human as "needsHuman", case when t.type = 'withdrawal' then t.parent_id end as "refundOf",
              back.amount as "takenBack", back.client as "takenFromClient"
         from money_transaction t left join account ad on ad.account_id = t.debit_account_id left join platform pd on pd.id = ad.platform_id
         left join account ac on ac.account_id = t.credit_account_id left join platform pc on pc.id = ac.platform_id
         left join connection co on co.id = coalesce(t.connection_id, pd.connection_id, pc.connection_id)
         cross join lateral (
           select coalesce(sum(amount), 0)::text as amount, coalesce(sum(from_client), 0)::text as client
             from deposit_reversal r where r.transaction_id = t.transaction_id and r.booked) back
         cross join lateral (
           select coalesce(sum(case when f.id = x.from_account then x.amount else -x.amount end), 0) as paid
             from ledger_transfer x join ledger_account f on f.id in (x.from_account, x.to_account) and f.kind = 'fees'
            where x.operation_key like 'transaction:' || t.transaction_id || ':%') fees
        where t.client_id = any($1) order by t.transaction_id`,
      [clientIds],
    )
  ).rows;

/** Everything that must hold when a run is over, against the providers' own books. Empty = all is well. */
export const checkRun = async (
  stack: Stack,
  tellings: readonly Telling[],
  wereMeddledWith = false,
): Promise<Breach[]> => {
  const breaches: Breach[] = [];
  const breach = (invariant: string, detail: string): void => void breaches.push({ invariant, detail });
  for (const { invariant, subject, detail } of (await checkLedger(stack.pool)) satisfies LedgerBreach[])
    breach(`ledger: ${invariant}`, `${subject}, ${detail}`);
  const rows = await load(
    stack,
    tellings.map(({ client }) => client.clientId),
  );
  const books = new Books(stack);

  for (const telling of tellings) {
    const own = rows.filter(({ clientId }) => clientId === telling.client.clientId);
    if (isAboutAccount(telling.story)) await accounts(stack, telling, breach);
    else orders(telling, own, breach);
    await wallets(stack, telling, own, books, breach);
  }
  for (const row of rows) {
    if (!isFinal(row.stage) && row.needsHuman === null)
      breach('a story ends, or asks for a person', `${row.workflowId} is ${row.stage}`);
    if (row.type === 'withdrawal') payout(row, books, breach);
    else if (row.platform !== null) await platformMove(stack, row, books, breach);
    else if (row.type === 'deposit' && row.arrival === null) deposit(row, rows, books, breach);
  }
  await workflows(stack, rows, wereMeddledWith, breach);
  await approvals(stack, rows, breach);
  await mirrors(stack, tellings, books, breach);
  await overall(stack, books, breach);
  return breaches;
};

/** What the sandboxes have written down, read once. */
class Books {
  private readonly stack: Stack;
  private readonly read = new Map<SandboxControl, SandboxBookEntry[]>();

  constructor(stack: Stack) {
    this.stack = stack;
  }

  /** Null where nobody but people keep books. */
  of(venue: string | null): SandboxBookEntry[] | null {
    const bank = bankOf(this.stack, venue);
    if (bank === null) return null;
    const books = this.read.get(bank) ?? bank.books();
    this.read.set(bank, books);
    return books;
  }
}

const kindOf = ({ refundOf }: Row): 'payout' | 'refund' => (refundOf === null ? 'payout' : 'refund');

const payout = (row: Row, books: Books, breach: Tell): void => {
  const all = books.of(row.venue);
  if (all === null) return;
  const written = effective(movements(all, kindOf(row), row.reference), row.reference);
  const paid = row.stage === 'done';
  if (written.length > 1) breach('one payout at the provider at most', `${row.workflowId}: ${written.length}`);
  if (isFinal(row.stage) && paid !== (written.length === 1))
    breach(
      'paid at the provider if and only if done',
      `${row.workflowId} at ${row.venue} is ${row.stage}, provider has ${written.length}`,
    );
  if (paid && written[0] && !equal(written[0].amount, row.final ?? '0'))
    breach('the provider paid what we booked', `${row.workflowId}: ${written[0].amount}, booked ${row.final}`);
};

const platformMove = async (stack: Stack, row: Row, books: Books, breach: Tell): Promise<void> => {
  const moved = effective(books.of(row.venue)!, row.reference);
  const done = row.stage === 'done';
  const expected = (await isTrading(stack, row.credit)) ? row.amount : negate(row.amount);
  if (moved.length > 1) breach('one balance operation at the platform at most', `${row.workflowId}: ${moved.length}`);
  if (isFinal(row.stage) && done !== (moved.length === 1))
    breach(
      'moved at the platform if and only if done',
      `${row.workflowId} at ${row.venue} is ${row.stage}, platform has ${moved.length}`,
    );
  if (done && moved[0] && !equal(moved[0].amount, expected))
    breach('the platform moved what we booked', `${row.workflowId}: ${moved[0].amount}, booked ${expected}`);
};

/** A deposit with all that came to it later. */
const deposit = (row: Row, rows: readonly Row[], books: Books, breach: Tell): void => {
  const all = books.of(row.venue);
  if (all === null) return;
  const group = rows.filter((one) => one === row || one.arrivalOf === row.reference);
  const credited = sum(
    group
      .filter(({ stage }) => stage === 'done' || stage === 'returned')
      .map(({ amount, takenBack }) => subtract(amount, takenBack)),
  );
  const refunded = sum(
    rows.filter(({ refundOf, stage }) => refundOf === row.id && stage === 'done').map(({ amount }) => amount),
  );
  if (compare(refunded, credited) > 0)
    breach('never more is given back than came', `${row.reference}: ${refunded} of ${credited}`);
  const written = movements(all, 'deposit', row.reference).filter(({ state }) => state !== 'processing');
  const came = sum(effective(written, row.reference).map(({ amount }) => amount));
  if (compare(credited, came) > 0)
    breach('no deposit is credited twice', `${row.reference} at ${row.venue}: credited ${credited}, came ${came}`);
  const refused = group.some(({ stage }) => stage === 'rejected' || !isFinal(stage));
  if (!refused && !equal(credited, came))
    breach('what came is credited', `${row.reference} at ${row.venue}: credited ${credited}, came ${came}`);
  const kept = sum(written.map(({ fee = '0' }) => fee));
  const booked = sum(group.map(({ providerFee }) => providerFee));
  if (!refused && equal(credited, came) && !equal(booked, kept))
    breach('what the provider kept is booked', `${row.reference} at ${row.venue}: booked ${booked}, kept ${kept}`);
};

type Tell = (invariant: string, detail: string) => void;

const isTrading = async ({ pool }: Stack, accountId: number | null): Promise<boolean> =>
  (await pool.query(`select from account where account_id = $1 and ledger_code like 'trading:%'`, [accountId])).rows
    .length > 0;

/** One key is one order; an order that was answered with success exists. */
const orders = ({ story, orders: sent }: Telling, rows: readonly Row[], breach: Tell): void => {
  for (const { key, answers } of sent) {
    const made = rows.filter((row) => row.key === key);
    const heard = new Set(answers.map(({ status }) => status));
    if (made.length > 1) breach('one key is one order', `${story.name}: ${made.length} transactions`);
    if (answers.some(({ status }) => status >= 200 && status < 300) && made.length === 0)
      breach('an accepted order exists', `${story.name}: answered ${[...heard].join(', ')}`);
    const refused = answers.length > 0 && answers.every(({ status }) => status >= 400 && status < 500);
    if (refused && made.some(({ stage }) => stage === 'done' || stage === 'returned'))
      breach('what was done was not refused', `${story.name}: answered ${[...heard].join(', ')}`);
    if (answers.some(({ status }) => status === 0 || status >= 500))
      breach('an order is answered once the hub is well', `${story.name}: ${[...heard].join(', ')}`);
    if (heard.size > 1) breach('every repeat hears the same', `${story.name}: ${[...heard].join(', ')}`);
  }
};

/** One key is one account, or one change, which is over; an account is open, and set as its changes say. */
const accounts = async ({ pool }: Stack, { story, client, orders: sent }: Telling, breach: Tell): Promise<void> => {
  const { rows: found } = await pool.query<{ id: number; status: string; login: string | null; leverage: number }>(
    `select account_id as id, status, account_number as login, leverage from account where client_id = $1 and ledger_code like 'trading:%'`,
    [client.clientId],
  );
  for (const { id, status, login } of found)
    if (status !== 'active' || login === null)
      breach('an account that was ordered is open', `${story.name}: account ${id} is ${status}`);
  const { rows: changes } = await pool.query<{ key: string; state: string; leverage: number }>(
    `select idempotency_key as key, state, (wanted ->> 'leverage')::integer as leverage from account_change where client_id = $1`,
    [client.clientId],
  );
  const made = story.kind === 'open-account' ? found.length : changes.length;
  if (made !== sent.length) breach('one key is one account, or one change of it', `${story.name}: ${made}`);
  for (const { state, leverage } of changes) {
    if (state !== 'done' && state !== 'withdrawn') breach('a change is made', `${story.name}: ${state}`);
    if (state === 'done' && found[0]?.leverage !== leverage)
      breach('an account is as it was changed', `${story.name}: ${found[0]?.leverage}, wanted ${leverage}`);
  }
  const heard = sent.flatMap(({ answers }) => answers.map(({ status }) => status));
  if (heard.some((status) => status < 200 || status >= 300))
    breach('an order is answered once the hub is well', `${story.name}: ${heard.join(', ')}`);
};

/** Nothing is held any more, and the balance is what the transactions say. */
const wallets = async (
  { pool }: Stack,
  { story, client }: Telling,
  rows: readonly Row[],
  books: Books,
  breach: Tell,
): Promise<void> => {
  const open = rows.some(({ stage }) => !isFinal(stage));
  for (const accountId of [
    client.wallet,
    ...(client.other !== null && story.kind === 'between-wallets' ? [client.other] : []),
  ]) {
    const { rows: found } = await pool.query<{ balance: string; held: string }>(
      `select trim_scale(balance)::text as balance, trim_scale(held)::text as held from ledger_account where code = $1`,
      [`wallet:${accountId}`],
    );
    const { balance, held } = found[0]!;
    if (!open && held !== '0') breach('finished stories hold nothing', `${story.name}: ${held} held`);
    let expected = accountId === client.wallet ? client.initial : '0';
    for (const row of rows) {
      const settled = row.stage === 'done' || row.stage === 'returned';
      if (!settled) continue;
      const charged =
        row.type === 'withdrawal' ? min(add(row.final ?? '0', row.commission), row.amount) : (row.final ?? '0');
      if (row.debit === accountId) expected = subtract(expected, charged);
      if (row.credit === accountId) expected = add(expected, subtract(row.final ?? '0', row.takenFromClient));
      if (row.stage === 'returned' && row.debit === accountId)
        expected = add(
          expected,
          sum(movements(books.of(row.venue)!, kindOf(row), row.reference).map(({ amount }) => amount)),
        );
    }
    if (!equal(balance, expected))
      breach('a wallet has what its transactions say', `${story.name}: ${balance}, expected ${normal(expected)}`);
  }
};

const min = (a: Amount, b: Amount): Amount => (compare(a, b) < 0 ? a : b);

/** Closed exactly when the story is over; no run has failed or hangs in a task that fails for ever. */
const workflows = async (
  { client }: Stack,
  rows: readonly Row[],
  wereMeddledWith: boolean,
  breach: Tell,
): Promise<void> => {
  await Promise.all(
    rows.map(async ({ workflowId, stage }) => {
      const status = await statusOf(client, workflowId);
      // Somebody may have ended it in the moment in which it had booked all.
      const ended = wereMeddledWith && isFinal(stage) && status === 'TERMINATED';
      const expected = isFinal(stage) ? 'COMPLETED' : 'RUNNING';
      if (!ended && status !== expected)
        breach('a run is closed when its story is over', `${workflowId} is ${status}, its transaction ${stage}`);
    }),
  );
};

/** As many different persons as the policy asks, never the requester. */
const approvals = async ({ pool }: Stack, rows: readonly Row[], breach: Tell): Promise<void> => {
  // The campaign's clients have no tags.
  const { policies } = await loadApprovalFacts(pool, { clientId: 0, connectionId: null });
  const { rows: given } = await pool.query<{ id: number; user: number; purpose: string }>(
    `select a.transaction_id as id, d.user_id as user, a.purpose from application_decision d join application a on a.id = d.application_id
      where d.decision = 'approve' and a.transaction_id = any($1)`,
    [rows.map(({ id }) => id)],
  );
  for (const row of rows.filter(({ stage }) => stage === 'done' || stage === 'returned')) {
    const by = new Set(given.filter(({ id }) => id === row.id).map(({ user }) => user));
    const needed = approvalsNeeded(policies, {
      kind: row.type,
      currency: row.currency,
      methodId: row.methodId,
      tagIds: [],
      amount: row.amount,
    });
    if (by.size < needed)
      breach('approved by as many as the policy asks', `${row.workflowId}: ${by.size} of ${needed}`);
    if (row.requestedBy !== null && by.has(row.requestedBy)) breach('nobody approves his own request', row.workflowId);
  }
};

/** What the platform has of us, and what our books say it has. */
const mirrors = async ({ pool }: Stack, tellings: readonly Telling[], books: Books, breach: Tell): Promise<void> => {
  const { rows } = await pool.query<{ login: string; mirror: string; venue: string }>(
    `select a.account_number as login, trim_scale(l.balance)::text as mirror, co.name as venue
       from account a join ledger_account l on l.code = a.ledger_code join platform p on p.id = a.platform_id join connection co on co.id = p.connection_id
      where a.client_id = any($1) and a.ledger_code like 'trading:%' and a.account_number is not null`,
    [tellings.map(({ client }) => client.clientId)],
  );
  for (const { login, mirror, venue } of rows) {
    const there = sum(
      books
        .of(venue)!
        .filter(({ account }) => account === login)
        .map(({ amount }) => amount),
    );
    if (!equal(there, mirror))
      breach('the trading mirror equals the platform', `account ${login} at ${venue}: ${there}, mirror ${mirror}`);
  }
};

/** Over the whole campaign. */
const overall = async ({ pool }: Stack, books: Books, breach: Tell): Promise<void> => {
  const { rows } = await pool.query<{ venue: string; provider: string; paid: string }>(
    `select min(co.name) as venue, co.provider, trim_scale(sum(final_amount))::text as paid
       from money_transaction t join connection co on co.id = t.connection_id
      where t.type = 'withdrawal' and t.stage = 'done' and t.parent_id is null group by co.provider`,
  );
  for (const { venue, provider, paid } of rows) {
    const all = books.of(venue);
    if (all === null) continue;
    const there = sum(
      all.filter(({ kind, state }) => kind === 'payout' && state !== 'returned').map(({ amount }) => amount),
    );
    if (!equal(paid, there))
      breach("all payouts equal the provider's books", `${provider}: booked ${paid}, provider ${there}`);
  }
};
