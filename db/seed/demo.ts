import { isDeepStrictEqual } from 'node:util';
import { KeyRing } from '../../config/key-ring.ts';
import { openSettings, replaceSettings, sealSettings } from '../repositories/connections.ts';
import type { Queryable } from '../pool.ts';

export interface DemoConnection {
  provider: string;
  name: string;
  caption: string;
  config: Record<string, unknown>;
}

const walletPermissions = [
  'deposit',
  'enabled',
  'exchange',
  'transferDeposit',
  'transferWithdrawal',
  'visible',
  'withdrawal',
];
const tradingPermissions = ['enabled', 'trade', 'transferDeposit', 'transferWithdrawal', 'visible'];

const addressField = {
  id: 'address',
  name: 'address',
  type: 'input',
  label: 'Wallet address',
  rules: ['required', 'string', 'max:128'],
  hint: null,
  options: null,
  fields: null,
  default: null,
  multiple: false,
};
const ibanField = { ...addressField, id: 'iban', name: 'iban', label: 'IBAN', rules: ['required', 'string', 'max:34'] };
const holderField = {
  ...addressField,
  id: 'accountHolder',
  name: 'accountHolder',
  label: 'Account holder',
  rules: ['required', 'string', 'max:100'],
};

/** direction, name, caption, connection, flow, currencies [code, min], fields, group, TR commission percent */
const methods = [
  [
    'deposit',
    'bank-transfer',
    'Bank transfer',
    'bank',
    'manual',
    [
      [840, '10'],
      [978, '10'],
    ],
    [],
    'fiat',
    '0',
  ],
  ['deposit', 'usdt-invoice', 'Tether, hosted page', 'b2binpay', 'invoice', [[2145, '1']], [], 'crypto', '0'],
  [
    'deposit',
    'usdt-address',
    'Tether, your own address',
    'b2binpay-address',
    'address',
    [[2145, '1']],
    [],
    'crypto',
    '0',
  ],
  [
    'withdrawal',
    'bank-payout',
    'Bank transfer',
    'bank',
    'send',
    [
      [840, '10'],
      [978, '10'],
    ],
    [holderField, ibanField],
    'fiat',
    '0',
  ],
  ['withdrawal', 'usdt-payout', 'Tether', 'b2binpay', 'send', [[2145, '1']], [addressField], 'crypto', '0'],
] as const;

/** name, kind, connection's method, min amount, approvals, priority */
const policies = [
  ['Large payouts: two persons', 'withdrawal', null, '10000', 2, 10],
  ['Payouts: one person', 'withdrawal', null, '0', 1, 20],
  ['Large crypto deposits: one person', 'deposit', 'usdt-invoice', '10000', 1, 30],
  ['Crypto deposits: nobody', 'deposit', 'usdt-invoice', '0', 0, 40],
  ['Crypto address deposits: nobody', 'deposit', 'usdt-address', '0', 0, 50],
  ['Deposits: one person', 'deposit', null, '0', 1, 60],
  ['Large transfers: one person', 'transfer', null, '50000', 1, 70],
  ['Transfers: nobody', 'transfer', null, '0', 0, 80],
] as const;

/** connection, channel, priority */
const routes = [
  ['smtp', 'email', 1],
  ['sendgrid', 'email', 2],
  ['twilio', 'sms', 1],
  ['slack', 'chat', 1],
] as const;

/** connection, name, priority, cross currency, asked every, oldest rate (seconds), jump (percent) */
const rateSources = [
  ['b2binpay-rates', 'B2BINPAY', 1, 840, 30, 120, '5'],
  ['ecb', 'European Central Bank', 2, 978, 3_600, 345_600, '5'],
] as const;

const holds = (ring: KeyRing, stored: Buffer, id: number, config: unknown): boolean => {
  try {
    return isDeepStrictEqual(openSettings(ring, stored, id), config);
  } catch {
    return false; // sealed with a key that is gone
  }
};

/** Names that connections had before somebody changed or deleted them. */
const changedByOperators = async (db: Queryable): Promise<ReadonlySet<string>> => {
  const { rows } = await db.query<{ name: string }>(
    `select distinct before ->> 'name' as name from audit where action in ('connections.update', 'connections.delete')`,
  );
  return new Set(rows.map(({ name }) => name));
};

/**
 * A small brokerage on the sandboxes: wallets in four currencies, an MT5 server, bank and crypto methods, approval rules.
 * Repeating it refreshes the settings of connections (ports may differ), but not of those that an operator has changed or deleted, and leaves everything else as it is.
 */
