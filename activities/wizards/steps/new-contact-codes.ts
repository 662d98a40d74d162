import { z } from 'zod';
import { HubFailure } from '../../../domain/failures.ts';
import {
  checkCode,
  CodeAsked,
  codeForm,
  type CodeRecipient,
  type CodeSettings,
  sendCodeAgain,
  sendFirstCode,
} from '../codes.ts';
import { firstNameOf } from '../recipients.ts';
import { type At, defineStep } from '../step.ts';
import { codeSent, codeSettings } from './email-code.ts';

/** A code to what the client wants to have, not to what he has. The code that guards the change never goes there. */
const toNew =
  (channel: 'email' | 'sms') =>
  async <S>({ db, run, draft }: At<S>): Promise<CodeRecipient> => {
    const { newPhone, change } = (await draft()) as {
      newPhone?: string;
      change?: { wanted: { email?: string; phone?: string } };
    };
    const to = channel === 'email' ? change?.wanted.email : (newPhone ?? change?.wanted.phone);
    if (to === undefined) throw new HubFailure('Rejected', 'restricted', 'There is nowhere to send a code to.');
    return { channel, to, firstName: await firstNameOf(db, run.clientId), decoy: false };
  };

const codeTo = (kind: string, channel: 'email' | 'sms', takes: string, stages: readonly [string, ...string[]]) => {
  const recipient = toNew(channel);
  return defineStep<CodeSettings & { stage: string }, { code: string }>({
    kind,
    settings: z.strictObject({ ...codeSettings, stage: z.enum(stages).default(stages[0]) }),
    takes: [takes],
    workflow: ({ stage }) => stage,
    workflows: stages,
    asks: CodeAsked,
    begin: async (work) => sendFirstCode(work, await recipient(work)),
    again: async (work) => sendCodeAgain(work, await recipient(work)),
    form: async (asked) => codeForm(asked, await recipient(asked)),
    sent: codeSent,
    check: async (asked, { code }) => {
      await checkCode(asked, code);
      return {};
    },
  });
};

export const newEmailCode = codeTo('new-email-code', 'email', 'newEmail', ['confirm_email']);
export const newPhoneCode = codeTo('new-phone-code', 'sms', 'newPhone', ['confirm_phone', '2fa_sms']);
