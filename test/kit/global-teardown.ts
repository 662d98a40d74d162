import { rmSync } from 'node:fs';

/** Stops the servers of this run and removes their files. */
export default async function globalTeardown(): Promise<void> {
  const run = globalThis.hubTestRun;
  if (run === undefined) return;
  await Promise.all(run.services.map((service) => service.stop()));
  rmSync(run.folder, { recursive: true, force: true });
}
