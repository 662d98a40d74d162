import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { createCodec } from '../../worker/codec.ts';
import type { TestHub } from './hub.ts';
import { PAYLOAD_KEYS } from './keys.ts';

interface StoredPayload {
  metadata: Record<string, string>;
  data: string;
}

/** A run's history as it is stored, and what its payloads say once decrypted. */
export const decodedHistory = async (
  hub: TestHub,
  workflowId: string,
): Promise<{ stored: string; payloads: StoredPayload[]; text: string }> => {
  const stored = historyToJSON(await hub.handle(workflowId).fetchHistory());
  const payloads = findPayloads(JSON.parse(stored) as unknown);
  const decoded = await createCodec(PAYLOAD_KEYS).decode(
    payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value, 'base64')])),
      data: Buffer.from(data, 'base64'),
    })),
  );
  return { stored, payloads, text: decoded.map((payload) => Buffer.from(payload.data ?? []).toString()).join('\n') };
};

/** Every encrypted payload anywhere in a history. */
const findPayloads = (value: unknown): StoredPayload[] => {
  if (Array.isArray(value)) return value.flatMap(findPayloads);
  if (typeof value !== 'object' || value === null) return [];
  const { metadata, data } = value as Partial<StoredPayload>;
  if (metadata?.['encoding'] && Buffer.from(metadata['encoding'], 'base64').toString() === 'binary/encrypted' && data)
    return [{ metadata, data }];
  return Object.values(value).flatMap(findPayloads);
};
