import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { Client } from 'pg';
import type { Settings } from '../../config/settings.ts';
import { checkLedger } from '../../db/repositories/ledger.ts';
import { RUN_ENDED } from '../../db/repositories/unsettled.ts';
import { HUB_QUEUE } from '../../domain/queues.ts';
import { FINAL_STAGES } from '../../domain/stages.ts';
import { missingSearchAttributes } from '../register-search-attributes.ts';
import { localApi } from '../start/addresses.ts';
import { readyz } from '../start/readiness.ts';
import { Ailment, type Check } from './check.ts';

/** A worker asks again at least once a minute; whoever was silent longer is gone. */
const POLL_IS_FRESH_MS = 90_000;

export function serviceChecks(settings: Settings): Check[] {
  const sandbox = settings.hubMode === 'embedded' ? [sandboxes(settings)] : [];
  return [
    database(settings),
    ledger(settings),
    endedRuns(settings),
    temporalServer(settings),
    worker(settings),
    api(settings),
    ...sandbox,
  ];
}

function database(settings: Settings): Check {
  return {
    name: 'Database',
    look: () =>
      withDatabase(settings, async (client) => {
        const { rows } = await client.query<{ version: string }>(`select current_setting('server_version') as version`);
        const missing = await missingMigrations(client);
        if (missing.length > 0) {
          throw new Ailment(`lacks ${missing.join(', ')}`, 'Run `npm run migrate` (or `npm start`, which does it).');
        }
        return `PostgreSQL ${rows[0]?.version}, schema up to date`;
      }),
  };
}

async function missingMigrations(client: Client): Promise<string[]> {
  const wanted = readdirSync(resolve(import.meta.dirname, '../../db/migrations')).filter((name) =>
    name.endsWith('.sql'),
  );
  const { rows: there } = await client.query(`select where to_regclass('schema_migration') is not null`);
  const applied =
    there.length === 0 ? [] : (await client.query<{ name: string }>('select name from schema_migration')).rows;
  const names = new Set(applied.map(({ name }) => name));
  return wanted.map((name) => name.replace(/\.sql$/, '')).filter((name) => !names.has(name));
}

function ledger(settings: Settings): Check {
  return {
    name: 'Ledger',
    look: () =>
      withDatabase(settings, async (client) => {
        const breaches = await checkLedger(client);
        if (breaches.length > 0)
          throw new Ailment(
            `${breaches.length} invariants are broken`,
            'Stop the workers and run `npm run ledger:check`: it names each breach.',
          );
        return 'all invariants hold';
      }),
  };
}

function endedRuns(settings: Settings): Check {
  return {
    name: 'Ended runs',
    look: () =>
      withDatabase(settings, async (client) => {
        const { rows } = await client.query<{ id: number }>(
          'select transaction_id as id from money_transaction where asked = $1 and stage <> all ($2) order by 1',
          [RUN_ENDED, FINAL_STAGES],
        );
        if (rows.length > 0)
          throw new Ailment(
            `${rows.length} orders stand still, their run was ended from outside: ${rows
              .slice(0, 5)
              .map(({ id }) => id)
              .join(', ')}${rows.length > 5 ? ' …' : ''}`,
            'POST /transactions/{id}/resume goes on with each (docs/runbook.md, "A run that was terminated").',
          );
        return 'every order is told by a run';
      }),
  };
}

async function withDatabase(settings: Settings, look: (client: Client) => Promise<string>): Promise<string> {
  const client = new Client({ connectionString: settings.databaseUrl, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
  } catch (error) {
    const { hostname, port } = new URL(settings.databaseUrl);
    const remedy = settings.embedded.database ? 'Start the hub: `npm start`.' : 'Check DATABASE_URL and that server.';
    throw new Ailment(`no connection to ${hostname}:${port || 5432}`, remedy, error);
  }
  try {
    return await look(client);
  } finally {
    await client.end();
  }
}

function temporalServer(settings: Settings): Check {
  return {
    name: 'Temporal',
    look: async () => {
      const place = { address: settings.temporalAddress, namespace: settings.temporalNamespace };
      const missing = await missingSearchAttributes(place).catch((error: unknown) => {
        throw noTemporal(settings, error);
      });
      if (missing.length > 0)
        throw new Ailment(
          `lacks the search attributes ${missing.join(', ')}`,
          'Run `npm run migrate`: it registers them.',
        );
      return `${place.address}, namespace ${place.namespace}, search attributes registered`;
    },
  };
}

function worker(settings: Settings): Check {
  return {
    name: 'Worker',
    look: async () => {
      const connection = await Connection.connect({ address: settings.temporalAddress, connectTimeout: '5s' }).catch(
        (error: unknown) => {
          throw noTemporal(settings, error);
        },
      );
      try {
        const { pollers } = await connection.workflowService.describeTaskQueue({
          namespace: settings.temporalNamespace,
          taskQueue: { name: HUB_QUEUE },
          taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        });
        const fresh = (pollers ?? []).filter(
          ({ lastAccessTime: at }) => Date.now() - Number(at?.seconds ?? 0) * 1000 < POLL_IS_FRESH_MS,
        );
        if (fresh.length === 0)
          throw new Ailment(
            `nobody polls the queue ${HUB_QUEUE}`,
            'Start a worker: `npm run worker` (`npm start` runs one).',
          );
        return `${fresh.length} polling ${HUB_QUEUE}: ${fresh.map(({ identity }) => identity).join(', ')}`;
      } finally {
        await connection.close();
      }
    },
  };
}

function noTemporal(settings: Settings, error: unknown): Ailment {
  const remedy = settings.embedded.temporal
    ? 'Start the hub: `npm start`.'
    : 'Check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and that server.';
  return new Ailment(`no answer from ${settings.temporalAddress}`, remedy, error);
}

function api(settings: Settings): Check {
  return {
    name: 'API',
    look: async () => {
      const { ready, words } = await readyz(localApi(settings));
      if (!ready)
        throw new Ailment(
          `${localApi(settings)}/readyz: ${words}`,
          'Start it (`npm start` or `npm run api`); a 503 names the piece it misses.',
        );
      return `${localApi(settings)} is ready`;
    },
  };
}

function sandboxes(settings: Settings): Check {
  return {
    name: 'Sandboxes',
    look: async () => {
      const remedy = 'Start them: `npm run sandbox` (`npm start` runs them).';
      const answer = await fetch(settings.sandboxUrl, { signal: AbortSignal.timeout(5_000) }).catch(
        (error: unknown) => {
          throw new Ailment(`no answer from ${settings.sandboxUrl}`, remedy, (error as Error).cause ?? error);
        },
      );
      if (!answer.ok) throw new Ailment(`${settings.sandboxUrl} answers ${answer.status}`, remedy);
      return settings.sandboxUrl;
    },
  };
}
