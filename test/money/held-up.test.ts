/** Books that keep a run waiting: it waits for them where everybody sees it, and any worker can go on with it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestHub } from '../kit/hub.ts';
import { Meddling } from '../kit/meddling.ts';

let hub: TestHub;
let meddling: Meddling;
beforeAll(async () => {
  hub = await TestHub.start({ firstAnswer: 500 });
  meddling = new Meddling(hub);
});
afterAll(() => hub?.stop());

/** A payout whose row is locked by somebody else. */
const lockedPayout = async () => {
  const client = await hub.clientWith('100', 'USDT');
  const { id, connection } = await hub.methodId('usdt-payout');
  const payout = await hub.order(
    {
      type: 'withdrawal',
      client_id: client.clientId,
      debit_account_id: client.wallet,
      currency: 2145,
      amount: '25',
      method_id: id,
      connection_id: connection,
      data: { address: 'TXYZtestaddress0000000000000000001' },
    },
    false,
  );
  const locker = await hub.pool.connect();
  await locker.query('begin');
  await locker.query(`select from money_transaction where transaction_id = $1 for update`, [payout]);
  const unlock = async () => {
    await locker.query('commit');
    locker.release();
  };
  return { payout, unlock };
};

describe('a run whose books keep it waiting', () => {
  // Each ends at another moment of its workflow tasks; the first used to end in the one that answered whoever began it.
  it.each([2_700, 4_500])('for %p ms goes on at a worker that knows nothing of it', async (ms) => {
    const { payout, unlock } = await lockedPayout();
    const begun = hub.steering.beginMoney('payout', payout);
    await new Promise((done) => setTimeout(done, ms));
    await unlock();
    expect(await begun).toMatchObject({ stage: 'created' });
    await hub.openRequest(payout);
    await hub.rests(`payout:${payout}`);
    await hub.pause();
    await hub.resume();
    expect(await hub.shown(`payout:${payout}`)).toContain('**Waits for** an approval');
    await hub.decide(payout, await hub.operator(), 'approve');
    await hub.reaches(payout, 'done');
  });

  it('shows operators what it waits for', async () => {
    const { payout, unlock } = await lockedPayout();
    await hub.steering.beginMoney('payout', payout);
    await meddling.isUnderWay(`payout:${payout}`, 'prepareOrder');
    await unlock();
    await hub.openRequest(payout);
  });
});
