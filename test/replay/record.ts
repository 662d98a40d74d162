/**
 * Records the histories that replay.test.ts replays: `npm run record:histories`. Run it after a deliberate change of a workflow
 * that no running history has to survive; otherwise mend the workflow (`patched`) until the old histories replay.
 * `npm run record:histories -- messages` records one part only: messages, verifications, rates, reconciliation, others, trading, wizards, money, corrections, sweep.
 */
import { writeFileSync } from 'node:fs';
import { randomBytes, randomUUID } from 'node:crypto';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { queueMessage, startMessages } from '../../activities/messaging/queue-message.ts';
import { KeyRing } from '../../config/key-ring.ts';
import { inTransaction } from '../../db/pool.ts';
import { ensureAddressRow } from '../../db/repositories/addresses.ts';
import { keepCorrection } from '../../db/repositories/corrections.ts';
import { keepExchange } from '../../db/repositories/exchanges.ts';
import { post } from '../../db/repositories/ledger.ts';
import { orderReconciliation } from '../../db/repositories/reconciliations.ts';
import { suspenseCode, walletCode } from '../../domain/chart-of-accounts.ts';
import { referenceFrom } from '../../domain/references.ts';
import { lendTools } from '../../worker/tools.ts';
import type { MoneyApi } from '../api/money-hub.ts';
import { eventually, type TestClient, TestHub } from '../kit/hub.ts';
import { CONFIG_KEYS } from '../kit/keys.ts';
import { lockedPayout } from '../kit/unbegun-payout.ts';
import { Meddling } from '../kit/meddling.ts';
import { anEmail, codeSentTo, Device, mainForm, otherThan, register, startWizardApi } from '../wizards/devices.ts';
import { setBroker, SignedIn } from '../wizards/signed-in.ts';
import globalSetup from '../kit/global-setup.ts';
import globalTeardown from '../kit/global-teardown.ts';

const folder = new URL('./histories/', import.meta.url);

const record = async (hub: TestHub, name: string, workflowId: string): Promise<void> => {
  const handle = hub.handle(workflowId);
  await eventually(async () => (await handle.describe()).status.name !== 'RUNNING', `${workflowId} to end`);
  // Identities and stacks say where it was recorded, not what happened.
  const history = historyToJSON(await handle.fetchHistory())
    .replace(/"identity": "[^"]*"/g, '"identity": "recorder"')
    .replace(/"stackTrace": "(?:[^"\\]|\\.)*"/g, '"stackTrace": ""');
  writeFileSync(new URL(`${name}.json`, folder), history);
  process.stdout.write(`recorded ${name}\n`);
};

const creation = { method: 'POST', path: '/payout/', body: '"type":"payout"' };

const payouts = async (hub: TestHub, olga: number, client: TestClient): Promise<void> => {
  const approved = await client.withdraw('25.00');
  await hub.decide(approved, olga, 'approve');
  await hub.reaches(approved, 'done');
  await record(hub, 'payout.approved', `payout:${approved}`);

  const { payout: heldUp, unlock } = await lockedPayout(hub);
  await hub.steering.beginMoney('payout', heldUp);
  await new Meddling(hub).isUnderWay(`payout:${heldUp}`, 'prepareOrder');
  await unlock();
  await hub.decide(heldUp, olga, 'approve');
  await hub.reaches(heldUp, 'done');
  await record(hub, 'payout.held-up', `payout:${heldUp}`);

  const rejected = await client.withdraw('25.00');
  await hub.decide(rejected, olga, 'reject', { resolutionId: 1 });
  await record(hub, 'payout.rejected', `payout:${rejected}`);

  await record(hub, 'payout.hold-refused', `payout:${await client.withdraw('5000.00')}`);

  const cancelled = await client.withdraw('25.00');
  await hub.reaches(cancelled, 'awaiting_approval');
  await hub.steering.cancel(`payout:${cancelled}`, { by: 'client:1' });
  // `payout.cancelled` is of before, when everybody's word was taken.
  await record(hub, 'payout.cancelled-and-judged', `payout:${cancelled}`);

  hub.sandbox('b2binpay').fault({ match: creation, kind: 'http_429', times: 1_000 });
  const stopped = await client.withdraw('25.00');
  await hub.decide(stopped, olga, 'approve');
  const cancel = () => hub.steering.cancel(`payout:${stopped}`, { by: 'client:1' }).then(Boolean, () => false);
  await eventually(cancel, 'it to be cancelled between two attempts');
  hub.sandbox('b2binpay').faults.clear();
  await record(hub, 'payout.stopped-before-sending', `payout:${stopped}`);

  const rich = await hub.clientWith('100', 'USD');
  const byHand = await rich.withdraw('25.00', { method: 'bank-payout', data: { accountHolder: 'Ann Lee' } });
  await hub.decide(byHand, olga, 'approve', { evidence: { bankReference: 'PAID-1', valueDate: '2026-01-31' } });
  await hub.reaches(byHand, 'done');
  await record(hub, 'payout.paid-by-people', `payout:${byHand}`);

  hub.sandbox('b2binpay').fault({ match: creation, kind: 'reset_after_commit', times: 1 });
  const lost = await client.withdraw('25.00');
  await hub.decide(lost, olga, 'approve');
  await hub.reaches(lost, 'done');
  await record(hub, 'payout.lost-answer', `payout:${lost}`);

  hub.sandbox('b2binpay').fault({ match: creation, kind: 'reset', times: 100 });
  hub.sandbox('b2binpay').fault({ match: { method: 'GET', path: '/payout/' }, kind: 'http_500', times: 100 });
  const assisted = await client.withdraw('25.00');
  await hub.decide(assisted, olga, 'approve');
  await hub.reaches(assisted, 'assistance');
  await hub.decide(assisted, olga, 'mark_failed');
  await record(hub, 'payout.assistance', `payout:${assisted}`);
  hub.sandbox('b2binpay').faults.clear();

  const connectionId = (await hub.methodId('usdt-payout')).connection;
  await hub.steering.payoutReturn({ transactionId: approved, connectionId, webhookId: '1', said: 'transfer' });
  await record(hub, 'payoutReturn.nothing-new', `payout-return:${approved}`);

  hub.sandbox('b2binpay').fault({ match: creation, kind: 'reset_after_commit', times: 1 });
  hub.sandbox('b2binpay').fault({ match: { method: 'GET', path: '/payout/' }, kind: 'http_500', times: 100 });
  const paidAfterAll = await client.withdraw('25.00');
  await hub.decide(paidAfterAll, olga, 'approve');
  await hub.reaches(paidAfterAll, 'assistance');
  await hub.decide(paidAfterAll, olga, 'mark_failed');
  await hub.reaches(paidAfterAll, 'failed');
  hub.sandbox('b2binpay').faults.clear();
  await hub.steering.payoutReturn({ transactionId: paidAfterAll, connectionId, webhookId: '1', said: 'transfer' });
  const asks = hub.handle(`payout-return:${paidAfterAll}`);
  const needsHuman = async () => (await asks.describe()).searchAttributes['HubNeedsHuman']?.[0] === true;
  await eventually(needsHuman, 'a person to be asked');
  await asks.cancel();
  await record(hub, 'payoutReturn.settled', `payout-return:${paidAfterAll}`);
};

