import type { Queryable } from '../pool.ts';
import { seedCountries } from './countries.ts';
import { seedMessages } from './messages.ts';
import { seedWizards } from './wizards.ts';

const currencies = [
  [840, 'USD', 'US Dollar', 2, 1],
  [978, 'EUR', 'Euro', 2, 2],
  [826, 'GBP', 'Pound Sterling', 2, 3],
  [392, 'JPY', 'Yen', 0, 4],
  [1000, 'BTC', 'Bitcoin', 8, 10],
  [1002, 'ETH', 'Ethereum', 18, 11],
  [2145, 'USDT', 'Tether (TRON)', 6, 12],
  [2142, 'USDC', 'USD Coin (TRON)', 6, 13],
] as const;

const transactionTypes = [
  ['deposit', 'Deposit'],
  ['withdrawal', 'Withdrawal'],
  ['transfer', 'Transfer'],
  ['exchange', 'Exchange'],
  ['external', 'External'],
  ['partner', 'Partner'],
  ['fees', 'Fees'],
] as const;

const resolutions = [
  [
    'Payment',
    ['deposit', 'withdrawal', 'transfer'],
    ['Bank details do not match', 'Source of funds not confirmed', 'Payment not received'],
  ],
  ['Account', ['account', 'archive'], ['Product not available', 'Too many accounts']],
  [
    'Verification',
    ['document', 'verification'],
    ['Document rejected', 'Document unreadable', 'Identity not confirmed'],
  ],
  // For every request, also those whose type has no resolutions of its own.
  ['General', [], ['Request declined', 'Withdrawn by the client']],
] as const;

/** Those who look after clients, and move no money. */
const CLIENT_SERVICE = [
  ...['clients.read', 'clients.create', 'clients.update', 'clientTypes.read', 'countries.read', 'tags.read'],
  ...['phones', 'addresses', 'clientNotes'].flatMap((one) => [
    `${one}.read`,
    `${one}.create`,
    `${one}.update`,
    `${one}.delete`,
  ]),
  ...['devices.read', 'devices.delete', 'clientPermissions.read', 'managers.read', 'jurisdictions.read'],
  ...['accounts.read', 'transactions.read', 'requests.read', 'documents.read', 'verifications.read'],
];

/** What every installation needs before the first client. Repeating it changes nothing. */
export const seedReference = async (db: Queryable): Promise<void> => {
  for (const [code, alpha, name, minorUnit, priority] of currencies) {
    await db.query(
      `insert into currency (numeric_code, alphabetic_code, name, minor_unit, priority) values ($1, $2, $3, $4, $5) on conflict do nothing`,
      [code, alpha, name, minorUnit, priority],
    );
  }
  await db.query(
    `insert into user_group (name, permissions, fixed) values ('Administrators', '{*}', true), ('Finance', $1, false) on conflict (name) do nothing`,
    [
      [
        'clients.read',
        'accounts.read',
        'transactions.read',
        'deposits.create',
        'deposits.refund',
        'withdrawals.create',
        'transfers.create',
        'requests.read',
        'requests.update',
        'resolutions.read',
        'currencies.read',
      ],
    ],
  );
  await db.query(
    `insert into user_group (name, permissions) values ('Client service', $1) on conflict (name) do nothing`,
    [CLIENT_SERVICE],
  );
  await db.query(
    `insert into client_type (name, "group", is_default)
       values ('Individual', 'individual', not exists (select from client_type where is_default)), ('Corporate', 'corporative', false) on conflict (name) do nothing`,
  );
  await db.query(
    `insert into verification_level (name, caption, index, is_default, wizard) values
       ('Level 0', 'Level 0', 0, true, null), ('Level 1', 'Level 1', 1, false, 'DocumentsWizard'), ('Level 2', 'Level 2', 2, false, null)
     on conflict (name) do nothing`,
  );
  await seedDocuments(db);
  await seedCountries(db);
  for (const [name, caption] of transactionTypes) {
    await db.query(
      `insert into transaction_type (name, caption, resources) values ($1, $2, jsonb_build_array(jsonb_build_object('key', 'caption', 'locale', 'en_US', 'value', $2::text)))
       on conflict (name) do nothing`,
      [name, caption],
    );
  }
  for (const [type, requestTypes, names] of resolutions) {
    await db.query(`insert into resolution_type (name, request_types) values ($1, $2) on conflict (name) do nothing`, [
      type,
      requestTypes,
    ]);
    for (const name of names) {
      await db.query(
        `insert into resolution (name, type_id) select $1, id from resolution_type where name = $2 on conflict (type_id, name) do nothing`,
        [name, type],
      );
    }
  }
  await seedMessages(db);
  await seedWizards(db);
};

const documents = [
  ['Proof of identity', 'one', ['Passport', 'ID card', 'Driving licence']],
  ['Proof of address', 'one', ['Utility bill', 'Bank statement']],
] as const;

/** Groups and types of documents; level 1 asks for all groups. Once: what a broker deletes stays deleted. */
const seedDocuments = async (db: Queryable): Promise<void> => {
  const { rows } = await db.query('select from document_group limit 1');
  if (rows.length > 0) return;
  for (const [group, type, types] of documents) {
    await db.query(
      `with made as (insert into document_group (name, type, description) values ($1, $2, $1) returning id),
            asked as (insert into verification_level_group (level_id, group_id)
                      select l.id, made.id from verification_level l, made where l.name = 'Level 1')
       insert into document_type (name, group_id, priority) select name, made.id, n from made, unnest($3::text[]) with ordinality as t (name, n)`,
      [group, type, types],
    );
  }
};
