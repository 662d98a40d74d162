import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { assertPortFree } from './ports.ts';
import { stopOrphan } from './process-record.ts';
import { startService, type RunningService } from './service.ts';

export interface EmbeddedTemporalOptions {
  /** Path of the Temporal CLI. */
  cli: string;
  /** Holds `temporal.db`, the log and the process record. */
  stateDir: string;
  port: number;
  uiPort: number;
  namespace: string;
  /** Where Temporal UI sends payloads to be decoded; the browser calls it. */
  codecEndpoint?: string;
  /** Name → type in the words of the CLI, such as `Keyword`. */
  searchAttributes: Readonly<Record<string, string>>;
  /** Temporal's dynamic configuration: limits that are other than its own. */
  limits?: Readonly<Record<string, number>>;
}

/**
 * The dev server has one history shard, which polls its queues 20 times a second unless told otherwise: every hop of every workflow
 * would wait for a 50 ms tick. Write-ahead log with `synchronous=NORMAL` loses nothing when a process is killed.
 */
const TUNING = [
  ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
  ...['--dynamic-config-value', 'history.timerProcessorMaxPollRPS=2000'],
  ...['--dynamic-config-value', 'history.visibilityProcessorMaxPollRPS=200'],
  ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
];

/** Starts the dev server on the state folder's file; an orphan of a killed start is stopped first. */
export async function startTemporal(options: EmbeddedTemporalOptions): Promise<RunningService> {
  mkdirSync(options.stateDir, { recursive: true, mode: 0o711 });
  await stopOrphan(options.stateDir, 'temporal');
  await assertPortFree('TEMPORAL_PORT', options.port);
  await assertPortFree('TEMPORAL_UI_PORT', options.uiPort);
  const where = ['--ip', '127.0.0.1', '--port', String(options.port), '--ui-port', String(options.uiPort)];
  const what = ['--namespace', options.namespace, '--db-filename', join(options.stateDir, 'temporal.db')];
  const attributes = Object.entries(options.searchAttributes).flatMap(([name, type]) => [
    '--search-attribute',
    `${name}=${type}`,
  ]);
  const limits = Object.entries(options.limits ?? {}).flatMap(([name, value]) => [
    '--dynamic-config-value',
    `${name}=${value}`,
  ]);
  const codec = options.codecEndpoint === undefined ? [] : ['--ui-codec-endpoint', options.codecEndpoint];
  return startService({
    name: 'temporal',
    stateDir: options.stateDir,
    command: options.cli,
    args: [
      'server',
      'start-dev',
      ...where,
      ...what,
      ...TUNING,
      ...limits,
      ...attributes,
      ...codec,
      '--log-level',
      'error',
    ],
    readyLine: 'Temporal Server:',
    stopSignal: 'SIGTERM',
    readyWithinMs: 60_000,
  });
}