/** A client owes what was taken back, and more news come before it is settled. */
const owed = async (hub: TestHub, deposit: number): Promise<void> => {
  const { reference, connectionId, wallet } = await hub.one<{
    reference: string;
    connectionId: number;
    wallet: number;
  }>(
    `select reference, connection_id as "connectionId", credit_account_id as wallet from money_transaction where transaction_id = $1`,
    [deposit],
  );
  const { balance } = await hub.one<{ balance: string }>(`select balance::text from ledger_account where code = $1`, [
    walletCode(wallet),
  ]);
  const spend = [{ do: 'post', from: walletCode(wallet), to: 'house:income:USDT', amount: balance }] as const;
  await post(hub.pool, `record:spent:${deposit}`, [...spend]);
  await hub.sandbox('b2binpay').advance(await hub.providerId(deposit), 'transfer:-1');
  const run = hub.handle(`arrivals:${reference}`);
  const waits = async () => (await run.describe()).searchAttributes['HubNeedsHuman']?.[0] === true;
  const looks = async () =>
    (await run.fetchHistory()).events?.filter((one) => one.activityTaskCompletedEventAttributes).length ?? 0;
  const tell = () => hub.steering.arrivals({ reference, connectionId, webhookId: '1', said: 'taken back' });
  await tell();
  await eventually(waits, 'a person to be asked');
  const before = await looks();
  await tell();
  await eventually(async () => (await looks()) >= before + 3, 'another look');
  await eventually(waits, 'a person to be asked still');
  await run.cancel();
  await record(hub, 'arrivals.owed', `arrivals:${reference}`);
  await post(hub.pool, `record:back:${deposit}`, [
    { do: 'post', from: 'house:suspense:USDT', to: walletCode(wallet), amount: balance },
  ]);
};

const corrections = async (hub: TestHub, olga: number): Promise<void> => {
  const { clientId, wallet } = await hub.clientWith('100', 'USD');
  const user = await hub.operator('Boris');
  const row = {
    type: 'transfer',
    client_id: clientId,
    debit_account_id: wallet,
    currency: 840,
    amount: '40.00',
    user_id: user,
  };
  const taken = await hub.order(row, false);
  await keepCorrection(hub.pool, taken, { against: suspenseCode('USD'), reason: 'a debt', settles: null });
  await hub.steering.beginMoney('transfer', taken);
  await hub.decide(taken, olga, 'approve');
  await record(hub, 'transfer.correction', `transfer:${taken}`);
};

