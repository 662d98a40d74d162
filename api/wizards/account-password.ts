import { z } from 'zod';
import { assertCan, assertOpen, tradingAccountOf } from '../../activities/intake/trading-account.ts';
import { findChange } from '../../activities/intake/write-change.ts';
import { changeKey } from '../../activities/wizards/steps/change-account-password.ts';
import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import { providerById } from '../../worker/tools.ts';
import type { ClientActor } from '../kit/access.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { idText, text } from '../kit/shapes.ts';
import { beginChange } from '../trading/order-change.ts';
import { Nothing, wizardAnswer } from './answer-shapes.ts';
import { ClientWizard, CONFIRM_STEPS } from './client-wizard.ts';
import { callerOf } from './caller.ts';
import { givenCode } from './given-code.ts';
import { gone } from './refusals.ts';
import type { WizardHub } from './wizard-hub.ts';

const common = {
  tags: ['My accounts'] as [string],
  access: 'client' as const,
  answer: wizardAnswer('AccountPasswordAnswer', ['accountPassword'], { outcome: Nothing }),
  limit: perActor('120/m'),
  params: z.object({ accountId: idText() }),
  errors: [403, 404, 409],
};
const uuid = z.uuid('must be a UUID');

/** How a client sets a new password of a trading account: a code, then the password. Only where the platform can change one. */
export const accountPasswordProcedures = (wizards: WizardHub): Procedure[] => {
  const { hub } = wizards;
  const passwords = new ClientWizard(wizards, 'accountPassword', async ({ run }) => {
    const written = await findChange(hub.pool, changeKey(run.uuid));
    if (written) await beginChange(hub, written, { log: hub.deps.log, reader: 'client' });
    return [];
  });

  const assertChangeable = async (actor: ClientActor, accountId: number): Promise<void> => {
    const account = await tradingAccountOf(hub.pool, actor, accountId);
    assertOpen(account);
    assertCan(providerById(account.provider), ['password', 'password.change'], 'change a password');
  };

  /** A run is for one account: beside another it does not exist. */
  const assertAbout = async (call: Parameters<typeof callerOf>[0], run: string, accountId: number): Promise<void> => {
    const { openingFacts } = await wizards.find(run, 'accountPassword', callerOf(call), []);
    if (openingFacts['accountId'] !== accountId) throw gone();
  };

  return [
    procedure('GET /my/accounts/{accountId}/password/wizard', {
      ...common,
      summary: 'Begin to set a new password of a trading account',
      limit: perActor('60/m'),
      handle: async (call) => {
        const { accountId } = call.params;
        await assertChangeable(call.actor, accountId).catch((error: unknown) => {
          throw isHubFailure(error) && error.type === 'Unsupported'
            ? new HubFailure('Rejected', 'restricted', error.message, error.facts)
            : error;
        });
        return passwords.open(call, { facts: { accountId } });
      },
    }),

    procedure('POST /my/accounts/{accountId}/password/confirm', {
      ...common,
      summary: 'The code',
      description: '`resend`: another code.',
      body: z.strictObject({ uuid, code: givenCode, resend: z.literal(true).optional() }),
      handle: async (call) => {
        const { uuid: run, resend, ...body } = call.body;
        await assertAbout(call, run, call.params.accountId);
        return passwords.take(call, CONFIRM_STEPS, run, body, resend);
      },
    }),

    procedure('PUT /my/accounts/{accountId}/password', {
      ...common,
      summary: 'The new password of the trading account',
      description: "While the platform has not confirmed it, the account's `pendingChange` tells so.",
      body: z.strictObject({ uuid, type: text(20), password: text(1_024), password_confirmation: text(1_024) }),
      handle: async (call) => {
        const { uuid: run, ...body } = call.body;
        await assertAbout(call, run, call.params.accountId);
        return passwords.take(call, ['password'], run, body);
      },
    }),
  ];
};
