import type pg from 'pg';
import { z } from 'zod';
import type { Memory } from '../../db/memory.ts';
import { anyOf } from '../../db/unseen.ts';
import { subtract, wire } from '../../domain/money.ts';
import { idAndName, isoTime, isoTimeOrNull, money, time } from '../kit/shapes.ts';
import { PendingChange, type PendingChangeRow, pendingChangeJson, pendingChangeView } from './account-change.ts';
import { myOpeningView, Opening, openingColumns, type OpeningRow, openingView } from './account-opening.ts';
import { CurrencyRef, type CurrencyView, MyCurrency, currencyJson } from './currency.ts';
import {
  MyProductCurrency,
  type ProductCurrencyRow,
  productCurrencyJson,
  productCurrencyView,
} from './product-currency.ts';

type Db = Pick<pg.ClientBase, 'query'>;

/** What an account may be used for, with its bit in `rights`. */
const RIGHTS = {
  enabled: 1,
  trade: 2,
  deposit: 4,
  withdrawal: 8,
  transferDeposit: 16,
  transferWithdrawal: 32,
  visible: 64,
  exchange: 128,
};
type AccountPermission = keyof typeof RIGHTS;
export const ACCOUNT_PERMISSIONS = Object.keys(RIGHTS) as [AccountPermission, ...AccountPermission[]];

