/** Payouts in steps: the form, a code, and the same payout as without steps. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { totpAt } from '../../activities/wizards/totp.ts';
import { KeyRing } from '../../config/key-ring.ts';
import { paymentOrder } from '../../activities/intake/new-order.ts';
import { assertMayWithdraw } from '../../activities/transactions/restrictions.ts';
import type { Tools } from '../../activities/kit/activity.ts';
import { post } from '../../db/repositories/ledger.ts';
import { noteFactorChange } from '../../db/repositories/factors.ts';
import { noteProfileChanges } from '../../db/repositories/profile-changes.ts';
import { walletCode } from '../../domain/chart-of-accounts.ts';
import type { Answer, MoneyApi } from '../api/money-hub.ts';
import { eventually } from '../kit/hub.ts';
import { CONFIG_KEYS } from '../kit/keys.ts';
import {
  codeSentTo,
  codesSentTo,
  Device,
  otherThan,
  signIn,
  startWizardApi,
  END,
  lettersTo,
  reasons,
  nextCodeTo,
} from './devices.ts';
import { turnOn, setBroker } from './signed-in.ts';

let api: MoneyApi;
let methodId: number;
beforeAll(async () => {
  api = await startWizardApi(['b2binpay-rates']);
  await api.hub.approvals('withdrawal', 1);
  methodId = (await api.hub.methodId('usdt-payout')).id;
});
afterAll(async () => {
  expect(await api.hub.breaches()).toEqual([]);
  await api?.stop();
});

const USDT = 2145;
const ADDRESS = 'TXYZtestaddress0000000000000000001';
const OTHER = 'TXYZtestaddress0000000000000000002';

let ann: Awaited<ReturnType<MoneyApi['clientWith']>>;
let email: string;
beforeEach(async () => {
  await api.hub.pool.query(`delete from code_sending`);
  await setBroker(api, 'withdrawals.confirmation', true);
  ann = await api.clientWith('100', 'USDT');
  email = (await api.hub.one<{ email: string }>(`select email from client where client_id = $1`, [ann.id])).email;
});

/** The body of a call that must be fine. */
const ok = async (route: string, body?: unknown, status = 200): Promise<any> => {
  const answer = await ann.call(route, body);
  if (answer.status !== status) throw new Error(`${route}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};
const begin = async (): Promise<string> => (await ok('GET /my/withdrawals/wizard')).uuid;
const form = (more: object = {}) => ({
  ...{ accountId: ann.wallet, methodId, amount: 25, currencyCode: USDT, data: { address: ADDRESS } },
  ...more,
});
const atCode = async (more: object = {}) => {
  const uuid = await begin();
  await ok('POST /my/withdrawals', { uuid, ...form(more) });
  return { uuid, code: await codeSentTo(api, email) };
};
const payouts = async () =>
  (
    await api.hub.pool.query<{ amount: string; address: string; key: string }>(
      `select trim_scale(amount)::text as amount, data ->> 'address' as address, idempotency_key as key from money_transaction where client_id = $1 order by 1`,
      [ann.id],
    )
  ).rows;
const balance = async () => {
  const { balance: all, held } = await api.hub.one<{ balance: string; held: string }>(
    `select trim_scale(balance)::text as balance, trim_scale(held)::text as held from ledger_account where code = $1`,
    [`wallet:${ann.wallet}`],
  );
  return `${all} held ${held}`;
};

/** An app of hers that is switched on. */
const addApp = async (): Promise<Buffer> => {
  const secret = Buffer.from('12345678901234567890');
  await turnOn(api, ann.id, 'google');
  await api.hub.pool.query(`insert into client_totp (client_id, sealed) values ($1, $2)`, [
    ann.id,
    new KeyRing(CONFIG_KEYS).seal(secret, 'totp'),
  ]);
  return secret;
};

describe('a payout in steps that is over', () => {
  it('says so to who sends its form once more, and still what became of it to who sends its code', async () => {
    const { uuid, code } = await atCode();
    const last = await ok('POST /my/withdrawals/wizard', { uuid, code });
    const once = await ann.call('POST /my/withdrawals', { uuid, ...form() });
    expect([...reasons(once), once.body.error.details[0].issue]).toEqual([
      404,
      'wizard_not_found',
      'This is finished already.',
    ]);
    const other = await ann.call('POST /my/withdrawals', { uuid, ...form({ amount: 30 }) });
    expect([other.status, other.body.error.details]).toEqual([once.status, once.body.error.details]);
    expect(await ok('POST /my/withdrawals/wizard', { uuid, code })).toEqual(last);
    expect(await payouts()).toHaveLength(1);
  });

  it('because too many codes were wrong sends no other one', async () => {
    const { uuid, code } = await atCode();
    for (let tries = 0; tries < 5; tries++)
      await ann.call('POST /my/withdrawals/wizard', { uuid, code: otherThan(code) });
    await eventually(
      async () =>
        (await api.hub.one<{ state: string }>(`select state from wizard_run where uuid = $1`, [uuid])).state ===
        'failed',
      'the run to be over',
    );
    expect(reasons(await ann.call('POST /my/withdrawals', { uuid, ...form() }))).toEqual([404, 'wizard_not_found']);
  });
});

describe('the code of a payout', () => {
  const mail = async () => {
    await codeSentTo(api, email);
    return lettersTo(api, email)[0]!;
  };

  it('says what it pays out and where to', async () => {
    const { code } = await atCode();
    expect(await mail()).toContain(`Your code is ${code}.`);
    expect(await mail()).toContain(`It pays out 25 USDT to ${ADDRESS}.`);
  });

  it('says what stands there when the form was sent once more', async () => {
    const { uuid } = await atCode();
    await api.hub.pool.query(`update wizard_code set sent_at = sent_at - interval '1 hour'`);
    await ok('POST /my/withdrawals', { uuid, ...form({ amount: '7.50', data: { address: OTHER } }) });
    await nextCodeTo(api, email, 1);
    expect(await mail()).toContain(`It pays out 7.5 USDT to ${OTHER}.`);
  });

  it('names a bank account by its ends', async () => {
    const accountId = await api.hub.openWallet(ann.id, 'EUR');
    const [from, to] = ['house:suspense:EUR', walletCode(accountId)];
    await post(api.hub.pool, `test:${randomUUID()}`, [{ do: 'post', from, to, amount: '50' }]);
    const bankForm = { iban: 'DE02120300000000202051', accountHolder: 'Ann Lee' };
    const bank = { methodId: (await api.hub.methodId('bank-payout')).id, data: bankForm };
    await atCode({ ...bank, accountId, amount: 10, currencyCode: 978 });
    expect(await mail()).toContain('It pays out 10 EUR to DE02…2051.');
    expect(await mail()).not.toContain(bankForm.iban);
  });
});

describe('a payout in steps', () => {
  it('is asked for, confirmed by the code of the mail, and held only then', async () => {
    const first = await ok('GET /my/withdrawals/wizard');
    expect(first).toEqual({
      code: 200,
      data: null,
      done: true,
      uuid: expect.any(String),
      workflow: 'withdrawal_form',
    });
    const { uuid } = first;
    const asked = await ok('POST /my/withdrawals', { uuid, ...form() });
    expect(asked).toEqual({
      code: 200,
      data: {
        confirmationChannel: 'email',
        recipient: expect.stringMatching(/^a\*\*\*@/),
        codeLength: 6,
        expiresAt: expect.any(String),
        resendAfter: 60,
        attemptsLeft: 5,
      },
      done: false,
      uuid,
      workflow: 'confirm_email',
    });
    expect(await payouts()).toEqual([]);
    expect(await balance()).toBe('100 held 0');
    const body = { uuid, code: await codeSentTo(api, email) };
    const last = await ok('POST /my/withdrawals/wizard', body);
    expect(last).toMatchObject({ code: 202, done: true, uuid, workflow: END });
    const { transaction } = last.data;
    expect(transaction).toMatchObject({ type: 'withdrawal', status: expect.stringMatching(/hold|pending/) });
    await api.hub.reaches(transaction.transactionId, 'awaiting_approval');
    expect(await balance()).toBe('100 held 25');
    expect(await payouts()).toEqual([{ amount: '25', address: ADDRESS, key: `wizard:${uuid}` }]);
    // A lost answer, a second click: the same payout.
    const again = await ok('POST /my/withdrawals/wizard', body);
    expect(again.data.transaction.transactionId).toBe(transaction.transactionId);
    expect(reasons(await ann.call('POST /my/withdrawals/wizard', { uuid, code: otherThan(body.code) }))).toEqual([
      404,
      'wizard_not_found',
    ]);
    expect(await payouts()).toHaveLength(1);
    const { id: request } = await api.hub.openRequest(transaction.transactionId);
    await api.hub.decideRequest(request, await api.hub.operator(), 'approve');
    await api.hub.reaches(transaction.transactionId, 'done');
    expect(await balance()).toBe('75 held 0');
  });

  it('is confirmed by the strongest factor that the client has', async () => {
    const secret = await addApp();
    const uuid = await begin();
    expect(await ok('POST /my/withdrawals', { uuid, ...form() })).toMatchObject({ workflow: '2fa_google' });
    expect(codesSentTo(api, email)).toEqual([]);
    const code = totpAt(secret, Math.floor(Date.now() / 30_000));
    expect(reasons(await ann.call('POST /my/withdrawals/wizard', { uuid, code: otherThan(code) }))).toEqual([
      400,
      'invalid_code',
    ]);
    expect(await ok('POST /my/withdrawals/wizard', { uuid, code })).toMatchObject({ code: 202 });
  });

  it('is not confirmed by a code of the app that was typed for what it stands instead of', async () => {
    const secret = await addApp();
    const uuid = await begin();
    await ok('POST /my/withdrawals', { uuid, ...form() });
    const shown = (later: number) => totpAt(secret, Math.floor(Date.now() / 30_000) + later);
    const code = shown(0);
    await api.hub.pool.query(
      `update wizard_code set expires_at = now() where run_id = (select id from wizard_run where uuid = $1)`,
      [uuid],
    );
    await ok('POST /my/withdrawals', { uuid, ...form({ data: { address: OTHER } }) });
    expect(reasons(await ann.call('POST /my/withdrawals/wizard', { uuid, code }))).toEqual([400, 'invalid_code']);
    expect(await payouts()).toEqual([]);
    expect(await ok('POST /my/withdrawals/wizard', { uuid, code: shown(1) })).toMatchObject({ code: 202 });
    expect(await payouts()).toMatchObject([{ address: OTHER }]);
  });

  it('is not paid by a weaker code than it would be asked for now', async () => {
    const { uuid } = await atCode();
    const code = await codeSentTo(api, email);
    await turnOn(api, ann.id, 'sms');
    expect(reasons(await ann.call('POST /my/withdrawals/wizard', { uuid, code }))).toEqual([403, 'restricted']);
    expect([await payouts(), await balance()]).toEqual([[], '100 held 0']);
  });

  it('asks for no code where the broker wants none, and pays at once', async () => {
    await setBroker(api, 'withdrawals.confirmation', false);
    const uuid = await begin();
    const last = await ok('POST /my/withdrawals', { uuid, ...form() });
    expect(last).toMatchObject({
      code: 202,
      done: true,
      uuid,
      workflow: END,
      data: { transaction: expect.anything() },
    });
    expect(codesSentTo(api, email)).toEqual([]);
    expect(await payouts()).toHaveLength(1);
    // Without steps as well, as systems do it.
    expect(await ok('POST /my/withdrawals', form())).toMatchObject({ code: 202, workflow: END });
    expect(await payouts()).toHaveLength(2);
  });

  it('cannot be had without the code where the broker wants one', async () => {
    const plain = await ann.call('POST /my/withdrawals', form());
    expect(reasons(plain)).toEqual([403, 'confirmation_required']);
    expect(plain.body.error).toMatchObject({
      workflow: 'withdrawal_form',
      details: [{ field: 'uuid', issue: expect.stringContaining('GET /my/withdrawals/wizard') }],
    });
    expect(await payouts()).toEqual([]);
    // What would happen may be asked.
    expect(await ok('POST /my/withdrawals', { ...form(), isPretend: true })).toMatchObject({ code: 200 });
  });

  it('says what would happen without going on', async () => {
    const uuid = await begin();
    const pretended = await ok('POST /my/withdrawals', { uuid, ...form(), isPretend: true });
    expect(pretended).toMatchObject({
      code: 200,
      done: false,
      uuid,
      workflow: 'withdrawal_form',
      data: { sourceCurrencyAlphaCode: 'USDT', destinationCurrencyAmount: '25.000000000000000000' },
    });
    expect(codesSentTo(api, email)).toEqual([]);
    expect(await ok('POST /my/withdrawals', { uuid, ...form() })).toMatchObject({ workflow: 'confirm_email' });
  });

  it('may be asked for otherwise before the code: what was sent last counts, and so does its code only', async () => {
    const { uuid, code } = await atCode();
    const early = await ann.call('POST /my/withdrawals', { uuid, ...form({ data: { address: OTHER } }) });
    expect(reasons(early)).toEqual([429, 'resend_too_early']);
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0);
    await api.hub.pool.query(
      `update wizard_code set sent_at = sent_at - interval '1 minute' where run_id = (select id from wizard_run where uuid = $1)`,
      [uuid],
    );
    const anew = { uuid, ...form({ amount: 30, data: { address: OTHER } }) };
    expect(await ok('POST /my/withdrawals', anew)).toMatchObject({ code: 200, workflow: 'confirm_email' });
    const newer = await nextCodeTo(api, email, 1);
    // The same once more is a lost answer, not another wish.
    expect(await ok('POST /my/withdrawals', anew)).toMatchObject({ code: 200, workflow: 'confirm_email' });
    expect(codesSentTo(api, email)).toHaveLength(2);
    expect(reasons(await ann.call('POST /my/withdrawals/wizard', { uuid, code }))).toEqual([400, 'invalid_code']);
    expect(await ok('POST /my/withdrawals/wizard', { uuid, code: newer })).toMatchObject({ code: 202 });
    expect(await payouts()).toEqual([{ amount: '30', address: OTHER, key: `wizard:${uuid}` }]);
  });

  it('may go back to what was sent first: that is another wish again', async () => {
    const { uuid } = await atCode();
    const allow = () =>
      api.hub.pool.query(
        `update wizard_code set sent_at = sent_at - interval '1 minute' where run_id = (select id from wizard_run where uuid = $1)`,
        [uuid],
      );
    await allow();
    await ok('POST /my/withdrawals', { uuid, ...form({ data: { address: OTHER } }) });
    await nextCodeTo(api, email, 1);
    await allow();
    await ok('POST /my/withdrawals', { uuid, ...form() });
    const code = await nextCodeTo(api, email, 2);
    expect(await ok('POST /my/withdrawals/wizard', { uuid, code })).toMatchObject({ code: 202 });
    expect(await payouts()).toMatchObject([{ address: ADDRESS }]);
  });

  it('sends another code when asked, not too soon', async () => {
    const { uuid } = await atCode();
    const resend = { uuid, resend: true };
    expect(reasons(await ann.call('POST /my/withdrawals/wizard', resend))).toEqual([429, 'resend_too_early']);
    await api.hub.pool.query(
      `update wizard_code set sent_at = sent_at - interval '1 minute' where run_id = (select id from wizard_run where uuid = $1)`,
      [uuid],
    );
    expect(await ok('POST /my/withdrawals/wizard', resend)).toMatchObject({ workflow: 'confirm_email' });
    expect(await ok('POST /my/withdrawals/wizard', { uuid, code: await nextCodeTo(api, email, 1) })).toMatchObject({
      code: 202,
    });
  });

  it('is one payout, however many devices send its last step at once', async () => {
    const { uuid, code } = await atCode();
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => ann.call('POST /my/withdrawals/wizard', { uuid, code })),
    );
    const fine = answers.filter(({ status }) => status === 200);
    expect(fine.length).toBeGreaterThan(0);
    expect(new Set(fine.map(({ body }) => body.data.transaction.transactionId)).size).toBe(1);
    for (const { status } of answers) expect([200, 404, 409, 429]).toContain(status);
    expect(await payouts()).toHaveLength(1);
    await eventually(async () => (await balance()) === '100 held 25', 'the hold');
  });

  it('refuses what a payout without steps would be refused, each in its words', async () => {
    const uuid = await begin();
    const refused = async (more: object) => {
      const { status, body } = await ann.call('POST /my/withdrawals', { uuid, ...form(more) });
      return [status, body.error.details[0].reason, body.error.details[0].field];
    };
    expect(await refused({ amount: 101 })).toEqual([400, 'insufficient_funds', 'amount']);
    expect(await refused({ amount: '0.5' })).toEqual([400, 'amount_too_small', 'amount']);
    expect(await refused({ data: {} })).toEqual([400, 'validation', 'data.address']);
    expect(await refused({ data: { address: ADDRESS, more: '1' } })).toEqual([400, 'validation', 'data.more']);
    expect(await refused({ accountId: ann.wallet + 1_000 })).toEqual([404, 'not_found', 'accountId']);
    expect(await refused({ methodId: undefined })).toEqual([400, 'validation', 'methodId']);
    await api.hub.pool.query(`update client set status = 'inactive' where client_id = $1`, [ann.id]);
    expect(await refused({})).toEqual([403, 'restricted', 'accountId']);
    await api.hub.pool.query(`update client set status = 'active' where client_id = $1`, [ann.id]);
    expect(await ok('POST /my/withdrawals', { uuid, ...form() })).toMatchObject({ workflow: 'confirm_email' });
  });

  it('is checked again at its last step', async () => {
    const { uuid, code } = await atCode();
    const second = await begin();
    await api.hub.pool.query(`delete from code_sending`);
    await ok('POST /my/withdrawals', { uuid: second, ...form({ amount: 90 }) });
    const answer = await ann.call('POST /my/withdrawals/wizard', {
      uuid: second,
      code: await nextCodeTo(api, email, 1),
    });
    expect(answer.status).toBe(200);
    expect(reasons(await ann.call('POST /my/withdrawals/wizard', { uuid, code }))).toEqual([400, 'insufficient_funds']);
    expect(reasons(await ann.call('POST /my/withdrawals/wizard', { uuid, code: otherThan(code) }))).toEqual([
      404,
      'wizard_not_found',
    ]);
    expect(await payouts()).toHaveLength(1);
  });

  it('ends when there is no rate at its last step: it is not made later, at one that its client never saw', async () => {
    await api.hub.pool.query(
      `insert into payment_method_currency (method_id, type, currency, min, max) values ($1, 'TR', 840, 5, 5000) on conflict do nothing`,
      [methodId],
    );
    await api.hub.askRates('B2BINPAY');
    ann = await api.clientWith('100', 'USD');
    email = (await api.hub.one<{ email: string }>(`select email from client where client_id = $1`, [ann.id])).email;
    const { uuid, code } = await atCode();
    await api.hub.pool.query(`delete from rate`);
    const other = await api.another(ann);
    const answer = await other.call('POST /my/withdrawals/wizard', { uuid, code }).finally(() => other.stop());
    expect([...reasons(answer), answer.body.error.details[0].field]).toEqual([400, 'rate_unavailable', 'currencyCode']);
    await api.hub.askRates('B2BINPAY');
    const { state } = await api.hub.one(`select state from wizard_run where uuid = $1`, [uuid]);
    expect(state).toBe('failed');
    expect(await payouts()).toEqual([]);
  });

  it('refuses steps out of order, codes that are wrong or old, and whoever is not its client', async () => {
    const uuid = await begin();
    const before = await ann.call('POST /my/withdrawals/wizard', { uuid, code: '123456' });
    expect(reasons(before)).toEqual([409, 'wrong_step']);
    expect(before.body.error.workflow).toBe('withdrawal_form');
    await ok('POST /my/withdrawals', { uuid, ...form() });
    const code = await codeSentTo(api, email);
    const bob = await api.clientWith('100', 'USDT');
    expect(reasons(await bob.call('POST /my/withdrawals/wizard', { uuid, code }))).toEqual([404, 'wizard_not_found']);
    expect(reasons(await bob.call('POST /my/withdrawals', { uuid, ...form(), accountId: bob.wallet }))).toEqual([404, 'wizard_not_found']); // prettier-ignore
    const wrong = await ann.call('POST /my/withdrawals/wizard', { uuid, code: otherThan(code) });
    expect(reasons(wrong)).toEqual([400, 'invalid_code']);
    expect(wrong.body.error.details[0].issue).toContain('Attempts left: 4');
    await api.hub.pool.query(
      `update wizard_code set expires_at = now() where run_id = (select id from wizard_run where uuid = $1)`,
      [uuid],
    );
    expect(reasons(await ann.call('POST /my/withdrawals/wizard', { uuid, code }))).toEqual([400, 'code_expired']);
    expect(await payouts()).toEqual([]);
  });

  it('is over after five wrong codes', async () => {
    const { uuid, code } = await atCode();
    const tries = [];
    for (let n = 0; n < 5; n++)
      tries.push(reasons(await ann.call('POST /my/withdrawals/wizard', { uuid, code: otherThan(code) })));
    expect(tries.at(-1)).toEqual([429, 'too_many_attempts']);
    expect(reasons(await ann.call('POST /my/withdrawals/wizard', { uuid, code }))).toEqual([404, 'wizard_not_found']);
    expect(await payouts()).toEqual([]);
  });

  it('is not offered when the broker has switched it off', async () => {
    await api.hub.pool.query(`update wizard_definition set enabled = false where type = 'withdrawals'`);
    const answer = await ann.call('GET /my/withdrawals/wizard');
    await api.hub.pool.query(`update wizard_definition set enabled = true where type = 'withdrawals'`);
    expect(reasons(answer)).toEqual([403, 'wizard_disabled']);
  });

  it('is ordered once when nobody was there to take its last step, and the client tries again', async () => {
    const { uuid, code } = await atCode();
    const hasty = await api.impatient(ann);
    await api.hub.pause();
    expect((await hasty.call('POST /my/withdrawals/wizard', { uuid, code })).status).toBe(503);
    await hasty.stop();
    expect(await payouts()).toEqual([]);
    await api.hub.resume();
    expect(await ok('POST /my/withdrawals/wizard', { uuid, code })).toMatchObject({ code: 202 });
    expect(await payouts()).toHaveLength(1);
  });

  it('is the one that was sent last, when nobody was there to take either', async () => {
    const uuid = await begin();
    const hasty = await api.impatient(ann);
    await api.hub.pause();
    for (const amount of [90, 25])
      expect((await hasty.call('POST /my/withdrawals', { uuid, ...form({ amount }) })).status).toBe(503);
    await hasty.stop();
    await api.hub.pool.query(
      `update wizard_input set create_time = create_time - interval '1 minute' where run_id = (select id from wizard_run where uuid = $1)`,
      [uuid],
    );
    await api.hub.resume();
    await api.hub.client.workflow.execute('sweep', { workflowId: `sweep:${uuid}`, taskQueue: 'hub' });
    const code = await codeSentTo(api, email);
    expect(await ok('POST /my/withdrawals/wizard', { uuid, code })).toMatchObject({ code: 202 });
    expect(await payouts()).toMatchObject([{ amount: '25' }]);
  });
});

describe('an app of 2025', () => {
  it('orders a payout by the form of a method, and confirms it', async () => {
    const begun = await ok(
      `POST /my/withdrawal-methods/${methodId}/form`,
      { accountId: ann.wallet, currencyCode: USDT, deviceTimezone: 'Asia/Kolkata', locale: 'en' },
      201,
    );
    expect(begun).toEqual({ id: expect.any(String), fields: [expect.objectContaining({ id: 'address' })] });
    const { id } = begun;
    const { data: _later, ...amounts } = form({ amount: '25' });
    expect(await ok('POST /my/withdrawals/preview', amounts)).toMatchObject({ amount: '25.000000000000000000' });
    expect(await ok('POST /my/withdrawals', { id, ...form() }, 201)).toEqual({ id, confirmationChannel: 'email' });
    const wrong = await ann.call('POST /my/withdrawals/confirm', { id: randomUUID(), code: '123456' });
    expect([...reasons(wrong), wrong.body.error.details[0].field]).toEqual([404, 'wizard_not_found', 'id']);
    await ok('POST /my/withdrawals/confirm', { id, code: await codeSentTo(api, email) }, 204);
    expect(await payouts()).toHaveLength(1);
  });

  it('hears that the data comes before the code', async () => {
    const { id } = await ok(
      `POST /my/withdrawal-methods/${methodId}/form`,
      { accountId: ann.wallet, currencyCode: USDT },
      201,
    );
    const early = await ann.call('POST /my/withdrawals/confirm', { id, code: '123456' });
    expect([...reasons(early), early.body.error.details[0].field]).toEqual([409, 'wrong_step', 'id']);
    expect(reasons(await ann.call('POST /my/withdrawal-methods/9999/form', { accountId: ann.wallet, currencyCode: USDT }))).toEqual([404, 'not_found']); // prettier-ignore
  });
});

describe('after something that guards a client has changed', () => {
  const AT_ONCE = 'POST /my/withdrawals';
  /** The changes, as if they had been made earlier. */
  const hoursPass = (hours: number) =>
    Promise.all(
      ['password_change', 'factor_change', 'profile_change'].map((table) =>
        api.hub.pool.query(`update ${table} set create_time = create_time - make_interval(hours => $1)`, [hours]),
      ),
    );
  const untilWhen = ({ status, body }: Answer) => {
    const { reason, issue, because, until } = body.error.details[0];
    return [status, reason, issue, because, until];
  };
  const waits = (what: string) => [
    403,
    'restricted',
    expect.stringMatching(
      new RegExp(`^Your ${what} changed: payouts may be ordered again from [-0-9]{10} [:0-9]{5} UTC on\\.$`),
    ),
    'recent_change',
    expect.stringMatching(/^[-0-9]{10}T[:0-9]{8}\+00:00$/),
  ];

  beforeEach(() => setBroker(api, 'withdrawals.confirmation', false));

  it('payouts wait a day, in steps and at once: a stolen mailbox is not enough', async () => {
    const thief = new Device(api);
    const { token } = await thief.step(
      `GET /my/2fa/unauthorized/challenge?businessProcess=restorePassword&email=${email}`,
    );
    const { successToken } = await thief.step('POST /my/2fa/challenge', { token, code: await codeSentTo(api, email) });
    const password = 'Thiefs1234';
    expect((await thief.call('POST /my/password/restore', { password }, { successtoken: successToken })).status).toBe(
      204,
    );
    thief.token = (await signIn(thief, email, password)).data.accessToken.token;

    expect(untilWhen(await thief.call(AT_ONCE, form()))).toEqual(waits('password has'));
    const { uuid } = await thief.step('GET /my/withdrawals/wizard');
    expect(untilWhen(await thief.call(AT_ONCE, { uuid, ...form() }))).toEqual(waits('password has'));
    await hoursPass(23);
    expect(reasons(await thief.call(AT_ONCE, form()))).toEqual([403, 'restricted']);
    await hoursPass(1);
    expect((await thief.step(AT_ONCE, { uuid, ...form() })).code).toBe(202);
    expect((await thief.step(AT_ONCE, form())).code).toBe(202);
  });

  it('they wait as well, and for as long as the broker says', async () => {
    const { pool } = api.hub;
    const changes: Record<string, (clientId: number) => Promise<unknown>> = {
      'password has': async (id) =>
        (await api.operator()).call(`PATCH /clients/${id}/password`, { password: 'GivenByUs1', send_mail: false }),
      'second factors have': (clientId) =>
        noteFactorChange(pool, { clientId, type: 'google', action: 'enabled', ip: null }),
      'e-mail address has': async (id) =>
        (await api.operator()).call(`PATCH /clients/${id}`, { email: `new-${email}` }),
      'phone has': (id) =>
        noteProfileChanges(pool, id, [{ type: 'phone', from: '+995555000001', to: '+995555000002' }], null),
    };
    for (const [what, change] of Object.entries(changes)) {
      ann = await api.clientWith('100', 'USDT');
      const pays = () => paymentOrder(pool, { kind: 'client', id: ann.id }, 'withdrawal', { ...form(), amount: '25' });
      await change(ann.id);
      await expect(pays()).rejects.toMatchObject({ reason: 'restricted', message: waits(what)[2] });
      await setBroker(api, 'withdrawals.afterChangeHours', 0);
      await expect(pays()).resolves.toMatchObject({ type: 'withdrawal' });
      await pool.query(`delete from broker_setting where name = 'withdrawals.afterChangeHours'`);
    }
  });

  it('neither a first phone, nor showing that it is his, nor another name holds them up', async () => {
    const phone = '+995555000003';
    for (const from of [null, phone])
      await noteProfileChanges(api.hub.pool, ann.id, [{ type: 'phone', from, to: phone }], null);
    await noteProfileChanges(api.hub.pool, ann.id, [{ type: 'name', from: 'Ann', to: 'Anne' }], null);
    expect((await ok(AT_ONCE, form())).code).toBe(202);
  });

  it('the run of a payout asks once more before it holds money, unless an operator has ordered it', async () => {
    const { transactionId } = (await ok(AT_ONCE, form())).data.transaction;
    const asks = () => assertMayWithdraw({ transactionId }, { pool: api.hub.pool } as Tools);
    await asks();
    await noteFactorChange(api.hub.pool, { clientId: ann.id, type: 'google', action: 'disabled', ip: null });
    await expect(asks()).rejects.toMatchObject({ reason: 'restricted' });
    const olga = await api.operator();
    await api.hub.pool.query(`update money_transaction set user_id = $2 where transaction_id = $1`, [
      transactionId,
      olga.id,
    ]);
    await asks();
  });
});
