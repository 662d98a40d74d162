/** A new password of a trading account, behind a code; and what the platform makes of it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TradingAdapter } from '../../adapters/kit/trading.ts';
import { savePhone } from '../../db/repositories/client-phones.ts';
import { lendTools } from '../../worker/tools.ts';
import type { Caller, MoneyApi } from '../api/money-hub.ts';
import { payloadsOf } from '../kit/history.ts';
import { codeSentTo, otherThan, startWizardApi, END, reasons } from './devices.ts';
import { turnOn } from './signed-in.ts';

let api: MoneyApi;
let olga: Caller;
let product: number;
beforeAll(async () => {
  api = await startWizardApi(['mt4']);
  olga = await api.operator();
  product = await api.hub.tradingProduct('mt4', ['real-usd']);
});
afterAll(() => api?.stop());

const NEW = 'Trad1ngCanary';
const PHONE = '+995555301200';

let ann: Awaited<ReturnType<MoneyApi['clientWith']>>;
let email: string;
let accountId: number;
beforeEach(async () => {
  await api.hub.pool.query(`delete from code_sending`);
  ann = await api.clientWith('100', 'USD');
  email = (await api.hub.one<{ email: string }>(`select email from client where client_id = $1`, [ann.id])).email;
  accountId = (await ann.call('POST /my/accounts', { productCurrencyId: product })).body.accountId;
});

const ok = async (route: string, body?: unknown): Promise<any> => {
  const answer = await ann.call(route, body);
  if (answer.status !== 200) throw new Error(`${route}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};
const path = () => `/my/accounts/${accountId}/password`;
const atPassword = async () => {
  const { uuid } = await ok(`GET ${path()}/wizard`);
  await ok(`POST ${path()}/confirm`, { uuid, code: await codeSentTo(api, email) });
  return uuid as string;
};
const set = (uuid: string, more: object = {}) => ({
  ...{ uuid, type: 'main', password: NEW, password_confirmation: NEW },
  ...more,
});
const isRight = async (password: string, kind: 'main' | 'investor' = 'main') => {
  const { id, login } = await api.hub.one<{ id: number; login: string }>(
    `select p.connection_id as id, a.account_number as login from account a join platform p on p.id = a.platform_id where a.account_id = $1`,
    [accountId],
  );
  const tools = lendTools(api.hub.settings, api.hub.pool, api.hub.client, api.hub.timings);
  const { adapter, ctx } = await tools.open('trading', id);
  return (adapter as TradingAdapter).checkPassword!(ctx, login, kind, password);
};

describe('the password of a trading account', () => {
  it('is changed after a code, and only the platform has it then', async () => {
    const first = await ok(`GET ${path()}/wizard`);
    expect(first).toMatchObject({
      ...{ code: 200, done: false, workflow: 'confirm_email' },
      data: { confirmationChannel: 'email', codeLength: 6 },
    });
    const { uuid } = first;
    const code = await codeSentTo(api, email);
    expect(await ok(`POST ${path()}/confirm`, { uuid, code })).toEqual({
      ...{ code: 200, data: { types: ['main', 'investor'] }, done: false, uuid, workflow: 'password_form' },
    });
    const last = await ok(`PUT ${path()}`, set(uuid));
    expect(last).toEqual({ code: 202, data: [], done: true, uuid, workflow: END });
    expect(await isRight(NEW)).toBe(true);
    // Sent again: the same answer, no second change.
    expect(await ok(`PUT ${path()}`, set(uuid))).toEqual(last);
    const { rows } = await api.hub.pool.query(
      `select state, wanted, sealed, requested_by as by from account_change where account_id = $1`,
      [accountId],
    );
    expect(rows).toEqual([{ state: 'done', wanted: { password: 'main' }, sealed: null, by: `client:${ann.id}` }]);
    // What the wizard kept of it is erased, and no history ever had it.
    const draft = await api.hub.pool.query<{ n: number }>(
      `select octet_length(sealed) as n from wizard_input i join wizard_run r on r.id = i.run_id where r.uuid = $1 and i.step = 'password'`,
      [uuid],
    );
    expect(draft.rows[0]!.n).toBeLessThan(100);
    const { stored, decoded } = await payloadsOf(api.hub, `wizard:${uuid}`);
    expect(`${stored}${decoded}`).not.toContain(NEW);
    expect(decoded).toContain('change-account-password');
  });

  it('of the investor as well', async () => {
    const uuid = await atPassword();
    await ok(`PUT ${path()}`, set(uuid, { type: 'investor' }));
    expect(await isRight(NEW, 'investor')).toBe(true);
  });

  it('is refused before the code, without a wizard of its own account, and when it is too weak', async () => {
    const { uuid } = await ok(`GET ${path()}/wizard`);
    const early = await ann.call(`PUT ${path()}`, set(uuid));
    expect([...reasons(early), early.body.error.workflow]).toEqual([409, 'wrong_step', 'confirm_email']);
    const code = await codeSentTo(api, email);
    const wrong = await ann.call(`POST ${path()}/confirm`, { uuid, code: otherThan(code) });
    expect(reasons(wrong)).toEqual([400, 'invalid_code']);
    const elsewhere = await ann.call(`POST /my/accounts/${accountId + 1_000}/password/confirm`, { uuid, code });
    expect(reasons(elsewhere)).toEqual([404, 'wizard_not_found']);
    await ok(`POST ${path()}/confirm`, { uuid, code });
    const refused = async (more: object) => {
      const answer = await ann.call(`PUT ${path()}`, set(uuid, more));
      return [...reasons(answer), answer.body.error.details[0].field];
    };
    expect(await refused({ password: 'short', password_confirmation: 'short' })).toEqual([
      400,
      'validation',
      'password',
    ]);
    expect(await refused({ password_confirmation: 'Another1x' })).toEqual([400, 'validation', 'password_confirmation']);
    expect(await refused({ type: 'phone' })).toEqual([400, 'validation', 'type']);
    expect((await ok(`PUT ${path()}`, set(uuid))).code).toBe(202);
  });

  it('is not changed by a weaker code than would be asked for now', async () => {
    const uuid = await atPassword();
    await turnOn(api, ann.id, 'google');
    expect(reasons(await ann.call(`PUT ${path()}`, set(uuid)))).toEqual([403, 'restricted']);
    expect(await isRight(NEW)).toBe(false);
  });

  it('is not changed by the code of an app that an operator has switched off meanwhile, nor by one to a mailbox of before', async () => {
    const byMail = await atPassword();
    await api.hub.pool.query(`update client set email = 'new-' || email where client_id = $1`, [ann.id]);
    expect(reasons(await ann.call(`PUT ${path()}`, set(byMail)))).toEqual([403, 'restricted']);
    await turnOn(api, ann.id, 'sms');
    await savePhone(api.hub.pool, ann.id, { number: PHONE, confirmed: true });
    const { uuid } = await ok(`GET ${path()}/wizard`);
    await ok(`POST ${path()}/confirm`, { uuid, code: await codeSentTo(api, PHONE) });
    expect((await olga.call(`PUT /clients/${ann.id}/2fa/sms`, { isEnabled: false })).status).toBe(200);
    expect(reasons(await ann.call(`PUT ${path()}`, set(uuid)))).toEqual([403, 'restricted']);
    expect(await isRight(NEW)).toBe(false);
  });

  it('cannot be changed where no platform keeps one, nor for somebody else', async () => {
    const wallet = await ann.call(`GET /my/accounts/${ann.wallet}/password/wizard`);
    expect(reasons(wallet)).toEqual([403, 'restricted']);
    const bob = await api.clientWith('0', 'USD');
    expect(reasons(await bob.call(`GET ${path()}/wizard`))).toEqual([404, 'not_found']);
    const { uuid } = await ok(`GET ${path()}/wizard`);
    const code = await codeSentTo(api, email);
    expect(reasons(await bob.call(`POST ${path()}/confirm`, { uuid, code }))).toEqual([404, 'wizard_not_found']);
  });

  it('waits while the platform does not answer, and is set when it does', async () => {
    const uuid = await atPassword();
    const { faults } = api.hub.sandbox('mt4');
    api.hub.sandbox('mt4').fault({ match: { path: '/' }, kind: 'reset', times: 1_000 });
    expect(await ok(`PUT ${path()}`, set(uuid))).toMatchObject({ code: 202 });
    expect((await ann.call(`GET /my/accounts/${accountId}`)).body.pendingChange).toMatchObject({
      state: 'waiting',
      wanted: { password: 'main' },
    });
    faults.clear();
    await api.hub.ends(
      `account-change:${(await api.hub.one<{ id: number }>(`select max(id) as id from account_change`)).id}`,
    );
    expect(await isRight(NEW)).toBe(true);
  });

  it('says so when another change of the account still waits', async () => {
    const uuid = await atPassword();
    await api.hub.pool.query(
      `insert into account_change (account_id, client_id, wanted, requested_by, workflow_started) values ($1, $2, '{"leverage": 100}', 'user:1', true)`,
      [accountId, ann.id],
    );
    expect(reasons(await ann.call(`PUT ${path()}`, set(uuid)))).toEqual([409, 'already_exists']);
    expect(reasons(await ann.call(`PUT ${path()}`, set(uuid, { type: 'investor' })))).toEqual([
      404,
      'wizard_not_found',
    ]);
  });
});
