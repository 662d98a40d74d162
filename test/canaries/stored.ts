import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { WorkflowExecutionInfo } from '@temporalio/client';
import proto from '@temporalio/proto';
import { createCodec } from '../../worker/codec.ts';
import type { TestHub } from '../kit/hub.ts';
import type { Trace } from './scan.ts';

const { history, workflowservice, workflow } = proto.temporal.api;

/** `raw`: as Temporal stores it and as everybody who may look there sees it. `decoded`: what the codec makes of it for operators. */
export interface Stored {
  raw: Trace[];
  decoded: Trace[];
}

/** Of every run: its history, its line in the list with the search attributes, what is pending with its last failure, what Temporal UI tells of it. */
export const storedByTemporal = async (hub: TestHub, query?: string): Promise<Stored> => {
  const stored: Stored = { raw: [], decoded: [] };
  const runs: WorkflowExecutionInfo[] = [];
  for await (const run of hub.client.workflow.list(query === undefined ? {} : { query })) runs.push(run);
  const queue = runs.values();
  const lanes = Array.from({ length: AT_ONCE }, async () => {
    for (const run of queue) await addRun(hub, run, stored);
  });
  await Promise.all(lanes);
  return stored;
};

const AT_ONCE = 8;

const addRun = async (hub: TestHub, run: WorkflowExecutionInfo, stored: Stored): Promise<void> => {
  const id = run.workflowId;
  const handle = hub.client.workflow.getHandle(id, run.runId);
  const events = await handle.fetchHistory();
  const { raw: description, status } = await handle.describe();
  const bytes: [string, Uint8Array][] = [
    ['history', history.v1.History.encode(events).finish()],
    ['line in the list', workflow.v1.WorkflowExecutionInfo.encode(run.raw).finish()],
    ['description', workflowservice.v1.DescribeWorkflowExecutionResponse.encode(description).finish()],
  ];
  for (const [what, encoded] of bytes)
    stored.raw.push({ where: `the ${what} of ${id}`, text: Buffer.from(encoded).toString('latin1') });
  stored.raw.push({
    where: `the search attributes of ${id}`,
    text: JSON.stringify(run.typedSearchAttributes.getAll()),
  });

  const payloads = payloadsIn(JSON.parse(historyToJSON(events))).map(({ metadata, data }) => ({
    metadata: asBytes(metadata),
    data: Buffer.from(data, 'base64'),
  }));
  const opened = await createCodec(hub.settings.payloadKeys).decode(payloads);
  const text = opened.map(({ data }) => Buffer.from(data ?? []).toString()).join('\n');
  stored.decoded.push({ where: `the decoded history of ${id}`, text });
  if (status.name !== 'RUNNING') return; // its words are in its history
  const shown = await handle.query<unknown>('__temporal_workflow_metadata');
  stored.decoded.push({ where: `what Temporal UI shows of ${id}`, text: JSON.stringify(shown) });
};

interface StoredPayload {
  metadata: Record<string, string>;
  data: string;
}

const asBytes = (metadata: Record<string, string>) =>
  Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value, 'base64')]));

/** Every encrypted payload anywhere in a history. */
const payloadsIn = (value: unknown): StoredPayload[] => {
  if (Array.isArray(value)) return value.flatMap(payloadsIn);
  if (typeof value !== 'object' || value === null) return [];
  const { metadata, data } = value as Partial<StoredPayload>;
  if (metadata?.['encoding'] && Buffer.from(metadata['encoding'], 'base64').toString() === 'binary/encrypted' && data)
    return [{ metadata, data }];
  return Object.values(value).flatMap(payloadsIn);
};

/** Every row of every table; bytes as hex, sealed ones too: what is sealed does not show. */
export const storedInDatabase = async ({ pool }: TestHub): Promise<Trace[]> => {
  const { rows: tables } = await pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const traces: Trace[] = [];
  for (const { name } of tables) {
    const { rows } = await pool.query<{ line: string }>(`select t::text as line from ${name} t`);
    traces.push({ where: `the table ${name}`, text: rows.map(({ line }) => line).join('\n') });
  }
  return traces;
};