/** Orders whose run was terminated: what the one that takes them over tells. */
const takenOver = async (hub: TestHub, olga: number): Promise<void> => {
  const end = async (workflowId: string) => {
    await hub.rests(workflowId);
    await hub.handle(workflowId).terminate('for a history');
  };
  const client = await hub.clientWith('100', 'USDT');
  const payout = await client.withdraw('25.00');
  await hub.openRequest(payout);
  await end(`payout:${payout}`);
  await hub.steering.resumeMoney('payout', payout);
  const approved = () =>
    hub.decide(payout, olga, 'approve').then(
      () => true,
      () => false,
    );
  await eventually(approved, 'approval to be asked once more');
  await record(hub, 'payout.taken-over', `payout:${payout}`);

  const dollars = await hub.clientWith('100', 'USD');
  const { accountId } = await hub.openTradingAccount(dollars.clientId);
  const mt5 = hub.sandbox('mt5');
  mt5.fault({ match: { path: '/api/trade/balance' }, kind: 'reset_after_commit', times: 1 });
  mt5.fault({ match: { path: '/api/deal' }, kind: 'http_500', times: 1_000 });
  const transfer = await dollars.transfer('40.00', dollars.wallet, accountId);
  await eventually(async () => mt5.books().some((one) => one.amount === '40.00'), 'the platform to have it');
  await end(`transfer:${transfer}`);
  mt5.faults.clear();
  await hub.steering.resumeMoney('transfer', transfer);
  await record(hub, 'transfer.taken-over', `transfer:${transfer}`);
};

const deposits = async (hub: TestHub, olga: number, client: TestClient, dollars: TestClient): Promise<void> => {
  const paid = await client.deposit('100.00');
  await hub.sandbox('b2binpay').pay(await hub.providerId(paid), {});
  await hub.reaches(paid, 'done');
  await record(hub, 'deposit.invoice', `deposit:${paid}`);

  const partly = await client.deposit('100.00');
  await hub.sandbox('b2binpay').pay(await hub.providerId(partly), { amount: '60' });
  await hub.reaches(partly, 'review');
  await hub.decide(partly, olga, 'approve');
  await record(hub, 'deposit.partly-paid', `deposit:${partly}`);

  // `deposit.decision-answered-with-cancellation` and `deposit.cancelled-while-it-began` are of before, when no answer outlived a cancellation.
  const goesOn = await client.deposit('100.00');
  await hub.sandbox('b2binpay').pay(await hub.providerId(goesOn), { amount: '60' });
  await hub.reaches(goesOn, 'review');
  await hub.handle(`deposit:${goesOn}`).cancel();
  await hub.rests(`deposit:${goesOn}`);
  await hub.decide(goesOn, olga, 'approve');
  await record(hub, 'deposit.cancelled-too-late', `deposit:${goesOn}`);

  const bank = await dollars.deposit('250.00', { method: 'bank-transfer' });
  await hub.decide(bank, olga, 'approve');
  await record(hub, 'deposit.bank', `deposit:${bank}`);

  await hub.approvals('deposit', 1);
  const approved = await client.deposit('100.00');
  await hub.sandbox('b2binpay').pay(await hub.providerId(approved), {});
  await hub.decide(approved, olga, 'approve');
  await hub.reaches(approved, 'done');
  await record(hub, 'deposit.approved', `deposit:${approved}`);
  await hub.pool.query(`delete from approval_policy where name = 'test deposit'`);
  await owed(hub, approved);

  const expired = await client.deposit('100.00');
  await hub.sandbox('b2binpay').advance(await hub.providerId(expired), 'expire');
  await hub.reaches(expired, 'expired');
  await record(hub, 'deposit.expired', `deposit:${expired}`);
  await hub.sandbox('b2binpay').pay(await hub.providerId(expired), {});
  const { reference, connection_id: connectionId } = await hub.one<{ reference: string; connection_id: number }>(
    `select reference, connection_id from money_transaction where transaction_id = $1`,
    [expired],
  );
  await hub.steering.arrivals({ reference, connectionId, webhookId: '1', said: 'paid' });
  await record(hub, 'arrivals.late-payment', `arrivals:${reference}`);
  const { transaction_id: late } = await hub.one<{ transaction_id: number }>(
    `select transaction_id from money_transaction where parent_id = $1`,
    [expired],
  );
  const { reference: partlyPaid, connection_id: at } = await hub.one<{ reference: string; connection_id: number }>(
    `select reference, connection_id from money_transaction where transaction_id = $1`,
    [partly],
  );
  await hub.sandbox('b2binpay').advance(await hub.providerId(partly), 'transfer:-1');
  await hub.steering.arrivals({ reference: partlyPaid, connectionId: at, webhookId: '2', said: 'taken back' });
  await record(hub, 'arrivals.taken-back', `arrivals:${partlyPaid}`);
  const odd = await client.deposit('100.00');
  await hub.sandbox('b2binpay').advance(await hub.providerId(odd), 'expire');
  await hub.reaches(odd, 'expired');
  const { reference: settled } = await hub.one<{ reference: string }>(
    `update money_transaction set currency = 840 where transaction_id = $1 returning reference`,
    [odd],
  );
  await hub.sandbox('b2binpay').pay(await hub.providerId(odd), {});
  await hub.steering.arrivals({ reference: settled, connectionId: at, webhookId: '3', said: 'paid' });
  await eventually(
    async () => (await hub.handle(`arrivals:${settled}`).describe()).searchAttributes['HubNeedsHuman']?.[0],
    'a person to be asked',
  );
  await hub.handle(`arrivals:${settled}`).cancel();
  await record(hub, 'arrivals.settled', `arrivals:${settled}`);
  await hub.decide(late, olga, 'reject', { comment: 'returned by hand' });
  await record(hub, 'deposit.late-payment', `deposit:${late}`);
};

