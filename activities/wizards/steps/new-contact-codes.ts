import { z } from 'zod';
import { HubFailure } from '../../../domain/failures.ts';
import { checkCode, codeForm, type CodeRecipient, type CodeSettings, sendCodeAgain, sendFirstCode } from '../codes.ts';
import { type At, defineStep } from '../step.ts';
import { codeSent, codeSettings } from './email-code.ts';

/** A code to what a form of this run named, not to what the client has. */
const toNew =
  (channel: 'email' | 'sms', name: string) =>
  async <S>({ draft }: At<S>): Promise<CodeRecipient> => {
    const to = (await draft())[name];
    if (typeof to !== 'string') throw new HubFailure('Rejected', 'restricted', 'There is nowhere to send a code to.');
    return { channel, to, decoy: false };
  };

const codeTo = (kind: string, channel: 'email' | 'sms', takes: string, stage: string) => {
  const recipient = toNew(channel, takes);
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
