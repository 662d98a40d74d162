import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { payloadsOf } from '../kit/history.ts';
import { TestHub } from '../kit/hub.ts';

let hub: TestHub;

beforeAll(async () => {
  hub = await TestHub.start();
});
afterAll(() => hub?.stop());

describe('what Temporal stores', () => {
  it('is unreadable without the codec, and even decoded holds no destination, name or secret', async () => {
    const olga = await hub.operator();
    const client = await hub.clientWith('100', 'USDT');
    const address = 'TCanaryAddress00000000000000000001';
    const payout = await client.withdraw('25.00', { data: { address } });
    await hub.decide(payout, olga, 'approve', { comment: 'canary-comment' });
    await hub.reaches(payout, 'done');

    const { stored, decoded: text } = await payloadsOf(hub, `payout:${payout}`);
    for (const secret of ['transactionId', 'awaiting_approval', 'canary-comment', address])
      expect(stored).not.toContain(secret);
    expect(text).toContain('transactionId');
    for (const personal of [address, 'Ann', 'example.com', 'sandbox-client-secret'])
      expect(text).not.toContain(personal);
  });
});
