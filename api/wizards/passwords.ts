import { z } from 'zod';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { text } from '../kit/shapes.ts';
import { withSuccess } from './success-token.ts';
import { callerOf } from './caller.ts';
import type { WizardHub } from './wizard-hub.ts';

const STEPS = ['password'] as const;

const common = {
  tags: ['Passwords'] as [string],
  limit: perActor('60/m'),
  errors: [403],
  body: z.strictObject({ password: text(1_024) }),
  answer: null,
};

/** The new password, after the challenge. */
export const passwordProcedures = (wizards: WizardHub): Procedure[] => [
  procedure('POST /my/password/restore', {
    ...common,
    access: 'public' as const,
    summary: 'Set the new password',
    description: 'With the header `successToken`. Every sign-in of before is over then.',
    handle: (call) =>
      withSuccess(wizards, call.req, 'passwordRecovery', (uuid) =>
        wizards.submit(uuid, { type: 'passwordRecovery', steps: STEPS }, callerOf(call), call.body),
      ),
  }),

  procedure('POST /my/password/change', {
    ...common,
    access: 'client' as const,
    summary: 'Change the password',
    description: 'With the header `successToken`. Every other sign-in is over then; the one that changes it stays.',
    handle: (call) =>
      withSuccess(wizards, call.req, 'passwordChange', (uuid) =>
        wizards.submit(uuid, { type: 'passwordChange', steps: STEPS }, callerOf(call), call.body),
      ),
  }),
];
