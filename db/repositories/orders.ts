import type { ApprovalPolicy } from '../../domain/approvals.ts';
import type { Currency } from '../../domain/money-order.ts';
import type { Queryable } from '../pool.ts';

/** `archiving`: its platform is asked to put it away. */
export type AccountStatus = 'opening' | 'active' | 'failed' | 'archiving' | 'archived';

export interface AccountFacts {
  accountId: number;
  clientId: number;
  clientStatus: 'active' | 'inactive' | 'banned' | 'deleted';
  status: AccountStatus;
  ledgerCode: string;
  accountNumber: string | null;
  currency: number;
  permissions: string[];
  /** What its product wants of the first deposit; '0': nothing. */
  minDeposit: string;
  platformType: string;
  /** It holds play money. */
  isDemo: boolean;
  connectionId: number | null;
  /** Null for our own wallets. */
  connectionEnabled: boolean | null;
  provider: string | null;
}

export const loadAccountFacts = async (db: Queryable, accountId: number): Promise<AccountFacts | null> => {
  const { rows } = await db.query<AccountFacts>(
    `select a.account_id as "accountId", a.client_id as "clientId", cl.status as "clientStatus", a.status, a.ledger_code as "ledgerCode",
            a.account_number as "accountNumber", a.currency, a.permissions, trim_scale(pc.min_deposit_amount)::text as "minDeposit", p.type as "platformType", p.is_demo or a.type = 'demo' as "isDemo", p.connection_id as "connectionId",
            co.enabled as "connectionEnabled", co.provider
       from account a join client cl on cl.client_id = a.client_id join platform p on p.id = a.platform_id join product_currency pc on pc.id = a.product_currency_id
       left join connection co on co.id = p.connection_id where a.account_id = $1`,
    [accountId],
  );
  return rows[0] ?? null;
};

export const loadCurrency = async (db: Queryable, numericCode: number): Promise<Currency | null> => {
  const { rows } = await db.query<Currency>(
    `select numeric_code as "numericCode", alphabetic_code as "alphabeticCode", minor_unit as "minorUnit" from currency where numeric_code = $1`,
    [numericCode],
  );
  return rows[0] ?? null;
};

export interface MethodFacts {
  methodId: number;
  direction: 'deposit' | 'withdrawal';
  name: string;
  caption: string;
  flow: 'manual' | 'invoice' | 'address' | 'send';
  provider: string;
  connectionId: number;
  connectionEnabled: boolean;
  enabled: boolean;
  /** Traders-room limits by currency. '0' as max = no limit. */
  currencies: { numericCode: number; min: string; max: string }[];
  /** What it takes or pays on the provider's side, with limits, where that is another currency than the account's. */
  paymentCurrencies: { numericCode: number; min: string; max: string }[];
  commissions: { numericCode: number; percent: string; fix: string; min: string; max: string }[];
  fields: { id: string; name?: string; label: string; rules: string[] }[];
}

export const loadMethodFacts = async (db: Queryable, methodId: number): Promise<MethodFacts | null> => {
  const { rows } = await db.query<MethodFacts>(
    `select m.id as "methodId", m.direction, m.name, m.caption, m.flow, m.provider, m.connection_id as "connectionId", co.enabled as "connectionEnabled", m.enabled, m.fields,
            (select coalesce(jsonb_agg(jsonb_build_object('numericCode', currency, 'min', trim_scale(min)::text, 'max', trim_scale(max)::text)), '[]')
               from payment_method_currency where method_id = m.id and type = 'TR' and enabled) as currencies,
            (select coalesce(jsonb_agg(jsonb_build_object('numericCode', currency, 'min', trim_scale(min)::text, 'max', trim_scale(max)::text)), '[]')
               from payment_method_currency where method_id = m.id and type = 'PS' and enabled) as "paymentCurrencies",
            (select coalesce(jsonb_agg(jsonb_build_object('numericCode', currency, 'percent', trim_scale(percent)::text, 'fix', trim_scale(fix)::text,
                    'min', trim_scale(min)::text, 'max', trim_scale(max)::text)), '[]')
               from payment_method_commission where method_id = m.id and type = 'TR') as commissions
       from payment_method m join connection co on co.id = m.connection_id where m.id = $1`,
    [methodId],
  );
  return rows[0] ?? null;
};

/** What decides how many persons must approve. */
export interface ApprovalFacts {
  /** Enabled rules, in the order in which they are tried. */
  policies: ApprovalPolicy[];
  /** Of the client. */
  tagIds: number[];
  /** Of the connection the money goes through. */
  provider: string | null;
}

export const loadApprovalFacts = async (
  db: Queryable,
  of: { clientId: number; connectionId: number | null },
): Promise<ApprovalFacts> => {
  const { rows } = await db.query<ApprovalFacts>(
    `select (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'kind', kind, 'currency', currency, 'methodId', method_id, 'tagId', tag_id,
                    'minAmount', min_amount::text, 'approvals', approvals) order by priority, id), '[]') from approval_policy where enabled) as policies,
            array(select tag_id from client_tag where client_id = $1) as "tagIds",
            (select provider from connection where id = $2) as provider`,
    [of.clientId, of.connectionId],
  );
  return rows[0]!;
};
