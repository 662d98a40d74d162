import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { createCodec } from '../../worker/codec.ts';
import { PAYLOAD_KEYS } from '../kit/keys.ts';
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

    const raw = historyToJSON(await hub.handle(`payout:${payout}`).fetchHistory());
    const stored = JSON.parse(raw) as unknown;
    const payloads = findPayloads(stored);
    expect(payloads.length).toBeGreaterThan(10);
    const bytes = Buffer.concat(payloads.map(({ data }) => Buffer.from(data, 'base64'))).toString('latin1');
    for (const secret of ['transactionId', 'awaiting_approval', 'canary-comment', address])
      expect(bytes).not.toContain(secret);

    const decoded = await createCodec(PAYLOAD_KEYS).decode(
      payloads.map(({ metadata, data }) => ({
        metadata: Object.fromEntries(
          Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value, 'base64')]),
        ),
        data: Buffer.from(data, 'base64'),
      })),
    );
    const text = decoded.map((payload) => Buffer.from(payload.data ?? []).toString()).join('\n');
    expect(text).toContain('transactionId');
    for (const personal of [address, 'Ann', 'example.com', 'sandbox-client-secret'])
      expect(text).not.toContain(personal);
  });
});

interface StoredPayload {
  metadata: Record<string, string>;
  data: string;
}

/** Every encrypted payload anywhere in a history. */
const findPayloads = (value: unknown): StoredPayload[] => {
  if (Array.isArray(value)) return value.flatMap(findPayloads);
  if (typeof value !== 'object' || value === null) return [];
  const { metadata, data } = value as Partial<StoredPayload>;
  if (metadata?.['encoding'] && Buffer.from(metadata['encoding'], 'base64').toString() === 'binary/encrypted' && data)
    return [{ metadata, data }];
  return Object.values(value).flatMap(findPayloads);
};
