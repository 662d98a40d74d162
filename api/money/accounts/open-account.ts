import { randomBytes } from 'node:crypto';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import type { AccountStatus } from '../../../db/repositories/orders.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { openLedgerAccount } from '../../../db/repositories/ledger.ts';
import { tradingCode, walletCode } from '../../../domain/chart-of-accounts.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { referenceFrom } from '../../../domain/references.ts';
import { actorName } from '../../kit/access.ts';
import { notFound, problem } from '../../kit/errors.ts';
import { assertSameRequest } from '../../kit/idempotency.ts';
import { accountViews, myAccountViews } from '../../presenters/account.ts';
import type { MoneyHub } from '../hub.ts';
import type { Ordering } from '../intake/place-order.ts';

export interface AccountWish {
  clientId: number;
  productCurrencyId?: number | undefined;
  productId?: number | undefined;
  /** Numeric code, with productId. */
  currencyCode?: number | undefined;
  leverage?: number | undefined;
  /** At the platform. */
  platformGroup?: string | undefined;
  caption?: string | undefined;
}

interface ProductCurrency {
  id: number;
  productStatus: 'disabled' | 'present' | 'hidden' | 'enabled' | 'default';
  isEnabled: boolean;
  currency: number;
  caption: string;
  leverages: number[];
  groups: string[];
  maxAccounts: number;
  permissions: string[];
  type: string;
  platformId: number;
  platformType: string;
  connectionEnabled: boolean | null;
}

/**
 * Opens an account. A wallet is open at once; a trading account is stored as `opening` and its run asks the platform, so a lost
 * answer never makes two. Answers the account's id; throws when a rule or the platform says no.
 */
export const openAccount = async (hub: MoneyHub, call: Ordering, wish: AccountWish): Promise<number> => {
  const { id, status } = await inTransaction(hub.pool, async (db) => {
    await call.once?.lock(db);
    const twin = call.key === undefined ? null : await findByKey(db, call.key);
    if (twin) {
      assertSameRequest(twin, call.once);
      return twin;
    }
    const product = await productOf(db, call, wish);
    const leverage = leverageOf(product, wish.leverage);
    const group = groupOf(product, wish.platformGroup);
    await assertMayHaveOneMore(db, wish.clientId, product);
    return insert(db, call, wish, product, { leverage, group });
  });
  if (status === 'failed') throw await refused(hub, call, id);
  if (status !== 'opening') return id;
  try {
    const opened = await hub.ask((steering) => steering.openAccount(id));
    if (opened.status === 'failed') throw await refused(hub, call, id);
  } catch (error) {
    const outage = error instanceof HubFailure && error.type === 'Unavailable';
    if (!outage || call.key !== undefined) throw error;
    call.log.warn({ accountId: id }, 'account stored; its run will be started by the sweep');
  }
  return id;
};

const refused = async ({ pool }: MoneyHub, { actor }: Ordering, accountId: number): Promise<HubFailure> => {
  const views = await (actor.kind === 'client' ? myAccountViews : accountViews)(pool, [accountId]);
  const issue = views.get(accountId)?.opening?.issue ?? 'The platform refused to open the account.';
  return new HubFailure('Rejected', 'provider_refused', issue);
};

interface Kept {
  id: number;
  status: AccountStatus;
  /** Of the request that opened it, where it had a key. */
  fingerprint?: Buffer | null;
}

const findByKey = async (db: Queryable, key: string): Promise<Kept | undefined> => {
  const { rows } = await db.query<Kept>(
    `select account_id as id, status, request_fingerprint as fingerprint from account where idempotency_key = $1`,
    [key],
  );
  return rows[0];
};

const productOf = async (db: Queryable, { actor }: Ordering, wish: AccountWish): Promise<ProductCurrency> => {
  const byId = wish.productCurrencyId !== undefined;
  const field = byId ? 'productCurrencyId' : 'productId';
  if (!byId && (wish.productId === undefined || wish.currencyCode === undefined)) {
    throw problem(400, 'validation', 'Name a productCurrencyId, or a productId and its currency.', 'productCurrencyId');
  }
  const { rows } = await db.query<ProductCurrency>(
    `select pc.id, p.status as "productStatus", pc.is_enabled and c.enabled as "isEnabled", pc.currency, pc.caption, pc.leverages, pc.platform_groups as groups, pc.max_accounts as "maxAccounts",
            pc.permissions, p.type, p.platform_id as "platformId", pl.type as "platformType", co.enabled as "connectionEnabled"
       from product_currency pc join product p on p.id = pc.product_id join platform pl on pl.id = p.platform_id
       join currency c on c.numeric_code = pc.currency left join connection co on co.id = pl.connection_id
      where ($1::int is not null and pc.id = $1) or ($1::int is null and pc.product_id = $2 and pc.currency = $3)`,
    [wish.productCurrencyId ?? null, wish.productId ?? null, wish.currencyCode ?? null],
  );
  const product = rows[0];
  if (!product) throw problem(400, 'not_found', 'There is no such product.', field);
  // Operators may open what clients are not shown.
  const open: readonly string[] =
    actor.kind === 'user' ? ['present', 'hidden', 'enabled', 'default'] : ['enabled', 'default'];
  if (!product.isEnabled || !open.includes(product.productStatus)) {
    throw new HubFailure('Rejected', 'restricted', 'This product is not available.', {
      field,
      because: 'switched_off',
    });
  }
  if (product.connectionEnabled === false)
    throw new HubFailure('Rejected', 'restricted', 'The platform of this product is switched off.', {
      field,
      because: 'switched_off',
    });
  return product;
};

