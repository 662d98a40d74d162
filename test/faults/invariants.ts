import type { Breach as LedgerBreach } from '../../db/repositories/ledger.ts';
import { checkLedger } from '../../db/repositories/ledger.ts';
import { loadApprovalFacts } from '../../db/repositories/orders.ts';
import { approvalsNeeded } from '../../domain/approvals.ts';
import { add, type Amount, compare, equal, negate, normal, subtract, sum } from '../../domain/money.ts';
import { isFinal, type Stage } from '../../domain/stages.ts';
import { effective } from './operators.ts';
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
  clientId: number;
  debit: number | null;
  credit: number | null;
  platform: string | null;
  provider: string | null;
  arrival: string | null;
  arrivalOf: string | null;
  key: string | null;
  methodId: number | null;
  currency: number;
  requestedBy: number | null;
  needsHuman: string | null;
}

const load = async ({ pool }: Stack, clientIds: readonly number[]): Promise<Row[]> =>
  (
    await pool.query<Row>(
      `select t.transaction_id as id, t.type, t.stage, t.reference, t.workflow_id as "workflowId", trim_scale(t.amount)::text as amount,
              trim_scale(t.final_amount)::text as final, trim_scale(t.vendor_commission)::text as commission, t.client_id as "clientId",
              t.debit_account_id as debit, t.credit_account_id as credit, coalesce(pd.connection_id, pc.connection_id)::text as platform, m.provider, t.arrival,
              t.provider_data ->> 'arrivalOf' as "arrivalOf", t.idempotency_key as key, t.method_id as "methodId", t.currency, t.user_id as "requestedBy",
              t.needs_human as "needsHuman"
         from money_transaction t left join payment_method m on m.id = t.method_id
         left join account ad on ad.account_id = t.debit_account_id left join platform pd on pd.id = ad.platform_id
         left join account ac on ac.account_id = t.credit_account_id left join platform pc on pc.id = ac.platform_id
        where t.client_id = any($1) order by t.transaction_id`,
      [clientIds],
    )
  ).rows;

/** Everything that must hold when a run is over, against the providers' own books. Empty = all is well. */
export const checkRun = async (stack: Stack, tellings: readonly Telling[]): Promise<Breach[]> => {
  const breaches: Breach[] = [];
  const breach = (invariant: string, detail: string): void => void breaches.push({ invariant, detail });
  for (const { invariant, subject, detail } of (await checkLedger(stack.pool)) satisfies LedgerBreach[])
    breach(`ledger: ${invariant}`, `${subject}, ${detail}`);
  const rows = await load(
    stack,
    tellings.map(({ client }) => client.clientId),
  );
  const books = { b2binpay: stack.sandbox('b2binpay').books(), mt5: stack.sandbox('mt5').books() };

  for (const telling of tellings) {
    const own = rows.filter(({ clientId }) => clientId === telling.client.clientId);
    orders(telling, own, breach);
    await wallets(stack, telling, own, books.b2binpay, breach);
  }
  for (const row of rows) {
    if (!isFinal(row.stage) && row.needsHuman === null)
      breach('a story ends, or asks for a person', `${row.workflowId} is ${row.stage}`);
    const written = effective(books.b2binpay, row.reference);
    if (row.type === 'withdrawal' && row.provider === 'b2binpay') {
      const paid = row.stage === 'done';
      if (written.length > 1) breach('one payout at the provider at most', `${row.workflowId}: ${written.length}`);
      if (isFinal(row.stage) && paid !== (written.length === 1))
        breach(
          'paid at the provider if and only if done',
          `${row.workflowId} is ${row.stage}, provider has ${written.length}`,
        );
      if (paid && written[0] && !equal(written[0].amount, row.final ?? '0'))
        breach('the provider paid what we booked', `${row.workflowId}: ${written[0].amount}, booked ${row.final}`);
    }
    if (row.type === 'transfer' && row.platform !== null) {
      const moved = effective(books.mt5, row.reference);
      const done = row.stage === 'done';
      const expected = row.platform && (await isTrading(stack, row.credit)) ? row.amount : negate(row.amount);
      if (moved.length > 1)
        breach('one balance operation at the platform at most', `${row.workflowId}: ${moved.length}`);
      if (isFinal(row.stage) && done !== (moved.length === 1))
        breach(
          'moved at the platform if and only if done',
          `${row.workflowId} is ${row.stage}, platform has ${moved.length}`,
        );
      if (done && moved[0] && !equal(moved[0].amount, expected))
        breach('the platform moved what we booked', `${row.workflowId}: ${moved[0].amount}, booked ${expected}`);
    }
    if (row.type === 'deposit' && row.provider === 'b2binpay' && row.arrival === null) {
      const group = rows.filter((one) => one === row || one.arrivalOf === row.reference);
      const credited = sum(group.filter(({ stage }) => stage === 'done').map(({ amount }) => amount));
      const came = sum(written.filter(({ state }) => state === 'succeeded').map(({ amount }) => amount));
      if (compare(credited, came) > 0)
        breach('no deposit is credited twice', `${row.reference}: credited ${credited}, came ${came}`);
      const refused = group.some(({ stage }) => stage === 'rejected' || !isFinal(stage));
      if (!refused && !equal(credited, came))
        breach('what came is credited', `${row.reference}: credited ${credited}, came ${came}`);
    }
  }
  await workflows(stack, rows, breach);
  await approvals(stack, rows, breach);
  await mirrors(stack, tellings, books.mt5, breach);
  await overall(stack, books.b2binpay, breach);
  return breaches;
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
    if (answers.some(({ status }) => status === 0 || status >= 500))
      breach('an order is answered once the hub is well', `${story.name}: ${[...heard].join(', ')}`);
    if (heard.size > 1) breach('every repeat hears the same', `${story.name}: ${[...heard].join(', ')}`);
  }
};

