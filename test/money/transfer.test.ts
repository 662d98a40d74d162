import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestHub } from '../kit/hub.ts';

let hub: TestHub;
let olga: number;

beforeAll(async () => {
  hub = await TestHub.start();
  olga = await hub.operator('Olga');
});
afterAll(() => hub?.stop());
afterEach(() => hub.sandbox('mt5').faults.clear());

const onThePlatform = (login: string) =>
  hub
    .sandbox('mt5')
    .books()
    .filter((entry) => entry.account === login)
    .map((entry) => entry.amount);

describe('a transfer between a wallet and a trading account', () => {
  it('arrives on the platform and leaves the wallet', async () => {
    const client = await hub.clientWith('500', 'USD');
    const { accountId, login } = await hub.openTradingAccount(client.clientId);
    const transfer = await client.transfer('120.00', client.wallet, accountId);
    await hub.reaches(transfer, 'done');
    expect(await client.balance()).toEqual({ balance: '380', held: '0' });
    expect(onThePlatform(login)).toEqual(['120.00']);
  });

  it('comes back to the wallet after the platform gave it', async () => {
    const client = await hub.clientWith('500', 'USD');
    const { accountId, login } = await hub.openTradingAccount(client.clientId);
    await hub.reaches(await client.transfer('120.00', client.wallet, accountId), 'done');
    const back = await client.transfer('20.50', accountId, client.wallet);
    await hub.reaches(back, 'done');
    expect(await client.balance()).toEqual({ balance: '400.5', held: '0' });
    expect(onThePlatform(login)).toEqual(['120.00', '-20.50']);
    expect(await hub.breaches()).toEqual([]);
  });

  it('gives the hold back when the platform says no', async () => {
    const client = await hub.clientWith('500', 'USD');
    const { accountId, login } = await hub.openTradingAccount(client.clientId);
    const transfer = await client.transfer('120.02', client.wallet, accountId);
    await hub.reaches(transfer, 'failed');
    expect(await client.balance()).toEqual({ balance: '500', held: '0' });
    expect(onThePlatform(login)).toEqual([]);
  });

  it('is found by its key in the platform’s books when the answer was lost, and never doubled', async () => {
    const client = await hub.clientWith('500', 'USD');
    const { accountId, login } = await hub.openTradingAccount(client.clientId);
    hub.sandbox('mt5').fault({ match: { path: '/api/trade/balance' }, kind: 'reset_after_commit', times: 1 });
    const transfer = await client.transfer('120.00', client.wallet, accountId);
    await hub.reaches(transfer, 'done');
    expect(onThePlatform(login)).toEqual(['120.00']);
    expect(await client.balance()).toEqual({ balance: '380', held: '0' });
  });

  it('is sent again only after two looks missed it', async () => {
    const client = await hub.clientWith('500', 'USD');
    const { accountId, login } = await hub.openTradingAccount(client.clientId);
    hub.sandbox('mt5').fault({ match: { path: '/api/trade/balance' }, kind: 'reset', times: 1 });
    const transfer = await client.transfer('120.00', client.wallet, accountId);
    await hub.reaches(transfer, 'done');
    expect(onThePlatform(login)).toEqual(['120.00']);
  });

  it('waits for approval when the policy wants one', async () => {
    await hub.approvals('transfer', 1);
    const client = await hub.clientWith('500', 'USD');
    const { accountId } = await hub.openTradingAccount(client.clientId);
    const transfer = await client.transfer('120.00', client.wallet, accountId);
    expect(await client.balance()).toEqual({ balance: '500', held: '120' });
    await hub.decide(transfer, olga, 'approve');
    await hub.reaches(transfer, 'done');
    await hub.approvals('transfer', 0);
  });
});

describe('a transfer between two wallets', () => {
  it('moves the money on our books', async () => {
    const from = await hub.clientWith('500', 'USD');
    const to = await hub.clientWith('0', 'USD');
    const transfer = await from.transfer('120.00', from.wallet, to.wallet);
    await hub.reaches(transfer, 'done');
    expect(await from.balance()).toEqual({ balance: '380', held: '0' });
    expect(await to.balance()).toEqual({ balance: '120', held: '0' });
  });
});

describe('opening a trading account', () => {
  it('opens one account although the answer was lost', async () => {
    const before = hub.sandbox('mt5').received.length;
    hub.sandbox('mt5').fault({ match: { path: '/api/user/add' }, kind: 'reset_after_commit', times: 1 });
    const client = await hub.clientWith('0', 'USD');
    const { login } = await hub.openTradingAccount(client.clientId);
    expect(login).toMatch(/^\d+$/);
    const added = hub
      .sandbox('mt5')
      .received.slice(before)
      .filter((request) => request.url.startsWith('/api/user/add'));
    expect(added).toHaveLength(1); // found by our reference, not created again
    expect((await hub.pool.query(`select from account where account_number = $1`, [login])).rowCount).toBe(1);
  });
});
