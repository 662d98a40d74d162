import { z } from 'zod';
import { defineStep } from '../step.ts';

/** The broker wants this client to set a new password: he says when the code may be sent. */
export const askReset = defineStep<Record<string, never>, Record<string, never>>({
  kind: 'ask-reset',
  types: ['authorization'],
  settings: z.strictObject({}),
  workflow: () => 'password_reset',
  asks: z.null().meta({ description: 'The broker wants a new password. Send `{uuid}`: a code is mailed.' }),
  sent: z.strictObject({}),
  check: () => Promise.resolve({}),
});
