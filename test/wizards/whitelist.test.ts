/** Addresses that a client's payouts may go to: listed, taken from the list, switched on and off; and what a payout elsewhere is told. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MoneyApi } from '../api/money-hub.ts';
import { eventually } from '../kit/hub.ts';
import {
  codeSentTo,
  codesSentTo,
  lettersTo,
  mailsTo,
  otherThan,
  startWizardApi,
  END,
  reasons,
  nextCodeTo,
} from './devices.ts';
import { turnOn, setBroker } from './signed-in.ts';

let api: MoneyApi;
let methodId: number;
beforeAll(async () => {
  api = await startWizardApi();
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
  await api.hub.pool.query(`delete from broker_setting`);
  ann = await api.clientWith('100', 'USDT');
  email = (await api.hub.one<{ email: string }>(`select email from client where client_id = $1`, [ann.id])).email;
});

const ok = async (route: string, body?: unknown, status = 200): Promise<any> => {
  const answer = await ann.call(route, body);
  if (answer.status !== status) throw new Error(`${route}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};
const confirm = async (uuid: string, before: number) =>
  ok('POST /my/withdrawals/policies/confirm', { uuid, code: await nextCodeTo(api, email, before) });
const list = async (address = ADDRESS, more: object = {}) => {
  const before = codesSentTo(api, email).length;
  const { uuid } = await ok('GET /my/withdrawals/policies/wizard');
  await ok('POST /my/withdrawals/policies', { uuid, currencyCode: USDT, walletAddress: address, ...more });
  return (await confirm(uuid, before)).data.policy;
};
const payout = (address: string, more: object = {}) => ({
  ...{ accountId: ann.wallet, methodId, amount: 5, currencyCode: USDT, data: { address } },
  ...more,
});
const policies = async () => (await ok('GET /my/withdrawals/policies')).data;

describe('an address', () => {
  it('is listed after its code, and its client is told', async () => {
    const first = await ok('GET /my/withdrawals/policies/wizard');
    expect(first).toEqual({
      code: 200,
      data: { currencies: [expect.objectContaining({ numericCode: USDT, hasDestinationTagOrMemo: false })] },
      done: false,
      uuid: expect.any(String),
      workflow: 'whitelist_form',
    });
    const { uuid } = first;
    const body = { currencyCode: USDT, walletAddress: ` ${ADDRESS} `, destinationTag: null, caption: 'Cold wallet' };
    const asked = await ok('POST /my/withdrawals/policies', { uuid, ...body });
    expect(asked).toMatchObject({ code: 200, workflow: 'confirm_email', data: { confirmationChannel: 'email' } });
    expect(await policies()).toEqual([]);
    const code = await codeSentTo(api, email);
    expect(lettersTo(api, email)[0]).toContain(`It lets payouts of USDT go to ${ADDRESS}.`);
    const last = await ok('POST /my/withdrawals/policies/confirm', { uuid, code });
    const policy = {
      policyId: expect.any(Number),
      clientId: ann.id,
      walletAddress: ADDRESS,
      currencyCode: USDT,
      currency: expect.objectContaining({ alphabeticCode: 'USDT' }),
      caption: 'Cold wallet',
      destinationTag: null,
      isEnabled: true,
      usableFrom: expect.stringMatching(/\+00:00$/),
      createTime: expect.any(String),
      updateTime: null,
    };
    expect(last).toEqual({ code: 202, data: { policy }, done: true, uuid, workflow: END });
    expect(await ok('POST /my/withdrawals/policies/confirm', { uuid, code })).toEqual(last);
    expect(await policies()).toEqual([policy]);
    expect(await ok(`GET /my/withdrawals/policies/${last.data.policy.policyId}`)).toEqual(policy);
    await eventually(
      () => Promise.resolve(mailsTo(api, email).some((title) => title.includes('A new address'))),
      'the mail',
    );
  });

  it('is refused when no network has such a one, when it is listed, or out of order', async () => {
    const { uuid } = await ok('GET /my/withdrawals/policies/wizard');
    const before = await ann.call('POST /my/withdrawals/policies/confirm', { uuid, code: '123456' });
    expect([...reasons(before), before.body.error.workflow]).toEqual([409, 'wrong_step', 'whitelist_form']);
    const refused = async (more: object) => {
      const body = { uuid, currencyCode: USDT, walletAddress: ADDRESS, ...more };
      const answer = await ann.call('POST /my/withdrawals/policies', body);
      return [...reasons(answer), answer.body.error.details[0].field];
    };
    expect(await refused({ walletAddress: 'short' })).toEqual([400, 'validation', 'walletAddress']);
    expect(await refused({ walletAddress: '<script>alert(1)</script>' })).toEqual([400, 'validation', 'walletAddress']);
    expect(await refused({ walletAddress: '0x123456789' })).toEqual([400, 'validation', 'walletAddress']);
    expect(await refused({ walletAddress: `${ADDRESS}\u0430` })).toEqual([400, 'validation', 'walletAddress']);
    expect(await refused({ destinationTag: '77' })).toEqual([400, 'validation', 'destinationTag']);
    expect(await refused({ currencyCode: 840 })).toEqual([400, 'validation', 'currencyCode']);
    await api.hub.pool.query(`update currency set has_destination_tag_or_memo = true where numeric_code = $1`, [USDT]);
    expect(await refused({})).toEqual([400, 'validation', 'destinationTag']);
    await api.hub.pool.query(`update currency set has_destination_tag_or_memo = false where numeric_code = $1`, [USDT]);
    await list();
    expect(await refused({})).toEqual([409, 'already_exists', 'walletAddress']);
    expect(await refused({ walletAddress: OTHER, uuid: uuid.replace(/^./, (c: string) => (c === '0' ? '1' : '0')) })).toEqual([404, 'wizard_not_found', 'uuid']); // prettier-ignore
  });

  it('is listed once of two runs that were confirmed for it', async () => {
    const [one, two] = [
      await ok('GET /my/withdrawals/policies/wizard'),
      await ok('GET /my/withdrawals/policies/wizard'),
    ];
    const body = { currencyCode: USDT, walletAddress: ADDRESS };
    await ok('POST /my/withdrawals/policies', { uuid: one.uuid, ...body });
    const first = await nextCodeTo(api, email, 0);
    await ok('POST /my/withdrawals/policies', { uuid: two.uuid, ...body });
    const second = await nextCodeTo(api, email, 1);
    await ok('POST /my/withdrawals/policies/confirm', { uuid: one.uuid, code: first });
    const late = await ann.call('POST /my/withdrawals/policies/confirm', { uuid: two.uuid, code: second });
    expect(reasons(late)).toEqual([409, 'already_exists']);
    expect(await policies()).toHaveLength(1);
  });

  it('of an account of Ethereum is one, however it is spelled', async () => {
    const spelled = '0x52908400098527886E0F7030069857D2E4169EE7';
    await list(spelled);
    const { uuid } = await ok('GET /my/withdrawals/policies/wizard');
    const again = { uuid, currencyCode: USDT, walletAddress: spelled.toLowerCase() };
    expect(reasons(await ann.call('POST /my/withdrawals/policies', again))).toEqual([409, 'already_exists']);
  });

  it('is taken from the list after its code', async () => {
    const { policyId } = await list();
    const { uuid, workflow, data } = await ok('GET /my/withdrawals/policies/delete/wizard');
    expect({ workflow, data }).toEqual({ workflow: 'whitelist_form', data: null });
    const missing = await ann.call('DELETE /my/withdrawals/policies/999999', { uuid });
    expect(reasons(missing)).toEqual([404, 'not_found']);
    expect(reasons(await ann.call(`DELETE /my/withdrawals/policies/${policyId}`))).toEqual([400, 'validation']);
    expect(await ok(`DELETE /my/withdrawals/policies/${policyId}?uuid=${uuid}`)).toMatchObject({
      code: 200,
      workflow: 'confirm_email',
    });
    expect(await policies()).toHaveLength(1);
    expect(await confirm(uuid, 1)).toEqual({ code: 202, data: [], done: true, uuid, workflow: END });
    expect(await policies()).toEqual([]);
  });

  it('of another client does not exist', async () => {
    const { policyId } = await list();
    const bob = await api.clientWith('0', 'USDT');
    expect((await bob.call(`GET /my/withdrawals/policies/${policyId}`)).status).toBe(404);
    const { uuid } = (await bob.call('GET /my/withdrawals/policies/delete/wizard')).body;
    expect(reasons(await bob.call(`DELETE /my/withdrawals/policies/${policyId}`, { uuid }))).toEqual([
      404,
      'not_found',
    ]);
  });
});

describe('address management', () => {
  it('is switched on at once, and off after a code', async () => {
    expect(await ok('GET /my/withdrawals/policies/enable')).toEqual({ isEnabled: false });
    expect(await ok('PUT /my/withdrawals/policies/enable')).toEqual({ isEnabled: true });
    expect(await ok('GET /my/withdrawals/policies/enable')).toEqual({ isEnabled: true });
    expect(reasons(await ann.call('PATCH /my/withdrawals/policies/enable'))).toEqual([409, 'already_done']);
    const { uuid } = await ok('GET /my/withdrawals/policies/disable/wizard');
    expect(await ok('PATCH /my/withdrawals/policies/disable', { uuid })).toMatchObject({ workflow: 'confirm_email' });
    const code = await codeSentTo(api, email);
    expect(reasons(await ann.call('POST /my/withdrawals/policies/confirm', { uuid, code: otherThan(code) }))).toEqual([400, 'invalid_code']); // prettier-ignore
    expect(reasons(await ann.call('POST /my/withdrawals', payout(OTHER)))).toEqual([403, 'address_not_whitelisted']);
    expect(await ok('POST /my/withdrawals/policies/confirm', { uuid, code })).toEqual({
      ...{ code: 202, data: { isEnabled: false }, done: true, uuid, workflow: END },
    });
    expect(await ok('POST /my/withdrawals', payout(OTHER))).toMatchObject({ code: 202 });
    const again = (await ok('GET /my/withdrawals/policies/disable/wizard')).uuid;
    expect(reasons(await ann.call('PUT /my/withdrawals/policies/disable', { uuid: again }))).toEqual([409, 'already_done']); // prettier-ignore
    await eventually(
      () => Promise.resolve(mailsTo(api, email).some((title) => title.includes('any address'))),
      'a mail',
    );
  });

  it('lets payouts go to listed addresses only: without steps, at the form and at the last step', async () => {
    await list();
    await ok('PUT /my/withdrawals/policies/enable');
    const plain = await ann.call('POST /my/withdrawals', payout(OTHER));
    expect([...reasons(plain), plain.body.error.details[0].field]).toEqual([
      ...[403, 'address_not_whitelisted', 'data.address'],
    ]);
    expect(plain.body.error.code).toBe(0);
    await setBroker(api, 'withdrawals.confirmation', true);
    const { uuid } = await ok('GET /my/withdrawals/wizard');
    expect(reasons(await ann.call('POST /my/withdrawals', { uuid, ...payout(OTHER) }))).toEqual([403, 'address_not_whitelisted']); // prettier-ignore
    await ok('POST /my/withdrawals', { uuid, ...payout(ADDRESS) });
    const code = await nextCodeTo(api, email, 1);
    await api.hub.pool.query(`delete from payout_address where client_id = $1`, [ann.id]);
    expect(reasons(await ann.call('POST /my/withdrawals/wizard', { uuid, code }))).toEqual([403, 'address_not_whitelisted']); // prettier-ignore
    const { rows } = await api.hub.pool.query(`select from money_transaction where client_id = $1`, [ann.id]);
    expect(rows).toHaveLength(0);
  });

  it('is asked about by the run of a payout as well, which holds nothing when the answer is no', async () => {
    const id = await ann.of.withdraw('5', {});
    await api.hub.reaches(id, 'awaiting_approval');
    await ok('PUT /my/withdrawals/policies/enable');
    const late = await ann.of.withdraw('5', {});
    await api.hub.reaches(late, 'failed');
    expect(await ann.of.balance()).toEqual({ balance: '100', held: '5' });
    // What waited for its approval is asked about after it.
    const { id: request } = await api.hub.openRequest(id);
    await api.hub.decideRequest(request, await api.hub.operator(), 'approve');
    await api.hub.reaches(id, 'failed');
    expect(await ann.of.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('lets a new address wait where the broker wants it', async () => {
    await setBroker(api, 'withdrawals.newAddressHours', 24);
    const { policyId, isEnabled, usableFrom } = await list();
    expect(isEnabled).toBe(false);
    await ok('PUT /my/withdrawals/policies/enable');
    const early = await ann.call('POST /my/withdrawals', payout(ADDRESS));
    expect(reasons(early)).toEqual([403, 'address_not_whitelisted']);
    expect(early.body.error.details[0]).toMatchObject({
      issue: expect.stringMatching(/may be used from \d{4}-/),
      until: usableFrom,
    });
    expect((await ok('GET /my/withdrawals/policies?filter[isEnabled]=true')).total).toBe(0);
    await api.hub.pool.query(`update payout_address set usable_from = now() where id = $1`, [policyId]);
    expect((await ok('GET /my/withdrawals/policies?filter[isEnabled]=true')).total).toBe(1);
    expect(await ok('POST /my/withdrawals', payout(ADDRESS))).toMatchObject({ code: 202 });
  });

  it('lasts as long as a new address waits when it is switched off, and a switch back cancels that', async () => {
    await setBroker(api, 'withdrawals.newAddressHours', 24);
    await ok('PUT /my/withdrawals/policies/enable');
    const off = async () => {
      const before = codesSentTo(api, email).length;
      const { uuid } = await ok('GET /my/withdrawals/policies/disable/wizard');
      await ok('PUT /my/withdrawals/policies/disable', { uuid });
      return confirm(uuid, before);
    };
    const { data } = await off();
    expect(data).toEqual({ isEnabled: true, enabledUntil: expect.stringMatching(/\+00:00$/) });
    expect(await ok('GET /my/withdrawals/policies/enable')).toEqual(data);
    expect(Date.parse(data.enabledUntil) - Date.now()).toBeGreaterThan(23 * 3_600_000);
    expect(reasons(await ann.call('POST /my/withdrawals', payout(OTHER)))).toEqual([403, 'address_not_whitelisted']);
    const { uuid } = await ok('GET /my/withdrawals/policies/disable/wizard');
    const again = await ann.call('PUT /my/withdrawals/policies/disable', { uuid });
    expect(reasons(again)).toEqual([409, 'already_done']);
    expect(again.body.error.details[0].issue).toMatch(/is on until \d{4}-/);
    const dayAfter = () =>
      api.hub.pool.query(
        `update client set any_address_from = any_address_from - interval '1 day' where client_id = $1`,
        [ann.id],
      );
    await ok('PUT /my/withdrawals/policies/enable');
    await dayAfter();
    expect(reasons(await ann.call('POST /my/withdrawals', payout(OTHER)))).toEqual([403, 'address_not_whitelisted']);
    await off();
    await dayAfter();
    expect(await ok('POST /my/withdrawals', payout(OTHER))).toMatchObject({ code: 202 });
    expect(reasons(await ann.call('PUT /my/withdrawals/policies/disable', { uuid }))).toEqual([409, 'already_done']);
  });

  it('says which currencies have addresses, and which methods pay to them', async () => {
    const currencies = await ok('GET /my/withdrawals/policies/currencies');
    expect(currencies).toMatchObject({ total: 1, data: [{ numericCode: USDT }] });
    const methods = await ok('GET /my/withdrawals/methods');
    expect(methods.data.find(({ id }: { id: number }) => id === methodId)).toMatchObject({
      isWhitelistSupported: true,
    });
  });
});

describe('a weaker code than would be asked for now', () => {
  it('lists no address, takes none from the list, and lets payouts go nowhere else', async () => {
    const { policyId } = await list();
    await ok('PUT /my/withdrawals/policies/enable');
    const runs = {
      listing: (await ok('GET /my/withdrawals/policies/wizard')).uuid,
      deletion: (await ok('GET /my/withdrawals/policies/delete/wizard')).uuid,
      off: (await ok('GET /my/withdrawals/policies/disable/wizard')).uuid,
    };
    const codes: string[] = [];
    for (const send of [
      () => ok('POST /my/withdrawals/policies', { uuid: runs.listing, currencyCode: USDT, walletAddress: OTHER }),
      () => ok(`DELETE /my/withdrawals/policies/${policyId}?uuid=${runs.deletion}`),
      () => ok('PATCH /my/withdrawals/policies/disable', { uuid: runs.off }),
    ]) {
      const before = codesSentTo(api, email).length;
      await send();
      codes.push(await nextCodeTo(api, email, before));
    }
    await turnOn(api, ann.id, 'sms');
    for (const [n, uuid] of Object.values(runs).entries())
      expect(reasons(await ann.call('POST /my/withdrawals/policies/confirm', { uuid, code: codes[n] }))).toEqual([
        403,
        'restricted',
      ]);
    expect((await policies()).map((one: any) => one.policyId)).toEqual([policyId]);
    expect(reasons(await ann.call('PUT /my/withdrawals/policies/enable'))).toEqual([409, 'already_done']);
  });
});

describe('an operator', () => {
  it('sees the addresses of his clients, without data he must not see', async () => {
    const { policyId } = await list();
    const olga = await api.operator(['whitelist.read']);
    const { body } = await olga.call(`GET /withdrawals/policies?filter[clientId]=${ann.id}&sort_by=walletAddress`);
    expect(body).toMatchObject({ total: 1, data: [{ policyId, clientId: ann.id, walletAddress: ADDRESS }] });
    await api.hub.pool.query(`update hub_user set mask_data = true where id = $1`, [olga.id]);
    await eventually(
      async () => (await olga.call(`GET /withdrawals/policies/${policyId}`)).body.walletAddress === '*',
      'the mask',
    );
    const stranger = await api.operator(['clients.read']);
    expect((await stranger.call('GET /withdrawals/policies')).status).toBe(403);
  });
});
