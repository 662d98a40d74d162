import { HubFailure } from '../../domain/failures.ts';
import type { Queryable } from '../pool.ts';

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
  status: 'opening' | 'active' | 'failed' | 'archived';
}

export const loadAccountToOpen = async (db: Queryable, accountId: number): Promise<AccountToOpen> => {
  const { rows } = await db.query<AccountToOpen>(
    `select a.account_id as "accountId", a.client_id as "clientId", p.connection_id as "connectionId", co.provider, c.alphabetic_code as currency,
            a.currency as "currencyCode", pc.platform_groups[1] as group, a.leverage, a.caption, a.reference, a.ledger_code as "ledgerCode", a.status
       from account a join platform p on p.id = a.platform_id join connection co on co.id = p.connection_id
       join currency c on c.numeric_code = a.currency join product_currency pc on pc.id = a.product_currency_id where a.account_id = $1`,
    [accountId],
  );
  if (!rows[0]) throw new HubFailure('NotFound', 'not_found', `there is no trading account ${accountId}`);
  return rows[0];
};
