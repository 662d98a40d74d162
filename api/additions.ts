import { createCodec } from '../worker/codec.ts';
import type { Additions } from './build.ts';
import { codecMount } from './codec/codec.ts';
import { moneyProcedures } from './money/index.ts';
import { webhookMount } from './webhooks/index.ts';

/** What stands beside the core: money methods over workflows, webhooks of providers, Temporal UI's codec. */
export const additions: Additions = {
  procedures: moneyProcedures,
  mounts: (deps) => [webhookMount(deps), codecMount(deps, createCodec(deps.settings.payloadKeys))],
};