const transfers = async (hub: TestHub, dollars: TestClient): Promise<void> => {
  const { accountId } = await hub.openTradingAccount(dollars.clientId);
  await record(hub, 'openAccount.opened', `open-account:${accountId}`);
  const into = await dollars.transfer('100.00', dollars.wallet, accountId);
  await record(hub, 'transfer.into-trading', `transfer:${into}`);
  await record(hub, 'transfer.from-trading', `transfer:${await dollars.transfer('40.00', accountId, dollars.wallet)}`);
  await record(hub, 'transfer.refused', `transfer:${await dollars.transfer('10.02', dollars.wallet, accountId)}`);
  hub.sandbox('mt5').fault({ match: { path: '/api/trade/balance' }, kind: 'reset', times: 1 });
  await record(hub, 'transfer.sent-twice', `transfer:${await dollars.transfer('10.00', dollars.wallet, accountId)}`);
};

const changing =
  (hub: TestHub, clientId: number, accountId: number) =>
  async (wanted: object): Promise<number> =>
    (
      await hub.one<{ id: number }>(
        `insert into account_change (account_id, client_id, wanted, requested_by) values ($1, $2, $3, 'user:1') returning id`,
        [accountId, clientId, JSON.stringify(wanted)],
      )
    ).id;

/** The same account, changed in different ways. */
const changes = async (hub: TestHub, { clientId }: TestClient): Promise<void> => {
  hub.sandbox('mt5').fault({ match: { path: '/api/user/add' }, kind: 'reset', times: 1 });
  const { accountId } = await hub.openTradingAccount(clientId);
  await record(hub, 'openAccount.waited', `open-account:${accountId}`);
  const change = changing(hub, clientId, accountId);
  const update = { path: '/api/user/update' };

  const set = await change({ leverage: 200, access: 'read_only' });
  await hub.steering.changeAccount(set);
  await record(hub, 'accountChange.set', `account-change:${set}`);

  hub.sandbox('mt5').fault({ match: update, kind: 'reset_after_commit', times: 1 });
  const lost = await change({ leverage: 500 });
  await hub.steering.changeAccount(lost);
  await record(hub, 'accountChange.lost-answer', `account-change:${lost}`);

  const refused = await change({ group: 'nowhere' });
  await hub.steering.changeAccount(refused);
  await record(hub, 'accountChange.refused', `account-change:${refused}`);

  hub.sandbox('mt5').fault({ match: update, kind: 'http_500', times: 1_000 });
  const withdrawn = await change({ leverage: 100 });
  const begun = hub.steering.changeAccount(withdrawn);
  await eventually(() => Promise.resolve(hub.sandbox('mt5').faults.open()[0]!.hit > 0), 'an attempt');
  await hub.steering.withdrawChange(withdrawn, 'user:1');
  hub.sandbox('mt5').faults.clear();
  await begun;
  await record(hub, 'accountChange.withdrawn', `account-change:${withdrawn}`);
};

/** Changes whose run was terminated: what the next one tells. */
const begunAnew = async (hub: TestHub, { clientId }: TestClient): Promise<void> => {
  const { accountId } = await hub.openTradingAccount(clientId);
  const change = changing(hub, clientId, accountId);
  const mt5 = hub.sandbox('mt5');
  const ended = async (leverage: number): Promise<{ id: number; workflowId: string }> => {
    mt5.fault({ match: { path: '/api/user/update' }, kind: 'http_500', times: 1_000 });
    const id = await change({ leverage });
    const workflowId = `account-change:${id}`;
    const begun = hub.steering.changeAccount(id).catch(() => undefined);
    await eventually(() => Promise.resolve(mt5.faults.open()[0]!.hit > 0), 'an attempt');
    await hub.handle(workflowId).terminate('for a history');
    await begun;
    mt5.faults.clear();
    return { id, workflowId };
  };
  const set = await ended(200);
  await hub.steering.startWaiting({ ...set, type: 'accountChange' });
  await record(hub, 'accountChange.begun-anew', set.workflowId);
  const withdrawn = await ended(500);
  await hub.steering.withdrawChange(withdrawn.id, 'user:1');
  await record(hub, 'accountChange.begun-with-its-withdrawal', withdrawn.workflowId);
};

const addresses = async (hub: TestHub, { clientId, wallet }: TestClient): Promise<void> => {
  const { id: methodId, connection: connectionId } = await hub.methodId('usdt-address');
  const row = { clientId, accountId: wallet, methodId, connectionId, currency: 2145, reference: 'KADDRESS22222' };
  const { addressId } = await ensureAddressRow(hub.pool, row);
  hub.sandbox('b2binpay').fault({ match: { method: 'POST', path: '/deposit/' }, kind: 'reset_after_commit', times: 1 });
  await hub.steering.depositAddress(addressId);
  await record(hub, 'depositAddress.lost-answer', `deposit-address:${addressId}`);
};

const walk = async (hub: TestHub, clientId: number, level: string, connection: string | null) => {
  const { id: levelId } = await hub.one<{ id: number }>(
    `update verification_level set wizard = 'DocumentsWizard', programme = 'basic-kyc-level', connection_id = (select id from connection where name = $2)
      where name = $1 returning id`,
    [level, connection],
  );
  return hub.one<{ caseId: number; workflowId: string; reference: string }>(
    `insert into kyc_case (client_id, level_id, connection_id, reference) select $1, id, connection_id, $3 from verification_level where id = $2
     returning id as "caseId", workflow_id as "workflowId", reference`,
    [clientId, levelId, referenceFrom(randomBytes(12))],
  );
};

