import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { payloadsOf } from '../kit/history.ts';
import { eventually, TestHub } from '../kit/hub.ts';

// A cashier: the client pays on its page, and names on it where a payout shall go before anybody can pay it.

let hub: TestHub;
const cashier = () => hub.sandbox('praxis');

beforeAll(async () => {
  hub = await TestHub.start({}, ['praxis']);
  for (const [direction, flow] of [
    ['deposit', 'invoice'],
    ['withdrawal', 'send'],
  ])
    await hub.pool.query(
      `with made as (
         insert into payment_method (direction, name, caption, provider, connection_id, flow)
         select $1, 'cashier-' || $1, 'Cashier', provider, id, $2 from connection where name = 'praxis' returning id)
       insert into payment_method_currency (method_id, type, currency, min, caption)
       select id, type, 978, 1, 'Euro' from made, unnest(array['TR', 'PS']) as type`,
      [direction, flow],
    );
  await hub.approvals('deposit', 0);
  await hub.approvals('withdrawal', 0);
});
afterAll(() => hub?.stop());
beforeEach(() => cashier().reset());

const referenceOf = async (id: number) =>
  (await hub.one<{ reference: string }>(`select reference from money_transaction where transaction_id = $1`, [id]))
    .reference;
const page = async (id: number) =>
  (
    await hub.one<{ page: string }>(
      `select provider_data -> 'action' ->> 'url' as page from money_transaction where transaction_id = $1`,
      [id],
    )
  ).page;
const requests = (path: string, reference: string) =>
  cashier().received.filter(({ url, body }) => url.startsWith(path) && body.includes(reference));

