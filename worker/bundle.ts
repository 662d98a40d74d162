import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';

const workflowsPath = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));

/**
 * Builds the workflow bundle from workflows/index.ts (about a second). Its modules are loaded once and shared by all runs of a worker, where the SDK would load
 * them anew for each: so no module of workflows/ or domain/ may keep anything that belongs to one run (docs/decisions/0087-runs-share-their-modules.md).
 */
export const buildWorkflowBundle = (): Promise<WorkflowBundleWithSourceMap> =>
  bundleWorkflowCode({
    workflowsPath,
    preloadModules: [workflowsPath],
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error },
  });
