import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { createCodec } from '../../worker/codec.ts';
import type { TestHub } from './hub.ts';
import { PAYLOAD_KEYS } from './keys.ts';

interface StoredPayload {
  metadata: Record<string, string>;
  data: string;
}

/** A run's history as Temporal shows it, its encrypted payloads as they are stored, and what can be read in them with the key. */
export const payloadsOf = async (
  hub: TestHub,
  workflowId: string,
): Promise<{ history: string; stored: string; decoded: string }> => {
  const history = historyToJSON(await hub.handle(workflowId).fetchHistory());
  const found = findPayloads(JSON.parse(history));
  const decoded = await createCodec(PAYLOAD_KEYS).decode(
    found.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value, 'base64')])),
      data: Buffer.from(data, 'base64'),
    })),
  );
  return {
    history,
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