/** Without a wish the product's first leverage; 0 where leverage means nothing. */
const leverageOf = ({ leverages }: ProductCurrency, wished: number | undefined): number => {
  if (wished === undefined) return leverages[0] ?? 0;
  if (leverages.includes(wished) || (leverages.length === 0 && wished === 0)) return wished;
  const offered = leverages.length === 0 ? 'This product has no leverage' : `must be one of ${leverages.join(', ')}`;
  throw problem(400, 'validation', `leverage: ${offered}.`, 'leverage');
};

/** Null for wallets, which have no platform. */
const groupOf = ({ groups, platformType }: ProductCurrency, wished: string | undefined): string | null => {
  if (platformType === 'personal') {
    if (wished === undefined) return null;
    throw problem(400, 'validation', 'platformGroup: a wallet is in no group.', 'platformGroup');
  }
  const group = wished ?? groups[0];
  if (group === undefined)
    throw new HubFailure('Rejected', 'restricted', 'This product names no group at its platform yet.', {
      because: 'switched_off',
    });
  if (groups.includes(group)) return group;
  throw problem(400, 'validation', `platformGroup must be one of ${groups.join(', ')}.`, 'platformGroup');
};

/** Under the client's row lock, so that two requests at once cannot both be the last one allowed. */
const assertMayHaveOneMore = async (db: Queryable, clientId: number, product: ProductCurrency): Promise<void> => {
  const client = await db.query<{ status: string }>(
    `select status from client where client_id = $1 for no key update`,
    [clientId],
  );
  if (!client.rows[0]) throw notFound('client', 'clientId');
  if (client.rows[0].status !== 'active') {
    throw new HubFailure('Rejected', 'restricted', 'The client is not active.', { because: 'client_status' });
  }
  if (product.maxAccounts < 0) return;
  const { rows } = await db.query<{ count: number }>(
    `select count(*)::int as count from account where client_id = $1 and product_currency_id = $2 and status in ('opening', 'active', 'archiving')`,
    [clientId, product.id],
  );
  if (rows[0]!.count >= product.maxAccounts) {
    throw new HubFailure(
      'Rejected',
      'restricted',
      `The client has ${rows[0]!.count} such accounts; no more are allowed.`,
      { because: 'enough_accounts' },
    );
  }
};

const insert = async (
  db: Queryable,
  { actor, key, once, requestId }: Ordering,
  wish: AccountWish,
  product: ProductCurrency,
  { leverage, group }: { leverage: number; group: string | null },
): Promise<Kept> => {
  const wallet = product.platformType === 'personal';
  const status = wallet ? 'active' : 'opening';
  const next = await db.query<{ id: number; number: string | null }>(
    `select nextval(pg_get_serial_sequence('account', 'account_id'))::integer as id, case when $1 then nextval('wallet_number')::text end as number`,
    [wallet],
  );
  const { id, number } = next.rows[0]!;
  const ledgerCode = wallet ? walletCode(id) : tradingCode(id);
  await db.query(
    `insert into account (account_id, account_number, client_id, product_currency_id, currency, platform_id, type, caption, permissions, leverage, status,
            reference, ledger_code, workflow_started, idempotency_key, platform_group, request_fingerprint)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
    [
      id,
      number,
      wish.clientId,
      product.id,
      product.currency,
      product.platformId,
      product.type,
      wish.caption ?? product.caption,
      product.permissions,
      leverage,
      status,
      referenceFrom(randomBytes(12)),
      ledgerCode,
      wallet,
      key ?? null,
      group,
      once?.fingerprint ?? null,
    ],
  );
  // The mirror of a trading account is opened by its run, once the platform has the account.
  if (wallet) await openLedgerAccount(db, ledgerCode, 'wallet', product.currency);
  await recordAudit(db, {
    actor: actorName(actor),
    action: 'accounts.create',
    object: `account:${id}`,
    after: { clientId: wish.clientId, productCurrencyId: product.id, leverage, group, accountNumber: number },
    requestId,
  });
  return { id, status };
};
