import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { createCodec } from '../../worker/codec.ts';
import { PAYLOAD_KEYS } from '../kit/keys.ts';
import { workflowBundle } from '../kit/workflow-bundle.ts';
import * as workflows from '../../workflows/index.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

const folder = new URL('./histories/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

describe('the workflows of today', () => {
  it.each(Object.keys(workflows))('%s has a recorded history', (name) => {
    expect(files.filter((file) => file.startsWith(`${name}.`))).not.toEqual([]);
  });

  it('replay every recorded history', async () => {
    const histories = files.map((file) => ({
      workflowId: file,
      history: historyFromJSON(JSON.parse(readFileSync(new URL(file, folder), 'utf8'))),
    }));
    const failed: string[] = [];
    let replayed = 0;
    for await (const { workflowId, error } of Worker.runReplayHistories(
      { workflowBundle: await workflowBundle(), dataConverter: { payloadCodecs: [createCodec(PAYLOAD_KEYS)] } },
      histories,
    )) {
      replayed += 1;
      if (error) failed.push(`${workflowId}: ${error.message}`);
    }
    expect(failed).toEqual([]);
    expect(replayed).toBe(files.length);
  });
});
