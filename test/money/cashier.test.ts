import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
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
const opened = (reference: string) =>
  eventually(async () => cashier().received.some(({ body, status }) => status === 200 && body.includes(reference)), 'the session'); // prettier-ignore

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
    const id = await client.withdraw('25.00', { method: 'cashier-withdrawal' });
    const reference = await referenceOf(id);
    await opened(reference);
    expect(await client.balance()).toEqual({ balance: '100', held: '25' });
    await cashier().pay(reference);
    await hub.reaches(id, 'done');
    expect(cashier().books()).toMatchObject([{ kind: 'payout', reference, amount: '25' }]);
    expect(await client.balance()).toEqual({ balance: '75', held: '0' });
    expect(await hub.breaches()).toEqual([]);
  });

  it('a payout whose order never arrived is ordered again', async () => {
    const client = await hub.clientWith('100', 'EUR');
    cashier().fault({ match: { path: '/agent/manage' }, kind: 'reset' });
    const id = await client.withdraw('30.00', { method: 'cashier-withdrawal' });
    await hub.reaches(id, 'done');
    expect(cashier().books()).toMatchObject([{ kind: 'payout', reference: await referenceOf(id), amount: '30' }]);
  });
});