export const seedDemo = async (
  db: Queryable,
  configKeys: string,
  connections: readonly DemoConnection[],
): Promise<void> => {
  const ring = new KeyRing(configKeys);
  const theirs = await changedByOperators(db);
  for (const { provider, name, caption, config } of connections) {
    if (theirs.has(name)) continue;
    const sealed = sealSettings(ring, config);
    const { rows } = await db.query<{ id: number; config: Buffer; fresh: boolean }>(
      `insert into connection (provider, name, caption, config) values ($1, $2, $3, $4)
       on conflict (name) do update set name = excluded.name returning id, config, xmax = 0 as fresh`,
      [provider, name, caption, sealed],
    );
    const { id, config: stored, fresh } = rows[0]!;
    if (!fresh && !holds(ring, stored, id, config)) await replaceSettings(db, id, sealed);
  }
  for (const [name, channel, priority] of routes)
    await db.query(
      `insert into message_route (channel, connection_id, priority) select $2, id, $3 from connection where name = $1 on conflict do nothing`,
      [name, channel, priority],
    );
  for (const [connection, name, priority, cross, refresh, oldest, jump] of rateSources)
    await db.query(
      `insert into rate_source (name, connection_id, priority, cross_currency, refresh_seconds, max_age_seconds, outlier_percent)
       select $2, id, $3, $4, $5, $6, $7 from connection where name = $1 on conflict do nothing`,
      [connection, name, priority, cross, refresh, oldest, jump],
    );
  const { rows: done } = await db.query(`select from platform limit 1`);
  if (done.length > 0) return;

  await db.query(`insert into platform (name, caption, type) values ('ew', 'eWallet', 'personal')`);
  await db.query(
    `insert into platform (name, caption, type, connection_id) select 'MT5Live', 'MT5 Live', 'MetaTrader5', id from connection where name = 'mt5'`,
  );
  await db.query(
    `insert into product_group (caption, description, type, priority) values ('Wallets', 'Wallets', 'payment', 1), ('Live', 'Live accounts', 'default', 2)`,
  );
  await db.query(
    `insert into product (name, caption, type, group_id, platform_id, status, priority)
     select 'wallet', 'eWallet', 'personal', (select id from product_group where caption = 'Wallets'), id, 'default', 1 from platform where name = 'ew'`,
  );
  await db.query(
    `insert into product (name, caption, type, group_id, platform_id, status, priority)
     select 'mt5-live', 'MT5 Live', 'trade', (select id from product_group where caption = 'Live'), id, 'enabled', 2 from platform where name = 'MT5Live'`,
  );
  await db.query(
    `insert into product_currency (product_id, currency, caption, max_accounts, permissions, priority)
     select p.id, c.numeric_code, c.alphabetic_code, 1, $1, c.priority from product p, currency c
      where p.name = 'wallet' and c.alphabetic_code in ('USD', 'EUR', 'USDT', 'BTC') order by c.priority`,
    [walletPermissions],
  );
  await db.query(
    `insert into product_currency (product_id, currency, caption, leverages, platform_groups, permissions)
     select p.id, 840, 'MT5 USD', '{100,200,500}', $1, $2 from product p where p.name = 'mt5-live'`,
    [['real\\forex-usd'], tradingPermissions],
  );
  for (const direction of ['deposit', 'withdrawal']) {
    await db.query(
      `insert into payment_group (direction, name, caption, description, priority) values ($1, 'fiat', 'Fiat', 'Banks', 1), ($1, 'crypto', 'Crypto', 'Coins', 2)`,
      [direction],
    );
  }
  for (const [
    priority,
    [direction, name, caption, connection, flow, currencies, fields, group, percent],
  ] of methods.entries()) {
    const { rows } = await db.query(
      `insert into payment_method (direction, name, caption, provider, connection_id, flow, fields, priority, library_time_to_fund, hide_amount, instruction)
       select $1, $2, $3, provider, id, $4, $5, $6, $7, $8, $9 from connection where name = $10 returning id`,
      [
        direction,
        name,
        caption,
        flow,
        JSON.stringify(fields),
        priority + 1,
        group === 'fiat' ? '1-3 days' : '30 minutes',
        flow === 'address',
        flow === 'manual'
          ? '<p>Pay to Example Bank, IBAN DE02 1203 0000 0000 2020 51. Put the reference into the memo.</p>'
          : null,
        connection,
      ],
    );
    const id: number | undefined = rows[0]?.id;
    if (id === undefined) continue;
    await db.query(
      `insert into payment_method_group (method_id, group_id) select $1, id from payment_group where direction = $2 and name = $3`,
      [id, direction, group],
    );
    for (const [code, min] of currencies) {
      await db.query(
        `insert into payment_method_currency (method_id, type, currency, min, caption) values ($1, 'TR', $2, $3, $4), ($1, 'PS', $2, $3, $5)`,
        [id, code, min, direction === 'deposit' ? 'To get' : 'To pay', direction === 'deposit' ? 'To pay' : 'To get'],
      );
      if (percent !== '0')
        await db.query(
          `insert into payment_method_commission (method_id, type, currency, percent) values ($1, 'TR', $2, $3)`,
          [id, code, percent],
        );
    }
  }
  await db.query(
    `update verification_level set wizard = 'SnsWizardSDK', programme = 'basic-kyc-level', connection_id = connection.id
       from connection where connection.name = 'sumsub' and verification_level.name = 'Level 2'`,
  );
  for (const [name, kind, method, min, approvals, priority] of policies) {
    await db.query(
      `insert into approval_policy (name, kind, method_id, min_amount, approvals, priority)
       values ($1, $2, (select id from payment_method where name = $3), $4, $5, $6)`,
      [name, kind, method, min, approvals, priority],
    );
  }
};