const verifications = async (hub: TestHub, olga: number, { clientId }: TestClient): Promise<void> => {
  const checked = await walk(hub, clientId, 'Level 1', null);
  await hub.steering.beginVerification(checked);
  await hub.pool.query(`update kyc_case set state = 'checking' where id = $1`, [checked.caseId]);
  const { requestId } = await hub.steering.handIn(checked);
  await hub.decideRequest(requestId!, olga, 'approve');
  await record(hub, 'verification.documents', checked.workflowId);

  const asked = await walk(hub, clientId, 'Level 2', 'sumsub');
  const news = (said: string) => hub.steering.verification({ ...asked, webhookId: '1', said });
  await hub.steering.beginVerification(asked);
  for (const word of ['red_retry', 'submit', 'green']) {
    await hub.sandbox('sumsub').advance(asked.reference, word);
    if (word === 'submit') await hub.steering.beginVerification(asked);
    await news(word);
    await eventually(
      async () =>
        (await hub.one<{ n: number }>(`select attempt as n from kyc_case where id = $1`, [asked.caseId])).n > 0,
      word,
    );
  }
  await record(hub, 'verification.asked-again', asked.workflowId);

  const question = async () =>
    (
      await eventually(
        async () =>
          (
            await hub.pool.query<{ id: number }>(
              `select id from application where kyc_case_id = $1 and status_id = 0`,
              [asked.caseId],
            )
          ).rows[0],
        'a question about the verification',
      )
    ).id;
  for (const word of ['red_final', 'submit', 'green']) {
    await hub.sandbox('sumsub').advance(asked.reference, word);
    await news(word);
    if (word === 'red_final') await question();
  }
  await record(hub, 'verification.approved-anew', asked.workflowId);

  const ends = async (days: number) => {
    await hub.pool.query(`update kyc_case set valid_until = current_date + $2::int, next_look = now() where id = $1`, [
      asked.caseId,
      days,
    ]);
    await hub.steering.verificationDue(asked);
  };
  await ends(5);
  await record(hub, 'verification.warned', asked.workflowId);
  await ends(-1);
  await hub.decideRequest(await question(), olga, 'approve');
  await record(hub, 'verification.ended', asked.workflowId);

  await hub.steering.beginVerification(asked);
  for (const [word, answer] of [
    ['red_final', 'reject'],
    ['green', 'approve'],
  ] as const) {
    await hub.sandbox('sumsub').advance(asked.reference, word);
    await news(word);
    await hub.decideRequest(await question(), olga, answer);
    await hub.ends(asked.workflowId);
  }
  await record(hub, 'verification.overturned', asked.workflowId);
};

const messages = async (hub: TestHub): Promise<void> => {
  const queue = async (to: { email: string } | { phone: string }, template: string, parameters = {}) => {
    const order = { to, template, parameters, key: randomUUID() };
    const [id] = await inTransaction(hub.pool, (db) => queueMessage(db, new KeyRing(CONFIG_KEYS), order));
    await startMessages(hub.steering, [id!]);
    return `message:${id}`;
  };
  const mail = () => queue({ email: 'ann@client.example' }, 'registerDone', { firstName: 'Ann' });
  const sms = () => queue({ phone: '+15005550010' }, 'registerConfirm', { code: '493027' });
  await record(hub, 'message.sent', await mail());

  hub.sandbox('sendgrid').fault({ match: { path: '/v3/mail/send' }, kind: 'http_429', times: 1 });
  await record(hub, 'message.tried-again', await mail());

  hub.sandbox('sendgrid').fault({ match: { path: '/v3/mail/send' }, kind: 'reset_after_commit', times: 2 });
  await record(hub, 'message.nobody-can-tell', await mail());

  hub
    .sandbox('twilio')
    .fault({ match: { method: 'POST', path: '/2010-04-01/' }, kind: 'reset_after_commit', times: 1 });
  await record(hub, 'message.found', await sms());

  hub.sandbox('twilio').fault({ match: { method: 'POST', path: '/2010-04-01/' }, kind: 'reset', times: 1 });
  await record(hub, 'message.never-arrived', await sms());

  await record(hub, 'message.refused', await queue({ phone: '+15005550009' }, 'registerConfirm', { code: '1' }));

  hub.sandbox('sendgrid').fault({ match: { path: '/v3/mail/send' }, kind: 'reset_after_commit', times: 1 });
  // `message.repeat-refused-before` and `message.repeat-waited-for-its-connection` are of before, when a repeat never went elsewhere.
  await record(hub, 'message.repeat-refused', await queue({ email: 'no address' }, 'registerDone', { firstName: 'A' }));

  const { id: twilio } = await hub.one<{ id: number }>(`select id from connection where name = 'twilio'`);
  await hub.pauseConnection(twilio);
  const waiting = await sms();
  await eventually(
    async () => ((await hub.handle(waiting).describe()).raw.pendingActivities ?? []).length > 0,
    'the order to wait',
  );
  await hub.pool.query(`update message set state = 'cancelled' where id = $1`, [waiting.split(':')[1]]);
  await hub.pool.query(`update connection_health set state = 'closed', paused_until = null where connection_id = $1`, [
    twilio,
  ]);
  await record(hub, 'message.over-in-its-queue', waiting);
};

