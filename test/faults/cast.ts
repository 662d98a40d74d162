import { randomBytes, randomUUID } from 'node:crypto';
import { hashPassword } from '../../db/passwords.ts';
import { openLedgerAccount, post } from '../../db/repositories/ledger.ts';
import { walletCode } from '../../domain/chart-of-accounts.ts';
import { add } from '../../domain/money.ts';
import { referenceFrom } from '../../domain/references.ts';
import { complaintOf, type HubApi } from './hub-api.ts';
import { needsPlatform, type Story } from './scenario.ts';
import { newPassword, type Stack } from './stack.ts';

export interface Operator {
  id: number;
  token: string;
}

/** Who decides, and who enters orders at the bank. Signed in once for the whole campaign. */
export interface Office {
  olga: Operator;
  boris: Operator;
  clerk: Operator;
}

/** One client with what his story needs. */
export interface Client {
  clientId: number;
  token: string;
  /** Where the story's money leaves or arrives. */
  wallet: number;
  /** The other side of a transfer: a second wallet, or a trading account. */
  other: number | null;
  /** Of the account that is to be opened. */
  product: number | null;
  /** Paid in from suspense before the story began. */
  initial: string;
  currency: number;
}

export const EMAIL_CANARY = 'canary.mail';

const signIn = async (stack: Stack, api: HubApi, name: string): Promise<Operator> => {
  const email = `${name}@example.com`;
  const password = newPassword();
  stack.secrets[`the password of ${name}`] = password;
  const { rows } = await stack.pool.query<{ id: number }>(
    `insert into hub_user (name, email, password_hash) values ($1, $2, $3) returning id`,
    [name, email, await hashPassword(password)],
  );
  const { id } = rows[0]!;
  await stack.pool.query(`insert into hub_user_group select $1, id from user_group where name = 'Administrators'`, [
    id,
  ]);
  const answer = await api.call('POST /signin', { body: { email, password } });
  if (answer.status !== 200) throw new Error(`${name} cannot sign in: ${complaintOf(answer)}`);
  return { id, token: (answer.body as { accessToken: { token: string } }).accessToken.token };
};

export const openOffice = async (stack: Stack, api: HubApi): Promise<Office> => {
  // So that ordinary payouts already need two persons now and then.
  await stack.pool.query(`update approval_policy set min_amount = 1000 where name = 'Large payouts: two persons'`);
  return {
    olga: await signIn(stack, api, 'olga'),
    boris: await signIn(stack, api, 'boris'),
    clerk: await signIn(stack, api, 'clerk'),
  };
};

const openWallet = async (
  { pool }: Stack,
  clientId: number,
  currency: string,
): Promise<{ id: number; code: number }> => {
  const { rows } = await pool.query<{ id: number; code: number }>(
    `with next as (select nextval(pg_get_serial_sequence('account', 'account_id'))::integer as id)
     insert into account (account_id, account_number, client_id, product_currency_id, currency, platform_id, type, caption, permissions, reference, ledger_code)
     select next.id, nextval('wallet_number')::text, $1, pc.id, pc.currency, p.platform_id, p.type, pc.caption, pc.permissions, $3, 'wallet:' || next.id
       from next, product_currency pc join product p on p.id = pc.product_id join currency c on c.numeric_code = pc.currency
      where p.name = 'wallet' and c.alphabetic_code = $2 returning account_id as id, currency as code`,
    [clientId, currency, referenceFrom(randomBytes(12))],
  );
  const { id, code } = rows[0]!;
  await openLedgerAccount(pool, walletCode(id), 'wallet', code);
  return { id, code };
};

