import { orExit } from '../config/or-exit.ts';
import { settingsOrExit } from '../config/settings.ts';
import { connectTemporal } from '../worker/client.ts';
import { additions } from './additions.ts';
import { buildApi } from './build.ts';
import { gentleStop } from './kit/gentle-stop.ts';
import { createLog } from './kit/log.ts';
import { createHttpServer } from './kit/server.ts';

/** How long requests under way may take to finish after a stop was asked for. */
const GRACE_MS = 20_000;

const settings = settingsOrExit();
const log = createLog(settings.logLevel);
const temporal = connectTemporal(settings);
const { app, upgrade, hangUp, close } = await orExit(() => buildApi(settings, temporal, log, additions));

const server = createHttpServer(app, upgrade);
const untilServed = gentleStop(server);
server.listen(settings.port, settings.host, () =>
  log.info({ host: settings.host, port: settings.port, mode: settings.hubMode }, 'API listening'),
);
server.once('error', (error) => {
  log.fatal({ err: error }, 'the API cannot listen');
  process.exit(1);
});

let stopping = false;
const stop = async (signal: string): Promise<void> => {
  if (stopping) return;
  stopping = true;
  log.info({ signal }, 'stopping: no new requests, finishing those under way');
  hangUp();
  await untilServed(GRACE_MS);
  await close();
  await temporal.connection.close();
  log.info('stopped');
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(signal));
