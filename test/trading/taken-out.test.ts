import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, type TestClient, TestHub } from '../kit/hub.ts';
import { lendTools } from '../../worker/tools.ts';

// The sandbox of MetaTrader 5 checks what is taken out against the free margin, and credit is part of that: with enough of it, it checks as little as a platform that never does.

let hub: TestHub;

beforeAll(async () => {
  hub = await TestHub.start();
});
afterAll(() => hub?.stop());
afterEach(() => hub.sandbox('mt5').faults.clear());

interface Trader {
  client: TestClient;
  accountId: number;
  login: string;
}

/** A client whose trading account has 100 of his own, and so much credit of the broker's. */
const traderWith = async (credit: string): Promise<Trader> => {
  const client = await hub.clientWith('100', 'USD');
  const account = await hub.openTradingAccount(client.clientId);
  await hub.reaches(await client.transfer('100.00', client.wallet, account.accountId), 'done');
  if (credit !== '0') {
    const tools = lendTools(hub.settings, hub.pool, hub.client, hub.timings);
    const { id } = await hub.one<{ id: number }>(`select id from connection where provider = 'mt5'`);
    const { adapter, ctx } = await tools.open('trading', id);
    await adapter.applyBalance(ctx, {
      ...{ login: account.login, kind: 'credit_in', amount: credit, operationKey: 'by hand', text: '' },
      currency: { alphabeticCode: 'USD', minorUnit: 2 },
    });
  }
  return { client, ...account };
};

const takeOut = ({ client, accountId }: Trader, amount: string) => client.transfer(amount, accountId, client.wallet);

const takenOnThePlatform = ({ login }: Trader): string[] =>
  hub
    .sandbox('mt5')
    .books()
    .filter(({ account, amount }) => account === login && amount.startsWith('-'))
    .map(({ amount }) => amount);

const stageOf = async (id: number): Promise<string> =>
  (await hub.one<{ stage: string }>(`select stage from money_transaction where transaction_id = $1`, [id])).stage;

describe('what a client takes out of a trading account', () => {
  it('is no more than there is: the platform is not even asked for it', async () => {
    const trader = await traderWith('0');
    const before = hub.sandbox('mt5').received.length;
    const transfer = await takeOut(trader, '100.01');
    await hub.reaches(transfer, 'failed');
    const asked = hub.sandbox('mt5').received.slice(before);
    expect(asked.filter(({ url }) => url.startsWith('/api/trade/balance'))).toEqual([]);
    expect(await trader.client.balance()).toEqual({ balance: '0', held: '0' });
  });

  it('is nothing of the credit that the broker gave, whatever the platform would allow', async () => {
    const trader = await traderWith('50');
    await hub.reaches(await takeOut(trader, '120'), 'failed');
    expect(await trader.client.balance()).toEqual({ balance: '0', held: '0' });
    await hub.reaches(await takeOut(trader, '100'), 'done');
    expect(takenOnThePlatform(trader)).toEqual(['-100.00']);
    expect(await trader.client.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('may be all of his own when credit alone keeps his positions open', async () => {
    const trader = await traderWith('5000');
    await hub.sandbox('mt5').vendor.advance!(trader.login, 'open_position');
    await hub.reaches(await takeOut(trader, '50'), 'done');
    expect(takenOnThePlatform(trader)).toEqual(['-50.00']);
  });

  it('is looked at again when the platform could not be asked what there is', async () => {
    const trader = await traderWith('0');
    hub.sandbox('mt5').fault({ match: { path: '/api/user/account/get' }, kind: 'garbage', times: 2 });
    await hub.reaches(await takeOut(trader, '40'), 'done');
    expect(takenOnThePlatform(trader)).toEqual(['-40.00']);
    expect(await trader.client.balance()).toEqual({ balance: '40', held: '0' });
  });

  it('is taken once when he orders it several times in one moment', async () => {
    const trader = await traderWith('5000');
    hub.sandbox('mt5').fault({ match: { path: '/api/trade/balance' }, kind: 'slow_ms', ms: 700, times: 1 });
    const transfers = await Promise.all(['80', '80', '80'].map((amount) => takeOut(trader, amount)));
    const ends = await eventually(async () => {
      const stages = await Promise.all(transfers.map(stageOf));
      return stages.every((stage) => stage === 'done' || stage === 'failed') && stages.toSorted();
    }, 'all of them to end');
    expect(ends).toEqual(['done', 'failed', 'failed']);
    expect(takenOnThePlatform(trader)).toEqual(['-80.00']);
    expect(await trader.client.balance()).toEqual({ balance: '80', held: '0' });
    expect(await hub.breaches()).toEqual([]);
  });

  it('waits for what else is being taken, of which nobody knows yet whether it was', async () => {
    const trader = await traderWith('5000');
    hub.sandbox('mt5').fault({ match: { path: '/api/trade/balance' }, kind: 'reset', times: 1 });
    const lost = await takeOut(trader, '80');
    await eventually(async () => hub.sandbox('mt5').faults.open().length === 0, 'the first to be sent');
    const fits = await takeOut(trader, '20');
    const waits = await takeOut(trader, '20');
    await hub.reaches(fits, 'done');
    await hub.reaches(lost, 'done');
    await hub.reaches(waits, 'failed');
    expect(takenOnThePlatform(trader)).toEqual(['-20.00', '-80.00']);
    expect(await trader.client.balance()).toEqual({ balance: '100', held: '0' });
  });
});
