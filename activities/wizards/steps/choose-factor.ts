import { z } from 'zod';
import { FACTORS } from '../../../db/repositories/factors.ts';
import { WrongFields } from '../../../domain/failures.ts';
import { defineStep } from '../step.ts';

/** Which of several second factors the client goes on with. */
export const chooseFactor = defineStep<Record<string, never>, { type: (typeof FACTORS)[number] }>({
  kind: 'choose-factor',
  types: ['authorization'],
  settings: z.strictObject({}),
  takes: ['client'],
  workflow: () => '2fa_choose',
  asks: z
    .null()
    .meta({ description: 'Several second factors are on. Send `{uuid, type}`: `google`, `sms` or `email`.' }),
  sent: z.strictObject({ type: z.enum(FACTORS) }),
  check: async ({ draft }, { type }) => {
    const { factors } = (await draft()) as { factors?: string[] };
    if (!factors?.includes(type)) throw new WrongFields([{ field: 'type', issue: 'type is not switched on for you.' }]);
    return { facts: { factor: type } };
  },
});
