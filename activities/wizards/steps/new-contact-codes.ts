import { z } from 'zod';
import { HubFailure } from '../../../domain/failures.ts';
import { checkCode, codeForm, type CodeRecipient, type CodeSettings, sendCodeAgain, sendFirstCode } from '../codes.ts';
import { type At, defineStep } from '../step.ts';
import { codeSent, codeSettings } from './email-code.ts';

/** A code to what the client wants to have, not to what he has. The code that guards the change never goes there. */
const toNew =
  (channel: 'email' | 'sms', name: 'email' | 'phone') =>
  async <S>({ draft }: At<S>): Promise<CodeRecipient> => {
    const { change } = (await draft()) as { change?: { wanted: { email?: string; phone?: string } } };
    const to = change?.wanted[name];
    if (typeof to !== 'string') throw new HubFailure('Rejected', 'restricted', 'There is nowhere to send a code to.');
    return { channel, to, decoy: false };
  };

const codeTo = (kind: string, channel: 'email' | 'sms', takes: string, stage: string) => {
  const recipient = toNew(channel, channel === 'email' ? 'email' : 'phone');
  return defineStep<CodeSettings, { code: string }>({
    kind,
    settings: z.strictObject({ ...codeSettings, stage: z.literal(stage).default(stage) }),
    takes: [takes],
    workflow: () => stage,
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

export const newEmailCode = codeTo('new-email-code', 'email', 'newEmail', 'confirm_email');
export const newPhoneCode = codeTo('new-phone-code', 'sms', 'newPhone', 'confirm_phone');