/** Nothing is held any more, and the balance is what the transactions say. */
const wallets = async (
  { pool }: Stack,
  { story, client }: Telling,
  rows: readonly Row[],
  books: Parameters<typeof effective>[0],
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
      if (row.credit === accountId) expected = add(expected, row.final ?? '0');
      if (row.stage === 'returned' && row.debit === accountId)
        expected = add(
          expected,
          sum(books.filter((entry) => entry.reference === row.reference).map(({ amount }) => amount)),
        );
    }
    if (!equal(balance, expected))
      breach('a wallet has what its transactions say', `${story.name}: ${balance}, expected ${normal(expected)}`);
  }
};

const min = (a: Amount, b: Amount): Amount => (compare(a, b) < 0 ? a : b);

/** Closed exactly when the story is over; no run has failed or hangs in a task that fails for ever. */
const workflows = async ({ client }: Stack, rows: readonly Row[], breach: Tell): Promise<void> => {
  await Promise.all(
    rows.map(async ({ workflowId, stage }) => {
      const status = await client.workflow
        .getHandle(workflowId)
        .describe()
        .then(
          (description) => description.status.name,
          () => 'absent',
        );
      const expected = isFinal(stage) ? 'COMPLETED' : 'RUNNING';
      if (status !== expected)
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
      amount: row.type === 'deposit' && row.arrival === null && row.provider === 'manual' ? row.amount : row.amount,
    });
    if (by.size < needed)
      breach('approved by as many as the policy asks', `${row.workflowId}: ${by.size} of ${needed}`);
    if (row.requestedBy !== null && by.has(row.requestedBy)) breach('nobody approves his own request', row.workflowId);
  }
};

/** What the platform has of us, and what our books say it has. */
const mirrors = async (
  { pool }: Stack,
  tellings: readonly Telling[],
  books: ReturnType<ReturnType<Stack['sandbox']>['books']>,
  breach: Tell,
): Promise<void> => {
  const { rows } = await pool.query<{ login: string; mirror: string }>(
    `select a.account_number as login, trim_scale(l.balance)::text as mirror from account a join ledger_account l on l.code = a.ledger_code
      where a.client_id = any($1) and a.ledger_code like 'trading:%' and a.account_number is not null`,
    [tellings.map(({ client }) => client.clientId)],
  );
  for (const { login, mirror } of rows) {
    const there = sum(books.filter(({ account }) => account === login).map(({ amount }) => amount));
    if (!equal(there, mirror))
      breach('the trading mirror equals the platform', `account ${login}: ${there}, mirror ${mirror}`);
  }
};

/** Over the whole campaign. */
const overall = async (
  { pool }: Stack,
  books: ReturnType<ReturnType<Stack['sandbox']>['books']>,
  breach: Tell,
): Promise<void> => {
  const { rows } = await pool.query<{ paid: string | null }>(
    `select trim_scale(sum(final_amount))::text as paid from money_transaction t join payment_method m on m.id = t.method_id
      where t.type = 'withdrawal' and t.stage = 'done' and m.provider = 'b2binpay'`,
  );
  const there = sum(
    books.filter(({ kind, state }) => kind === 'payout' && state !== 'returned').map(({ amount }) => amount),
  );
  if (!equal(rows[0]?.paid ?? '0', there))
    breach("all payouts equal the provider's books", `booked ${rows[0]?.paid}, provider ${there}`);
};
