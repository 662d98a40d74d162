import type { Client } from '@temporalio/client';
import type pg from 'pg';
import type { Tools } from '../activities/kit/activity.ts';
import { CallBook } from '../activities/kit/call-book.ts';
import { connectionOpener } from '../activities/kit/open-connection.ts';
import type { Provider } from '../adapters/kit/manifest.ts';
import { providers } from '../adapters/installed.ts';
import { KeyRing } from '../config/key-ring.ts';
import type { Settings } from '../config/settings.ts';
import { HubFailure } from '../domain/failures.ts';
import { TIMINGS, type Timings } from '../domain/timings.ts';
import { DecisionProof } from './decision-proof.ts';
import { Steering } from './steering.ts';

export const providerById = (id: string): Provider => {
  const found = providers.find((provider) => provider.id === id);
  if (!found) throw new HubFailure('Config', 'provider_misconfigured', `no adapter is called '${id}'`);
  return found;
};

/** What every activity of this process works with. `book`: where calls to providers are noted. */
export const lendTools = (
  settings: Settings,
  pool: pg.Pool,
  client: Client,
  timings?: Partial<Timings>,
  book = new CallBook({ pool, pauses: timings?.breakerPauses ?? TIMINGS.breakerPauses }),
): Omit<Tools, 'run' | 'signal'> => {
  const ring = new KeyRing(settings.configKeys);
  const proof = new DecisionProof(settings.payloadKeys);
  return {
    pool,
    ring,
    publicUrl: settings.publicUrl,
    provider: providerById,
    open: connectionOpener({
      pool,
      ring,
      provider: providerById,
      publicUrl: settings.publicUrl,
      allowPrivate: settings.privateProviders === 'allow',
      longestMs: timings?.providerAnswer ?? TIMINGS.providerAnswer,
      longestTalkMs: timings?.providerTalk ?? TIMINGS.providerTalk,
      note: book.note,
    }),
    proves: (workflowId, decision) => proof.holds(workflowId, decision),
    provesCancel: (workflowId, wish) => proof.holdsForCancel(workflowId, wish),
    unprovenDecisions: settings.temporalUiDecisions,
    unsignedWakes: timings?.unsignedWakes ?? TIMINGS.unsignedWakes,
    steer: new Steering(client, settings.payloadKeys, timings),
  };
};