/** Through the real workflow, in good weather. */
const openTradingAccount = async ({ pool, steering }: Stack, clientId: number, product: string): Promise<number> => {
  const { rows } = await pool.query<{ id: number }>(
    `with next as (select nextval(pg_get_serial_sequence('account', 'account_id'))::integer as id)
     insert into account (account_id, client_id, product_currency_id, currency, platform_id, type, caption, permissions, leverage, platform_group, reference, ledger_code, status, workflow_started)
     select next.id, $1, pc.id, pc.currency, p.platform_id, p.type, pc.caption, pc.permissions, pc.leverages[1], pc.platform_groups[1], $2, 'trading:' || next.id, 'opening', false
       from next, product_currency pc join product p on p.id = pc.product_id where p.name = $3 returning account_id as id`,
    [clientId, referenceFrom(randomBytes(12)), product],
  );
  const { id } = rows[0]!;
  const opened = await steering.openAccount(id);
  if (opened.status !== 'active') throw new Error(`the trading account is ${opened.status}: ${opened.issue}`);
  return id;
};

/** Each story has a client of its own, so that what went wrong is told apart. */
export const hire = async (stack: Stack, api: HubApi, office: Office, story: Story): Promise<Client> => {
  const currency = stack.venues.get(story.venue ?? '')?.currency.alphabeticCode ?? 'USD';
  const { rows } = await stack.pool.query<{ id: number }>(
    `insert into client (email, first_name, last_name, type_id, verification_level_id)
     values ($1, 'Ann', 'Lee', (select min(id) from client_type), (select min(id) from verification_level)) returning client_id as id`,
    [`${EMAIL_CANARY}.${randomUUID()}@example.com`],
  );
  const clientId = rows[0]!.id;
  const wallet = await openWallet(stack, clientId, currency);
  // A payout's balance covers it once, and rivals must fight; others have some to spare.
  const pays = story.kind.endsWith('payout') || story.kind === 'to-platform' || story.kind === 'between-wallets';
  const initial =
    // Who is paid back has more than the deposit: what is left of it, not his wallet, is the limit.
    story.kind === 'from-platform' || story.kind === 'refund'
      ? '200'
      : pays
        ? add(story.amount, story.rivals > 0 ? '1' : '100')
        : '0';
  if (initial !== '0') {
    await post(stack.pool, `faults:${randomUUID()}`, [
      { do: 'post', from: `house:suspense:${currency}`, to: walletCode(wallet.id), amount: initial },
    ]);
  }
  const signedIn = await api.call('POST /dev/client-token', { token: office.olga.token, body: { clientId } });
  if (signedIn.status !== 201) throw new Error(`no client token: ${complaintOf(signedIn)}`);
  const { token } = (signedIn.body as { accessToken: { token: string } }).accessToken;
  let other: number | null = null;
  if (needsPlatform(story)) other = await openTradingAccount(stack, clientId, story.venue!);
  else if (story.kind === 'between-wallets') other = (await openWallet(stack, clientId, currency)).id;
  if (story.kind === 'from-platform') {
    const funded = await api.call('POST /my/transfers', {
      token,
      key: randomUUID(),
      body: { amount: '150', sourceAccountId: wallet.id, destinationAccountId: other, isInternal: false },
    });
    if (funded.status !== 201) throw new Error(`the trading account could not be funded: ${complaintOf(funded)}`);
    await fundedIs(stack, other!);
  }
  const product = story.kind === 'open-account' ? await productAt(stack, story.venue!) : null;
  return { clientId, token, wallet: wallet.id, other, product, initial, currency: wallet.code };
};

const productAt = async ({ pool }: Stack, venue: string): Promise<number> =>
  (
    await pool.query<{ id: number }>(
      `select pc.id from product_currency pc join product p on p.id = pc.product_id where p.name = $1`,
      [venue],
    )
  ).rows[0]!.id;

const fundedIs = async ({ pool }: Stack, accountId: number): Promise<void> => {
  for (let n = 0; n < 200; n++) {
    const { rows } = await pool.query<{ stage: string }>(
      `select stage from money_transaction where credit_account_id = $1`,
      [accountId],
    );
    if (rows[0]?.stage === 'done') return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error('the trading account was not funded in time');
};
