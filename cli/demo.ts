/**
 * `npm run demo`: against a running hub in embedded mode, walks one client through deposit, approval, transfer to the trading
 * account, payout with approval, and a lost reply that is resolved by asking. Every step prints its run in Temporal UI.
 */
import { randomBytes } from 'node:crypto';
import { settingsOrExit } from '../config/settings.ts';
import type { Breach } from '../db/repositories/ledger.ts';
import { ask } from './demo/ask.ts';
import { HubApi } from './demo/hub-api.ts';
import { demoOperators } from './demo/operators.ts';

const settings = settingsOrExit();
const say = (text: string): void => void process.stdout.write(`${text}\n`);
if (settings.hubMode !== 'embedded') {
  say('The demo needs a hub in embedded mode: it uses the development-only client token and the sandboxes.');
  process.exit(1);
}
const anonymous = new HubApi(settings.publicUrl);
let step = 0;
const done = (what: string, workflowId?: string): void => {
  say(`${String(++step).padStart(2)}. ${what}`);
  if (workflowId)
    say(
      `    ${settings.temporalUiUrl}/namespaces/${settings.temporalNamespace}/workflows/${encodeURIComponent(workflowId)}`,
    );
};

interface Transaction {
  transactionId: number;
  status: string;
  applicationId: number | null;
}
interface Account {
  accountId: number;
  accountNumber: string;
  statement: { availableBalance: string; hold: string };
}

