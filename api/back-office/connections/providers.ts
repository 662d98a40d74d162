import { z } from 'zod';
import { settingsForm } from '../../../adapters/kit/settings-form.ts';
import { providers } from '../../../adapters/installed.ts';
import { notFound } from '../../kit/errors.ts';
import { listOf } from '../../kit/list.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { name } from '../../kit/shapes.ts';
import { providerNamed, TYPES } from './view.ts';

/** objects-back-office 12.2, with what the manifest says besides. */
const ConnectionProvider = z
  .object({
    name: z.string(),
    caption: z.string(),
    type: z.string(),
    category: z.string(),
    capabilities: z.array(z.string()),
    currencies: z.array(z.string()).nullable().meta({ description: 'null: whatever the account there is set up for.' }),
    idempotency: z.string().meta({ description: 'How a repeated order is told from a second one.' }),
    confirmedBy: z.enum(['provider', 'person']),
    limits: z.object({ perSecond: z.number(), timeoutMilliseconds: z.int() }),
    webhook: z.object({ scheme: z.string(), answerWithinMilliseconds: z.int() }).nullable(),
  })
  .meta({ id: 'ConnectionProvider' });

const SettingField = z
  .object({
    name: z.string(),
    caption: z.string(),
    type: z.enum(['string', 'password', 'bool', 'int', 'url', 'select', 'json']),
    isRequired: z.boolean(),
    isSecret: z.boolean(),
    default: z.unknown(),
    options: z.array(z.object({ value: z.string(), label: z.string() })),
    description: z.string().nullable(),
    schema: z.record(z.string(), z.unknown()).nullable().meta({ description: 'JSON Schema of a `json` field.' }),
  })
  .meta({ id: 'ConnectionSetting' });

const common = { tags: ['External connections'] as [string], access: 'user' as const, permission: 'connections.read' };

/** GET /connections/providers and the settings form of each: all from the manifests. */
export const providerProcedures = (): Procedure[] => [
  procedure('GET /connections/providers', {
    ...common,
    summary: 'What connections can be made to',
    answer: listOf(ConnectionProvider),
    handle: async () => ({
      total: providers.length,
      data: providers.map((one) => ({
        name: one.id,
        caption: one.caption,
        type: TYPES[one.category],
        category: one.category,
        capabilities: [...one.capabilities],
        currencies: one.currencies ? [...one.currencies] : null,
        idempotency: one.idempotency,
        confirmedBy: one.confirmedBy ?? ('provider' as const),
        limits: { perSecond: one.limits.perSecond, timeoutMilliseconds: one.limits.timeoutMs },
        webhook: one.webhook
          ? { scheme: one.webhook.scheme, answerWithinMilliseconds: one.webhook.answerWithinMs }
          : null,
      })),
    }),
  }),
  procedure('GET /connections/providers/{provider}/settings', {
    ...common,
    summary: "A provider's settings form",
    params: z.object({ provider: name(64) }),
    answer: listOf(SettingField),
    handle: async ({ params }) => {
      const provider = providerNamed(params.provider);
      if (!provider) throw notFound('provider');
      const fields = settingsForm(provider.config);
      return { total: fields.length, data: fields };
    },
  }),
];
