import { randomUUID } from 'node:crypto';
import { KeyRing } from '../../config/key-ring.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { sealData } from '../../db/repositories/payout-templates.ts';
import { sealMessage } from '../../db/repositories/messages.ts';
import { knock } from '../../db/repositories/sign-in-guard.ts';
import type { Caller, TestApi } from '../kit/api-client.ts';
import { PDF, PNG } from '../kit/files.ts';

export interface Owner extends Caller {
  id: number;
  /** Whoever sees this client only. */
  tag: number;
  /** Ids for bodies, by the name of their field. */
  ids: Record<string, number>;
  /** Where an app of his is told things. */
  pushToken: string;
}

/** Who reads it all may know the person by it; its name alone tells nothing. */
const AGENT = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0 Canary/1';

/** What says who a person is, wherever it turns up. */
export const PERSONAL = /canary|5550100|203\.0\.113\.66/i;

/** A client, and one of everything a client can have. Two of them show who sees what of whom. */
export const clientWithEverything = async (api: TestApi, name: string): Promise<Owner> => {
  const { pool } = api.deps;
  const insert = async (table: string, values: Record<string, unknown>, key = 'id'): Promise<number> => {
    const columns = Object.keys(values);
    const marks = columns.map((_one, n) => `$${n + 1}`);
    const { rows } = await pool.query<{ id: number }>(
      `insert into ${table} (${columns.join(', ')}) values (${marks.join(', ')}) returning ${key} as id`,
      Object.values(values),
    );
    return rows[0]!.id;
  };
  const pick = async (sql: string): Promise<number> => (await pool.query<{ id: number }>(sql)).rows[0]!.id;

  const tag = await insert('tag', { name: `sees ${name}` });
  const email = `canary-${name}@example.com`;
  const caller = await api.client({ email, tagIds: [tag] });
  const client_id = caller.id;
  await pool.query(
    `update client set first_name = 'Canaryann', last_name = 'Canarylee', middle_name = 'Canarymid', nickname = 'canarynick', city = 'Canarytown', extra = '{"vat": "CANARYVAT"}', birthday = '1990-05-01',
            company_full_name = 'Canary Ltd', company_short_name = 'Canary', password_hash = 'none', manager_id = (select min(id) from hub_user) where client_id = $1`,
    [client_id],
  );
  await insert('client_factor', { client_id, type: 'sms' }, 'client_id');
  await insert('client_phone', { client_id, number: `+495555550100${client_id}`, is_default: true });
  await insert('client_address', { client_id, type: 'residential', city: 'Canarytown', address: 'Canary street 1' });
  const user_id = await pick(`select id from hub_user where name = 'Canary Author'`);
  await insert('factor_change', { client_id, type: 'sms', action: 'enabled', ip: '203.0.113.66', user_id });
  await insert('password_change', { client_id, type: 'changed', ip: '203.0.113.66', user_id });
  await insert(
    'client_device',
    { client_id, device_mark: Buffer.from(`device of ${name}`), user_agent: AGENT, ip: '203.0.113.66' },
    'device_id',
  );
  const pushToken = `token-of-${name}`;
  await insert('client_push_token', { client_id, token: pushToken });
  await insert('client_note', { client_id, user_id, text: 'canary' });
  await insert('profile_change', { client_id, type: 'name', old_value: 'Canaryold', new_value: 'Canaryann', user_id });

  const wallet = await account(api, client_id, 'wallet', `21${String(client_id).padStart(8, '0')}`);
  const trading = await account(api, client_id, 'mt5-live', `7${String(client_id).padStart(5, '0')}`);
  const method_id = await pick(`select id from payment_method where name = 'bank-payout'`);
  const transaction = await insert(
    'money_transaction',
    {
      ...{
        type: 'withdrawal',
        status: 'pending',
        stage: 'awaiting_approval',
        client_id,
        user_id,
        debit_account_id: wallet,
      },
      ...{ currency: 840, amount: '10', method_id, reference: randomUUID(), comment: 'canary comment' },
      ...{ data: { iban: 'CANARY00', holder: 'Canaryann' }, workflow_started: true },
    },
    'transaction_id',
  );
  const application = await insert('application', {
    ...{ client_id, type: 'withdrawal', transaction_id: transaction, workflow_id: `payout:${transaction}` },
    comment: 'canary comment',
    user_id,
  });
  await insert(
    'application_decision',
    {
      ...{ application_id: application, decision: 'approve', via: 'api', comment: 'canary comment' },
      user_id,
    },
    'application_id',
  );
  const type_id = await pick('select min(id) as id from document_type');
  const document = await upload(api, caller, type_id);
  await uploadPhoto(api, caller);
  const level = await pick('select min(id) as id from verification_level');
  await insert('verification_record', { client_id, current_level_id: level, reason: 'manual', caption: 'By hand' });
  await insert('kyc_case', { client_id, level_id: level, reference: randomUUID(), comment: 'Not Canaryann' });
  await insert('authorization_record', { client_id, status: 'success', ip: '203.0.113.66', user_agent: AGENT });
  const change = await insert('account_change', {
    ...{ account_id: trading, client_id, wanted: { leverage: 200 }, requested_by: `client:${client_id}` },
    workflow_started: true,
  });
  const ring = new KeyRing(api.settings.configKeys);
  await insert('payout_template', {
    ...{ client_id, name: 'Canary template', method_id, currency: 840 },
    sealed: sealData(ring, { iban: 'CANARY00', holder: 'Canaryann' }),
  });
  await insert('payout_address', {
    ...{ client_id, currency: 840, wallet_address: `canary${client_id}`, address_key: `canary${client_id}` },
  });
  const content = { subject: 'Dear Canaryann', text: 'Dear Canaryann' };
  const message = await insert('message', {
    ...{ key: randomUUID(), reference: randomUUID(), type: 'registerDone', channel: 'email', locale: 'en_US' },
    ...{ client_id, sealed: sealMessage(ring, { to: email, parameters: {}, content }) },
    ...{ recipient_mark: Buffer.alloc(32), state: 'failed', workflow_started: true },
  });
  const run = await insert('wizard_run', {
    ...{ uuid: randomUUID(), type: 'registration', state: 'open', step: 'confirm', client_id },
    expires_at: new Date(Date.now() + 3_600_000),
  });
  const connection_id = await pick(`select id from connection where name = 'bank'`);
  const reconciliation = await insert('reconciliation', {
    ...{ connection_id, workflow_id: randomUUID(), state: 'done', workflow_started: true },
    ...{ window_from: new Date(client_id * 1_000), window_to: new Date(client_id * 1_000 + 500) },
  });
  await insert('reconciliation_difference', {
    ...{ connection_id, reconciliation_id: reconciliation, kind: 'missing_there', subject: randomUUID(), why: 'gone' },
    ...{ client_id, at: new Date(), note: 'canary note', state: 'settled', workflow_started: true },
  });
  for (let tries = 0; tries < 6; tries++) await knock(pool, ring, { side: 'client', email, network: '203.0.113.66' });
  await recordAudit(pool, {
    ...{ actor: 'system', action: 'clients.update', object: `client:${client_id}` },
    after: { firstName: 'Canaryann' },
  });

  return {
    ...caller,
    ...{ tag, pushToken },
    ids: {
      ...{ clientId: client_id, accountId: wallet, debitAccountId: wallet, creditAccountId: trading },
      ...{ fromAccountId: wallet, toAccountId: trading, transactionId: transaction, applicationId: application },
      depositMethodId: await pick(`select id from payment_method where name = 'bank-transfer'`),
      ...{ documentId: document, changeId: change, messageId: message, runId: run, methodId: method_id },
      ...{ currencyCode: 840, productCurrencyId: await pick('select min(id) as id from product_currency') },
    },
  };
};

