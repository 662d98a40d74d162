import { randomBytes, randomUUID } from 'node:crypto';
import { openLedgerAccount, post } from '../db/repositories/ledger.ts';
import { walletCode } from '../domain/chart-of-accounts.ts';
import { referenceFrom } from '../domain/references.ts';
import type { Stack } from './stack.ts';

export interface BenchClient {
  clientId: number;
  walletId: number;
  currency: number;
}

export const reference = (): string => referenceFrom(randomBytes(12));

/** A client with a wallet in `currency` that holds `amount`. */
export const clientWith = async ({ pool }: Stack, amount: string, currency: string): Promise<BenchClient> => {
  const { rows: clients } = await pool.query<{ client_id: number }>(
    `insert into client (email, first_name, last_name, type_id, verification_level_id)
     values ($1, 'Ann', 'Lee', (select min(id) from client_type), (select min(id) from verification_level)) returning client_id`,
    [`ann-${randomUUID()}@example.com`],
  );
  const clientId = clients[0]!.client_id;
  const { rows } = await pool.query<{ account_id: number; currency: number }>(
    `with next as (select nextval(pg_get_serial_sequence('account', 'account_id'))::integer as id)
     insert into account (account_id, account_number, client_id, product_currency_id, currency, platform_id, type, caption, permissions, reference, ledger_code)
     select next.id, nextval('wallet_number')::text, $1, pc.id, pc.currency, p.platform_id, p.type, pc.caption, pc.permissions, $3, 'wallet:' || next.id
       from next, product_currency pc join product p on p.id = pc.product_id join currency c on c.numeric_code = pc.currency
      where p.name = 'wallet' and c.alphabetic_code = $2 returning account_id, currency`,
    [clientId, currency, reference()],
  );
  const { account_id: walletId, currency: code } = rows[0]!;
  await openLedgerAccount(pool, walletCode(walletId), 'wallet', code);
  if (amount !== '0')
    await post(pool, `bench:${walletId}`, [
      { do: 'post', from: `house:suspense:${currency}`, to: walletCode(walletId), amount },
    ]);
  return { clientId, walletId, currency: code };
};

export const methodNamed = async ({ pool }: Stack, name: string): Promise<{ id: number; connectionId: number }> => {
  const { rows } = await pool.query<{ id: number; connectionId: number }>(
    `select id, connection_id as "connectionId" from payment_method where name = $1`,
    [name],
  );
  return rows[0]!;
};

/** Writes an order as the API does. Answers its id. */
export const placeRow = async ({ pool }: Stack, row: Record<string, unknown>): Promise<number> => {
  const names = Object.keys(row);
  const { rows } = await pool.query<{ transaction_id: number }>(
    `insert into money_transaction (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')}) returning transaction_id`,
    Object.values(row),
  );
  return rows[0]!.transaction_id;
};
