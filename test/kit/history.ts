import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { createCodec } from '../../worker/codec.ts';
import type { TestHub } from './hub.ts';
import { PAYLOAD_KEYS } from './keys.ts';

interface StoredPayload {
  metadata: Record<string, string>;
  data: string;
}

/** Every encrypted payload of a run's history: as it is stored, and what can be read in it with the key. */
export const payloadsOf = async (hub: TestHub, workflowId: string): Promise<{ stored: string; decoded: string }> => {
  const found = findPayloads(JSON.parse(historyToJSON(await hub.handle(workflowId).fetchHistory())));
  const decoded = await createCodec(PAYLOAD_KEYS).decode(
    found.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value, 'base64')])),
      data: Buffer.from(data, 'base64'),
    })),
  );
  return {
    stored: Buffer.concat(found.map(({ data }) => Buffer.from(data, 'base64'))).toString('latin1'),
    decoded: decoded.map((payload) => Buffer.from(payload.data ?? []).toString()).join('\n'),
  };
};

const findPayloads = (value: unknown): StoredPayload[] => {
  if (Array.isArray(value)) return value.flatMap(findPayloads);
  if (typeof value !== 'object' || value === null) return [];
  const { metadata, data } = value as Partial<StoredPayload>;
  if (metadata?.['encoding'] && Buffer.from(metadata['encoding'], 'base64').toString() === 'binary/encrypted' && data)
    return [{ metadata, data }];
  return Object.values(value).flatMap(findPayloads);
};