/** Rates themselves, and a deposit that waits for one. */
const rates = async (hub: TestHub): Promise<void> => {
  await hub.client.workflow.execute('refreshRates', { workflowId: 'refresh-rates', taskQueue: 'hub' });
  await record(hub, 'refreshRates.two-due', 'refresh-rates');
  const { sourceId, connectionId } = await hub.one<{ sourceId: number; connectionId: number }>(
    `select id as "sourceId", connection_id as "connectionId" from rate_source where name = 'B2BINPAY'`,
  );
  await record(hub, 'rateSource.answered', `rate-source:${sourceId}`);
  await hub.pool.query(`delete from rate`);
  hub.sandbox('b2binpay-rates').fault({ match: { path: '/rates/' }, kind: 'http_500', times: 1 });
  const asked = { workflowId: 'rate-source:fails', taskQueue: 'hub', args: [{ sourceId, connectionId }] };
  await hub.client.workflow.execute('rateSource', asked);
  await record(hub, 'rateSource.failed', 'rate-source:fails');

  await hub.approvals('deposit', 0);
  const client = await hub.clientWith('0', 'USD');
  const { id: method, connection } = await hub.methodId('usdt-invoice');
  await hub.pool.query(`insert into payment_method_currency (method_id, type, currency) values ($1, 'TR', 840)`, [
    method,
  ]);
  const row = {
    type: 'deposit',
    client_id: client.clientId,
    credit_account_id: client.wallet,
    currency: 2145,
    amount: '100',
  };
  const id = await hub.order({ ...row, method_id: method, connection_id: connection }, false);
  await keepExchange(hub.pool, id, 840, null);
  await hub.steering.beginMoney('deposit', id);
  await hub.sandbox('b2binpay').pay(await hub.providerId(id), {});
  await eventually(
    async () =>
      (
        await hub.one<{ why: string | null }>(
          `select needs_human as why from money_transaction where transaction_id = $1`,
          [id],
        )
      ).why,
    'the deposit to wait for a rate',
  );
  await hub.askRates('B2BINPAY');
  await hub.reaches(id, 'done');
  await record(hub, 'deposit.waited-for-a-rate', `deposit:${id}`);

  const parts = await hub.order({ ...row, method_id: method, connection_id: connection }, false);
  await keepExchange(hub.pool, parts, 840, null);
  await hub.steering.beginMoney('deposit', parts);
  const page = await hub.providerId(parts);
  await hub.sandbox('b2binpay').pay(page, { amount: '10' });
  await hub.reaches(parts, 'review');
  await hub.pool.query(`update transaction_exchange set expires_at = now() where transaction_id = $1`, [parts]);
  await hub.sandbox('b2binpay').pay(page, { amount: '90' });
  await hub.steering.news({
    workflowId: `deposit:${parts}`,
    type: 'deposit',
    transactionId: parts,
    webhookId: '1',
    said: 'paid',
  });
  await hub.reaches(parts, 'done');
  // `deposit.parts-at-one-rate` is of before, when the rest had the rate of the first part.
  await record(hub, 'deposit.parts-at-their-rates', `deposit:${parts}`);
};

const reconciliations = async (hub: TestHub, olga: number, client: TestClient): Promise<void> => {
  const { accountId, login } = await hub.openTradingAccount(client.clientId);
  const transfer = await client.transfer('10.00', client.wallet, accountId);
  await hub.reaches(transfer, 'done');
  const { reference } = await hub.one<{ reference: string }>(
    `select reference from money_transaction where transaction_id = $1`,
    [transfer],
  );
  const connection = async (name: string) =>
    (await hub.one<{ id: number }>(`select id from connection where name = $1`, [name])).id;
  const mt5 = await connection('mt5');
  const began = Math.floor(Date.now() / 1_000) * 1_000 - 3_600_000;
  const compare = async (connectionId: number): Promise<string> => {
    await new Promise((done) => setTimeout(done, 1_100));
    const window = { from: new Date(began), to: new Date(Math.floor(Date.now() / 1_000) * 1_000), user: olga };
    const ordered = (await orderReconciliation(hub.pool, { connectionId, ...window }))!;
    await hub.steering.startWaiting({ ...ordered, type: 'reconciliation' });
    return ordered.workflowId;
  };
  const dealerBooks = async (kind: 'deposit' | 'withdraw', operationKey: string) => {
    const { adapter, ctx } = await lendTools(hub.settings, hub.pool, hub.client).open('trading', mt5);
    const currency = { alphabeticCode: 'USD', minorUnit: 2 };
    await adapter.applyBalance(ctx, { login, kind, amount: '5.00', currency, operationKey, text: '' });
  };
  const found = () =>
    eventually(
      async () =>
        (
          await hub.pool.query<{ application: number; run: string }>(
            `select a.id as application, d.workflow_id as run from reconciliation_difference d join application a on a.difference_id = d.id where d.state = 'open'`,
          )
        ).rows[0],
      'a request about a difference',
    );

  await record(hub, 'reconciliation.agrees', await compare(mt5));
  await record(hub, 'reconciliation.no-books', await compare(await connection('bank')));
  await record(hub, 'reconciliation.movements', await compare(await connection('stripe')));

  await dealerBooks('deposit', 'KAAAAAAAAAAAA');
  hub.sandbox('mt5').fault({ match: { path: '/api/deal' }, kind: 'http_500', times: 2 });
  await record(hub, 'reconciliation.differs', await compare(mt5));
  const { application, run } = await found();
  await hub.decideRequest(application, olga, 'continue', { comment: 'the dealer looks into it' });
  await eventually(
    () =>
      hub.decideRequest(application, olga, 'mark_done', { comment: 'a bonus' }).then(
        () => true,
        () => false, // it has not asked again yet
      ),
    'the second decision to be taken',
  );
  await record(hub, 'difference.settled', run);

  await dealerBooks('deposit', reference);
  await compare(mt5);
  const second = await found();
  await dealerBooks('withdraw', reference);
  await compare(mt5);
  await record(hub, 'difference.resolved', second.run);

  await hub.client.workflow.start('reconcile', { workflowId: 'reconcile', taskQueue: 'hub' });
  await record(hub, 'reconcile.once', 'reconcile');
};