const upload = async (api: TestApi, client: Caller, type: number): Promise<number> => {
  const form = new FormData();
  form.set('typeId', String(type));
  form.set('file', new Blob([new Uint8Array(PDF)], { type: 'application/pdf' }), 'canary-passport.pdf');
  const headers = { authorization: `Bearer ${client.token}` };
  const answer = await fetch(`${api.url}/api/v2/my/documents`, { method: 'POST', headers, body: form });
  const { documentId } = (await answer.json()) as { documentId: number };
  await api.sql(`update client_document set comment = 'canary comment' where document_id = $1`, [documentId]);
  return documentId;
};

const uploadPhoto = async (api: TestApi, client: Caller): Promise<void> => {
  const form = new FormData();
  form.set('photo', new Blob([new Uint8Array(PNG)]), 'me.png');
  const headers = { authorization: `Bearer ${client.token}` };
  await fetch(`${api.url}/api/v2/my/photo`, { method: 'POST', headers, body: form });
};

/** One of everything a broker sets up that the demo brokerage has not. */
export const brokerWithEverything = async ({ sql }: TestApi): Promise<void> => {
  await sql(
    `insert into hub_user (name, email, password_hash)
     values ('Canary Manager', 'canary-manager@example.com', 'none'), ('Canary Author', 'author@example.com', 'none')`,
  );
  await sql(`insert into manager (user_id) select id from hub_user where name = 'Canary Manager'`);
  await sql(`insert into jurisdiction (caption) values ('Matrix')`);
  await sql(
    `insert into payment_method_commission (method_id, type, currency) select id, 'TR', 840 from payment_method`,
  );
  await sql(
    `insert into currency_alias (currency_id, alias) select numeric_code, 'ALIAS-' || numeric_code from currency`,
  );
  await sql(`insert into currency_pair (from_currency, to_currency) values (978, 840) on conflict do nothing`);
  await sql(`insert into rate_source (name, connection_id) select 'matrix', min(id) from connection`);
  await sql(
    `insert into rate (source_id, from_currency, to_currency) select id, 978, 840 from rate_source where name = 'matrix'`,
  );
  await sql(`insert into security_policy (permission, ip, route, active) values ('deny', '192.0.2.1', '/none', false)`);
  await sql(`insert into client_role (name, caption) values ('matrix', 'Matrix')`);
  await sql(
    `insert into verification_level_restriction (level_id, restriction) select id, 'country' from verification_level`,
  );
  await sql(
    `insert into message_route (channel, connection_id, enabled) select 'email', min(id), false from connection`,
  );
  await sql(
    `insert into webhook (connection_id, headers, body, status, reason) select min(id), '{"x-name": "Canary"}', '{"name": "Canaryann"}', 'rejected', 'canary comment' from connection`,
  );
};

const account = async (api: TestApi, client: number, product: string, number: string): Promise<number> => {
  const [{ id }] = await api.sql(
    `insert into account (account_number, client_id, product_currency_id, currency, platform_id, type, caption, permissions, leverage, reference, ledger_code)
     select $2, $1, pc.id, pc.currency, p.platform_id, p.type, 'Canary savings', pc.permissions, coalesce(pc.leverages[1], 0), 'R' || $2, 'test:' || $2
       from product_currency pc join product p on p.id = pc.product_id join currency c on c.numeric_code = pc.currency
      where p.name = $3 and c.alphabetic_code = 'USD' returning account_id as id`,
    [client, number, product],
  );
  await api.sql(
    `insert into ledger_account (code, kind, currency, may_overdraw, balance, held) select ledger_code, $2, currency, false, 100, 0 from account where account_id = $1`,
    [id, product === 'wallet' ? 'wallet' : 'trading'],
  );
  return id as number;
};