export const Statement = z
  .object({
    availableBalance: money().nullable().meta({
      description:
        "What may be taken out. Of a trading account what is the client's own, without the credit that the broker gave, as far as no position needs it.",
    }),
    currentBalance: money().nullable(),
    credit: money().nullable(),
    equity: money().nullable(),
    freeMargin: money().nullable(),
    hold: money().nullable(),
    margin: money().nullable(),
    marginLevel: money().nullable(),
    pnl: money().nullable(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'Statement' });

/** Account as the Back Office sees it (objects-back-office 3.1). */
export const Account = z
  .object({
    accountId: z.int(),
    accountNumber: z
      .string()
      .meta({ description: 'Wallet number or platform login; empty while the platform has not answered.' }),
    archive: z.boolean(),
    clientId: z.int(),
    caption: z.string(),
    name: z.string(),
    currency: CurrencyRef,
    group: idAndName().nullable(),
    permissions: z.array(z.string()),
    platform: z.object({ id: z.int(), caption: z.string(), name: z.string(), type: z.string() }),
    product: idAndName(),
    statement: Statement,
    type: z.string(),
    archiveTime: time().nullable(),
    createTime: time(),
    leverage: z.int(),
    opening: Opening.nullable(),
    pendingChange: PendingChange.nullable(),
  })
  .meta({ id: 'Account' });

const ofMyAccount = {
  accountId: z.int(),
  accountNumber: z.string(),
  displayNumber: z.string(),
  archive: z.boolean(),
  caption: z.string(),
  currency: MyCurrency,
  favourite: z.boolean(),
  group: z.object({ id: z.int(), name: z.string(), priority: z.int(), type: z.string() }).nullable(),
  platform: z.object({
    id: z.int(),
    name: z.string(),
    caption: z.string(),
    type: z.string(),
    isDemo: z.boolean(),
    terminalUrl: z.string(),
  }),
  priority: z.int(),
  type: z.string().nullable(),
  createTime: time(),
  permissions: z.array(z.string()),
  productId: z.int(),
  rights: z.int().meta({
    description:
      'Bit mask of permissions: 1 enabled, 2 trade, 4 deposit, 8 withdrawal, 16 transferDeposit, 32 transferWithdrawal, 64 visible, 128 exchange.',
  }),
  leverage: z.int(),
};

/** Account inside a client's transaction (objects-front-office 2.17): which one it is, not what is on it. */
export const MyAccountShort = z.object({ ...ofMyAccount, statement: z.null() }).meta({ id: 'MyAccountShort' });
/** Account as its owner sees it (objects-front-office 2.1). */
export const MyAccount = z
  .object({
    ...ofMyAccount,
    statement: Statement.nullable(),
    productCurrency: MyProductCurrency,
    opening: Opening.nullable(),
    pendingChange: PendingChange.nullable(),
  })
  .meta({ id: 'MyAccount' });

export type AccountView = z.infer<typeof Account>;
export type MyAccountView = z.infer<typeof MyAccount>;
export type MyAccountShortView = z.infer<typeof MyAccountShort>;

interface AccountRow {
  account_id: number;
  account_number: string | null;
  client_id: number;
  caption: string;
  favourite: boolean;
  priority: number;
  type: string;
  permissions: string[];
  leverage: number;
  archive_time: Date | null;
  create_time: Date;
  currency: CurrencyView;
  platform: z.infer<typeof MyAccountShort>['platform'];
  product_id: number;
  product_caption: string;
  product_group: z.infer<typeof MyAccountShort>['group'];
  product_currency: ProductCurrencyRow;
  ledger_code: string;
}

/** What changes from moment to moment. */
interface Balance extends OpeningRow {
  balance: string;
  held: string;
  posted: Date | null;
  pending_change: PendingChangeRow | null;
}

const BALANCE = `coalesce(l.balance, 0)::text as balance, coalesce(l.held, 0)::text as held,
  (select create_time from ledger_posting where account_id = l.id order by id desc limit 1) as posted, ${openingColumns('a')}, ${pendingChangeJson('a')} as pending_change`;

/** `balance`: columns of the ledger, or none. */
const select = (balance: string) => `
  select a.account_id, a.account_number, a.client_id, a.caption, a.favourite, a.priority, a.type, a.permissions, a.leverage, a.archive_time, a.create_time,
         ${currencyJson('cur')} as currency,
         jsonb_build_object('id', pl.id, 'name', pl.name, 'caption', pl.caption, 'type', pl.type, 'isDemo', pl.is_demo, 'terminalUrl', pl.terminal_url) as platform,
         pr.id as product_id, pr.caption as product_caption,
         case when pg.id is null then null else jsonb_build_object('id', pg.id, 'name', pg.caption, 'priority', pg.priority, 'type', pg.type) end as product_group,
         ${productCurrencyJson} as product_currency, a.ledger_code ${balance}
    from account a
    join currency cur on cur.numeric_code = a.currency
    join platform pl on pl.id = a.platform_id
    join product_currency pc on pc.id = a.product_currency_id
    join product pr on pr.id = pc.product_id
    left join product_group pg on pg.id = pr.group_id
    ${balance && 'left join ledger_account l on l.code = a.ledger_code'}
   where a.account_id = ${anyOf(1)}`;

const WITH_BALANCE = select(`, ${BALANCE}`);
const WITHOUT_BALANCE = select('');

const rowsOf = async <R extends AccountRow>(db: Db, text: string, ids: readonly number[]): Promise<Map<number, R>> => {
  const { rows } = await db.query<R>(text, [[...new Set(ids)]]);
  return new Map(rows.map((row) => [row.account_id, row]));
};

const ZERO = wire('0');

/** Wallets have no trading figures: zeros. Those of a trading account are the platform's to tell, so unknown: null. */
const statementOf = (row: AccountRow & Balance): z.infer<typeof Statement> => {
  const other = row.type === 'personal' ? ZERO : null;
  return {
    availableBalance: wire(subtract(row.balance, row.held)),
    currentBalance: wire(row.balance),
    credit: other,
    equity: other,
    freeMargin: other,
    hold: wire(row.held),
    margin: other,
    marginLevel: other,
    pnl: other,
    updateTime: isoTimeOrNull(row.posted),
  };
};

const viewOf = (row: AccountRow & Balance): AccountView => ({
  accountId: row.account_id,
  accountNumber: row.account_number ?? '',
  archive: row.archive_time !== null,
  clientId: row.client_id,
  caption: row.caption,
  name: row.caption,
  currency: row.currency,
  group: row.product_group,
  permissions: row.permissions.toSorted(),
  platform: row.platform,
  product: { id: row.product_id, name: row.product_caption },
  statement: statementOf(row),
  type: row.type,
  archiveTime: isoTimeOrNull(row.archive_time),
  createTime: isoTime(row.create_time),
  leverage: row.leverage,
  opening: openingView(row),
  pendingChange: pendingChangeView(row.pending_change),
});

const myShortViewOf = (row: AccountRow): MyAccountShortView => ({
  accountId: row.account_id,
  accountNumber: row.account_number ?? '',
  displayNumber: row.account_number ?? '',
  archive: row.archive_time !== null,
  caption: row.caption,
  currency: row.currency,
  favourite: row.favourite,
  group: row.product_group,
  platform: row.platform,
  priority: row.priority,
  statement: null,
  type: row.type,
  createTime: isoTime(row.create_time),
  permissions: row.permissions.toSorted(),
  productId: row.product_id,
  rights: row.permissions.reduce((mask, word) => mask | (RIGHTS[word as AccountPermission] ?? 0), 0),
  leverage: row.leverage,
});

const myViewOf = (row: AccountRow & Balance): MyAccountView => ({
  ...myShortViewOf(row),
  statement: statementOf(row),
  productCurrency: productCurrencyView(row.product_currency),
  opening: myOpeningView(row),
  pendingChange: pendingChangeView(row.pending_change),
});

const views = async <V>(
  db: Db,
  ids: readonly number[],
  view: (row: AccountRow & Balance) => V,
): Promise<Map<number, V>> =>
  new Map([...(await rowsOf<AccountRow & Balance>(db, WITH_BALANCE, ids))].map(([id, row]) => [id, view(row)]));

/** Clients name their accounts. */
export const maskAccount = (view: AccountView): AccountView => ({ ...view, caption: '*', name: '*' });

/** Account objects by id, read with one query. Ids that do not exist are left out. */
export const accountViews = (db: Db, ids: readonly number[]): Promise<Map<number, AccountView>> =>
  views(db, ids, viewOf);
export const myAccountViews = (db: Db, ids: readonly number[]): Promise<Map<number, MyAccountView>> =>
  views(db, ids, myViewOf);

export const myShortAccountViews = async (db: Db, ids: readonly number[]): Promise<Map<number, MyAccountShortView>> =>
  new Map([...(await rowsOf(db, WITHOUT_BALANCE, ids))].map(([id, row]) => [id, myShortViewOf(row)]));

/** Accounts that exist, one by one, as remembered. */
export const rememberedAccounts = (memory: Memory, pool: Db): ((accountId: number) => Promise<MyAccountShortView>) =>
  memory.remember({
    tables: ['account', 'currency', 'platform', 'product_currency', 'product', 'product_group'],
    load: async (accountId: number) => (await myShortAccountViews(pool, [accountId])).get(accountId)!,
    about: (accountId) => [`account ${accountId}`],
  }).get;