describe('through a cashier', () => {
  it('a deposit is credited with what the payer made of it, and follows a chargeback', async () => {
    const client = await hub.clientWith('0', 'EUR');
    const id = await client.deposit('100.00', { method: 'cashier-deposit' });
    await hub.reaches(id, 'awaiting_payer');
    const { action } = await hub.one<{ action: { kind: string; url: string } }>(
      `select provider_data -> 'action' as action from money_transaction where transaction_id = $1`,
      [id],
    );
    expect(action).toMatchObject({ kind: 'redirect', url: expect.stringContaining('/cashier/page') });
    const reference = await referenceOf(id);
    await cashier().pay(reference, { amount: '60.00', currency: 'USD' });
    await hub.reaches(id, 'done');
    expect(await client.balance()).toEqual({ balance: '60', held: '0' });
    await cashier().advance(reference, 'dispute');
    const { connection: connectionId } = await hub.methodId('cashier-deposit');
    await hub.steering.arrivals({ reference, connectionId, webhookId: '1', said: 'chargeback' });
    await eventually(async () => (await client.balance()).balance === '0', 'the chargeback to be booked');
    expect(await hub.breaches()).toEqual([]);
  });

  it('a deposit whose page was lost with the answer ends with its session', async () => {
    const client = await hub.clientWith('0', 'EUR');
    cashier().fault({ match: { path: '/cashier/cashier' }, kind: 'reset_after_commit' });
    const id = await client.deposit('100.00', { method: 'cashier-deposit' });
    await hub.reaches(id, 'awaiting_payer');
    await cashier().advanceClock('16m');
    await hub.reaches(id, 'expired');
  });

  it('a payout waits for the client to say where to, and is paid once even when the answer is lost', async () => {
    const client = await hub.clientWith('100', 'EUR');
    await cashier().advance('settings', '{"clientSubmits":false}');
    cashier().fault({ match: { path: '/agent/manage' }, kind: 'reset_after_commit' });
    const id = await client.withdraw('25.00', { method: 'cashier-withdrawal', data: {} });
    await hub.reaches(id, 'awaiting_client');
    expect(await page(id)).toContain('/cashier/page');
    expect(await client.balance()).toEqual({ balance: '100', held: '25' });
    const reference = await referenceOf(id);
    await cashier().pay(reference);
    await hub.reaches(id, 'done');
    expect(cashier().books()).toMatchObject([{ kind: 'payout', reference, amount: '25' }]);
    expect(await client.balance()).toEqual({ balance: '75', held: '0' });
    expect(await hub.breaches()).toEqual([]);
  });

  it('a payout is approved after the client has said where to', async () => {
    const olga = await hub.operator('Olga');
    await hub.approvals('withdrawal', 1);
    const client = await hub.clientWith('100', 'EUR');
    const id = await client.withdraw('25.00', { method: 'cashier-withdrawal', data: {} });
    await hub.decide(id, olga, 'approve');
    await hub.reaches(id, 'done');
    expect(await client.balance()).toEqual({ balance: '75', held: '0' });
    await hub.approvals('withdrawal', 0);
  });

  it('a payout that is rejected is taken back there, and the hold is given back', async () => {
    const olga = await hub.operator('Olga');
    await hub.approvals('withdrawal', 1);
    const client = await hub.clientWith('100', 'EUR');
    const id = await client.withdraw('25.00', { method: 'cashier-withdrawal', data: {} });
    cashier().fault({ match: { path: '/agent/manage' }, kind: 'reset_after_commit' });
    await hub.decide(id, olga, 'reject', { resolutionId: 1 });
    await hub.reaches(id, 'rejected');
    expect(cashier().vendor.things!()).toMatchObject([{ id: await referenceOf(id), state: 'cancelled' }]);
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
    await hub.approvals('withdrawal', 0);
  });

  it('a payout can be cancelled while the client has not said where to', async () => {
    const client = await hub.clientWith('100', 'EUR');
    await cashier().advance('settings', '{"clientSubmits":false}');
    const id = await client.withdraw('25.00', { method: 'cashier-withdrawal', data: {} });
    await hub.reaches(id, 'awaiting_client');
    await hub.steering.cancel(`payout:${id}`, { by: `client:${client.clientId}` });
    await hub.reaches(id, 'cancelled');
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
    expect(requests('/agent/manage', await referenceOf(id))).toEqual([]);
    expect(await hub.breaches()).toEqual([]);
  });

  it('a payout is not paid when its client was banned before he said where to, also where nobody approves it', async () => {
    const client = await hub.clientWith('100', 'EUR');
    await cashier().advance('settings', '{"clientSubmits":false}');
    const id = await client.withdraw('25.00', { method: 'cashier-withdrawal', data: {} });
    await hub.reaches(id, 'awaiting_client');
    await hub.pool.query(`update client set status = 'banned' where client_id = $1`, [client.clientId]);
    const reference = await referenceOf(id);
    await cashier().pay(reference);
    await hub.reaches(id, 'failed');
    expect(cashier().vendor.things!()).toMatchObject([{ id: reference, state: 'cancelled' }]);
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('a payout that somebody at the cashier pays already is followed, although its client was banned and it was rejected here', async () => {
    const olga = await hub.operator('Olga');
    await hub.approvals('withdrawal', 1);
    const client = await hub.clientWith('100', 'EUR');
    const id = await client.withdraw('25.00', { method: 'cashier-withdrawal', data: {} });
    await hub.openRequest(id);
    await cashier().advance(await referenceOf(id), 'approve');
    await hub.pool.query(`update client set status = 'banned' where client_id = $1`, [client.clientId]);
    await hub.decide(id, olga, 'reject', { resolutionId: 1 });
    await eventually(async () => (await hub.stage(id)) === 'done', 'the payout to be booked');
    expect(await client.balance()).toEqual({ balance: '75', held: '0' });
    expect(requests('/agent/manage', await referenceOf(id))).toEqual([]);
    await hub.approvals('withdrawal', 0);
  });

  it('a payout ends when the client does not say in time where to', async () => {
    const client = await hub.clientWith('100', 'EUR');
    await cashier().advance('settings', '{"clientSubmits":false}');
    const id = await client.withdraw('25.00', { method: 'cashier-withdrawal', data: {} });
    await hub.reaches(id, 'awaiting_client');
    await cashier().advanceClock('16m');
    await hub.reaches(id, 'expired');
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('a payout whose page is lost with the answer is ordered again by the client, not left hanging', async () => {
    const client = await hub.clientWith('100', 'EUR');
    await cashier().advance('settings', '{"clientSubmits":false}');
    cashier().fault({ match: { path: '/cashier/cashier' }, kind: 'reset_after_commit' });
    const id = await client.withdraw('25.00', { method: 'cashier-withdrawal', data: {} });
    await hub.reaches(id, 'failed');
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('what the provider is told about the client stands in no history', async () => {
    const client = await hub.clientWith('100', 'EUR');
    await hub.pool.query(`update client set first_name = 'Zeldaquin', city = 'Quixwood' where client_id = $1`, [
      client.clientId,
    ]);
    const id = await client.withdraw('25.00', { method: 'cashier-withdrawal', data: {} });
    await hub.reaches(id, 'done');
    const [session] = requests('/cashier/cashier', await referenceOf(id));
    expect(JSON.parse(session!.body)).toMatchObject({
      cid: String(client.clientId),
      customer_data: { first_name: 'Zeldaquin', last_name: 'Lee', city: 'Quixwood' },
    });
    const { decoded } = await payloadsOf(hub, `payout:${id}`);
    expect(decoded).toContain('awaiting_client');
    expect(decoded).not.toMatch(/Zeldaquin|Quixwood/);
  });

  it('a payout whose order never arrived is ordered again', async () => {
    const client = await hub.clientWith('100', 'EUR');
    cashier().fault({ match: { path: '/agent/manage' }, kind: 'reset' });
    const id = await client.withdraw('30.00', { method: 'cashier-withdrawal' });
    await hub.reaches(id, 'done');
    expect(cashier().books()).toMatchObject([{ kind: 'payout', reference: await referenceOf(id), amount: '30' }]);
  });
});