const { olga, boris, leave } = await demoOperators(settings, anonymous);
try {
  await tell();
} catch (error) {
  say(`\nThe demo stopped: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await leave();
}

async function tell(): Promise<void> {
  const { clientId } = await olga.post<{ clientId: number }>('/clients', {
    email: `ann-${randomBytes(4).toString('hex')}@example.com`,
    firstName: 'Ann',
    lastName: 'Lee',
  });
  const { accessToken } = await olga.post<{ accessToken: { token: string } }>('/dev/client-token', { clientId });
  const ann = anonymous.as(accessToken.token);
  done(`Client ${clientId} is there.`);

  const products = await productCurrencies();
  const open = (product: string, currency: string) =>
    ann.post<Account>('/my/accounts', {
      productCurrencyId: products.get(`${product} ${currency}`),
      ...(product === 'mt5-live' ? { leverage: '100' } : {}),
    });
  const dollars = await open('wallet', 'USD');
  const tether = await open('wallet', 'USDT');
  const trading = await open('mt5-live', 'USD');
  done(`Two wallets and MT5 account ${trading.accountNumber} are open.`, `open-account:${trading.accountId}`);

  const bank = await method('deposit', 'bank-transfer');
  const byBank = await ann.post<{ data: { transaction: Transaction } }>('/my/deposits/sync', {
    accountId: dollars.accountId,
    methodId: bank,
    currencyCode: 840,
    amount: 1000,
  });
  const bankDeposit = byBank.data.transaction;
  done('A bank deposit of 1000 USD waits for somebody to see the money.', `deposit:${bankDeposit.transactionId}`);
  await approve(bankDeposit.transactionId, olga, {
    evidence: { bankReference: `STMT-${randomBytes(4).toString('hex')}`, valueDate: '2026-11-20' },
  });
  await reaches(ann, bankDeposit.transactionId, 'done');
  done('An operator found it on the bank statement: credited.');

  const page = await method('deposit', 'usdt-invoice');
  const invoice = await ann.post<{ data: { transaction: Transaction; redirect: { url: string } } }>(
    '/my/deposits/sync',
    {
      accountId: tether.accountId,
      methodId: page,
      currencyCode: 2145,
      amount: 500,
    },
  );
  done(
    `A crypto deposit of 500 USDT waits at ${invoice.data.redirect.url}`,
    `deposit:${invoice.data.transaction.transactionId}`,
  );
  await control('pay', await referenceOf(invoice.data.transaction.transactionId));
  await reaches(ann, invoice.data.transaction.transactionId, 'done');
  done('The client paid there, the callback came, the money is credited.');

  const transfer = await ann.post<Transaction>('/my/transfers', {
    amount: '250.00',
    sourceAccountId: dollars.accountId,
    destinationAccountId: trading.accountId,
    isInternal: false,
  });
  await reaches(ann, transfer.transactionId, 'done');
  done(
    '250 USD moved to the trading account: hold, balance operation on MT5, capture.',
    `transfer:${transfer.transactionId}`,
  );

  const payout = await withdraw(ann, tether.accountId, 100);
  done('A payout of 100 USDT is held and waits for approval.', `payout:${payout}`);
  await approve(payout, olga);
  await reaches(ann, payout, 'done');
  done('Approved, sent, confirmed, captured.');

  await faulty({
    match: { method: 'POST', path: '/payout/', body: '"type":"payout"' },
    kind: 'reset_after_commit',
    times: 1,
  });
  const lost = await withdraw(ann, tether.accountId, 50);
  await approve(lost, boris);
  done('A payout of 50 USDT: the provider pays, and its answer is lost.', `payout:${lost}`);
  await reaches(ann, lost, 'done');
  const reference = await referenceOf(lost);
  const books = (await (await fetch(`${settings.sandboxUrl}/b2binpay/__sandbox/books`)).json()) as {
    kind: string;
    reference: string;
  }[];
  const paid = books.filter((entry) => entry.kind === 'payout' && entry.reference === reference).length;
  done(`The hub asked instead of repeating: the provider's books show ${paid} payout.`);
  if (paid !== 1) throw new Error(`expected one payout in the provider's books, found ${paid}`);

  const left = await ann.get<{ data: Account[] }>('/my/accounts');
  say('');
  for (const account of left.data)
    say(
      `    account ${account.accountNumber}: ${account.statement.availableBalance} available, ${account.statement.hold} held`,
    );
  const breaches = await ask<Breach>(settings, `select * from ledger_check()`);
  done(`Ledger check: ${breaches.length} breaches.`);
  if (breaches.length > 0)
    throw new Error(breaches.map((breach) => `${breach.invariant}: ${breach.subject}`).join('; '));
}

async function withdraw(ann: HubApi, accountId: number, amount: number): Promise<number> {
  const answer = await ann.post<{ data: { transaction: Transaction } }>('/my/withdrawals', {
    accountId,
    methodId: await method('withdrawal', 'usdt-payout'),
    amount,
    currencyCode: 2145,
    data: { address: 'TXYZdemoaddress000000000000000001' },
  });
  return answer.data.transaction.transactionId;
}

async function approve(transactionId: number, by: HubApi, body: Record<string, unknown> = {}): Promise<void> {
  const { data } = await by.get<{ data: { id: number; data: { transactionId: number } }[] }>(
    '/applications?filter[statusId]=0&limit=1000',
  );
  const request = data.find((one) => one.data.transactionId === transactionId);
  if (!request) throw new Error(`no request waits for transaction ${transactionId}`);
  await by.post(`/applications/${request.id}/approve`, body);
}

async function reaches(ann: HubApi, transactionId: number, status: string): Promise<void> {
  const until = Date.now() + 60_000;
  for (;;) {
    const now = await ann.get<Transaction>(`/my/transactions/${transactionId}`);
    if (now.status === status) return;
    if (['failed', 'rejected', 'cancelled', 'holdFailed'].includes(now.status) || Date.now() > until) {
      throw new Error(`transaction ${transactionId} is ${now.status}, not ${status}`);
    }
    await new Promise((next) => setTimeout(next, 200));
  }
}

async function method(direction: 'deposit' | 'withdrawal', name: string): Promise<number> {
  return (
    await row<{ id: number }>(`select id from payment_method where direction = $1 and name = $2`, [direction, name])
  ).id;
}

async function referenceOf(transactionId: number): Promise<string> {
  return (
    await row<{ reference: string }>(`select reference from money_transaction where transaction_id = $1`, [
      transactionId,
    ])
  ).reference;
}

async function productCurrencies(): Promise<Map<string, number>> {
  const rows = await ask<{ name: string; id: number }>(
    settings,
    `select p.name || ' ' || c.alphabetic_code as name, pc.id from product_currency pc join product p on p.id = pc.product_id join currency c on c.numeric_code = pc.currency`,
  );
  return new Map(rows.map(({ name, id }) => [name, id]));
}

async function row<T extends object>(sql: string, values: unknown[]): Promise<T> {
  const [found] = await ask<T>(settings, sql, values);
  if (!found) throw new Error('the demo data is missing: was the hub started with `npm start`?');
  return found;
}

async function control(action: 'pay', id: string): Promise<void> {
  await sandbox(`${action}/${id}`, {});
}

async function faulty(order: Record<string, unknown>): Promise<void> {
  await sandbox('fault', order);
}

async function sandbox(path: string, body: Record<string, unknown>): Promise<void> {
  const response = await fetch(`${settings.sandboxUrl}/b2binpay/__sandbox/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`the sandbox refused ${path}: ${response.status} ${await response.text()}`);
}