/** Through a cashier, which asks the client where to; and a card payment given back. */
const otherWaysOut = async (hub: TestHub, olga: number): Promise<void> => {
  const method = async (connection: string, direction: 'deposit' | 'withdrawal', currency: number): Promise<string> => {
    const name = `${connection}-${direction}`;
    await hub.pool.query(
      `with made as (
         insert into payment_method (direction, name, caption, provider, connection_id, flow)
         select $1, $2, $2, provider, id, $3 from connection where name = $4 returning id)
       insert into payment_method_currency (method_id, type, currency, min, caption)
       select id, type, $5, 1, 'x' from made, unnest(array['TR', 'PS']) as type`,
      [direction, name, direction === 'deposit' ? 'invoice' : 'send', connection, currency],
    );
    return name;
  };
  const order = { method: await method('praxis', 'withdrawal', 978), data: {} };
  const euros = await hub.clientWith('1000', 'EUR');
  await hub.sandbox('praxis').advance('settings', '{"clientSubmits":false}');
  const waited = async () => {
    const id = await euros.withdraw('25.00', order);
    await hub.reaches(id, 'awaiting_client');
    return id;
  };
  const prepared = await waited();
  const { reference } = await hub.one<{ reference: string }>(
    `select reference from money_transaction where transaction_id = $1`,
    [prepared],
  );
  await hub.sandbox('praxis').pay(reference);
  await hub.decide(prepared, olga, 'approve');
  await record(hub, 'payout.prepared', `payout:${prepared}`);

  await hub.askRates('European Central Bank');
  const inDollars = await hub.clientWith('1000', 'USD');
  const cashier = await hub.methodId(order.method);
  await hub.pool.query(
    `insert into payment_method_currency (method_id, type, currency, min, caption) values ($1, 'TR', 840, 1, 'x')`,
    [cashier.id],
  );
  const changed = await hub.order(
    {
      type: 'withdrawal',
      client_id: inDollars.clientId,
      debit_account_id: inDollars.wallet,
      currency: 840,
      amount: '25',
      method_id: cashier.id,
      connection_id: cashier.connection,
    },
    false,
  );
  await keepExchange(hub.pool, changed, 978, null);
  await hub.steering.beginMoney('payout', changed);
  await hub.reaches(changed, 'awaiting_client');
  const { reference: ofChanged } = await hub.one<{ reference: string }>(
    `select reference from money_transaction where transaction_id = $1`,
    [changed],
  );
  await hub.sandbox('praxis').pay(ofChanged);
  await hub.decide(changed, olga, 'approve');
  await hub.reaches(changed, 'done');
  await record(hub, 'payout.prepared-at-a-rate', `payout:${changed}`);

  const takenBack = await waited();
  await hub.steering.cancel(`payout:${takenBack}`, { by: 'client:1' });
  await record(hub, 'payout.taken-back', `payout:${takenBack}`);

  await hub.approvals('deposit', 0);
  const dollars = await hub.clientWith('0', 'USD');
  const card = await method('stripe', 'deposit', 840);
  const deposit = await dollars.deposit('25.00', { method: card });
  await hub.reaches(deposit, 'awaiting_payer');
  await hub.sandbox('stripe').pay(await hub.providerId(deposit));
  await hub.reaches(deposit, 'done');
  const refund = await dollars.withdraw('10.00', { method: card, data: {}, parent_id: deposit });
  await hub.decide(refund, olga, 'approve');
  await record(hub, 'payout.refund', `payout:${refund}`);
};

