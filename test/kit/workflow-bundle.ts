import { readFile } from 'node:fs/promises';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';

/** Built once for the whole run (global-setup.ts): a hundred files that each build it spend minutes on it. */
export const workflowBundle = async (): Promise<WorkflowBundleWithSourceMap> =>
  JSON.parse(await readFile(process.env['HUB_TEST_WORKFLOW_BUNDLE']!, 'utf8')) as WorkflowBundleWithSourceMap;
