/** Books that keep a run waiting: it waits for them where everybody sees it, and any worker can go on with it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, TestHub } from '../kit/hub.ts';
import { lockedPayout } from '../kit/unbegun-payout.ts';
import { Meddling } from '../kit/meddling.ts';

let hub: TestHub;
let meddling: Meddling;
beforeAll(async () => {
  hub = await TestHub.start({ firstAnswer: 500 });
  meddling = new Meddling(hub);
});
afterAll(() => hub?.stop());

describe('a run whose books keep it waiting', () => {
  // Each ends at another moment of its workflow tasks; the first used to end in the one that answered whoever began it.
  it.each([2_700, 4_500])('for %p ms goes on at a worker that knows nothing of it', async (ms) => {
    const { payout, unlock } = await lockedPayout(hub);
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
    const { payout, unlock } = await lockedPayout(hub);
    await hub.steering.beginMoney('payout', payout);
    await meddling.isUnderWay(`payout:${payout}`, 'prepareOrder');
    expect(await hub.shown(`payout:${payout}`)).toContain('Reading what it is about');
    // As the server's time limit for a statement does.
    await hub.pool.query(
      `select pg_cancel_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    await eventually(async () => {
      const { raw } = await hub.handle(`payout:${payout}`).describe();
      const said = raw.pendingActivities?.[0]?.lastFailure?.message;
      return said === 'database or network: 57014 (a statement took too long: is something locked?)';
    }, 'the reason to be shown');
    await unlock();
    await hub.openRequest(payout);
  });
});
