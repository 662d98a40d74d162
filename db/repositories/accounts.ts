import { HubFailure } from '../../domain/failures.ts';
import type { Queryable } from '../pool.ts';
import type { AccountStatus } from './orders.ts';

export interface AccountToOpen {
  accountId: number;
  clientId: number;
  connectionId: number;
  provider: string;
  currency: string;
  currencyCode: number;
  group: string;
  leverage: number;
  caption: string;
  reference: string;
  ledgerCode: string;
  status: AccountStatus;
  /** Null until the platform has the account. */
  login: string | null;
  /** Which began it. */
  runId: string | null;
}

export const loadAccountToOpen = async (db: Queryable, accountId: number): Promise<AccountToOpen> => {
  const { rows } = await db.query<AccountToOpen>(
    `select a.account_id as "accountId", a.client_id as "clientId", p.connection_id as "connectionId", co.provider, c.alphabetic_code as currency,
            a.currency as "currencyCode", a.platform_group as group, a.leverage, a.caption, a.reference, a.ledger_code as "ledgerCode", a.status,
            a.account_number as login, a.run_id as "runId"
       from account a join platform p on p.id = a.platform_id join connection co on co.id = p.connection_id
       join currency c on c.numeric_code = a.currency where a.account_id = $1`,
    [accountId],
  );
  if (!rows[0]) throw new HubFailure('NotFound', 'not_found', `there is no trading account ${accountId}`);
  return rows[0];
};
