/** What clients are told about their money. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, TestHub } from '../kit/hub.ts';

let hub: TestHub;
let olga: number;

beforeAll(async () => {
  hub = await TestHub.start({}, ['sendgrid']);
  olga = await hub.operator();
  await hub.approvals('withdrawal', 1);
  await hub.approvals('deposit', 0);
});
afterAll(() => hub?.stop());

const mails = (clientId: number): Promise<string[]> =>
  hub.pool
    .query<{ type: string }>(`select type from message where client_id = $1 and state = 'accepted' order by type`, [
      clientId,
    ])
    .then(({ rows }) => rows.map(({ type }) => type));
const told = (clientId: number, types: string[]) =>
  eventually(
    async () => JSON.stringify(await mails(clientId)) === JSON.stringify(types),
    `client ${clientId} to be told ${types.join(', ')}`,
  );
const textAbout = (transactionId: number) =>
  hub.sandbox('sendgrid').vendor.things!()
    .map(({ text }) => text ?? '')
    .find((text) => text.includes(`transaction ${transactionId}`));

describe('a client', () => {
  it('is told of a deposit with what was credited', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    await hub.sandbox('b2binpay').pay(await hub.providerId(deposit), {});
    await hub.reaches(deposit, 'done');
    await told(client.clientId, ['DepositSuccessful']);
    expect(textAbout(deposit)).toMatch(/100(\.0+)? USDT were credited/);
  });

  it('is told that a withdrawal was received, and that it was paid', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await told(client.clientId, ['RequestReceived']);
    await hub.decide(payout, olga, 'approve');
    await hub.reaches(payout, 'done');
    await told(client.clientId, ['RequestReceived', 'WithdrawDone']);
  });

  it('is told why a withdrawal was rejected', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await hub.decide(payout, olga, 'reject', { resolutionId: 1, comment: 'The address is not yours.' });
    await told(client.clientId, ['RequestReceived', 'RequestRejected']);
    const rejected = hub.sandbox('sendgrid').vendor.things!().find(
      ({ text }) => text?.includes(`transaction ${payout}`) && text.includes('not approved'),
    );
    expect(rejected?.text).toContain('The address is not yours.');
  });

  it('is told nothing while the broker has no way to send, and money moves as ever', async () => {
    await hub.pool.query(`update message_route set enabled = false`);
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await hub.decide(payout, olga, 'approve');
    await hub.reaches(payout, 'done');
    expect(await mails(client.clientId)).toEqual([]);
    await hub.pool.query(`update message_route set enabled = true`);
  });
});
