import { connectionOpener } from '../../activities/kit/open-connection.ts';
import { providers } from '../../adapters/installed.ts';
import type { Provider } from '../../adapters/kit/manifest.ts';
import { KeyRing } from '../../config/key-ring.ts';
import type { Settings } from '../../config/settings.ts';
import { createPool } from '../../db/pool.ts';
import { type HealthRow, loadHealth } from '../../db/repositories/connection-health.ts';
import { HubFailure } from '../../domain/failures.ts';
import { TIMINGS } from '../../domain/timings.ts';
import { Ailment, type Check } from './check.ts';

interface Row {
  id: number;
  name: string;
  provider: string;
  enabled: boolean;
}

const DEADLINE_MS = 20_000;

/** One check for each External connection: its settings can be opened and fit, its work is not paused, its provider accepts it. */
export async function connectionChecks(settings: Settings): Promise<Check[]> {
  const pool = createPool(settings.databaseUrl, 1);
  try {
    const { rows } = await pool.query<Row>(`select id, name, provider, enabled from connection order by id`);
    const health = new Map((await loadHealth(pool)).map((row) => [row.connectionId, row]));
    return rows.map((row) => checkOf(settings, row, health.get(row.id)));
  } catch {
    return []; // what is wrong with the database was said before
  } finally {
    await pool.end();
  }
}

function checkOf(settings: Settings, { id, name, provider: providerId, enabled }: Row, health?: HealthRow): Check {
  return {
    name: `Connection ${name}`,
    look: async () => {
      const provider = providers.find((one) => one.id === providerId);
      if (!provider)
        throw new Ailment(
          `no adapter is called '${providerId}'`,
          'Name its package in ADAPTER_PACKAGES, or delete it.',
        );
      if (!enabled) return 'switched off';
      await test(settings, provider, id);
      if (health?.state !== undefined && health.state !== 'closed')
        throw new Ailment(
          `its work is paused: ${health.lastError ?? 'the provider did not answer'}`,
          'It answers now: the work goes on by itself within minutes, or at once after POST /connections/{id}/test.',
        );
      return `${provider.caption} accepts its settings`;
    },
  };
}

async function test(settings: Settings, provider: Provider, id: number): Promise<void> {
  const pool = createPool(settings.databaseUrl, 1);
  const open = connectionOpener({
    pool,
    ring: new KeyRing(settings.configKeys),
    provider: () => provider,
    publicUrl: settings.publicUrl,
    allowPrivate: settings.privateProviders === 'allow',
    longestMs: TIMINGS.providerAnswer,
    longestTalkMs: TIMINGS.providerAnswer,
    note: () => Promise.resolve(), // a doctor looks and changes nothing
  });
  try {
    const { adapter, ctx } = await open(provider.category, id, AbortSignal.timeout(DEADLINE_MS));
    await adapter.testConnection(ctx);
  } catch (error) {
    if (!(error instanceof HubFailure)) throw error;
    throw new Ailment(
      error.message,
      error.type === 'Config'
        ? 'Correct the settings: PATCH /connections/{id}; for keys see CONFIG_KEYS.'
        : 'Check the address, the network and the provider; its work waits meanwhile.',
    );
  } finally {
    await pool.end();
  }
}