/** Through the API, as clients do: what a run is sent was checked there. */
/** Other names that two people allow, and such as one of them does not. */
const clientChanges = async (api: MoneyApi): Promise<void> => {
  const operators = [await api.hub.operator(), await api.hub.operator()];
  await setBroker(api, 'clients.changeApprovals', 2);
  const client = await SignedIn.up(api);
  const ask = async () => {
    const { uuid } = await client.step('GET /my/profile/wizard');
    await client.step('POST /my/profile/wizard', { uuid, info: { firstName: `Ann ${'a'.repeat(names++)}` } });
    const last = await client.step('POST /my/profile/wizard', { uuid, code: await client.code() });
    const { requestId } = last.data.request as { requestId: number };
    const { run } = await api.hub.one<{ run: string }>(`select workflow_id as run from application where id = $1`, [
      requestId,
    ]);
    return { requestId, run };
  };
  let names = 1;
  const allowed = await ask();
  for (const operator of operators) await api.hub.decideRequest(allowed.requestId, operator, 'approve');
  await record(api.hub, 'clientChange.approved', allowed.run);
  const not = await ask();
  const resolutionId = await api.hub.resolutionId('Request declined');
  await api.hub.decideRequest(not.requestId, operators[0]!, 'reject', { resolutionId });
  await record(api.hub, 'clientChange.rejected', not.run);
};

const wizards = async (): Promise<void> => {
  const api = await startWizardApi();
  try {
    const device = new Device(api);
    const { uuid, answer } = await register(api, device);
    if (answer.code !== 202) throw new Error('nobody was registered');
    await record(api.hub, 'wizard.registered', `wizard:${uuid}`);

    const begin = async () => {
      const email = anEmail();
      const { uuid: begun } = await device.step('POST /my/signup/wizard', {});
      await device.step('POST /my/signup', { uuid: begun, ...mainForm(device, email) });
      return { uuid: begun, wrong: otherThan(await codeSentTo(api, email)) };
    };
    const guessed = await begin();
    for (let n = 0; n < 5; n++) await device.call('POST /my/signup', { uuid: guessed.uuid, code: guessed.wrong });
    await record(api.hub, 'wizard.guessed', `wizard:${guessed.uuid}`);

    // A payout that is asked for otherwise before its code.
    await api.hub.pool.query(`insert into broker_setting (name, value) values ('withdrawals.confirmation', 'true')`);
    const ann = await api.clientWith('100', 'USDT');
    const { email } = await api.hub.one<{ email: string }>(`select email from client where client_id = $1`, [ann.id]);
    const { uuid: replaced } = (await ann.call('GET /my/withdrawals/wizard')).body;
    const order = (amount: number) => ({
      ...{ uuid: replaced, amount, accountId: ann.wallet, currencyCode: 2145 },
      data: { address: 'TXYZtestaddress0000000000000000001' },
    });
    const methodId = await api.methodId('usdt-payout');
    await ann.call('POST /my/withdrawals', { ...order(5), methodId });
    const first = await codeSentTo(api, email);
    await api.hub.pool.query(`update wizard_code set sent_at = sent_at - interval '1 hour'`);
    await ann.call('POST /my/withdrawals', { ...order(6), methodId });
    const code = await eventually(async () => {
      const newest = await codeSentTo(api, email);
      return newest === first ? null : newest;
    }, 'another code');
    const { body: paid } = await ann.call('POST /my/withdrawals/wizard', { uuid: replaced, code });
    if (paid.code !== 202) throw new Error('nothing was paid out');
    await record(api.hub, 'wizard.asked-otherwise', `wizard:${replaced}`);

    const left = await begin();
    await api.hub.steering.stopWizard(left.uuid, 'user:1', 'cancelled');
    await record(api.hub, 'wizard.cancelled', `wizard:${left.uuid}`);

    await clientChanges(api);
  } finally {
    await api.stop();
  }
};

const only = process.argv[2];
await globalSetup();
try {
  const hub = await TestHub.start({}, ['sumsub', 'sendgrid', 'twilio', 'stripe', 'ecb', 'b2binpay-rates', 'praxis']);
  const olga = await hub.operator();
  const parts: Record<string, () => Promise<void>> = {
    messages: () => messages(hub),
    wizards,
    verifications: async () => verifications(hub, olga, await hub.clientWith('1000', 'USDT')),
    rates: () => rates(hub),
    'taken-over': () => takenOver(hub, olga),
    reconciliation: async () => reconciliations(hub, olga, await hub.clientWith('1000', 'USD')),
    others: () => otherWaysOut(hub, olga),
    money: async () => {
      const [client, dollars] = [await hub.clientWith('1000', 'USDT'), await hub.clientWith('1000', 'USD')];
      await payouts(hub, olga, client);
      await deposits(hub, olga, client, dollars);
      await addresses(hub, client);
      await transfers(hub, dollars);
    },
    corrections: () => corrections(hub, olga),
    sweep: async () => {
      await hub.client.workflow.start('sweep', { workflowId: 'sweep', taskQueue: 'hub' });
      await record(hub, 'sweep.once', 'sweep');
      await hub.pool.query(`alter table webhook rename to webhook_away`);
      await hub.client.workflow.start('sweep', { workflowId: 'sweep-in-part', taskQueue: 'hub' });
      await record(hub, 'sweep.in-part', 'sweep-in-part');
      await hub.pool.query(`alter table webhook_away rename to webhook`);
    },
    trading: async () => changes(hub, await hub.clientWith('0', 'USD')),
    'begun-anew': async () => begunAnew(hub, await hub.clientWith('0', 'USD')),
  };
  try {
    for (const [part, run] of Object.entries(parts)) if (only === undefined || only === part) await run();
  } finally {
    await hub.stop();
  }
} finally {
  await globalTeardown();
}
process.exit(0);
