import { TestWorkflowEnvironment } from '@temporalio/testing';

/** Run as `node sdk-download.ts FOLDER VERSION`: lets the SDK fetch the CLI into FOLDER, by starting a server with it once. */
const [downloadDir, version] = process.argv.slice(2);
if (downloadDir === undefined || version === undefined) throw new Error('Usage: sdk-download.ts FOLDER VERSION');

const server = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'cached-download', downloadDir, version } },
});
await server.teardown();
