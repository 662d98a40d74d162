import { createCodec } from '../worker/codec.ts';
import type { Additions } from './build.ts';
import { codecMount } from './codec/codec.ts';
import { moneyProcedures } from './money/index.ts';
import type { MoneyDeps } from './money/hub.ts';
import { realtimeMount } from './realtime/index.ts';
import { webhookMount } from './webhooks/index.ts';
import { wizardProcedures } from './wizards/index.ts';

/** Every method over workflows. */
export const steeringProcedures = (deps: MoneyDeps) => [...moneyProcedures(deps), ...wizardProcedures(deps)];

/** What stands beside the core: methods over workflows, webhooks of providers, Temporal UI's codec, what apps are told. */
export const additions: Additions = {
  procedures: steeringProcedures,
  mounts: (deps) => [webhookMount(deps), codecMount(deps, createCodec(deps.settings.payloadKeys)), realtimeMount(deps)],
};
